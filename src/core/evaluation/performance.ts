export type Performance = {
  cumulativeReturn: number;
  annualisedReturn: number;
  annualisedVolatility: number;
  sharpe: number;
  sortino: number;
  /** deepest loss from a running high, 0 or more */
  maximumDrawdown: number;
  /** longest run of sessions below a high */
  drawdownSessionsMax: number;
  calmar: number;
};

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
function variance(values: readonly number[]): number {
  const average = mean(values);
  return values.reduce((sum, v) => sum + (v - average) ** 2, 0) / (values.length - 1);
}
/** The yearly growth that simple returns, one a period, compound to. */
export const annualised = (returns: readonly number[], periodsPerYear: number): number =>
  returns.reduce((product, r) => product * (1 + r), 1) ** (periodsPerYear / returns.length) - 1;
/** What adding to 1 and taking it away again leaves of a return: no risk. */
const rounding = 1e-14;
const ratio = (reward: number, risk: number) => (risk > rounding ? reward / risk : Number.NaN);

/**
 * Measures of simple returns, one a period, of which a year has `periodsPerYear`: ddof 1, compound annualised return.
 * Sharpe and Sortino are of excess returns over `riskFree`, of the same periods: Sharpe by their own deviation (Sharpe,
 * 1994), Sortino by the root mean square of the excess losses over all periods. Ratios over zero risk are NaN. Throws on
 * fewer than two returns, and on another number of risk-free ones.
 */
export function performance(
  returns: readonly number[],
  periodsPerYear: number,
  riskFree: readonly number[] = returns.map(() => 0),
): Performance {
  if (returns.length < 2) throw new Error(`performance needs at least 2 returns, got ${returns.length}`);
  if (riskFree.length !== returns.length)
    throw new Error(`there are ${riskFree.length} risk-free returns beside ${returns.length} returns`);
  const growth = returns.reduce((product, r) => product * (1 + r), 1);
  const excess = returns.map((r, i) => r - riskFree[i]!);
  const reward = mean(excess);
  const downside = Math.sqrt(mean(excess.map((r) => Math.min(r, 0) ** 2)));
  const annualisedReturn = annualised(returns, periodsPerYear);
  const levels = [1];
  for (const r of returns) levels.push(levels.at(-1)! * (1 + r));
  const deepest = maximumDrawdown(levels);
  return {
    cumulativeReturn: growth - 1,
    annualisedReturn,
    annualisedVolatility: Math.sqrt(variance(returns) * periodsPerYear),
    sharpe: ratio(reward, Math.sqrt(variance(excess))) * Math.sqrt(periodsPerYear),
    sortino: ratio(reward, downside) * Math.sqrt(periodsPerYear),
    maximumDrawdown: deepest,
    drawdownSessionsMax: longestDrawdown(levels),
    calmar: ratio(annualisedReturn, deepest),
  };
}

/** The deepest loss of a series of levels from its running high, as a ratio, 0 or more. */
export function maximumDrawdown(levels: readonly number[]): number {
  let high = Number.NEGATIVE_INFINITY;
  let deepest = 0;
  for (const level of levels) {
    high = Math.max(high, level);
    deepest = Math.max(deepest, 1 - level / high);
  }
  return deepest;
}

function longestDrawdown(levels: readonly number[]): number {
  let high = Number.NEGATIVE_INFINITY;
  let length = 0;
  let longest = 0;
  for (const level of levels) {
    length = level >= high ? 0 : length + 1;
    high = Math.max(high, level);
    longest = Math.max(longest, length);
  }
  return longest;
}
