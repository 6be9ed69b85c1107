/** A ratio as per cent with two decimals; rounding never leaves a minus before a zero. */
export function percent(ratio: number): string {
  return `${(Math.round(ratio * 10_000) / 100 + 0).toFixed(2)} %`;
}
