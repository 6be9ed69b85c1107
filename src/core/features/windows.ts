/** One run of consecutive sessions as a network reads it: scaled features and scaled targets, row-major. */
export type Series = {
  /** [rows, inputs] */
  features: Float64Array;
  /** [rows, outputs]; NaN in the last `horizon` rows, whose targets are not known yet */
  targets: Float64Array;
};

/** Where one series' samples fall, as rows of their last input session; both ends included. */
export type Split = {
  trainFirst: number;
  trainLast: number;
  validationFirst: number;
  validationLast: number;
};

/**
 * Splits a window of `rows` sessions in time order: the last `validationRatio` of its samples validate, and the last
 * training target ends where the first validation target starts (purge of one horizon; Lopez de Prado, 2018, ch. 7).
 * A sample at row r reads rows r - lookback + 1 .. r and its target rows r + 1 .. r + horizon.
 */
export function splitWindow(rows: number, lookback: number, horizon: number, validationRatio: number): Split {
  const first = lookback - 1;
  const last = rows - 1 - horizon;
  const validation = Math.max(1, Math.round((last - first + 1) * validationRatio));
  const validationFirst = last - validation + 1;
  const trainLast = validationFirst - horizon;
  if (trainLast < first)
    throw new Error(
      `a window of ${rows} sessions holds no training sample beside a lookback of ${lookback}, ` +
        `a horizon of ${horizon} and a validation part of ${validationRatio}: lengthen the window`,
    );
  return { trainFirst: first, trainLast, validationFirst, validationLast: last };
}

/** A sample's code: its series and the row of its last input session in one number. */
function sampleCode(series: number, row: number, rows: number): number {
  return series * rows + row;
}

/** Codes of rows first .. last of every series, series by series in time order. */
export function sampleCodes(seriesCount: number, rows: number, first: number, last: number): Int32Array {
  const span = last - first + 1;
  return Int32Array.from({ length: seriesCount * span }, (_, index) =>
    sampleCode(Math.floor(index / span), first + (index % span), rows),
  );
}

/** Inputs of a batch of samples, time-major [lookback, batch, inputs] as the recurrent kernels want them. */
export function gatherInputs(
  series: readonly Series[],
  rows: number,
  inputs: number,
  lookback: number,
  codes: Int32Array,
): Float32Array {
  const batch = codes.length;
  const gathered = new Float32Array(lookback * batch * inputs);
  codes.forEach((code, sample) => {
    const { features } = series[Math.floor(code / rows)]!;
    const from = ((code % rows) - lookback + 1) * inputs;
    for (let step = 0; step < lookback; step += 1)
      for (let input = 0; input < inputs; input += 1)
        gathered[(step * batch + sample) * inputs + input] = features[from + step * inputs + input]!;
  });
  return gathered;
}

/** Targets of a batch of samples, [batch, outputs]. */
export function gatherTargets(
  series: readonly Series[],
  rows: number,
  outputs: number,
  codes: Int32Array,
): Float32Array {
  const gathered = new Float32Array(codes.length * outputs);
  codes.forEach((code, sample) => {
    const { targets } = series[Math.floor(code / rows)]!;
    const from = (code % rows) * outputs;
    for (let output = 0; output < outputs; output += 1)
      gathered[sample * outputs + output] = targets[from + output]!;
  });
  return gathered;
}
