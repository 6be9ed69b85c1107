import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Artefact, encodeFloats, sealArtefact } from '../../../src/core/forecast/artefact.ts';
import { type ForecasterConfig, sessionsNeeded } from '../../../src/core/forecast/forecaster-config.ts';
import { predict } from '../../../src/core/forecast/predict.ts';
import { readArtefact } from '../../../src/core/forecast/stored-artefact.ts';
import { buildTrainingSet } from '../../../src/core/forecast/training-set.ts';
import { sizeOf, weightShapes } from '../../../src/core/inference/weights.ts';
import type { PricePanel } from '../../../src/core/market/panel.ts';
import {
  everyFeature,
  perturbedAfter,
  randomValues,
  simulatedPanel,
  smallConfig,
} from './simulated-prices.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const symbols = ['BBB', 'CCC', 'DDD'];
const panel = simulatedPanel(['AAA', ...symbols], 400);

/** An artefact with random weights: forecasting does not care how they were found. */
function artefactOf(config: ForecasterConfig, from: PricePanel, fill?: number): Artefact {
  const set = buildTrainingSet(from, symbols, config);
  const shapes = weightShapes(set.inputs, config.units, set.outputs);
  return sealArtefact(
    {
      formatVersion: 1,
      config,
      symbols,
      windowFirst: set.windowFirst,
      trainedOn: set.windowLast,
      scalers: set.scalers,
      weights: shapes.map(({ name, shape }, index) => {
        const values =
          fill === undefined ? randomValues(sizeOf(shape), index) : new Float32Array(sizeOf(shape));
        if (fill !== undefined && name === 'dense/bias') values.fill(fill);
        return { name, shape, base64: encodeFloats(values) };
      }),
      epochs: 1,
      bestEpoch: 1,
      trainLoss: 0,
      validationLoss: 0,
      naiveValidationLoss: set.naiveValidationLoss,
      seed: config.seed,
      backend: 'wasm',
      backendVersion: '0',
      note: null,
    },
    sha256,
  );
}

describe.each([
  ['joint', smallConfig()],
  ['pooled', smallConfig({ form: 'pooled', features: everyFeature })],
] as const)('a %s forecast', (_form, config) => {
  const artefact = artefactOf(config, panel.upTo(panel.sessions[300]!));

  test('is scaled back: an answer of 0, 1 or 0.5 is the least, the greatest or the middle training target', () => {
    const at = (fill: number) => predict(artefactOf(config, panel, fill), panel).meanLogReturn;
    const { scalers } = artefactOf(config, panel, 0);
    const outputs = config.form === 'joint' ? scalers[0]!.outputs : null;
    symbols.forEach((_, index) => {
      const offset = outputs ? outputs.offset[index]! : scalers[index]!.outputs.offset[0]!;
      const scale = outputs ? outputs.scale[index]! : scalers[index]!.outputs.scale[0]!;
      expect(at(0)[index]).toBe(offset);
      expect(at(1)[index]).toBe(scale + offset);
      expect(at(0.5)[index]).toBe(0.5 * scale + offset);
    });
    expect(Math.max(...at(1).map(Math.abs))).toBeLessThan(0.05); // daily log returns, not scaled units
  });

  test('names its session, symbols, horizon and model', () => {
    const forecast = predict(artefact, panel);
    expect(forecast).toMatchObject({
      asOf: panel.lastSession,
      symbols,
      horizonSessions: 5,
      modelId: artefact.id,
    });
    expect(forecast.meanLogReturn).toHaveLength(symbols.length);
  });

  test('does not change with anything after its session nor with more history, and does with its session', () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 398 }), (row) => {
        const session = panel.sessions[row]!;
        const forecast = predict(artefact, panel.upTo(session));
        expect(predict(artefact, perturbedAfter(panel, row).upTo(session))).toEqual(forecast);
        expect(predict(artefact, panel.upTo(session).last(sessionsNeeded(config).inference))).toEqual(
          forecast,
        );
        expect(predict(artefact, perturbedAfter(panel, row, true).upTo(session))).not.toEqual(forecast);
      }),
      { numRuns: 20 },
    );
  });

  test('survives storage as JSON bit for bit', () => {
    const stored: unknown = JSON.parse(JSON.stringify(artefact));
    expect(predict(readArtefact(stored, sha256), panel)).toEqual(predict(artefact, panel));
  });
});

describe('a stored artefact', () => {
  const artefact = artefactOf(smallConfig(), panel);
  const changed = (change: (copy: Artefact) => void, reseal = true): unknown => {
    const copy = structuredClone(artefact);
    change(copy);
    if (!reseal) return copy;
    const { id: _, ...body } = copy;
    return sealArtefact(body, sha256);
  };

  test('has the address of its content, whatever the order of its keys', () => {
    const { id, ...body } = artefact;
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    const reversed = Object.fromEntries(Object.entries(body).reverse()) as typeof body;
    expect(sealArtefact(reversed, sha256).id).toBe(id);
    expect(readArtefact(artefact, sha256)).toEqual(artefact);
  });

  test.each<[string, unknown, string]>([
    ['no object', [], 'not a JSON object'],
    [
      'another format',
      changed((copy) => {
        copy.formatVersion = 9;
      }),
      'format 9, this version reads format 1',
    ],
    [
      'a changed weight',
      changed((copy) => {
        copy.weights[0]!.base64 = `A${copy.weights[0]!.base64.slice(1)}`;
      }, false),
      'it was changed after training',
    ],
    [
      'a missing tensor',
      changed((copy) => {
        copy.weights.pop();
      }),
      'dense/bias[3]',
    ],
    [
      'a short tensor',
      changed((copy) => {
        copy.weights[1]!.base64 = 'AAAA';
      }),
      'weight lstm1/bias holds 3 bytes, expected 128',
    ],
    [
      'a weight that is not a number',
      changed((copy) => {
        copy.weights[5]!.base64 = encodeFloats(Float32Array.of(0, Number.NaN, 0));
      }),
      'weight dense/bias is not finite',
    ],
    [
      'a scaler of another size',
      changed((copy) => {
        copy.scalers[0]!.inputs.offset.pop();
      }),
      'a scaler does not hold 3 finite',
    ],
    [
      'a wrong config',
      changed((copy) => {
        copy.config.units = [8, -4];
      }),
      'forecaster.units',
    ],
    ['nothing inside', {}, 'format undefined'],
    [
      'no config',
      changed((copy) => {
        copy.config = null as never;
      }),
      'stored model sha256:',
    ],
  ])('is refused with %s', (_name, stored, message) => {
    expect(() => readArtefact(stored, sha256)).toThrow(message);
    expect(() => readArtefact(stored, sha256)).toThrow('retrain it');
  });
});
