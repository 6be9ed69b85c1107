import { AllocationError } from '../allocation-error.ts';
import type { BoundVectors } from '../optimisation/weight-limits.ts';
import { type Estimates, momentsOf } from '../risk/moments.ts';
import { type AllocationOptions, type AllocatorName, allocatorNamed } from './allocators.ts';

/** Everything is in one order of assets; covariance, signal and mean are per session. */
export type AllocationInput = Estimates & {
  /** read by allocators that optimise; default 0..1 */
  bounds?: BoundVectors | undefined;
};

/**
 * Weights of one allocator: one per asset, finite, summing to 1.
 * Raises `AllocationError`, whose reason says why there are none.
 */
export function allocate(
  name: AllocatorName,
  input: AllocationInput,
  options: AllocationOptions = {},
): number[] {
  checkInput(input);
  const allocator = allocatorNamed(name);
  const { signal, signalScale = 1, bounds } = input;
  if (allocator.needs.forecast && !signal)
    throw new AllocationError(
      'bad-input',
      `${name} needs a signal, one forecast mean per asset; none was given.`,
    );
  const weights = allocator.weights({ moments: momentsOf(input), signal, signalScale, bounds }, options);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (!(Math.abs(sum - 1) < 1e-9))
    throw new AllocationError('not-finite', `${name} gave weights that sum to ${sum}, expected 1.`);
  return weights;
}

function checkInput(input: AllocationInput): void {
  const { size, values } = input.covariance;
  if (size < 1 || values.length !== size * size)
    throw new AllocationError(
      'bad-input',
      `A covariance of ${size} assets needs ${size * size} values, got ${values.length}.`,
    );
  if (input.returns.columns !== size)
    throw new AllocationError(
      'bad-input',
      `The returns have ${input.returns.columns} assets and the covariance ${size}; they must be the same assets.`,
    );
  for (let k = 0; k < values.length; k += 1) {
    if (!Number.isFinite(values[k]!))
      throw new AllocationError(
        'not-finite',
        `The covariance of assets ${Math.floor(k / size)} and ${k % size} is ${values[k]}, expected a finite number.`,
      );
  }
  checkVector('signal', input.signal, size);
  checkVector('mean', input.mean, size);
  checkVector('lower bound', input.bounds?.lower, size);
  checkVector('upper bound', input.bounds?.upper, size);
  const scale = input.signalScale ?? 1;
  if (!(scale >= 0 && scale <= 1))
    throw new AllocationError('bad-input', `signalScale is ${scale}, expected a number from 0 to 1.`);
}

function checkVector(what: string, vector: readonly number[] | undefined, size: number): void {
  if (!vector) return;
  if (vector.length !== size)
    throw new AllocationError('bad-input', `The ${what} has ${vector.length} entries, expected ${size}.`);
  vector.forEach((value, i) => {
    if (!Number.isFinite(value))
      throw new AllocationError(
        'not-finite',
        `The ${what} of asset ${i} is ${value}, expected a finite number.`,
      );
  });
}
