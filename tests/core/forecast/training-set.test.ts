import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitWindow } from '../../../src/core/features/windows.ts';
import { type NetworkSpec, sessionsRead } from '../../../src/core/forecast/model-spec.ts';
import { trainingRequest } from '../../../src/core/forecast/training-request.ts';
import {
  buildTrainingSet,
  inferenceInputs,
  type TrainingSet,
} from '../../../src/core/forecast/training-set.ts';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { lag1Autocorrelation } from '../../../src/core/risk/returns.ts';
import { everyFeature, perturbedAfter, simulatedPanel, smallSpec } from './simulated-prices.ts';

const symbols = ['BBB', 'CCC', 'DDD'];
const panel = simulatedPanel(['AAA', ...symbols], 400);
const specs: [string, NetworkSpec][] = [
  ['joint', smallSpec()],
  ['pooled', smallSpec({ inputs: { form: 'pooled', features: everyFeature } })],
];

/** The part of a training set that training reads: scalers, and features and targets up to the last sample. */
function trainingPart(set: TrainingSet, trainLast: number) {
  return {
    scalers: set.scalers,
    features: set.series.map(({ features }) => features.slice(0, (trainLast + 1) * set.inputs)),
    targets: set.series.map(({ targets }) => targets.slice(0, (trainLast + 1) * set.outputs)),
  };
}

describe.each(specs)('the %s training set', (form, spec) => {
  const split = splitWindow(
    spec.training.windowSessions,
    spec.body.lookbackSessions,
    spec.horizonSessions,
    spec.training.validationRatio,
  );

  test('has one input per asset, or per feature, and every sample of the window', () => {
    const set = buildTrainingSet(panel, symbols, spec);
    expect(set.inputs).toBe(form === 'joint' ? symbols.length : everyFeature.length);
    expect(set.outputs).toBe(form === 'joint' ? symbols.length : 1);
    const seriesCount = form === 'joint' ? 1 : symbols.length;
    expect(set.train.length).toBe(seriesCount * (split.trainLast - split.trainFirst + 1));
    expect(set.validation.length).toBe(seriesCount * (split.validationLast - split.validationFirst + 1));
    expect(set.windowLast).toBe(panel.lastSession);
    expect(set.windowFirst).toBe(panel.sessions[400 - spec.training.windowSessions]);
    for (const { features } of set.series) expect(features.every(Number.isFinite)).toBe(true);
  });

  test('fits its scalers on the training part alone', () => {
    const set = buildTrainingSet(panel, symbols, spec);
    for (const [index, { features, targets }] of set.series.entries())
      for (const [values, columns, from] of [
        [features, set.inputs, 0],
        [targets, set.outputs, split.trainFirst],
      ] as const)
        for (let column = 0; column < columns; column += 1) {
          const fitted: number[] = [];
          for (let row = from; row <= split.trainLast; row += 1) fitted.push(values[row * columns + column]!);
          expect(Math.min(...fitted), `series ${index}, column ${column}`).toBe(0);
          expect(Math.max(...fitted)).toBe(1);
        }
  });

  test('trains on nothing after the last training target, bit for bit', () => {
    const before = 400 - spec.training.windowSessions;
    const set = trainingPart(buildTrainingSet(panel, symbols, spec), split.trainLast);
    const lastTargetEnd = before + split.trainLast + spec.horizonSessions;
    const after = buildTrainingSet(perturbedAfter(panel, lastTargetEnd), symbols, spec);
    expect(trainingPart(after, split.trainLast)).toEqual(set);
    // and the test is tight: that very session does enter the last training target
    const touched = buildTrainingSet(perturbedAfter(panel, lastTargetEnd, true), symbols, spec);
    expect(trainingPart(touched, split.trainLast)).not.toEqual(set);
  });

  test('sees nothing after its last session: neither set nor inference inputs change', () => {
    fc.assert(
      fc.property(fc.integer({ min: 260, max: 398 }), (row) => {
        const session = panel.sessions[row]!;
        const known = panel.upTo(session);
        const other = perturbedAfter(panel, row).upTo(session);
        const set = buildTrainingSet(known, symbols, spec);
        expect(buildTrainingSet(other, symbols, spec)).toEqual(set);
        expect(inferenceInputs(other, symbols, spec, set.scalers)).toEqual(
          inferenceInputs(known, symbols, spec, set.scalers),
        );
      }),
      { numRuns: 20 },
    );
  });

  test('gives a session the features it had when it was the last one', () => {
    const set = buildTrainingSet(panel, symbols, spec);
    const session = panel.sessions[350]!;
    const row = 350 - (400 - spec.training.windowSessions);
    const then = inferenceInputs(panel.upTo(session), symbols, spec, set.scalers);
    set.series.forEach(({ features }, index) => {
      const from = (row - spec.body.lookbackSessions + 1) * set.inputs;
      expect(then[index]).toEqual(features.slice(from, (row + 1) * set.inputs));
    });
  });

  test('does not change with more history, and needs exactly the sessions it declares', () => {
    const needed = sessionsRead(spec).training;
    const set = buildTrainingSet(panel, symbols, spec);
    expect(buildTrainingSet(panel.last(needed), symbols, spec)).toEqual(set);
    expect(trainingRequest(panel.last(needed + 3), symbols, spec)).toEqual(
      trainingRequest(panel, symbols, spec),
    );
    expect(() => buildTrainingSet(panel.last(needed - 1), symbols, spec)).toThrow(
      `training needs ${needed} sessions`,
    );
    const read = sessionsRead(spec).inference;
    expect(inferenceInputs(panel.last(read), symbols, spec, set.scalers)).toEqual(
      inferenceInputs(panel, symbols, spec, set.scalers),
    );
    expect(() => inferenceInputs(panel.last(read - 1), symbols, spec, set.scalers)).toThrow(
      'inference needs',
    );
  });

  test('names a missing level, and only where it is read', () => {
    const holed = simulatedPanel(['AAA', ...symbols], 400);
    const first = 400 - sessionsRead(spec).training;
    holed.levels[2]![first - 1] = Number.NaN;
    expect(() => buildTrainingSet(holed, symbols, spec)).not.toThrow();
    holed.levels[2]![first] = Number.NaN;
    expect(() => buildTrainingSet(holed, symbols, spec)).toThrow(
      `CCC has no usable level at ${holed.sessions[first]}`,
    );
  });
});

describe('the request', () => {
  test('says which symbol is not in the panel', () => {
    expect(() => trainingRequest(panel, ['ZZZ'], smallSpec())).toThrow('no symbol ZZZ');
  });
});

describe('naive losses', () => {
  test('are those of forecasts of zero and of the mean so far, in scaled units', () => {
    const spec = smallSpec();
    const set = buildTrainingSet(panel, ['BBB'], spec);
    const split = splitWindow(
      spec.training.windowSessions,
      spec.body.lookbackSessions,
      spec.horizonSessions,
      spec.training.validationRatio,
    );
    const levels = panel.column('BBB').slice(-spec.training.windowSessions - 1);
    const { offset, scale } = set.scalers[0]!.outputs;
    const loss = (forecast: number) => {
      let sum = 0;
      for (let row = split.validationFirst; row <= split.validationLast; row += 1) {
        const actual =
          Math.log(levels[row + 1 + spec.horizonSessions]! / levels[row + 1]!) / spec.horizonSessions;
        sum += ((actual - offset[0]!) / scale[0]! - (forecast - offset[0]!) / scale[0]!) ** 2;
      }
      return sum / (split.validationLast - split.validationFirst + 1);
    };
    const mean = Math.log(levels[split.validationFirst + 1]! / levels[0]!) / (split.validationFirst + 1);
    expect(set.naiveValidationLoss.zero).toBeCloseTo(loss(0), 12);
    expect(set.naiveValidationLoss.historicalMean).toBeCloseTo(loss(mean), 12);
  });
});

test('the autocorrelation of an input is that of its column in the window, near 0 for returns', () => {
  const set = buildTrainingSet(panel, symbols, smallSpec());
  const window = panel.column('CCC').slice(-121);
  const returns = Float64Array.from({ length: 120 }, (_, i) => Math.log(window[i + 1]! / window[i]!));
  expect(Object.keys(set.inputLag1Autocorrelation)).toEqual(symbols.map((symbol) => `return1:${symbol}`));
  expect(set.inputLag1Autocorrelation['return1:CCC']).toBeCloseTo(lag1Autocorrelation(returns), 12);
  const inputs = { form: 'pooled' as const, features: ['return1' as const, 'ewma-volatility' as const] };
  const pooled = buildTrainingSet(panel, symbols, smallSpec({ inputs })).inputLag1Autocorrelation;
  expect(Math.abs(pooled.return1!)).toBeLessThan(0.2);
  expect(pooled['ewma-volatility']).toBeGreaterThan(0.8);
});

test('a flat input has no autocorrelation', () => {
  const flat = new PricePanel(panel.sessions, ['AAA'], [new Float64Array(400).fill(2)]);
  expect(buildTrainingSet(flat, ['AAA'], smallSpec()).inputLag1Autocorrelation).toEqual({
    'return1:AAA': null,
  });
});
