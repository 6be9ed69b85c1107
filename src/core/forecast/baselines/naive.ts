import type { PricePanel } from '../../market/panel.ts';
import { UnusableDataError } from '../../unusable-data-error.ts';
import type { Forecast } from '../forecast.ts';

/** Forecasts that need no model, and that every model must beat. */
export const naiveNames = ['zero', 'last', 'historical-mean'] as const;
type NaiveRule = { name: (typeof naiveNames)[number]; windowSessions: number; horizonSessions: number };

/**
 * `zero`: no return; `last`: the mean log return per session of the last `horizonSessions` comes again;
 * `historical-mean`: that of the last `windowSessions`. At the panel's last session, for `symbols` of the panel.
 */
export function naiveForecast(
  { name, windowSessions, horizonSessions }: NaiveRule,
  panel: PricePanel,
  symbols: readonly string[],
): Forecast {
  const sessions = name === 'zero' ? 0 : name === 'last' ? horizonSessions : windowSessions;
  return {
    asOf: panel.lastSession,
    symbols: [...symbols],
    horizonSessions,
    modelIds: { 'mean-return': `naive:${name}` },
    mean: {
      values: symbols.map((symbol) =>
        sessions === 0 ? 0 : meanLogReturn(symbol, panel.column(symbol), sessions),
      ),
      unit: 'log-return-per-session',
    },
  };
}

function meanLogReturn(symbol: string, levels: Float64Array, sessions: number): number {
  const mean = Math.log(levels.at(-1)! / (levels.at(-1 - sessions) ?? Number.NaN)) / sessions;
  if (!Number.isFinite(mean))
    throw new UnusableDataError(
      `${symbol} has no levels at both ends of the last ${sessions} sessions: ingest more history`,
    );
  return mean;
}
