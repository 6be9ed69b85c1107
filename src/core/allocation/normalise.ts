/** Non-negative scores over their sum; nothing when they are all 0. */
export function normalise(scores: ArrayLike<number>): number[] | undefined {
  let largest = 0;
  for (let i = 0; i < scores.length; i += 1) largest = Math.max(largest, scores[i]!);
  if (!(largest > 0)) return undefined;
  // Over the largest first: tiny or huge scores must not under- or overflow in the sum.
  const relative = Array.from(scores, (score) => score / largest);
  const sum = relative.reduce((total, score) => total + score, 0);
  return relative.map((score) => score / sum);
}
