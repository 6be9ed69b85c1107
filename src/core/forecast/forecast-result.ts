import type { Session } from '../calendar/session.ts';
import type { PricePanel } from '../market/panel.ts';
import { cleanPanel, type QualityOptions } from '../market/quality.ts';
import { UnusableDataError } from '../unusable-data-error.ts';
import type { Artefact } from './artefact.ts';
import { naiveForecast } from './baselines/naive.ts';
import type { Forecast } from './forecast.ts';
import { type NaiveSpec, panelSymbols, sessionsRead } from './model-spec.ts';
import { predict } from './predict.ts';

/** What forecasting has to offer a decision: a forecast and its model's age, or the reason there is none. */
export type ForecastResult = {
  forecast: Forecast | null;
  /** last session of the model's training window; the forecast's own session where nothing is trained */
  trainedOn: Session | null;
  reason: string | null;
  /** there where the reason is a fault of the program, not what prices or model are like */
  isFault?: true;
};

type Quality = Omit<QualityOptions, 'windowSessions'>;

export const noForecast = (reason: string): ForecastResult => ({ forecast: null, trainedOn: null, reason });

/** The forecast of a trained model at the panel's last session; a failure becomes the reason, never a throw. */
export function forecastFrom(artefact: Artefact | null, panel: PricePanel, quality: Quality): ForecastResult {
  if (artefact === null) return noForecast('no model has been trained yet');
  return forecastOr(artefact.trainedOn, () => {
    const windowSessions = sessionsRead(artefact.spec).inference;
    const symbols = panelSymbols(artefact.spec, artefact.symbols);
    const cleaned = cleanPanel(panel.select(symbols), { ...quality, windowSessions });
    return predict(artefact, cleaned.panel);
  });
}

/** The naive forecast, made at the panel's last session, of those of `symbols` whose prices may be used. */
export function forecastNaively(
  spec: NaiveSpec,
  panel: PricePanel,
  symbols: readonly string[],
  quality: Quality,
): ForecastResult {
  return forecastOr(panel.lastSession, () => {
    const windowSessions = sessionsRead(spec).inference;
    const cleaned = cleanPanel(panel.select(symbols), { ...quality, windowSessions });
    return naiveForecast(spec, cleaned.panel, cleaned.panel.symbols);
  });
}

function forecastOr(trainedOn: Session, make: () => Forecast): ForecastResult {
  try {
    return { forecast: make(), trainedOn, reason: null };
  } catch (error) {
    return failedForecast(error, trainedOn);
  }
}

/** What an error leaves of a forecast: its message, and whether it is a fault. */
export function failedForecast(error: unknown, trainedOn: Session | null = null): ForecastResult {
  const fault = error instanceof UnusableDataError ? {} : ({ isFault: true } as const);
  return { forecast: null, trainedOn, reason: (error as Error).message, ...fault };
}
