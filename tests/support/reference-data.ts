import { resolve } from 'node:path';

/**
 * Absolute path of a file of the reference data, market data that may not be committed: REFERENCE_DATA names their
 * folder. Only for files named `*.reference.test.ts`, which vitest.config.ts leaves out where it is not set.
 */
export function referenceData(path: string): string {
  const folder = process.env.REFERENCE_DATA;
  if (!folder) {
    throw new Error(
      `${path} is reference data, but REFERENCE_DATA is not set; name the test *.reference.test.ts, or set it`,
    );
  }
  return resolve(import.meta.dirname, '../..', folder, path);
}
