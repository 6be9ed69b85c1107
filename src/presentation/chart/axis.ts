/** Maps a value onto the drawing, with the values worth a grid line. */
export type Axis = { at: (value: number) => number; ticks: number[]; kind: 'linear' | 'logarithmic' };

/** Above this ratio of the largest to the smallest value a linear axis hides the early years. */
const linearRatioMax = 4;

/** An upright axis from `bottom` to `top` (drawing units, growing downwards) for positive values. */
export function valueAxis(values: readonly number[], bottom: number, top: number, ticksMax: number): Axis {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const kind = high / low > linearRatioMax ? 'logarithmic' : 'linear';
  const scale = kind === 'linear' ? (value: number) => value : Math.log;
  // a flat line still needs some height around it
  const margin = Math.max((scale(high) - scale(low)) * 0.06, kind === 'linear' ? high * 0.001 : 0);
  const from = scale(low) - margin;
  const to = scale(high) + margin;
  const at = (value: number) => bottom + ((scale(value) - from) / (to - from)) * (top - bottom);
  const ticks =
    kind === 'linear' ? evenTicks(from, to, ticksMax) : decadeTicks(Math.exp(from), Math.exp(to), ticksMax);
  return { at, ticks, kind };
}

/** Multiples of 1, 2, 2.5 or 5 times a power of ten. */
function evenTicks(from: number, to: number, ticksMax: number): number[] {
  const rough = (to - from) / ticksMax;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => power * factor >= rough) ?? 10);
  const first = Math.ceil(from / step);
  const count = Math.floor(to / step) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Round values of a logarithmic axis: the fullest of three sets that fits. */
function decadeTicks(from: number, to: number, ticksMax: number): number[] {
  const lowest = Math.floor(Math.log10(from));
  const highest = Math.ceil(Math.log10(to));
  const decades = Array.from({ length: highest - lowest + 1 }, (_, i) => 10 ** (lowest + i));
  const within = (factors: number[]) =>
    decades
      .flatMap((decade) => factors.map((factor) => Number((decade * factor).toPrecision(6))))
      .filter((value) => value >= from && value <= to);
  const sets = [[1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1]].map(within);
  return sets.find((set) => set.length <= ticksMax) ?? sets[2]!;
}

/** Labels along the sessions: years, or months where the whole is short, at most `labelsMax` of them. */
export function sessionTicks(
  sessions: readonly string[],
  labelsMax: number,
): { index: number; label: string }[] {
  const starts = (length: number) =>
    sessions.flatMap((session, index) =>
      index > 0 && session.slice(0, length) !== sessions[index - 1]!.slice(0, length)
        ? [{ index, label: session.slice(0, length) }]
        : [],
    );
  const years = starts(4);
  const ticks = years.length >= 3 ? years : starts(7);
  if (ticks.length === 0) return sessions.slice(0, 1).map((label, index) => ({ index, label }));
  const step = Math.ceil(ticks.length / labelsMax);
  return ticks.filter((_, i) => i % step === 0);
}
