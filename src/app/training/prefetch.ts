import { championModel } from '../../adapters/postgres/model-rows.ts';
import type { Session } from '../../core/calendar/session.ts';
import { slotAt, trainingSessions } from '../../core/schedule/plan.ts';
import { fetchQuoted, panelOf, readFrom } from '../../tasks/panel.ts';
import { type Portfolio, pricedSymbols, sessionsForTraining, windowStart } from '../../tasks/portfolio.ts';
import { retrainingRequest } from '../../tasks/retrain.ts';
import type { Context } from '../context.ts';

/**
 * Asks for a replay's trainings before their sessions come, so that two can run at a time. A training is a pure
 * function of its request, and the pool knows a request by its content: the retrain task still builds its own from the
 * rows of its session, and is answered from here only when both are equal to the last bit.
 */
export async function prefetchTrainings(
  context: Context,
  portfolio: Portfolio,
  sessions: readonly Session[],
  stop?: AbortSignal,
): Promise<void> {
  const { plan, forecaster } = portfolio;
  const [first, end] = [sessions[0], sessions.at(-1)];
  if (first === undefined || end === undefined) return;
  if (forecaster?.kind !== 'network') return;
  const trained = await championModel(context.database, plan.portfolio, forecaster.head, end);
  const { calendar } = plan;
  const symbols = pricedSymbols(portfolio);
  const count = sessionsForTraining(portfolio);
  for (const session of trainingSessions(plan, first, end)) {
    stop?.throwIfAborted();
    if (trained && JSON.parse(trained.artefact).trainedOn >= session) continue;
    const from = windowStart(portfolio, session, count);
    const at = slotAt(plan, 'retrain', session).dueAt;
    const lead = readFrom(portfolio, from);
    const bars = await Promise.all(
      symbols.map((symbol) => fetchQuoted(portfolio, symbol, lead, session, at)),
    );
    const panel = panelOf(portfolio, bars.flat(), calendar.sessions(from, session));
    // A failure is the retrain task's to report: it asks for the same and fails the same.
    void context.pool.train(retrainingRequest(portfolio, panel)).catch(() => {});
  }
}
