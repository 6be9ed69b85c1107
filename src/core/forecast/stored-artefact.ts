import { bodyOf } from '../inference/bodies.ts';
import { UnusableDataError } from '../unusable-data-error.ts';
import { type Artefact, artefactFormat, artefactId, decodeTensor, type Sha256 } from './artefact.ts';
import { fromFormat1 } from './artefact-format-1.ts';
import { heads } from './heads/heads.ts';
import { inputsOf, parseNetworkSpec } from './model-spec.ts';

/**
 * Reads an artefact as it came from storage: format, content address, spec, scalers and weights are all checked
 * before anything forecasts with it. One of the format before is given in today's, under its own address.
 * Throws an UnusableDataError that says what is wrong and what to do.
 */
export function readArtefact(stored: unknown, sha256: Sha256): Artefact {
  if (stored === null || typeof stored !== 'object' || Array.isArray(stored))
    throw new UnusableDataError('a stored model is not a JSON object: retrain it');
  const found = stored as Artefact;
  const fail = (what: string): never => {
    throw new UnusableDataError(`stored model ${String(found.id)}: ${what}: retrain it`);
  };
  if (found.formatVersion !== artefactFormat && found.formatVersion !== 1)
    fail(`format ${String(found.formatVersion)}, this version reads formats 1 and ${artefactFormat}`);
  const expected = artefactId(found, sha256);
  if (found.id !== expected)
    fail(`its content has the address ${expected}, so it was changed after training`);
  try {
    const current = found.formatVersion === 1 ? fromFormat1(stored) : found;
    const artefact = { ...current, spec: parseNetworkSpec(current.spec) };
    checkShapes(artefact);
    return artefact;
  } catch (error) {
    return fail((error as Error).message);
  }
}

function checkShapes({ spec, symbols, scalers, weights }: Artefact): void {
  const { names, series } = inputsOf(spec, symbols);
  const outputs = heads[spec.head].outputs(series[0]!.length);
  if (scalers.length !== series.length)
    throw new Error(`${scalers.length} scalers, expected ${series.length}`);
  for (const own of scalers)
    for (const [scaler, columns] of [[own.inputs, names.length] as const, [own.outputs, outputs] as const])
      if (!allFinite(scaler.offset, columns) || !allFinite(scaler.scale, columns))
        throw new Error(`a scaler does not hold ${columns} finite offsets and scales`);
  const shapes = bodyOf(spec.body).shapes(spec.body, names.length, outputs);
  const named = (list: readonly { name: string; shape: number[] }[]) =>
    list.map(({ name, shape }) => `${name}[${shape.join(',')}]`).join(' ');
  if (named(weights) !== named(shapes))
    throw new Error(`weights ${named(weights)}, expected ${named(shapes)}`);
  for (const tensor of weights)
    if (!decodeTensor(tensor).values.every(Number.isFinite))
      throw new Error(`weight ${tensor.name} is not finite`);
}

function allFinite(values: readonly number[], count: number): boolean {
  return values.length === count && values.every(Number.isFinite);
}
