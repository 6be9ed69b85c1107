import type { Session } from '../calendar/session.ts';
import type { PricePanel } from '../market/panel.ts';
import {
  checkForecasterConfig,
  type ForecasterConfig,
  panelSymbols,
  sessionsNeeded,
} from './forecaster-config.ts';

/** Everything a training needs, as plain data that can cross to another process. */
export type TrainingRequest = {
  /** Symbols to forecast. */
  symbols: string[];
  /** The panel as known at the retraining session, its last one; it also holds the market symbol where one is read. */
  panel: { sessions: Session[]; symbols: string[]; levels: Float64Array[] };
  config: ForecasterConfig;
};

/** Cuts from a panel what a training at its last session reads, so that equal trainings have equal requests. */
export function trainingRequest(
  panel: PricePanel,
  symbols: readonly string[],
  config: ForecasterConfig,
): TrainingRequest {
  checkForecasterConfig(config);
  const cut = panel.last(sessionsNeeded(config).training).select(panelSymbols(config, symbols));
  return {
    symbols: [...symbols],
    panel: {
      sessions: [...cut.sessions],
      symbols: [...cut.symbols],
      levels: cut.levels.map((column) => Float64Array.from(column)),
    },
    config,
  };
}
