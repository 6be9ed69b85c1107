import { readPrices } from '../../adapters/prices/csv/csv.ts';
import { recognisedLines } from '../../adapters/prices/csv/recognised.ts';
import { SourceError } from '../../adapters/prices/source.ts';
import type { Config } from '../config/schema.ts';
import { UserError } from '../user-error.ts';

/** How each configured file of prices is read, a line each. Throws a UserError where one cannot be. */
export function explainFiles({ sources }: Config): string[] {
  return Object.entries(sources).flatMap(([name, source]) => {
    if (source.kind !== 'file') return [`${name}: no file`];
    try {
      return recognisedLines(readPrices(source.path, source.basis).recognised);
    } catch (error) {
      throw error instanceof SourceError ? new UserError(`sources.${name}: ${error.message}`) : error;
    }
  });
}
