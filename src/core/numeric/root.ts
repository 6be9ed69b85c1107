/** A function's value at an argument, with whatever was computed on the way to it. */
export type Sample<Detail> = { at: number; value: number; detail: Detail };

export type RootSearch<Detail> = {
  evaluate(at: number): Sample<Detail>;
  /** ends of a bracket: their values have opposite signs */
  low: Sample<Detail>;
  high: Sample<Detail>;
  /** whether a sample is near enough to the root; the bracket is the one it was taken from */
  isRoot(sample: Sample<Detail>, low: Sample<Detail>, high: Sample<Detail>): boolean;
  stepsMax: number;
};

/**
 * Closes in on a root by false position, the value of an end that is kept twice being halved (Illinois; Dowell and
 * Jarratt, 1971). `root` is null when the steps ran out; `low` is then the nearest sample on its side.
 */
export function falsePosition<Detail>(search: RootSearch<Detail>): {
  root: Sample<Detail> | null;
  low: Sample<Detail>;
} {
  let { low, high } = search;
  const lowIsPositive = low.value > 0;
  let kept = 0;
  for (let step = 0; step < search.stepsMax; step += 1) {
    const share = low.value / (low.value - high.value);
    const middle = search.evaluate(low.at + share * (high.at - low.at));
    if (search.isRoot(middle, low, high)) return { root: middle, low };
    if (middle.value > 0 === lowIsPositive) {
      low = middle;
      if (kept === 1) high = { ...high, value: high.value / 2 };
      kept = 1;
    } else {
      high = middle;
      if (kept === -1) low = { ...low, value: low.value / 2 };
      kept = -1;
    }
  }
  return { root: null, low };
}
