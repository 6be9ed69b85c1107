import type { Database } from '../adapters/postgres/database.ts';
import { promoteModel, saveModel } from '../adapters/postgres/model-rows.ts';
import type { Artefact } from '../core/forecast/artefact.ts';
import { sessionsRead } from '../core/forecast/model-spec.ts';
import { type TrainingRequest, trainingRequest } from '../core/forecast/training-request.ts';
import type { PricePanel } from '../core/market/panel.ts';
import { cleanPanel } from '../core/market/quality.ts';
import type { Slot } from '../core/schedule/slot.ts';
import { type Portfolio, sessionsForTraining } from './portfolio.ts';
import { readPanel } from './prices.ts';
import { completeSlot, type Instant, NotReadyError } from './task.ts';

/** Trains networks, somewhere else than in the daemon's own process. */
export type Trainer = { train(request: TrainingRequest): Promise<{ artefact: Artefact; seconds: number }> };

/** What is trained on at the panel's last session: the symbols whose data are fit for it, and nothing later. */
export function retrainingRequest({ forecaster, policy }: Portfolio, panel: PricePanel): TrainingRequest {
  if (forecaster?.kind !== 'network')
    throw new Error(
      `${policy.portfolio} has no network to train: its forecaster is ${forecaster?.kind ?? null}`,
    );
  const needed = sessionsRead(forecaster).training;
  if (panel.sessions.length < needed)
    throw new NotReadyError(
      `${policy.portfolio} has ${panel.sessions.length} sessions of prices up to ${panel.lastSession}; training needs ${needed}`,
    );
  const cleaned = cleanPanel(panel, {
    ...policy.quality,
    historySessionsMin: Math.max(policy.quality.historySessionsMin, needed),
    windowSessions: needed,
  });
  const symbols = policy.symbols.filter((symbol) => cleaned.panel.symbols.includes(symbol));
  if (symbols.length === 0)
    throw new NotReadyError(
      `${policy.portfolio}: no symbol is fit for training: ${cleaned.notes.map((n) => n.reason).join('; ')}`,
    );
  return trainingRequest(cleaned.panel, symbols, forecaster);
}

/** Trains on the window that ends at the slot's session, and stores the model as the champion from that session on. */
export async function retrain(
  database: Database,
  portfolio: Portfolio,
  slot: Slot,
  at: Instant,
  trainer: Trainer,
): Promise<void> {
  const panel = await readPanel(database, portfolio, slot.session, sessionsForTraining(portfolio), null);
  const { artefact, seconds } = await trainer.train(retrainingRequest(portfolio, panel));
  await completeSlot(database, slot, at, async (sql) => {
    const model = await saveModel(sql, slot.portfolio, slot.session, artefact, { seconds, at });
    await promoteModel(sql, model, { since: slot.session, at, reason: 'trained' });
  });
}
