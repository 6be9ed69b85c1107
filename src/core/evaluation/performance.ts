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
const ratio = (reward: number, risk: number) => (risk > 0 ? reward / risk : Number.NaN);

/**
 * Measures of simple returns, one a period, of which a year has `periodsPerYear`: risk-free rate 0, ddof 1, compound
 * annualised return; Sortino against 0 by the root mean square of the losses over all periods. Ratios over zero risk
 * are NaN. Throws on fewer than two returns.
 */
export function performance(returns: readonly number[], periodsPerYear: number): Performance {
  if (returns.length < 2) throw new Error(`performance needs at least 2 returns, got ${returns.length}`);
  const growth = returns.reduce((product, r) => product * (1 + r), 1);
  const average = mean(returns);
  const variance = returns.reduce((sum, r) => sum + (r - average) ** 2, 0) / (returns.length - 1);
  const downside = Math.sqrt(mean(returns.map((r) => Math.min(r, 0) ** 2)));
  const annualisedReturn = growth ** (periodsPerYear / returns.length) - 1;
  const levels = [1];
  for (const r of returns) levels.push(levels.at(-1)! * (1 + r));
  const deepest = maximumDrawdown(levels);
  return {
    cumulativeReturn: growth - 1,
    annualisedReturn,
    annualisedVolatility: Math.sqrt(variance * periodsPerYear),
    sharpe: ratio(average, Math.sqrt(variance)) * Math.sqrt(periodsPerYear),
    sortino: ratio(average, downside) * Math.sqrt(periodsPerYear),
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
