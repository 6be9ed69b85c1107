import type { FeatureName } from './names.ts';

/** Every feature is a function of exactly this many last returns, so that more history changes nothing. */
export const warmUpReturns = 120;

const ewmaDecay = 0.94;
const rsiSessions = 14;
const bollingerSessions = 20;
const bollingerDeviations = 2;

/** A column of levels with the log return into each session. */
type Column = { levels: Float64Array; logReturns: Float64Array };
type Kernel = (column: Column, row: number) => number;

const assetKernels: Partial<Record<FeatureName, Kernel>> = {
  return1: (column, row) => logReturn(column, row, 1),
  return2: (column, row) => logReturn(column, row, 2),
  return3: (column, row) => logReturn(column, row, 3),
  return4: (column, row) => logReturn(column, row, 4),
  return5: (column, row) => logReturn(column, row, 5),
  'ewma-volatility': ewmaVolatility,
  rsi: relativeStrength,
  'bollinger-position': (column, row) => bollinger(column, row).position,
  'bollinger-width': (column, row) => bollinger(column, row).width,
};
const marketKernels: Partial<Record<FeatureName, Kernel>> = {
  'market-slope-20': (column, row) => logSlope(column, row, 20),
  'market-slope-60': (column, row) => logSlope(column, row, 60),
};

/**
 * One feature at every row of a column of levels; NaN where fewer than 120 known returns lead up to the row.
 * Market features read `marketLevels`, a column of the same panel, instead of `levels`; they throw without it.
 */
export function featureSeries(
  name: FeatureName,
  levels: Float64Array,
  marketLevels: Float64Array | null,
): Float64Array {
  const read = columnRead(name, levels, marketLevels);
  const values = featureValues(name, levels, marketLevels, 0, levels.length - 1);
  let known = 0;
  for (let row = 0; row < values.length; row += 1) {
    known = Number.isFinite(read[row]) ? known + 1 : 0;
    if (known <= warmUpReturns) values[row] = Number.NaN;
  }
  return values;
}

/**
 * One feature at rows first .. last, both included; NaN where a level it reads is missing. Unlike featureSeries it
 * asks for no more history than the feature's own formula: a 1-day return needs one level before it.
 */
export function featureValues(
  name: FeatureName,
  levels: Float64Array,
  marketLevels: Float64Array | null,
  first: number,
  last: number,
): Float64Array {
  const kernel = assetKernels[name] ?? marketKernels[name];
  if (!kernel) throw new Error(`no feature ${name}`);
  const column = columnOf(columnRead(name, levels, marketLevels), first - warmUpReturns + 1, last);
  const values = new Float64Array(Math.max(0, last - first + 1));
  for (let row = first; row <= last; row += 1) values[row - first] = kernel(column, row);
  return values;
}

function columnRead(
  name: FeatureName,
  levels: Float64Array,
  marketLevels: Float64Array | null,
): Float64Array {
  if (!(name in marketKernels)) return levels;
  if (!marketLevels)
    throw new Error(`feature ${name} reads the market's levels: name a marketSymbol in the panel`);
  return marketLevels;
}

function columnOf(levels: Float64Array, first: number, last: number): Column {
  const logReturns = new Float64Array(levels.length).fill(Number.NaN);
  for (let row = Math.max(1, first); row <= last; row += 1)
    logReturns[row] = Math.log(levels[row]! / levels[row - 1]!);
  return { levels, logReturns };
}

/** Log return over the last `sessions`. */
function logReturn({ levels }: Column, row: number, sessions: number): number {
  return row < sessions ? Number.NaN : Math.log(levels[row]! / levels[row - sessions]!);
}

/** Daily volatility by an exponentially weighted variance around zero (RiskMetrics Technical Document, 1996). */
function ewmaVolatility({ logReturns }: Column, row: number): number {
  const start = row - warmUpReturns + 1;
  if (start < 1) return Number.NaN;
  let variance = logReturns[start]! ** 2;
  for (let t = start + 1; t <= row; t += 1)
    variance = ewmaDecay * variance + (1 - ewmaDecay) * logReturns[t]! ** 2;
  return Math.sqrt(variance);
}

/** Relative strength index, 0 to 100, of level changes with Wilder's smoothing (Wilder, 1978); 50 when flat. */
function relativeStrength({ levels }: Column, row: number): number {
  const start = row - warmUpReturns + 1;
  if (start < 1) return Number.NaN;
  let gain = 0;
  let loss = 0;
  for (let t = start; t <= row; t += 1) {
    const change = levels[t]! - levels[t - 1]!;
    // the first 14 changes seed a plain mean, the later ones move it by a fourteenth
    const keep = t < start + rsiSessions ? 1 : (rsiSessions - 1) / rsiSessions;
    gain = keep * gain + Math.max(change, 0) / rsiSessions;
    loss = keep * loss + Math.max(-change, 0) / rsiSessions;
  }
  return gain + loss === 0 ? 50 : (100 * gain) / (gain + loss);
}

/**
 * Bollinger bands of the last 20 levels, population deviation (Bollinger, 2002): where the level stands between the
 * lower band, 0, and the upper one, 1, and the bands' distance over their middle. 0.5 and 0 when flat.
 */
function bollinger({ levels }: Column, row: number): { position: number; width: number } {
  const start = row - bollingerSessions + 1;
  if (start < 0) return { position: Number.NaN, width: Number.NaN };
  // levels are taken in units of the last one: a flat window is then exactly flat
  const unit = levels[row]!;
  let mean = 0;
  for (let t = start; t <= row; t += 1) mean += levels[t]! / unit;
  mean /= bollingerSessions;
  let squares = 0;
  for (let t = start; t <= row; t += 1) squares += (levels[t]! / unit - mean) ** 2;
  const reach = bollingerDeviations * Math.sqrt(squares / bollingerSessions);
  return { position: reach === 0 ? 0.5 : (1 - mean + reach) / (2 * reach), width: (2 * reach) / mean };
}

/** Least-squares slope per session of the log level over the last `sessions`. */
function logSlope({ logReturns }: Column, row: number, sessions: number): number {
  const start = row - sessions + 1;
  if (start < 0) return Number.NaN;
  const centre = (sessions - 1) / 2;
  let level = 0;
  let products = 0;
  for (let step = 1; step < sessions; step += 1) {
    level += logReturns[start + step]!;
    products += (step - centre) * level;
  }
  return products / ((sessions * (sessions ** 2 - 1)) / 12);
}
