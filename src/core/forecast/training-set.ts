import type { Session } from '../calendar/session.ts';
import { featureRows, sideBySide } from '../features/feature-rows.ts';
import { needsMarket } from '../features/names.ts';
import { fitScaler, type Scaler, scaleValue } from '../features/scaler.ts';
import { type Series, type Split, sampleCodes, splitWindow } from '../features/windows.ts';
import type { PricePanel } from '../market/panel.ts';
import { lag1Autocorrelation } from '../risk/returns.ts';
import { UnusableDataError } from '../unusable-data-error.ts';
import { heads } from './heads/heads.ts';
import { featuresOf, inputsOf, type NetworkSpec, panelSymbols, sessionsRead } from './model-spec.ts';

/** The scalers of one series, columns as the network's inputs and outputs. */
export type SeriesScalers = { inputs: Scaler; outputs: Scaler };

/** Everything a network is trained on, in its own (scaled) units. */
export type TrainingSet = {
  symbols: string[];
  windowFirst: Session;
  windowLast: Session;
  /** joint: one series of all symbols; pooled: one series per symbol */
  series: Series[];
  scalers: SeriesScalers[];
  rows: number;
  inputs: number;
  outputs: number;
  lookback: number;
  /** sample codes, see windows.ts */
  train: Int32Array;
  validation: Int32Array;
  /** The head's loss, in scaled units over the validation samples, of two forecasts that need no network. */
  naiveValidationLoss: { zero: number; historicalMean: number };
  /**
   * Lag-1 autocorrelation over the window by input, the mean over the series: near 1 for what persists like a level,
   * near 0 for returns. Null where an input is flat.
   */
  inputLag1Autocorrelation: Record<string, number | null>;
};

/**
 * Cuts the panel's last `windowSessions` into samples of `symbols`. The panel's end is the retraining session.
 * Scalers read the training part only: no row after the last training sample's inputs and targets.
 */
export function buildTrainingSet(
  panel: PricePanel,
  symbols: readonly string[],
  spec: NetworkSpec,
): TrainingSet {
  const { body, horizonSessions, training } = spec;
  const rows = training.windowSessions;
  const cut = cutPanel(panel, symbols, spec, rows, 'training');
  const split = splitWindow(rows, body.lookbackSessions, horizonSessions, training.validationRatio);
  const { names, series: assets } = inputsOf(spec, symbols);
  const raw = rawSeries(cut, symbols, spec, rows);
  const inputs = names.length;
  const outputs = heads[spec.head].outputs(assets[0]!.length);
  const scalers = raw.map(({ features, targets }) => ({
    inputs: fitScaler(spec.inputs.scaler, features, inputs, 0, split.trainLast + 1),
    outputs: fitScaler(spec.inputs.scaler, targets, outputs, split.trainFirst, split.trainLast + 1),
  }));
  const series = raw.map(({ features, targets }, index) => ({
    features: scaleRows(features, scalers[index]!.inputs),
    targets: scaleRows(targets, scalers[index]!.outputs),
  }));
  return {
    symbols: [...symbols],
    windowFirst: cut.sessions[cut.sessions.length - rows]!,
    windowLast: cut.lastSession,
    series,
    scalers,
    rows,
    inputs,
    outputs,
    lookback: body.lookbackSessions,
    train: sampleCodes(series.length, rows, split.trainFirst, split.trainLast),
    validation: sampleCodes(series.length, rows, split.validationFirst, split.validationLast),
    naiveValidationLoss: naiveLosses(cut, spec, assets, { series, scalers, rows, outputs }, split),
    inputLag1Autocorrelation: Object.fromEntries(
      names.map((name, column) => [name, meanAutocorrelation(raw, inputs, column)]),
    ),
  };
}

/**
 * The network's inputs at the panel's last session, one [lookback, inputs] array per series, scaled by `scalers`.
 */
export function inferenceInputs(
  panel: PricePanel,
  symbols: readonly string[],
  spec: NetworkSpec,
  scalers: readonly SeriesScalers[],
): Float64Array[] {
  const { lookbackSessions } = spec.body;
  const cut = cutPanel(panel, symbols, spec, lookbackSessions, 'inference');
  return rawSeries(cut, symbols, spec, lookbackSessions).map(({ features }, index) =>
    scaleRows(features, scalers[index]!.inputs),
  );
}

/** The panel's sessions and symbols that are read, every level there; one sentence says what is missing. */
function cutPanel(
  panel: PricePanel,
  symbols: readonly string[],
  spec: NetworkSpec,
  rows: number,
  use: 'training' | 'inference',
): PricePanel {
  const needed = sessionsRead(spec)[use];
  if (symbols.length === 0) throw new Error(`${use} needs at least one symbol`);
  if (panel.sessions.length < needed)
    throw new UnusableDataError(
      `${use} needs ${needed} sessions (${rows} and ${needed - rows} before them), the price panel ` +
        `ending ${panel.sessions.at(-1) ?? 'nowhere'} has ${panel.sessions.length}: ingest more history`,
    );
  const cut = panel.last(needed).select(panelSymbols(spec, symbols));
  cut.levels.forEach((column, symbol) => {
    const hole = column.findIndex((level) => !(level > 0 && level < Number.POSITIVE_INFINITY));
    if (hole >= 0)
      throw new UnusableDataError(
        `${cut.symbols[symbol]} has no usable level at ${cut.sessions[hole]} (${column[hole]}), which ${use} reads: ` +
          'fill the gap or drop the symbol first',
      );
  });
  return cut;
}

/** Unscaled series over the panel's last `rows` sessions. */
function rawSeries(panel: PricePanel, symbols: readonly string[], spec: NetworkSpec, rows: number): Series[] {
  const last = panel.sessions.length - 1;
  const first = last - rows + 1;
  const names = featuresOf(spec);
  const market = needsMarket(names) ? panel.column(spec.inputs.marketSymbol) : null;
  return inputsOf(spec, symbols).series.map((assets) => {
    const levels = assets.map((symbol) => panel.column(symbol));
    return {
      features: sideBySide(levels.map((column) => featureRows(names, column, market, first, last))),
      targets: heads[spec.head].target(levels, spec.horizonSessions, first, last),
    };
  });
}

function scaleRows(values: Float64Array, scaler: Scaler): Float64Array {
  const columns = scaler.offset.length;
  return values.map((value, index) =>
    Number.isNaN(value) ? value : scaleValue(scaler, index % columns, value),
  );
}

/** Lag-1 autocorrelation of one column of inputs, the mean over the series where it is not flat. */
function meanAutocorrelation(series: readonly Series[], inputs: number, column: number): number | null {
  const each = series
    .map(({ features }) => lag1Autocorrelation(features.filter((_, i) => i % inputs === column)))
    .filter(Number.isFinite);
  return each.length === 0 ? null : each.reduce((sum, value) => sum + value, 0) / each.length;
}

/** Validation losses of the head's baselines, as known where validation starts and the same for all its samples. */
function naiveLosses(
  panel: PricePanel,
  { head }: NetworkSpec,
  assets: readonly string[][],
  { series, scalers, rows, outputs }: Pick<TrainingSet, 'series' | 'scalers' | 'rows' | 'outputs'>,
  { validationFirst, validationLast }: Split,
): TrainingSet['naiveValidationLoss'] {
  const first = panel.sessions.length - rows;
  const baselines = assets.map((symbols) =>
    heads[head].baselines(
      symbols.map((symbol) => panel.column(symbol)),
      first,
      first + validationFirst,
    ),
  );
  const lossOf = (name: keyof TrainingSet['naiveValidationLoss']) => {
    let sum = 0;
    let count = 0;
    series.forEach(({ targets }, index) => {
      for (let output = 0; output < outputs; output += 1) {
        const answer = scaleValue(scalers[index]!.outputs, output, baselines[index]![name][output]!);
        for (let row = validationFirst; row <= validationLast; row += 1) {
          sum += heads[head].score(answer, targets[row * outputs + output]!);
          count += 1;
        }
      }
    });
    return sum / count;
  };
  return { zero: lossOf('zero'), historicalMean: lossOf('historicalMean') };
}
