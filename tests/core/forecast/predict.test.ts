import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Artefact,
  artefactFormat,
  encodeFloats,
  sealArtefact,
} from '../../../src/core/forecast/artefact.ts';
import { type NetworkSpec, sessionsRead } from '../../../src/core/forecast/model-spec.ts';
import { predict } from '../../../src/core/forecast/predict.ts';
import { readArtefact } from '../../../src/core/forecast/stored-artefact.ts';
import { buildTrainingSet } from '../../../src/core/forecast/training-set.ts';
import { bodyOf } from '../../../src/core/inference/bodies.ts';
import { sizeOf } from '../../../src/core/inference/weights.ts';
import type { PricePanel } from '../../../src/core/market/panel.ts';
import { everyFeature, perturbedAfter, randomValues, simulatedPanel, smallSpec } from './simulated-prices.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const symbols = ['BBB', 'CCC', 'DDD'];
const panel = simulatedPanel(['AAA', ...symbols], 400);

/** An artefact with random weights: forecasting does not care how they were found. */
function artefactOf(spec: NetworkSpec, from: PricePanel, fill?: number): Artefact {
  const set = buildTrainingSet(from, symbols, spec);
  const shapes = bodyOf(spec.body).shapes(spec.body, set.inputs, set.outputs);
  return sealArtefact(
    {
      formatVersion: artefactFormat,
      spec,
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
      inputLag1Autocorrelation: set.inputLag1Autocorrelation,
      seed: spec.training.seed,
      backend: 'wasm',
      backendVersion: '0',
      note: null,
    },
    sha256,
  );
}

describe.each([
  ['joint', smallSpec()],
  ['pooled', smallSpec({ inputs: { form: 'pooled', features: everyFeature } })],
] as const)('a %s forecast', (_form, spec) => {
  const artefact = artefactOf(spec, panel.upTo(panel.sessions[300]!));

  test('is scaled back: an answer of 0, 1 or 0.5 is the least, the greatest or the middle training target', () => {
    const at = (fill: number) => predict(artefactOf(spec, panel, fill), panel).mean!.values;
    const { scalers } = artefactOf(spec, panel, 0);
    const outputs = spec.inputs.form === 'joint' ? scalers[0]!.outputs : null;
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
      modelIds: { 'mean-return': artefact.id },
    });
    expect(forecast.mean!.values).toHaveLength(symbols.length);
  });

  test('does not change with anything after its session nor with more history, and does with its session', () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 398 }), (row) => {
        const session = panel.sessions[row]!;
        const forecast = predict(artefact, panel.upTo(session));
        expect(predict(artefact, perturbedAfter(panel, row).upTo(session))).toEqual(forecast);
        expect(predict(artefact, panel.upTo(session).last(sessionsRead(spec).inference))).toEqual(forecast);
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
  const artefact = artefactOf(smallSpec(), panel);
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
      'format 9, this version reads formats 1 and 2',
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
      'a wrong spec',
      changed((copy) => {
        copy.spec.body.units = [8, -4];
      }),
      'forecaster.body.units',
    ],
    ['nothing inside', {}, 'format undefined'],
    [
      'no spec',
      changed((copy) => {
        copy.spec = null as never;
      }),
      'stored model sha256:',
    ],
  ])('is refused with %s', (_name, stored, message) => {
    expect(() => readArtefact(stored, sha256)).toThrow(message);
    expect(() => readArtefact(stored, sha256)).toThrow('retrain it');
  });
});

describe('an artefact of format 1', () => {
  const artefact = artefactOf(smallSpec(), panel);
  const { id: _, spec, inputLag1Autocorrelation: __, formatVersion: ___, ...rest } = artefact;
  const { type, ...body } = spec.body;
  const { head: _____, kind: ______, horizonSessions } = spec;
  const config = { model: type, horizonSessions, ...body, ...spec.inputs, ...spec.training };
  const stored = sealArtefact({ ...rest, formatVersion: 1, config } as never, sha256);

  test('forecasts what it did, under its own address', () => {
    const read = readArtefact(JSON.parse(JSON.stringify(stored)), sha256);
    expect(read.id).toBe(stored.id);
    expect(read.id).not.toBe(artefact.id);
    expect(read.spec).toEqual(spec);
    expect(predict(read, panel).mean).toEqual(predict(artefact, panel).mean);
  });

  test('is refused when it was changed after training', () => {
    const changed = { ...stored, epochs: 7 };
    expect(() => readArtefact(changed, sha256)).toThrow('it was changed after training: retrain it');
  });
});
