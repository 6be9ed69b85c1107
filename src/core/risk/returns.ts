import type { PricePanel } from '../market/panel.ts';

/** Returns of a panel, row-major: one row per session after the first, one column per symbol. */
export type PanelReturns = { rows: number; columns: number; values: Float64Array };

/** Simple total returns L[t] / L[t-1] - 1, those that add up across assets; NaN beside a missing level. */
export function simpleReturns(panel: PricePanel): PanelReturns {
  return panelReturns(panel, (now, before) => now / before - 1);
}

/** Log total returns ln(L[t] / L[t-1]), those that add up over time; NaN beside a missing level. */
export function logReturns(panel: PricePanel): PanelReturns {
  return panelReturns(panel, (now, before) => Math.log(now / before));
}

function panelReturns(panel: PricePanel, change: (now: number, before: number) => number): PanelReturns {
  const columns = panel.symbols.length;
  const rows = Math.max(0, panel.sessions.length - 1);
  const values = new Float64Array(rows * columns);
  panel.levels.forEach((levels, column) => {
    for (let row = 0; row < rows; row += 1)
      values[row * columns + column] = change(levels[row + 1]!, levels[row]!);
  });
  return { rows, columns, values };
}

/**
 * Lag-1 autocorrelation of a series, sum (x[t] - m)(x[t-1] - m) / sum (x[t] - m)^2 with the mean m of the whole
 * series (Box and Jenkins, 1970); it tells levels, near 1, from returns, near 0. NaN for a flat series, for one of
 * fewer than 3 values, and for one that holds NaN.
 */
export function lag1Autocorrelation(values: Float64Array): number {
  const count = values.length;
  if (count < 3) return Number.NaN;
  // deviations are taken from the first value first, so that a flat series is exactly flat
  const base = values[0]!;
  let mean = 0;
  for (const value of values) mean += (value - base) / count;
  let covariance = 0;
  let variance = 0;
  let previous = 0;
  for (const value of values) {
    const deviation = value - base - mean;
    covariance += deviation * previous;
    variance += deviation * deviation;
    previous = deviation;
  }
  return variance === 0 ? Number.NaN : covariance / variance;
}
