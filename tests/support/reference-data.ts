import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test } from 'vitest';

const named = process.env.REFERENCE_DATA;
const root = resolve(import.meta.dirname, '../..', named ?? '../shared/data');
const present = existsSync(root);

/** Absolute path of a file of the reference data (REFERENCE_DATA, default ../shared/data). */
export function referenceData(path: string): string {
  return join(root, path);
}

/**
 * A describe block that needs the reference data. Where the folder is absent it is skipped and says so;
 * where REFERENCE_DATA names a folder that is not there, the block fails instead of hiding it.
 */
export function describeWithReference(name: string, body: () => void): void {
  if (present) describe(name, body);
  else if (named) {
    describe(name, () => {
      test('finds the reference data', () => {
        throw new Error(`REFERENCE_DATA is ${named}, expected a folder of reference data at ${root}`);
      });
    });
  } else describe.skip(`${name} (skipped: no reference data at ../shared/data; set REFERENCE_DATA)`, body);
}
