/**
 * Conditional value at risk of a series of simple returns: the mean loss in its worst `tailShare`, the last session
 * counted in part (Rockafellar and Uryasev 2000).
 */
export function conditionalValueAtRisk(returns: Float64Array, tailShare = 0.05): number {
  return worstMean(returns, tailShare);
}

/**
 * Conditional drawdown at risk: the mean of the deepest `tailShare` of drawdowns of the uncompounded sum of returns
 * (Chekhlov, Uryasev and Zabarankin 2005).
 */
export function conditionalDrawdownAtRisk(returns: Float64Array, tailShare = 0.05): number {
  let level = 0;
  let peak = 0;
  const drawdowns = returns.map((value) => {
    level += value;
    peak = Math.max(peak, level);
    return level - peak;
  });
  return worstMean(drawdowns, tailShare);
}

function worstMean(values: Float64Array, tailShare: number): number {
  const sorted = values.slice().sort();
  const expected = tailShare * sorted.length;
  const edge = sorted[Math.ceil(expected) - 1]!;
  let beyond = 0;
  for (let i = 0; i < Math.ceil(expected); i += 1) beyond += sorted[i]! - edge;
  return -edge - beyond / expected;
}
