/** A ratio as a percentage inside a note or a warning: 0.1234 is `12.3%`. What is laid out has `presentation/format.ts`. */
export function percent(ratio: number, digits = 1): string {
  return `${(100 * ratio).toFixed(digits)}%`;
}
