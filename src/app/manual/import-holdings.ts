import { readFileSync } from 'node:fs';
import { readBars } from '../../adapters/postgres/bar-rows.ts';
import type { Database } from '../../adapters/postgres/database.ts';
import { decisionAt } from '../../adapters/postgres/decision-rows.ts';
import { cashSymbol, saveImportedHoldings } from '../../adapters/postgres/valuation-rows.ts';
import { importedWeights, type ReportedLine } from '../../core/accounting/imported-holdings.ts';
import type { PortfolioPolicy } from '../../core/policy/policy.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import { readHoldings } from '../queries/holdings.ts';
import { UserError } from '../user-error.ts';

/**
 * Stores what a broker's file says is held at the newest valuation, so that the next decision trades from that.
 * The file is read whole before anything is written. Throws a UserError where the file is wrong, the session is decided
 * already, or its holdings were imported before.
 */
export async function importHoldings(
  database: Database,
  { policy, sourceName }: Portfolio,
  file: string,
): Promise<void> {
  const { portfolio: id, symbols } = policy;
  const { session } = await readHoldings(database, policy);
  if (await decisionAt(database, id, session))
    throw new UserError(
      `${id} was decided at ${session} from other holdings; expected the import before the decision, or after the next session`,
    );
  const lines = parse(file, policy);
  const window = { source: sourceName, symbols, from: session, to: session, vintage: null };
  const closes = new Map((await readBars(database, window)).map((bar) => [bar.symbol, bar.close]));
  const weights = weigh(file, lines, closes);
  await database
    .transaction((sql) => saveImportedHoldings(sql, id, session, weights, new Date().toISOString()))
    .catch((error: { constraint?: string; message: string }) => {
      throw error.constraint === 'imported_holdings_key'
        ? new UserError(`holdings of ${id} at ${session} were imported before; expected one import a session`)
        : error;
    });
}

function weigh(file: string, lines: readonly ReportedLine[], closes: ReadonlyMap<string, number>) {
  try {
    return importedWeights(lines, cashSymbol, (symbol) => closes.get(symbol));
  } catch (error) {
    throw error instanceof RangeError ? new UserError(`${file}: ${error.message}`) : error;
  }
}

/** The lines of a file of `symbol,quantity` or `symbol,weight`; what it does not name is not held. */
function parse(file: string, { portfolio, symbols }: PortfolioPolicy): ReportedLine[] {
  const [head, ...rows] = read(file)
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((row) => row.trim());
  const kind = head === 'symbol,quantity' ? 'quantity' : head === 'symbol,weight' ? 'weight' : null;
  if (!kind)
    throw new UserError(`${file}:1: the header is "${head}"; expected symbol,quantity or symbol,weight`);
  const reported = (symbol: string, value: number): ReportedLine => ({
    symbol,
    quantity: kind === 'quantity' ? value : null,
    weight: kind === 'weight' ? value : null,
  });
  const known = [...symbols, cashSymbol];
  const lines = new Map<string, ReportedLine>();
  for (const [i, row] of rows.entries()) {
    if (row === '') continue;
    const where = `${file}:${i + 2}`;
    const [symbol = '', number = '', ...more] = row.split(',').map((cell) => cell.trim());
    const value = number === '' ? Number.NaN : Number(number);
    if (more.length > 0 || !Number.isFinite(value))
      throw new UserError(`${where}: "${row}"; expected a symbol and a number`);
    if (!known.includes(symbol))
      throw new UserError(`${where}: ${symbol} is not in ${portfolio}; expected one of ${known.join(', ')}`);
    if (lines.has(symbol))
      throw new UserError(`${where}: ${symbol} is there twice; expected each symbol once`);
    lines.set(symbol, reported(symbol, value));
  }
  const absent = known.filter((symbol) => !lines.has(symbol)).map((symbol) => reported(symbol, 0));
  return [...lines.values(), ...absent];
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new UserError(`cannot read ${file}; expected a CSV file of holdings`);
  }
}
