import type { Session } from '../calendar/session.ts';
import { canonicalJson } from '../canonical-json.ts';
import { sizeOf, type WeightTensor } from '../inference/weights.ts';
import type { NetworkSpec } from './model-spec.ts';
import type { SeriesScalers } from './training-set.ts';

export const artefactFormat = 2;

/** One named weight array; `base64` holds its float32 numbers, little-endian, row-major. */
export type StoredTensor = { name: string; shape: number[]; base64: string };

/** A trained network with all that made it and all it needs to forecast; plain JSON. */
export type Artefact = {
  /** Content address of everything below: `sha256:` and the hash of its canonical JSON. */
  id: string;
  formatVersion: number;
  spec: NetworkSpec;
  symbols: string[];
  /** First and last session of the training window. */
  windowFirst: Session;
  trainedOn: Session;
  /** joint: one entry; pooled: one per symbol */
  scalers: SeriesScalers[];
  weights: StoredTensor[];
  /** Epochs run; the weights are those of the best one. */
  epochs: number;
  bestEpoch: number;
  /** The head's losses in scaled units. */
  trainLoss: number;
  validationLoss: number;
  naiveValidationLoss: { zero: number; historicalMean: number };
  /** Over the training window, by input; null where it is flat. A format 1 artefact has none. */
  inputLag1Autocorrelation: Record<string, number | null>;
  seed: number;
  backend: 'tensorflow' | 'wasm';
  backendVersion: string;
  /** Why it was not trained on native TensorFlow, else null. */
  note: string | null;
};

/** SHA-256 of a text as lower-case hex; passed in because the core does no cryptography of its own. */
export type Sha256 = (text: string) => string;

/** Gives an artefact its content address. */
export function sealArtefact(body: Omit<Artefact, 'id'>, sha256: Sha256): Artefact {
  return { id: artefactId(body, sha256), ...body };
}

/** The content address of an artefact; its own `id` is left out. */
export function artefactId(body: Omit<Artefact, 'id'>, sha256: Sha256): string {
  const { id: _, ...content } = body as Artefact;
  return `sha256:${sha256(canonicalJson(content))}`;
}

/** Float32 numbers as base64 of their little-endian bytes, on any machine. */
export function encodeFloats(values: Float32Array): string {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => {
    view.setFloat32(index * 4, value, true);
  });
  const bytes = new Uint8Array(view.buffer);
  let text = '';
  for (let from = 0; from < bytes.length; from += 4096)
    text += String.fromCharCode(...bytes.subarray(from, from + 4096));
  return btoa(text);
}

/** The inverse of `encodeFloats` for one stored tensor; a wrong length is an error that names the tensor. */
export function decodeTensor({ name, shape, base64 }: StoredTensor): WeightTensor {
  const text = atob(base64);
  if (text.length !== sizeOf(shape) * 4)
    throw new Error(
      `weight ${name} holds ${text.length} bytes, expected ${sizeOf(shape) * 4} for its shape ${shape}`,
    );
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = text.charCodeAt(index);
  const view = new DataView(bytes.buffer);
  const values = new Float32Array(sizeOf(shape));
  for (let index = 0; index < values.length; index += 1) values[index] = view.getFloat32(index * 4, true);
  return { name, shape, values };
}
