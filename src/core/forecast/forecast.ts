import type { Session } from '../calendar/session.ts';
import type { HeadName } from './heads/names.ts';

/**
 * What models say at one session's close about the sessions after it; each part is there where a head forecasts it.
 * All figures are in the units named here, never in a network's own.
 */
export type Forecast = {
  /** Last session whose close the forecast has read. */
  asOf: Session;
  /** The order of every array below. */
  symbols: string[];
  /** The forecast is about the sessions asOf + 1 .. asOf + horizonSessions. */
  horizonSessions: number;
  /** By head, the content address of the artefact its figures came from, or `naive:<name>`. */
  modelIds: Partial<Record<HeadName, string>>;
  /** Mean return per session over the horizon, one per symbol. */
  mean?: MeanForecast;
  /** Standard deviation of the simple return of one session, one per symbol; not annualised. */
  volatility?: number[];
  /** Correlation of simple returns, row-major [symbols, symbols]. */
  correlation?: number[];
  /** Probability, 0 to 1, that the market is in its stressed regime over the horizon. */
  stressProbability?: number;
  /** Probability, 0 to 1, of a fall beyond the head's threshold within the horizon, one per symbol. */
  drawdownProbability?: number[];
};

/**
 * Means with their unit, because log returns add up over time and simple ones across assets. Networks forecast logs;
 * beside simple returns, take `simpleMeans`.
 */
export type MeanForecast = { values: number[]; unit: 'log-return-per-session' };

/** Means as simple returns per session, exp(m) - 1: what mean-variance adds up across assets and blends with history. */
export function simpleMeans({ values }: MeanForecast): number[] {
  return values.map(Math.expm1);
}

/** The same forecast for `symbols` in their order; NaN for a symbol the models do not know. */
export function alignForecast(forecast: Forecast, symbols: readonly string[]): Forecast {
  const { mean, volatility, correlation, drawdownProbability, ...rest } = forecast;
  const from = symbols.map((symbol) => forecast.symbols.indexOf(symbol));
  const each = (values: readonly number[]) => from.map((i) => values[i] ?? Number.NaN);
  const width = forecast.symbols.length;
  const at = (matrix: readonly number[], i: number, j: number) =>
    i < 0 || j < 0 ? Number.NaN : matrix[i * width + j]!;
  return {
    ...rest,
    symbols: [...symbols],
    ...(mean && { mean: { ...mean, values: each(mean.values) } }),
    ...(volatility && { volatility: each(volatility) }),
    ...(correlation && { correlation: from.flatMap((i) => from.map((j) => at(correlation, i, j))) }),
    ...(drawdownProbability && { drawdownProbability: each(drawdownProbability) }),
  };
}
