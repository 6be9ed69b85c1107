import type { Session } from '../calendar/session.ts';
import { featureRows, sideBySide } from '../features/feature-rows.ts';
import { needsMarket } from '../features/names.ts';
import { fitScaler, type Scaler, scaleValue } from '../features/scaler.ts';
import {
  meanLogReturnAhead,
  type Series,
  type Split,
  sampleCodes,
  splitWindow,
} from '../features/windows.ts';
import type { PricePanel } from '../market/panel.ts';
import { type ForecasterConfig, featuresOf, panelSymbols, sessionsNeeded } from './forecaster-config.ts';

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
  /** Mean squared error, in scaled units over the validation samples, of two forecasts that need no network. */
  naiveValidationLoss: { zero: number; historicalMean: number };
};

/**
 * Cuts the panel's last `windowSessions` into samples of `symbols`. The panel's end is the retraining session.
 * Scalers read the training part only: no row after the last training sample's inputs and targets.
 */
export function buildTrainingSet(
  panel: PricePanel,
  symbols: readonly string[],
  config: ForecasterConfig,
): TrainingSet {
  const rows = config.windowSessions;
  const cut = cutPanel(panel, symbols, config, rows, 'training');
  const split = splitWindow(rows, config.lookbackSessions, config.horizonSessions, config.validationRatio);
  const raw = rawSeries(cut, symbols, config, rows);
  const inputs = config.form === 'joint' ? symbols.length : config.features.length;
  const outputs = config.form === 'joint' ? symbols.length : 1;
  const scalers = raw.map(({ features, targets }) => ({
    inputs: fitScaler(config.scaler, features, inputs, 0, split.trainLast + 1),
    outputs: fitScaler(config.scaler, targets, outputs, split.trainFirst, split.trainLast + 1),
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
    lookback: config.lookbackSessions,
    train: sampleCodes(series.length, rows, split.trainFirst, split.trainLast),
    validation: sampleCodes(series.length, rows, split.validationFirst, split.validationLast),
    naiveValidationLoss: {
      zero: constantLoss(series, scalers, outputs, split, () => 0),
      historicalMean: constantLoss(series, scalers, outputs, split, (index, output) =>
        historicalMean(cut.column(symbols[index + output]!), rows, split.validationFirst),
      ),
    },
  };
}

/**
 * The network's inputs at the panel's last session, one [lookback, inputs] array per series, scaled by `scalers`.
 */
export function inferenceInputs(
  panel: PricePanel,
  symbols: readonly string[],
  config: ForecasterConfig,
  scalers: readonly SeriesScalers[],
): Float64Array[] {
  const cut = cutPanel(panel, symbols, config, config.lookbackSessions, 'inference');
  return rawSeries(cut, symbols, config, config.lookbackSessions).map(({ features }, index) =>
    scaleRows(features, scalers[index]!.inputs),
  );
}

/** The panel's sessions and symbols that are read, every level there; one sentence says what is missing. */
function cutPanel(
  panel: PricePanel,
  symbols: readonly string[],
  config: ForecasterConfig,
  rows: number,
  use: 'training' | 'inference',
): PricePanel {
  const needed = sessionsNeeded(config)[use];
  if (symbols.length === 0) throw new Error(`${use} needs at least one symbol`);
  if (panel.sessions.length < needed)
    throw new Error(
      `${use} needs ${needed} sessions (${rows} and ${needed - rows} before them), the price panel ` +
        `ending ${panel.sessions.at(-1) ?? 'nowhere'} has ${panel.sessions.length}: ingest more history`,
    );
  const cut = panel.last(needed).select(panelSymbols(config, symbols));
  cut.levels.forEach((column, symbol) => {
    const hole = column.findIndex((level) => !(level > 0 && level < Number.POSITIVE_INFINITY));
    if (hole >= 0)
      throw new Error(
        `${cut.symbols[symbol]} has no usable level at ${cut.sessions[hole]} (${column[hole]}), which ${use} reads: ` +
          'fill the gap or drop the symbol first',
      );
  });
  return cut;
}

/** Unscaled series over the panel's last `rows` sessions. */
function rawSeries(
  panel: PricePanel,
  symbols: readonly string[],
  config: ForecasterConfig,
  rows: number,
): Series[] {
  const last = panel.sessions.length - 1;
  const first = last - rows + 1;
  const names = featuresOf(config);
  const market = needsMarket(names) ? panel.column(config.marketSymbol) : null;
  const each = symbols.map((symbol) => {
    const levels = panel.column(symbol);
    return {
      features: featureRows(names, levels, market, first, last),
      targets: meanLogReturnAhead(levels, config.horizonSessions, first, last),
    };
  });
  if (config.form === 'pooled') return each;
  return [
    {
      features: sideBySide(each.map((one) => one.features)),
      targets: sideBySide(each.map((one) => one.targets)),
    },
  ];
}

function scaleRows(values: Float64Array, scaler: Scaler): Float64Array {
  const columns = scaler.offset.length;
  return values.map((value, index) =>
    Number.isNaN(value) ? value : scaleValue(scaler, index % columns, value),
  );
}

/** Mean daily log return over the window as known at one of its rows. */
function historicalMean(levels: Float64Array, rows: number, row: number): number {
  const start = levels.length - rows - 1;
  return Math.log(levels[start + 1 + row]! / levels[start]!) / (row + 1);
}

/** Validation loss of a forecast that is the same for all samples of an output, `value` in return units. */
function constantLoss(
  series: readonly Series[],
  scalers: readonly SeriesScalers[],
  outputs: number,
  split: Split,
  value: (series: number, output: number) => number,
): number {
  let squares = 0;
  let count = 0;
  series.forEach(({ targets }, index) => {
    for (let output = 0; output < outputs; output += 1) {
      const answer = scaleValue(scalers[index]!.outputs, output, value(index, output));
      for (let row = split.validationFirst; row <= split.validationLast; row += 1) {
        squares += (targets[row * outputs + output]! - answer) ** 2;
        count += 1;
      }
    }
  });
  return squares / count;
}
