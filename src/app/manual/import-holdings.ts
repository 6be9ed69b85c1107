import type { Database } from '../../adapters/postgres/database.ts';
import { decisionAt } from '../../adapters/postgres/decision-rows.ts';
import { cashSymbol, saveImportedHoldings } from '../../adapters/postgres/valuation-rows.ts';
import { readHoldings as readReport } from '../../adapters/prices/csv/holdings.ts';
import { SourceError } from '../../adapters/prices/source.ts';
import { importedWeights, type ReportedLine } from '../../core/accounting/imported-holdings.ts';
import type { Session } from '../../core/calendar/session.ts';
import { CurrencyError } from '../../core/market/currency.ts';
import { readCloses } from '../../tasks/currencies.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import { readHoldings } from '../queries/holdings.ts';
import { UserError } from '../user-error.ts';

/**
 * Stores what a broker's file says is held at the newest valuation, so that the next decision trades from that.
 * The file is read whole before anything is written. Throws a UserError where the file is wrong, the session is decided
 * already, or its holdings were imported before.
 */
export async function importHoldings(database: Database, portfolio: Portfolio, file: string): Promise<void> {
  const { id } = portfolio;
  const { session } = await readHoldings(database, portfolio);
  if (await decisionAt(database, id, session))
    throw new UserError(
      `${id} was decided at ${session} from other holdings; expected the import before the decision, or after the next session`,
    );
  const lines = read(file, portfolio);
  const weights = weigh(file, lines, await closesAt(database, portfolio, session));
  await database
    .transaction((sql) => saveImportedHoldings(sql, id, session, weights, Date.now()))
    .catch((error: { constraint?: string; message: string }) => {
      throw error.constraint === 'imported_holdings_key'
        ? new UserError(`holdings of ${id} at ${session} were imported before; expected one import a session`)
        : error;
    });
}

/** In the portfolio's currency. */
async function closesAt(
  database: Database,
  portfolio: Portfolio,
  session: Session,
): Promise<Map<string, number>> {
  const closes = await readCloses(database, portfolio, { from: session, to: session, vintage: null }).catch(
    (error: Error) => Promise.reject(error instanceof CurrencyError ? new UserError(error.message) : error),
  );
  return new Map([...closes].map(([symbol, { close }]) => [symbol, close]));
}

function weigh(file: string, lines: readonly ReportedLine[], closes: ReadonlyMap<string, number>) {
  try {
    return importedWeights(lines, cashSymbol, (symbol) => closes.get(symbol));
  } catch (error) {
    throw error instanceof RangeError ? new UserError(`${file}: ${error.message}`) : error;
  }
}

function read(file: string, { id, policy }: Portfolio): ReportedLine[] {
  try {
    return readReport(file, id, [...policy.symbols, cashSymbol]);
  } catch (error) {
    throw error instanceof SourceError ? new UserError(error.message) : error;
  }
}
