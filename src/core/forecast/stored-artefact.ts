import { weightShapes } from '../inference/weights.ts';
import { type Artefact, artefactFormat, artefactId, decodeTensor, type Sha256 } from './artefact.ts';
import { checkForecasterConfig, featuresOf } from './forecaster-config.ts';

/**
 * Reads an artefact as it came from storage: format, content address, config, scalers and weights are all checked
 * before anything forecasts with it. Throws one sentence that says what is wrong and what to do.
 */
export function readArtefact(stored: unknown, sha256: Sha256): Artefact {
  if (stored === null || typeof stored !== 'object' || Array.isArray(stored))
    throw new Error('a stored model is not a JSON object: retrain it');
  const artefact = stored as Artefact;
  const fail = (what: string): never => {
    throw new Error(`stored model ${String(artefact.id)}: ${what}: retrain it`);
  };
  if (artefact.formatVersion !== artefactFormat)
    fail(`format ${String(artefact.formatVersion)}, this version reads format ${artefactFormat}`);
  const expected = artefactId(artefact, sha256);
  if (artefact.id !== expected)
    fail(`its content has the address ${expected}, so it was changed after training`);
  try {
    checkForecasterConfig(artefact.config);
    checkShapes(artefact);
  } catch (error) {
    fail((error as Error).message);
  }
  return artefact;
}

function checkShapes({ config, symbols, scalers, weights }: Artefact): void {
  const joint = config.form === 'joint';
  const inputs = joint ? symbols.length : featuresOf(config).length;
  const outputs = joint ? symbols.length : 1;
  const seriesCount = joint ? 1 : symbols.length;
  if (scalers.length !== seriesCount) throw new Error(`${scalers.length} scalers, expected ${seriesCount}`);
  for (const series of scalers)
    for (const [scaler, columns] of [[series.inputs, inputs] as const, [series.outputs, outputs] as const])
      if (!allFinite(scaler.offset, columns) || !allFinite(scaler.scale, columns))
        throw new Error(`a scaler does not hold ${columns} finite offsets and scales`);
  const shapes = weightShapes(inputs, config.units, outputs);
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
