import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { quoteCurrencies } from '../../src/adapters/postgres/currency-rows.ts';
import { newestDecision } from '../../src/adapters/postgres/decision-rows.ts';
import { readOpenSlots } from '../../src/adapters/postgres/slot-rows.ts';
import { newestValuation, readNavs } from '../../src/adapters/postgres/valuation-rows.ts';
import { yahooSource } from '../../src/adapters/prices/yahoo/yahoo.ts';
import { backtest } from '../../src/app/backtest/backtest.ts';
import { importHoldings } from '../../src/app/manual/import-holdings.ts';
import { readOrders } from '../../src/app/queries/orders.ts';
import { readTrackRecord } from '../../src/app/queries/track-record.ts';
import { replay } from '../../src/app/replay/replay.ts';
import { newYorkCalendar } from '../../src/core/calendar/new-york.ts';
import { CurrencyError } from '../../src/core/market/currency.ts';
import { createRandom } from '../../src/core/numeric/random.ts';
import { readPanel } from '../../src/tasks/prices.ts';
import {
  dueAt,
  type PortfolioInput,
  portfolioInput,
  runDue,
  testContext,
  testMonthEnd,
} from '../support/context.ts';
import { testDatabase } from '../support/database.ts';
import { runTask } from '../support/tasks.ts';
import { type SimulatedSeries, startYahooSimulator } from '../support/yahoo-simulator.ts';

const sessions = newYorkCalendar().sessions('2023-10-02', '2024-02-29');
const [d0, d1, last] = [testMonthEnd, '2024-02-01', '2024-02-15'] as const;
const closing = Date.parse('2024-03-15T00:00:00Z');
const free = { commissionBps: 0, halfSpreadBps: 0 };

function series(currency: string, closeOf: (i: number) => number, more: object = {}): SimulatedSeries {
  return { sessions: [...sessions], closes: sessions.map((_, i) => closeOf(i)), currency, ...more };
}

/** A walk from a seed, so that no two symbols move alike. */
function walk(currency: string, start: number, stream: number): SimulatedSeries {
  const random = createRandom(5, stream);
  let close = start;
  return series(currency, () => {
    close *= Math.exp(0.01 * random.normal());
    return close;
  });
}

/** A portfolio on a simulated Yahoo, in a database of its own. */
async function world(changes: Partial<PortfolioInput>, of: Record<string, SimulatedSeries>) {
  const simulator = await startYahooSimulator({ series: of, now: () => closing });
  const context = await testContext(await testDatabase(), {
    portfolios: [portfolioInput({ allocator: { method: 'equal' }, source: 'yahoo', ...changes })],
    config: { sources: { yahoo: { kind: 'yahoo', baseUrl: simulator.url } } },
  });
  const source = yahooSource({
    baseUrl: simulator.url,
    timeoutMs: 2000,
    requestsPerSecond: 10_000,
    attemptsMax: 1,
    now: () => closing,
    wait: async () => {},
    log: { warn: () => {} },
  });
  for (const portfolio of context.portfolios) portfolio.source = source;
  return {
    simulator,
    context,
    portfolio: context.portfolios[0]!,
    async [Symbol.asyncDispose]() {
      await context.close();
      await simulator.stop();
    },
  };
}

describe('London quotes in pence and in pounds', () => {
  const uk = {
    id: 'uk',
    symbols: ['PNC.L', 'PND.L'],
    currency: 'GBP',
    portfolioValue: 10_000,
    orders: { cashBufferRatio: 0, minTradeValue: 0 },
    costs: free,
  };
  const monthEnd = sessions.indexOf(d0);
  const near = (i: number, size: number) => (i >= monthEnd ? 0 : size * Math.sin(i));
  const quotes = () => ({
    'PNC.L': series('GBp', (i) => 402 + near(i, 9)),
    'PND.L': series('GBP', (i) => 19.9 + near(i + 1, 0.3)),
  });

  test('are ordered and valued as pounds both', async () => {
    await using it = await world(uk, quotes());
    const { context, portfolio } = it;
    await replay(context, d0, () => {});
    const { orders } = await readOrders(context, context.config.portfolios[0]!, {
      asOf: null,
      value: null,
      now: 0,
    });
    // 5000 pounds each, at 4.02 and at 19.90
    expect(Object.fromEntries(orders.map(({ symbol, quantity }) => [symbol, quantity]))).toEqual({
      'PNC.L': 1243,
      'PND.L': 251,
    });
    const { rows } = await context.database.query(
      `select distinct symbol, close, currency from rebalanced.bars where session = $1 order by symbol`,
      [d0],
    );
    expect(rows).toEqual([
      { symbol: 'PNC.L', close: 4.02, currency: 'GBP' },
      { symbol: 'PND.L', close: 19.9, currency: 'GBP' },
    ]);
    await replay(context, d1, () => {});
    const folder = await mkdtemp(join(tmpdir(), 'rebalanced-pence-'));
    try {
      await writeFile(join(folder, 'broker.csv'), 'symbol,quantity\nPNC.L,1000\nPND.L,200\nCASH,0\n');
      await importHoldings(context, portfolio, join(folder, 'broker.csv'), dueAt(portfolio, d1));
    } finally {
      await rm(folder, { recursive: true });
    }
    const { live } = (await newestValuation(context.database, 'uk', d1, uk.symbols))!;
    expect(live.weights[0]).toBeCloseTo(4020 / 8000, 12); // 50.25 %
    expect(live.weights[1]).toBeCloseTo(3980 / 8000, 12); // 49.75 %
  });
});

describe('stocks in other currencies than the portfolio', () => {
  const europe = {
    id: 'europe',
    symbols: ['EUS.DE', 'USS', 'JPS.T'],
    currency: 'EUR',
    fx: { USD: 'EURUSD=X', JPY: 'JPYEUR=X' },
    costs: free,
  };
  const quotes = () => ({
    'EUS.DE': walk('EUR', 120, 1),
    USS: { ...walk('USD', 400, 2), dividends: { '2024-02-07': 8 } },
    'JPS.T': walk('JPY', 2500, 3),
    'EURUSD=X': walk('USD', 1.1, 4),
    'JPYEUR=X': walk('EUR', 0.0062, 5),
  });

  /** The NAV of a third of one euro in each at `d1`'s close, by hand from what the simulator was given. */
  function nav(of: ReturnType<typeof quotes>, session: string): number {
    const at = (symbol: keyof typeof of, when: string) => of[symbol].closes[sessions.indexOf(when)]!;
    const growth = (euros: (when: string) => number) => euros(session) / euros(d1);
    const paid = session >= '2024-02-07' ? 1 + 8 / at('USS', '2024-02-07') : 1; // reinvested at its close
    return (
      (growth((when) => at('EUS.DE', when)) +
        paid * growth((when) => at('USS', when) / at('EURUSD=X', when)) +
        growth((when) => at('JPS.T', when) * at('JPYEUR=X', when))) /
      3
    );
  }

  test('are held at returns in its own, live, beside equal weight and in a backtest', async () => {
    const of = quotes();
    await using it = await world(europe, of);
    const { context, portfolio } = it;
    await replay(context, last, () => {});
    const navs = await readNavs(context.database, 'europe', last);
    const from = navs.findIndex(({ session }) => session === d1);
    expect(from).toBeGreaterThan(0);
    for (const { session, navNet } of navs.slice(from)) expect(navNet).toBeCloseTo(nav(of, session), 12);
    expect(Math.abs(nav(of, last) - 1)).toBeGreaterThan(1e-3);

    const { decision } = (await newestDecision(context.database, 'europe', null))!;
    expect(decision.lines.map(({ symbol }) => symbol)).toEqual(europe.symbols);
    const { columns } = await readTrackRecord(context, portfolio, last);
    const wanted = nav(of, last) - 1;
    for (const { net } of columns) expect(net.cumulativeReturn).toBeCloseTo(wanted, 12);
    const trainer = { train: () => Promise.reject(new Error('nothing is trained here')) };
    for (const { net } of await backtest(portfolio, trainer, last))
      expect(net.cumulativeReturn).toBeCloseTo(wanted, 12);
  });

  test('are valued by the last rate known where there is none of the session', async () => {
    const of = quotes();
    of['EURUSD=X'].closes[sessions.indexOf('2024-02-06')] = null;
    await using it = await world(europe, of);
    await replay(it.context, '2024-02-07', () => {});
    const navs = await readNavs(it.context.database, 'europe', '2024-02-07');
    const given = structuredClone(of);
    given['EURUSD=X'].closes[sessions.indexOf('2024-02-06')] =
      of['EURUSD=X'].closes[sessions.indexOf('2024-02-05')]!;
    expect(navs.slice(-3).map(({ session }) => session)).toEqual(['2024-02-05', '2024-02-06', '2024-02-07']);
    for (const { session, navNet } of navs.slice(-3)) expect(navNet).toBeCloseTo(nav(given, session), 12);
  });

  test('are ordered at closes in its own', async () => {
    const of = quotes();
    await using it = await world({ ...europe, portfolioValue: 1e6 }, of);
    await replay(it.context, d0, () => {});
    const { orders } = await readOrders(it.context, it.context.config.portfolios[0]!, {
      asOf: null,
      value: null,
      now: 0,
    });
    const at = (symbol: keyof typeof of) => of[symbol].closes[sessions.indexOf(d0)]!;
    const price = Object.fromEntries(orders.map(({ symbol, referencePrice }) => [symbol, referencePrice]));
    expect(price['EUS.DE']).toBeCloseTo(at('EUS.DE'), 10);
    expect(price.USS).toBeCloseTo(at('USS') / at('EURUSD=X'), 10);
    expect(price['JPS.T']).toBeCloseTo(at('JPS.T') * at('JPYEUR=X'), 10);
    for (const { value } of orders) expect(value / 1e6).toBeCloseTo(0.995 / 3, 2);
  });

  test('are refused by name where nothing leads to its own, and nothing is decided', async () => {
    await using it = await world({ ...europe, fx: { JPY: 'JPYEUR=X' } }, quotes());
    const { context, portfolio } = it;
    const sentence =
      "europe is kept in EUR, but it has prices in USD (USS); expected fx: { USD: USDEUR=X } in the portfolio's configuration, or symbols quoted in EUR";
    await expect(runTask(context, portfolio, 'ingest', d0)).rejects.toMatchObject({
      name: 'NotReadyError',
      message: sentence,
    });
    await runDue(context, dueAt(portfolio, d0));
    const [slot] = await readOpenSlots(context.database);
    expect(slot).toMatchObject({ task: 'ingest', lastError: sentence });
    expect(await newestDecision(context.database, 'europe', null)).toBeNull();
    const trainer = { train: () => Promise.reject(new Error('nothing is trained here')) };
    await expect(backtest(portfolio, trainer, last)).rejects.toThrow(CurrencyError);
  });

  test('are refused where the series is the other way round', async () => {
    const of = { ...quotes(), 'EURUSD=X': walk('EUR', 0.9, 4) };
    await using it = await world(europe, of);
    await expect(runTask(it.context, it.portfolio, 'ingest', d0)).rejects.toThrow(
      /fx says that EURUSD=X is USD for one EUR, but its prices are in EUR/,
    );
  });
});

test('prices stored before currencies were are in the one that later readings name', async () => {
  const of = { ONE: walk('USD', 50, 1) };
  await using it = await world({ id: 'us', symbols: ['ONE'], costs: free }, of);
  const { context, portfolio } = it;
  await runTask(context, portfolio, 'ingest', d0);
  await context.database.query('update rebalanced.bars set currency = null');
  await runTask(context, portfolio, 'ingest', d1);
  const found = await quoteCurrencies(context.database, 'yahoo', ['ONE', 'NONE']);
  expect([...found]).toEqual([['ONE', new Set([null, 'USD'])]]);
  const panel = await readPanel(context.database, portfolio, d1, 5, null);
  expect(panel.column('ONE').every((level) => level > 0)).toBe(true);
});

describe('a symbol whose currency changes between two readings', () => {
  test('is refused for that reading, and nothing is mixed', async () => {
    const of = { ONE: walk('USD', 50, 1), TWO: walk('USD', 70, 2) };
    const two = of.TWO;
    await using it = await world({ id: 'us', symbols: ['ONE', 'TWO'], costs: free }, of);
    const { context, portfolio, simulator } = it;
    await runTask(context, portfolio, 'ingest', d0);
    simulator.series.TWO = { ...two, currency: 'GBp' };
    await expect(runTask(context, portfolio, 'ingest', d1)).rejects.toThrow(
      /no bar of 2024-02-01 for TWO yet: TWO: the prices of this reading are in GBP, the stored ones in USD/,
    );
    const { rows } = await context.database.query(
      'select symbol, max(session) as newest, min(currency) as least, max(currency) as most from rebalanced.bars group by symbol order by symbol',
    );
    expect(rows).toEqual([
      { symbol: 'ONE', newest: d1, least: 'USD', most: 'USD' },
      { symbol: 'TWO', newest: d0, least: 'USD', most: 'USD' },
    ]);
    simulator.series.TWO = two;
    await runTask(context, portfolio, 'ingest', d1);
  });
});
