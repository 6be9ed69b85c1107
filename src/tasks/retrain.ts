import { promoteModel, saveModel } from '../adapters/postgres/model-rows.ts';
import { sessionsRead } from '../core/forecast/model-spec.ts';
import { type TrainingRequest, trainingRequest } from '../core/forecast/training-request.ts';
import type { PricePanel } from '../core/market/panel.ts';
import { cleanPanel } from '../core/market/quality.ts';
import { type Portfolio, sessionsForTraining } from './portfolio.ts';
import { readPanel } from './prices.ts';
import { completeSlot, NotReadyError, type TaskRun } from './task.ts';

/** What is trained on at the panel's last session: the symbols whose data are fit for it, and nothing later. */
export function retrainingRequest({ id, forecaster, policy }: Portfolio, panel: PricePanel): TrainingRequest {
  if (forecaster?.kind !== 'network')
    throw new Error(`${id} has no network to train: its forecaster is ${forecaster?.kind ?? null}`);
  const needed = sessionsRead(forecaster).training;
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

/** Trains on the window that ends at the slot's session, and stores the model as the champion from that session on. */
export async function retrain(run: TaskRun): Promise<void> {
  const { database, portfolio, slot, now, services } = run;
  const panel = await readPanel(database, portfolio, slot.session, sessionsForTraining(portfolio), null);
  const { artefact, seconds } = await services.trainer.train(retrainingRequest(portfolio, panel));
  await completeSlot(run, async (sql) => {
    const model = await saveModel(sql, slot.portfolio, slot.session, artefact, { seconds, at: now });
    await promoteModel(sql, model, { since: slot.session, at: now, reason: 'trained' });
  });
}
