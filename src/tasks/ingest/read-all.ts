import { barSpans, readSources } from '../../adapters/postgres/bar-rows.ts';
import { quoteCurrencies } from '../../adapters/postgres/currency-rows.ts';
import { readQuarantined } from '../../adapters/postgres/finding-rows.ts';
import { SourceError } from '../../adapters/prices/source.ts';
import { newestClosed, slotAt } from '../../core/schedule/plan.ts';
import type { TaskRun } from '../task.ts';
import { needsReading, type ReadingContext, readSymbol, type SymbolReading } from './reading.ts';
import { storeReadings } from './store.ts';

/** Symbols stored in one transaction: a first load that is cut off goes on behind the last of them. */
const batchSymbols = 20;

/** How asking for each symbol went: why it failed, or up to where the source vouches to have told everything. */
export type Outcomes = Map<string, { failure: SourceError | null; through: string | null }>;

/** Reads symbols whatever is known of them, and stores what is new; true where a stored bar was restated. */
export async function readAgain(run: TaskRun, symbols: readonly string[]): Promise<boolean> {
  return (await readAll(run, symbols, true)).isRestated;
}

/** Reads every one of `symbols` that has something to be read, or all, and stores it batch by batch. */
export async function readAll(
  run: TaskRun,
  symbols: readonly string[],
  isForced: boolean,
): Promise<{ outcomes: Outcomes; isRestated: boolean }> {
  const { database, portfolio, now } = run;
  const { log } = run.services;
  const { sourceName, plan } = portfolio;
  const newest = newestClosed(plan, now) ?? run.slot.session;
  const context: ReadingContext = {
    database,
    portfolio,
    now,
    log,
    newest,
    newestDueAt: slotAt(plan, 'ingest', newest).dueAt,
    spans: await barSpans(database, sourceName, symbols),
    currencies: await quoteCurrencies(database, sourceName, symbols),
    sources: await readSources(database, sourceName, symbols),
    quarantined: Map.groupBy(await readQuarantined(database, sourceName, symbols), ({ bar }) => bar.symbol),
  };
  const outcomes: Outcomes = new Map();
  const wanted = symbols.filter((symbol) => isForced || needsReading(context, symbol));
  let isRestated = false;
  const progress = { symbols: 0, bars: 0, startedAt: performance.now() };
  for (let i = 0; i < wanted.length; i += batchSymbols) {
    const readings: SymbolReading[] = [];
    for (const symbol of wanted.slice(i, i + batchSymbols)) {
      const reading = await readOrFail(context, symbol);
      outcomes.set(symbol, { failure: reading.failure, through: reading.through });
      readings.push(reading);
      isRestated ||= reading.restated.length > 0;
    }
    await storeReadings(context, readings);
    progress.symbols += readings.length;
    progress.bars += readings.reduce((sum, { bars }) => sum + bars.length, 0);
    if (wanted.length > batchSymbols) tellProgress(run, progress, wanted.length);
  }
  return { outcomes, isRestated };
}

async function readOrFail(context: ReadingContext, symbol: string): Promise<SymbolReading> {
  try {
    return await readSymbol(context, symbol);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const { kind, message } = error;
    context.log.warn({ symbol, session: context.newest, kind, error: message }, 'no prices');
    return failedReading(symbol, error);
  }
}

const failedReading = (symbol: string, failure: SourceError): SymbolReading => ({
  symbol,
  failure,
  bars: [],
  restated: [],
  findings: [],
  resolved: [],
  through: null,
  from: null,
  isWhole: false,
  revision: null,
  raw: null,
});

function tellProgress(
  { portfolio, services }: TaskRun,
  { symbols, bars, startedAt }: { symbols: number; bars: number; startedAt: number },
  of: number,
): void {
  const barsPerSecond = Math.round(bars / Math.max(0.001, (performance.now() - startedAt) / 1000));
  services.log.info({ portfolio: portfolio.id, symbols, of, bars, barsPerSecond }, 'prices stored');
}
