import { z } from 'zod';

/** A whole number from `low` to `high`, both included; anything else is refused in one sentence. */
export function wholeNumber(low: number, high: number) {
  const error = `expected a whole number ${low} to ${high}`;
  return z.int(error).min(low, error).max(high, error);
}

/** A finite number from `low` to `high`, both included; anything else is refused in one sentence. */
export function numberFrom(low: number, high: number) {
  const error = `expected a number ${low} to ${high}`;
  return z.number(error).min(low, error).max(high, error);
}
