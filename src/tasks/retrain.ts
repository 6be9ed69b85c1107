import { saveModel } from '../adapters/postgres/model-rows.ts';
import { sessionsNeeded } from '../core/forecast/forecaster-config.ts';
import { type TrainingRequest, trainingRequest } from '../core/forecast/training-request.ts';
import type { PricePanel } from '../core/market/panel.ts';
import { cleanPanel } from '../core/market/quality.ts';
import type { Portfolio } from './portfolio.ts';
import { readPanel } from './prices.ts';
import { completeSlot, instantOf, NotReadyError, type TaskRun } from './task.ts';

/** Sessions of prices a training reads. */
export function trainingSessions({ forecaster, policy }: Portfolio): number {
  return forecaster ? sessionsNeeded(forecaster).training + policy.quality.fillSessionsMax : 0;
}

/** What is trained on at the panel's last session: the symbols whose data are fit for it, and nothing later. */
export function retrainingRequest({ id, forecaster, policy }: Portfolio, panel: PricePanel): TrainingRequest {
  if (!forecaster) throw new Error(`${id} has no forecaster to train`);
  const needed = sessionsNeeded(forecaster).training;
  if (panel.sessions.length < needed)
    throw new NotReadyError(
      `${id} has ${panel.sessions.length} sessions of prices up to ${panel.lastSession}; training needs ${needed}`,
    );
  const cleaned = cleanPanel(panel, {
    ...policy.quality,
    historySessionsMin: Math.max(policy.quality.historySessionsMin, needed),
    windowSessions: needed,
  });
  const symbols = policy.symbols.filter((symbol) => cleaned.panel.symbols.includes(symbol));
  if (symbols.length === 0)
    throw new NotReadyError(
      `${id}: no symbol is fit for training: ${cleaned.notes.map((n) => n.reason).join('; ')}`,
    );
  return trainingRequest(cleaned.panel, symbols, forecaster);
}

/** Trains on the window that ends at the slot's session and stores the model. */
export async function retrain(run: TaskRun): Promise<void> {
  const { database, portfolio, slot, now, services } = run;
  const panel = await readPanel(database, portfolio, slot.session, trainingSessions(portfolio), null);
  const { artefact, seconds } = await services.trainer.train(retrainingRequest(portfolio, panel));
  await completeSlot(run, (sql) =>
    saveModel(sql, portfolio.id, slot.session, artefact, { seconds, at: instantOf(now) }),
  );
}
