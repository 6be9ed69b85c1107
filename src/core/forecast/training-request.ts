import type { Session } from '../calendar/session.ts';
import type { PricePanel } from '../market/panel.ts';
import { type NetworkSpec, panelSymbols, sessionsRead } from './model-spec.ts';

/** Everything a training needs, as plain data that can cross to another process. */
export type TrainingRequest = {
  /** Symbols to forecast. */
  symbols: string[];
  /** The panel as known at the retraining session, its last one; it also holds the market symbol where one is read. */
  panel: { sessions: Session[]; symbols: string[]; levels: Float64Array[] };
  spec: NetworkSpec;
};

/** Cuts from a panel what a training at its last session reads, so that equal trainings have equal requests. */
export function trainingRequest(
  panel: PricePanel,
  symbols: readonly string[],
  spec: NetworkSpec,
): TrainingRequest {
  const cut = panel.last(sessionsRead(spec).training).select(panelSymbols(spec, symbols));
  return {
    symbols: [...symbols],
    panel: {
      sessions: [...cut.sessions],
      symbols: [...cut.symbols],
      levels: cut.levels.map((column) => Float64Array.from(column)),
    },
    spec,
  };
}
