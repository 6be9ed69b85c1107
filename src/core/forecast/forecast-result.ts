import type { Session } from '../calendar/session.ts';
import type { PricePanel } from '../market/panel.ts';
import { cleanPanel, type QualityOptions } from '../market/quality.ts';
import type { Artefact } from './artefact.ts';
import type { Forecast } from './forecast.ts';
import { panelSymbols, sessionsNeeded } from './forecaster-config.ts';
import { predict } from './predict.ts';

/** What forecasting has to offer a decision: a forecast and its model's age, or the reason there is none. */
export type ForecastResult = {
  forecast: Forecast | null;
  /** last session of the model's training window */
  trainedOn: Session | null;
  reason: string | null;
};

export const noForecast = (reason: string): ForecastResult => ({ forecast: null, trainedOn: null, reason });

/** The forecast of the newest model at the panel's last session; a failure becomes the reason, never a throw. */
export function forecastFrom(
  artefact: Artefact | null,
  panel: PricePanel,
  quality: Omit<QualityOptions, 'windowSessions'>,
): ForecastResult {
  if (artefact === null) return noForecast('no model has been trained yet');
  try {
    const windowSessions = sessionsNeeded(artefact.config).inference;
    const symbols = panelSymbols(artefact.config, artefact.symbols);
    const cleaned = cleanPanel(panel.select(symbols), { ...quality, windowSessions });
    return { forecast: predict(artefact, cleaned.panel), trainedOn: artefact.trainedOn, reason: null };
  } catch (error) {
    return { forecast: null, trainedOn: artefact.trainedOn, reason: (error as Error).message };
  }
}
