import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitWindow } from '../../../src/core/features/windows.ts';
import {
  type ForecasterConfig,
  modelForms,
  panelSymbols,
  sessionsNeeded,
} from '../../../src/core/forecast/forecaster-config.ts';
import { trainingRequest } from '../../../src/core/forecast/training-request.ts';
import {
  buildTrainingSet,
  inferenceInputs,
  type TrainingSet,
} from '../../../src/core/forecast/training-set.ts';
import { everyFeature, perturbedAfter, simulatedPanel, smallConfig } from './simulated-prices.ts';

const symbols = ['BBB', 'CCC', 'DDD'];
const panel = simulatedPanel(['AAA', ...symbols], 400);
const configs: [string, ForecasterConfig][] = [
  ['joint', smallConfig()],
  ['pooled', smallConfig({ form: 'pooled', features: everyFeature })],
];

/** The part of a training set that training reads: scalers, and features and targets up to the last sample. */
function trainingPart(set: TrainingSet, trainLast: number) {
  return {
    scalers: set.scalers,
    features: set.series.map(({ features }) => features.slice(0, (trainLast + 1) * set.inputs)),
    targets: set.series.map(({ targets }) => targets.slice(0, (trainLast + 1) * set.outputs)),
  };
}

describe.each(configs)('the %s training set', (form, config) => {
  const split = splitWindow(
    config.windowSessions,
    config.lookbackSessions,
    config.horizonSessions,
    config.validationRatio,
  );

  test('has one input per asset, or per feature, and every sample of the window', () => {
    const set = buildTrainingSet(panel, symbols, config);
    expect(set.inputs).toBe(form === 'joint' ? symbols.length : everyFeature.length);
    expect(set.outputs).toBe(form === 'joint' ? symbols.length : 1);
    const seriesCount = form === 'joint' ? 1 : symbols.length;
    expect(set.train.length).toBe(seriesCount * (split.trainLast - split.trainFirst + 1));
    expect(set.validation.length).toBe(seriesCount * (split.validationLast - split.validationFirst + 1));
    expect(set.windowLast).toBe(panel.lastSession);
    expect(set.windowFirst).toBe(panel.sessions[400 - config.windowSessions]);
    for (const { features } of set.series) expect(features.every(Number.isFinite)).toBe(true);
  });

  test('fits its scalers on the training part alone', () => {
    const set = buildTrainingSet(panel, symbols, config);
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
    const before = 400 - config.windowSessions;
    const set = trainingPart(buildTrainingSet(panel, symbols, config), split.trainLast);
    const lastTargetEnd = before + split.trainLast + config.horizonSessions;
    const after = buildTrainingSet(perturbedAfter(panel, lastTargetEnd), symbols, config);
    expect(trainingPart(after, split.trainLast)).toEqual(set);
    // and the test is tight: that very session does enter the last training target
    const touched = buildTrainingSet(perturbedAfter(panel, lastTargetEnd, true), symbols, config);
    expect(trainingPart(touched, split.trainLast)).not.toEqual(set);
  });

  test('sees nothing after its last session: neither set nor inference inputs change', () => {
    fc.assert(
      fc.property(fc.integer({ min: 260, max: 398 }), (row) => {
        const session = panel.sessions[row]!;
        const known = panel.upTo(session);
        const other = perturbedAfter(panel, row).upTo(session);
        const set = buildTrainingSet(known, symbols, config);
        expect(buildTrainingSet(other, symbols, config)).toEqual(set);
        expect(inferenceInputs(other, symbols, config, set.scalers)).toEqual(
          inferenceInputs(known, symbols, config, set.scalers),
        );
      }),
      { numRuns: 20 },
    );
  });

  test('gives a session the features it had when it was the last one', () => {
    const set = buildTrainingSet(panel, symbols, config);
    const session = panel.sessions[350]!;
    const row = 350 - (400 - config.windowSessions);
    const then = inferenceInputs(panel.upTo(session), symbols, config, set.scalers);
    set.series.forEach(({ features }, index) => {
      const from = (row - config.lookbackSessions + 1) * set.inputs;
      expect(then[index]).toEqual(features.slice(from, (row + 1) * set.inputs));
    });
  });

  test('does not change with more history, and needs exactly the sessions it declares', () => {
    const needed = sessionsNeeded(config).training;
    const set = buildTrainingSet(panel, symbols, config);
    expect(buildTrainingSet(panel.last(needed), symbols, config)).toEqual(set);
    expect(trainingRequest(panel.last(needed + 3), symbols, config)).toEqual(
      trainingRequest(panel, symbols, config),
    );
    expect(() => buildTrainingSet(panel.last(needed - 1), symbols, config)).toThrow(
      `training needs ${needed} sessions`,
    );
    const read = sessionsNeeded(config).inference;
    expect(inferenceInputs(panel.last(read), symbols, config, set.scalers)).toEqual(
      inferenceInputs(panel, symbols, config, set.scalers),
    );
    expect(() => inferenceInputs(panel.last(read - 1), symbols, config, set.scalers)).toThrow(
      'inference needs',
    );
  });

  test('names a missing level, and only where it is read', () => {
    const holed = simulatedPanel(['AAA', ...symbols], 400);
    const first = 400 - sessionsNeeded(config).training;
    holed.levels[2]![first - 1] = Number.NaN;
    expect(() => buildTrainingSet(holed, symbols, config)).not.toThrow();
    holed.levels[2]![first] = Number.NaN;
    expect(() => buildTrainingSet(holed, symbols, config)).toThrow(
      `CCC has no usable level at ${holed.sessions[first]}`,
    );
  });
});

describe('the request', () => {
  test('holds the market symbol only where a feature reads it', () => {
    const joint = smallConfig();
    expect(panelSymbols(joint, symbols)).toEqual(symbols);
    expect(panelSymbols(configs[1]![1], symbols)).toEqual([...symbols, 'AAA']);
    expect(panelSymbols(configs[1]![1], ['AAA', 'BBB'])).toEqual(['AAA', 'BBB']);
    expect(modelForms).toEqual(['joint', 'pooled']);
  });

  test('says which symbol is not in the panel', () => {
    expect(() => trainingRequest(panel, ['ZZZ'], smallConfig())).toThrow('no symbol ZZZ');
  });
});

describe('naive losses', () => {
  test('are those of forecasts of zero and of the mean so far, in scaled units', () => {
    const config = smallConfig();
    const set = buildTrainingSet(panel, ['BBB'], config);
    const split = splitWindow(
      config.windowSessions,
      config.lookbackSessions,
      config.horizonSessions,
      config.validationRatio,
    );
    const levels = panel.column('BBB').slice(-config.windowSessions - 1);
    const { offset, scale } = set.scalers[0]!.outputs;
    const loss = (forecast: number) => {
      let sum = 0;
      for (let row = split.validationFirst; row <= split.validationLast; row += 1) {
        const actual =
          Math.log(levels[row + 1 + config.horizonSessions]! / levels[row + 1]!) / config.horizonSessions;
        sum += ((actual - offset[0]!) / scale[0]! - (forecast - offset[0]!) / scale[0]!) ** 2;
      }
      return sum / (split.validationLast - split.validationFirst + 1);
    };
    const mean = Math.log(levels[split.validationFirst + 1]! / levels[0]!) / (split.validationFirst + 1);
    expect(set.naiveValidationLoss.zero).toBeCloseTo(loss(0), 12);
    expect(set.naiveValidationLoss.historicalMean).toBeCloseTo(loss(mean), 12);
  });
});
