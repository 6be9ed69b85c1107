import { readBars } from '../../adapters/postgres/bar-rows.ts';
import type { Database } from '../../adapters/postgres/database.ts';
import { decisionAt } from '../../adapters/postgres/decision-rows.ts';
import { cashSymbol, saveImportedHoldings } from '../../adapters/postgres/valuation-rows.ts';
import { readHoldings as readReport } from '../../adapters/prices/csv/holdings.ts';
import { type Recognised, recognisedLines, shortLines } from '../../adapters/prices/csv/recognised.ts';
import { SourceError } from '../../adapters/prices/source.ts';
import { importedWeights, type ReportedLine } from '../../core/accounting/imported-holdings.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import { readHoldings } from '../queries/holdings.ts';
import { UserError } from '../user-error.ts';

/**
 * Stores what a broker's file says is held at the newest valuation, so that the next decision trades from that.
 * The file is read whole before anything is written. Throws a UserError where the file is wrong, the session is decided
 * already, or its holdings were imported before. Returns how the file was read; `isComplete` says that whatever it does not
 * list is not held.
 */
export async function importHoldings(
  database: Database,
  portfolio: Portfolio,
  file: string,
  { isComplete = false } = {},
): Promise<Recognised> {
  const { id, sourceName, policy } = portfolio;
  const { symbols } = policy;
  const { session } = await readHoldings(database, portfolio);
  if (await decisionAt(database, id, session))
    throw new UserError(
      `${id} was decided at ${session} from other holdings; expected the import before the decision, or after the next session`,
    );
  const { lines, recognised } = read(file, portfolio, isComplete);
  const window = { source: sourceName, symbols, from: session, to: session, vintage: null };
  const closes = new Map((await readBars(database, window)).map((bar) => [bar.symbol, bar.close]));
  const weights = weigh(file, lines, closes);
  await database
    .transaction((sql) => saveImportedHoldings(sql, id, session, weights, Date.now()))
    .catch((error: { constraint?: string; message: string }) => {
      throw error.constraint === 'imported_holdings_key'
        ? new UserError(`holdings of ${id} at ${session} were imported before; expected one import a session`)
        : error;
    });
  return recognised;
}

/** How a report was read, to be printed: in short, or all of it. */
export function readAs(recognised: Recognised, isExplained: boolean): string[] {
  if (isExplained) return recognisedLines(recognised);
  const { path, content, rows } = recognised;
  return [`${path}: ${content}, ${rows} ${rows === 1 ? 'line' : 'lines'}`, ...shortLines(recognised)];
}

function weigh(file: string, lines: readonly ReportedLine[], closes: ReadonlyMap<string, number>) {
  try {
    return importedWeights(lines, cashSymbol, (symbol) => closes.get(symbol));
  } catch (error) {
    throw error instanceof RangeError ? new UserError(`${file}: ${error.message}`) : error;
  }
}

function read(file: string, { id, policy, currency }: Portfolio, isComplete: boolean) {
  try {
    return readReport(file, { portfolio: id, symbols: policy.symbols, cashSymbol, currency, isComplete });
  } catch (error) {
    throw error instanceof SourceError ? new UserError(error.message) : error;
  }
}
