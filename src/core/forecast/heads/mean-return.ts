import { sideBySide } from '../../features/feature-rows.ts';
import type { Head } from './head.ts';

/** The mean log return per session over the horizon, one per asset. */
export const meanReturn: Head = {
  name: 'mean-return',
  outputs: (assets) => assets,
  target: (levels, horizonSessions, first, last) =>
    sideBySide(levels.map((column) => meanLogReturnAhead(column, horizonSessions, first, last))),
  loss: 'mean-squared-error',
  score: (answer, target) => (target - answer) ** 2,
  baselines: (levels, first, last) => ({
    zero: levels.map(() => 0),
    historicalMean: levels.map((column) => Math.log(column[last]! / column[first - 1]!) / (last - first + 1)),
  }),
  toForecast: (values) => ({ mean: { values, unit: 'log-return-per-session' } }),
};

/**
 * Mean log return per session over the next `horizonSessions` of each row first .. last of a column of levels;
 * NaN where the column ends before the horizon does.
 */
function meanLogReturnAhead(
  levels: Float64Array,
  horizonSessions: number,
  first: number,
  last: number,
): Float64Array {
  const targets = new Float64Array(last - first + 1).fill(Number.NaN);
  for (let row = first; row + horizonSessions < levels.length && row <= last; row += 1)
    targets[row - first] = Math.log(levels[row + horizonSessions]! / levels[row]!) / horizonSessions;
  return targets;
}
