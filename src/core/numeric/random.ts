/** A seeded stream of random numbers: the same seed gives the same stream on every machine. */
export type Random = {
  /** uniform 32-bit unsigned integer */
  bits(): number;
  /** uniform in [0, 1), 32 bits fine */
  uniform(): number;
  /** standard normal (Box and Muller, 1958) */
  normal(): number;
  /** a fresh permutation of 0 .. count - 1 (Fisher and Yates) */
  permutation(count: number): Int32Array;
};

/**
 * Small fast counting generator, sfc32 (Doty-Humphrey, PractRand), started from a seed and a stream number,
 * so that one stored seed yields independent streams (initial weights, order of samples, dropout masks).
 */
export function createRandom(seed: number, stream = 0): Random {
  if (!Number.isSafeInteger(seed)) throw new Error(`seed is ${seed}, expected a whole number`);
  let a = seed | 0;
  let b = Math.floor(seed / 2 ** 32) | 0;
  let c = stream | 0;
  let counter = 1;
  const bits = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 20; round += 1) bits(); // mixes the seed through the state
  const uniform = (): number => bits() / 2 ** 32;
  return {
    bits,
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    permutation: (count) => {
      const order = Int32Array.from({ length: count }, (_, index) => index);
      for (let last = count - 1; last > 0; last -= 1) {
        const other = Math.floor(uniform() * (last + 1));
        const kept = order[last]!;
        order[last] = order[other]!;
        order[other] = kept;
      }
      return order;
    },
  };
}
