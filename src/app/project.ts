import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The folder of package.json. Relative folders in a configuration are taken from here. */
export const projectRoot = resolve(import.meta.dirname, '../..');

/** Version of this code, as decisions and metrics tell it. */
export const codeVersion: string = JSON.parse(
  readFileSync(join(projectRoot, 'package.json'), 'utf8'),
).version;
