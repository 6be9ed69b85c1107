import {
  lockAccount,
  readAccount,
  saveFlow,
  saveToldHoldings,
} from '../../adapters/postgres/account-rows.ts';
import type { Sql } from '../../adapters/postgres/database.ts';
import { cashSymbol } from '../../adapters/postgres/valuation-rows.ts';
import { readHoldings as readReport } from '../../adapters/prices/csv/holdings.ts';
import { type Recognised, recognisedLines, shortLines } from '../../adapters/prices/csv/recognised.ts';
import { SourceError } from '../../adapters/prices/source.ts';
import { worthAt } from '../../core/accounting/account.ts';
import {
  type ImportedHoldings,
  importedHoldings,
  type ReportedLine,
} from '../../core/accounting/imported-holdings.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { PortfolioPolicy } from '../../core/policy/policy.ts';
import { effectivePortfolio } from '../../tasks/effective.ts';
import { type Portfolio, windowStart } from '../../tasks/portfolio.ts';
import { type TradedPricesContext, tradedPrices } from '../queries/traded-prices.ts';
import { UserError } from '../user-error.ts';
import { undecidedValuation } from './undecided-valuation.ts';

/** A worth that differs by less than this share is the same but for rounding. */
const worthTolerance = 1e-9;

/**
 * Stores what a broker's file says is held at the newest valuation, so that the next decision trades from that; told
 * again before the session is decided, the newest report counts. What it says the account is worth beyond what NAV had
 * carried is a flow of money. The file is read whole before anything is written. Throws a UserError where the file is
 * wrong or the session is decided already. `now` in epoch milliseconds; `isComplete` says that
 * whatever the file does not list is not held. Returns how the file was read.
 */
export async function importHoldings(
  context: TradedPricesContext,
  configured: Portfolio,
  file: string,
  now: number,
  { isComplete = false } = {},
): Promise<Recognised> {
  const portfolio = await effectivePortfolio(context.database, configured, null);
  const { session } = await undecidedValuation(context.database, portfolio);
  const { lines, recognised } = read(file, portfolio, isComplete);
  const held = await valued(context, portfolio, { file, lines, session, now });
  await context.database.transaction(async (sql) => {
    await lockAccount(sql, portfolio.id);
    const { session: newest, navNet } = await undecidedValuation(sql, portfolio);
    if (newest !== session)
      throw new UserError(`${portfolio.id} was valued at ${newest} meanwhile; import the holdings again`);
    const before = worthAt(await readAccount(sql, portfolio), { session, navNet });
    const at = await saveToldHoldings(sql, portfolio.id, session, 'import', held.lines, now);
    const after = worthAt(await readAccount(sql, portfolio), { session, navNet });
    await noteFlow(sql, portfolio.id, session, after - before, before, at);
  });
  return recognised;
}

/** How a report was read, to be printed: in short, or all of it. */
export function readAs(recognised: Recognised, isExplained: boolean): string[] {
  if (isExplained) return recognisedLines(recognised);
  const { path, content, rows } = recognised;
  return [`${path}: ${content}, ${rows} ${rows === 1 ? 'line' : 'lines'}`, ...shortLines(recognised)];
}

/** The money a report shows that NAV does not explain. */
async function noteFlow(
  sql: Sql,
  portfolio: string,
  session: Session,
  amount: number,
  worth: number,
  at: number,
): Promise<void> {
  if (Math.abs(amount) <= worthTolerance * worth) return;
  await saveFlow(sql, portfolio, { session, amount, kind: 'import', note: null }, at);
}

type Report = { file: string; lines: readonly ReportedLine[]; session: Session; now: number };

/** Quantities at the closes of the session, or the last ones before it that are not older than decisions may fill. */
async function valued(
  context: TradedPricesContext,
  portfolio: Portfolio,
  { file, lines, session, now }: Report,
): Promise<ImportedHoldings> {
  const { policy } = portfolio;
  const from = windowStart(portfolio, session, policy.quality.fillSessionsMax + 1);
  const isByWeight = lines.every(({ quantity }) => quantity === null);
  const window = { from, to: session, vintage: null, now };
  const closes = isByWeight ? null : (await tradedPrices(context, portfolio, window)).closes;
  try {
    return importedHoldings(lines, {
      cashSymbol,
      closeOf: (symbol) => closes?.get(symbol)?.close,
      mayBeShort: (symbol) => lowerBound(policy, symbol) < 0,
    });
  } catch (error) {
    throw error instanceof RangeError ? new UserError(`${file}: ${error.message}`) : error;
  }
}

const lowerBound = ({ bounds, boundsBySymbol }: PortfolioPolicy, symbol: string) =>
  (boundsBySymbol[symbol] ?? bounds).lower;

function read(file: string, { id, policy, currency }: Portfolio, isComplete: boolean) {
  try {
    return readReport(file, { portfolio: id, symbols: policy.symbols, cashSymbol, currency, isComplete });
  } catch (error) {
    throw error instanceof SourceError ? new UserError(error.message) : error;
  }
}
