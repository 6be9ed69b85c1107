import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readDecisions } from '../../../src/adapters/postgres/decision-rows.ts';
import { newestValuation, readNavs } from '../../../src/adapters/postgres/valuation-rows.ts';
import { recordFlow } from '../../../src/app/manual/flow.ts';
import { importHoldings } from '../../../src/app/manual/import-holdings.ts';
import { readHoldings } from '../../../src/app/queries/holdings.ts';
import { type OrdersAnswer, readOrders, readWeightOrders } from '../../../src/app/queries/orders.ts';
import { UserError } from '../../../src/app/user-error.ts';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { slotAt } from '../../../src/core/schedule/plan.ts';
import type { Portfolio } from '../../../src/tasks/portfolio.ts';
import { recomputeDecision } from '../../../src/tasks/proposal.ts';
import { rebalanceByHand } from '../../../src/tasks/rebalance.ts';
import type { LetterContent } from '../../../src/views/letter.ts';
import { plainLetters, portfolioInput } from '../../support/context.ts';
import type { MemorySource } from '../../support/memory-source.ts';
import { type TaskBench, taskBench } from '../../support/task-bench.ts';
import { runTask } from '../../support/tasks.ts';

// One account's life in each test: valued in cash, told by a broker, moved by money, decided, filled.

const first = '2024-01-31';
const second = '2024-02-01';
const third = '2024-02-02';
const evening = (session: string) => Date.parse(`${session}T23:00:00Z`);

let bench: TaskBench;
let folder: string;
let portfolio: Portfolio;
let source: MemorySource;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rebalanced-accounts-'));
  bench = await taskBench({
    portfolios: [
      portfolioInput({
        allocator: { method: 'equal' },
        belief: { quarantineSessionsMax: 0 }, // closes are set by hand here
        costs: { commissionBps: 0, halfSpreadBps: 0, impactBps: 100, averageDailyValue: 10_000 },
      }),
    ],
  });
});
afterAll(async () => {
  await bench.close();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  const made = await bench.fresh();
  source = Object.assign(made.source, { basis: 'split-adjusted' as const });
  portfolio = { ...made.portfolio, source };
  // quoted in round figures, so that accounts can be counted by hand
  for (const [symbol, close] of [
    ['AAA', 125],
    ['BBB', 40],
    ['CCC', 10],
  ] as const)
    for (const session of [first, second, third]) source.closes.get(symbol)!.set(session, close);
});

const valuedAt = async (...sessions: string[]) => {
  for (const session of sessions)
    for (const task of ['ingest', 'revalue'] as const) await runTask(bench.context, portfolio, task, session);
};
const decide = (session: string) => runTask(bench.context, portfolio, 'rebalance', session);
const report = async (header: string, lines: Record<string, number>) => {
  const file = join(folder, `${portfolio.id}.csv`);
  const rows = Object.entries(lines).map(([symbol, value]) => `${symbol},${value}`);
  await writeFile(file, `symbol,${header}\n${rows.join('\n')}\n`);
  return file;
};
const told = async (quantities: Record<string, number>, session: string) =>
  importHoldings(bench.context, portfolio, await report('quantity', quantities), evening(session));
const toldWeights = async (weights: Record<string, number>, session: string) =>
  importHoldings(bench.context, portfolio, await report('weight', weights), evening(session));
const flow = (amount: number, session: string) =>
  recordFlow(bench.context.database, portfolio, { amount, note: null }, evening(session));
const held = () => readHoldings(bench.context.database, portfolio);
const flows = async () => {
  const { rows } = await bench.context.database.query<{ kind: string; amount: number; session: string }>(
    'select kind, amount, session from rebalanced.flows where portfolio = $1 order by recorded_at',
    [portfolio.id],
  );
  return rows.map(({ kind, amount, session }) => [session, kind, amount]);
};
const plain = { wholeShares: true, minTradeValue: 10, cashBufferRatio: 0.005, priceSource: null };
const orders = (session: string, value: number | null = null): Promise<OrdersAnswer> =>
  readOrders(
    { ...bench.context, portfolio: () => portfolio },
    { id: portfolio.id, orders: plain },
    { asOf: null, value, now: evening(session) },
  );
const short = ({ orders: all }: OrdersAnswer) =>
  all.map(({ side, quantity, symbol }) => `${side} ${quantity} ${symbol}`);
// 1000 + 1200 + 800 in cash; a third of 2985 is 995: 7.96, 24.875 and 99.5 shares
const account = { AAA: 8, BBB: 30, CASH: 800 };

describe('an imported account', () => {
  test('is ordered for by what it is worth, from the shares it holds, and --value says no other', async () => {
    await valuedAt(first);
    await told(account, first);
    expect(await held()).toMatchObject({ worth: 3000, importedOn: first });
    await decide(first);
    const sheet = await orders(first);
    // AAA has its third already; of BBB so many are sold that 24 stay, and of CCC 99 are bought
    expect(short(sheet)).toEqual(['sell 6 BBB', 'buy 99 CCC']);
    expect(sheet).toMatchObject({ netAssetValue: 3000, importedOn: first, isFillPast: false });
    expect(sheet.cashAfter).toBeCloseTo(800 + 240 - 990, 9);
    expect(short(await orders(first, 3000))).toEqual(short(sheet));
    const large = await orders(first, 100_000);
    expect(large.orders.every(({ side }) => side === 'buy')).toBe(true);
    expect(large.cashAfter).toBeGreaterThanOrEqual(0);
  });

  test('is decided and charged by its worth, and the decision is made again bit for bit', async () => {
    await valuedAt(first);
    await told(account, first);
    await decide(first);
    await valuedAt(second);
    const [row] = await readDecisions(bench.context.database, portfolio.id);
    expect(row!.decision.inputs.portfolioValue).toBe(3000);
    const trades = row!.decision.lines.map(({ trade }) => Math.abs(trade));
    const impact = trades.reduce((sum, trade) => sum + (100 * trade ** 1.5 * Math.sqrt(0.3)) / 10_000, 0);
    expect(row!.decision.costRatio).toBeCloseTo(impact, 12);
    const { rows } = await bench.context.database.query<{ cost: number }>(
      'select cost_ratio as cost from rebalanced.fills where decision_id = $1',
      [row!.decisionId],
    );
    expect(rows[0]!.cost).toBeCloseTo(impact, 12); // no close moved, so it is filled at the same worth
    const services = bench.context.services;
    const again = await recomputeDecision(bench.context.database, { portfolio, services }, row!);
    expect(canonicalJson(again)).toBe(canonicalJson(row!.decision));
  });

  test('tells by how much it differs from what was carried as a flow, and NAV does not move', async () => {
    await valuedAt(first, second);
    const before = await readNavs(bench.context.database, portfolio.id, third);
    await told(account, second);
    expect(await readNavs(bench.context.database, portfolio.id, third)).toEqual(before);
    expect(await flows()).toEqual([[second, 'import', 3000 - 100_000]]);
    source.closes.get('AAA')!.set(third, 137.5);
    await valuedAt(third);
    const navs = await readNavs(bench.context.database, portfolio.id, third);
    expect(navs.at(-1)!.navNet).toBeCloseTo(1 + 100 / 3000, 12);
    expect((await held()).worth).toBeCloseTo(3100, 9);
    // told again with the dividend of 5 that was paid meanwhile: that alone is new
    await told({ ...account, CASH: 805 }, third);
    expect((await flows()).at(-1)).toEqual([third, 'import', expect.closeTo(5, 9)]);
  });

  test('may be told again until its session is decided: the last report counts, the former ones stay', async () => {
    await valuedAt(first);
    await told({ AAA: 80, CASH: 800 }, first);
    await told(account, first);
    expect(await held()).toMatchObject({ worth: 3000, importedOn: first });
    expect((await held()).holdings.map(({ weight }) => weight)).toEqual([
      expect.closeTo(1 / 3, 12),
      0.4,
      0,
      expect.closeTo(0.8 / 3, 12),
    ]);
    const { rows } = await bench.context.database.query<{ reports: number }>(
      'select count(distinct imported_at)::integer as reports from rebalanced.imported_holdings where portfolio = $1',
      [portfolio.id],
    );
    expect(rows[0]!.reports).toBe(2);
    expect((await flows()).reduce((sum, [, , amount]) => sum + (amount as number), 0)).toBeCloseTo(
      -97_000,
      6,
    );
    await decide(first);
    for (const late of [() => told(account, first), () => flow(100, first)])
      await expect(late()).rejects.toThrow(
        new UserError(
          `${portfolio.id} was decided at ${first} from other holdings; expected this before the decision, or after the next session`,
        ),
      );
  });

  test('by weights alone keeps its worth; told after quantities, it takes their place and their worth', async () => {
    await valuedAt(first, second);
    await told(account, second);
    await toldWeights({ AAA: 0.5, CASH: 0.5 }, second);
    expect(await held()).toMatchObject({ worth: 100_000, importedOn: second });
    expect((await flows()).map(([, , amount]) => amount)).toEqual([-97_000, 97_000]);
  });

  test('is valued with the last close where one is missing, unless it is older than decisions may fill', async () => {
    await valuedAt(first);
    source.closes.get('AAA')!.delete(second);
    portfolio.coverageRatioMin = 0.5;
    await runTask(bench.context, portfolio, 'ingest', second, { lateMinutes: 400 });
    await runTask(bench.context, portfolio, 'revalue', second);
    await told(account, second);
    expect((await held()).worth).toBe(3000); // AAA at its close of the day before
    portfolio.policy = { ...portfolio.policy, quality: { ...portfolio.policy.quality, fillSessionsMax: 0 } };
    await expect(told(account, second)).rejects.toThrow(/AAA has no price to value its quantity with/);
  });

  test('with a short position is refused where the policy has none, and nothing is stored', async () => {
    await valuedAt(first);
    await expect(told({ ...account, BBB: -3 }, first)).rejects.toThrow(/BBB is reported as -3, a short/);
    expect(await held()).toMatchObject({ importedOn: null, worth: 100_000 });
    portfolio.policy = { ...portfolio.policy, boundsBySymbol: { BBB: { lower: -0.2, upper: 1 } } };
    await told({ ...account, BBB: -3 }, first);
    expect((await held()).worth).toBe(1000 - 120 + 800);
  });

  test('holds the shares that were told until a decision is filled, splits among them', async () => {
    await valuedAt(first);
    await told(account, first);
    const plainFetch = source.fetchBars;
    source.fetchBars = async (...asked) => {
      const answer = await plainFetch(...asked);
      return {
        ...answer,
        bars: answer.bars.map((bar) =>
          bar.symbol === 'BBB' && bar.session === second ? { ...bar, splitRatio: 2 } : bar,
        ),
      };
    };
    for (const symbol of source.closes.keys())
      for (const [session, close] of source.closes.get(symbol)!)
        if (symbol === 'BBB' && session <= first) source.closes.get(symbol)!.set(session, close / 2);
    source.closes.get('BBB')!.set(second, 20);
    await valuedAt(second);
    await decide(second);
    // 60 shares at 20 now, of which 49 are to stay
    expect(short(await orders(second))).toEqual(['sell 11 BBB', 'buy 99 CCC']);
  });
});

describe('money that comes and goes', () => {
  test('moves worth and weights from its session on, and NAV by nothing', async () => {
    await valuedAt(first);
    await decide(first);
    await valuedAt(second);
    const [before, nav] = [await held(), await readNavs(bench.context.database, portfolio.id, second)];
    const flowed = await flow(50_000, second);
    expect(flowed).toEqual({ session: second, worth: expect.closeTo(before.worth + 50_000, 6) });
    const after = await held();
    expect(after).toMatchObject({ importedOn: null, worth: flowed.worth });
    after.holdings.forEach(({ symbol, weight }, i) => {
      const money = before.holdings[i]!.weight * before.worth + (symbol === 'CASH' ? 50_000 : 0);
      expect(weight * after.worth).toBeCloseTo(money, 5);
    });
    await flow(-20_000, second);
    expect((await held()).worth).toBeCloseTo(before.worth + 30_000, 6);
    expect(await readNavs(bench.context.database, portfolio.id, second)).toEqual(nav);
    expect(await flows()).toEqual([
      [second, 'deposit', 50_000],
      [second, 'withdrawal', -20_000],
    ]);
    source.closes.get('AAA')!.set(third, 250);
    const { weights } = (await newestValuation(
      bench.context.database,
      portfolio.id,
      null,
      portfolio.policy.symbols,
    ))!.live;
    await valuedAt(third);
    const navs = await readNavs(bench.context.database, portfolio.id, third);
    expect(navs.at(-1)!.returnNet).toBeCloseTo(weights[0]!, 12);
    expect((await held()).worth).toBeCloseTo((before.worth + 30_000) * (1 + weights[0]!), 5);
  });

  test('is added to what a broker told before it, and is in what one tells after it', async () => {
    await valuedAt(first, second);
    await told(account, second);
    await flow(600, second);
    expect(await held()).toMatchObject({ worth: 3600, importedOn: second });
    expect((await held()).holdings.at(-1)!.weight).toBeCloseTo(1400 / 3600, 12);
    await told({ ...account, CASH: 1400 }, second);
    expect((await held()).worth).toBe(3600);
    expect((await flows()).map(([, kind]) => kind)).toEqual(['import', 'deposit']);
    await decide(second);
    // a third of 3582 is 1194: 9.552, 29.85 and 119.4 shares
    expect(short(await orders(second))).toEqual(['buy 1 AAA', 'buy 119 CCC']);
  });

  test('never takes more than there is', async () => {
    await valuedAt(first);
    for (const amount of [-100_000, -100_001]) await expect(flow(amount, first)).rejects.toThrow(UserError);
    expect(await flows()).toEqual([]);
    expect((await flow(-99_999, first)).worth).toBeCloseTo(1, 6);
  });

  test('two at once, or one beside a decision, follow one another', async () => {
    await valuedAt(first);
    await Promise.all(
      [flow(1000, first), flow(2000, first), told(account, first)].map((one) => one.catch(() => {})),
    );
    await Promise.allSettled([flow(500, first), decide(first)]);
    const [row] = await readDecisions(bench.context.database, portfolio.id);
    expect(row!.decision.inputs.portfolioValue).toBe((await held()).worth);
    expect(row!.decision.cash.held).toBe((await held()).holdings.at(-1)!.weight);
  });
});

describe('orders', () => {
  test('are priced as their decision knew the closes: a later split, which halves them all, changes nothing', async () => {
    await valuedAt(first);
    await decide(first);
    const before = await orders(first);
    const closes = source.closes.get('BBB')!;
    for (const [session, close] of closes) closes.set(session, close / 2);
    await valuedAt(second);
    const { rows } = await bench.context.database.query<{ close: number }>(
      `select close from rebalanced.bars where source = $1 and symbol = 'BBB' and session = $2 and superseded_at is null`,
      [portfolio.sourceName, first],
    );
    expect(rows).toEqual([{ close: 20 }]);
    expect(await orders(first)).toEqual(before);
    expect(before.orders.find(({ symbol }) => symbol === 'BBB')).toMatchObject({ referencePrice: 40 });
  });

  test('of total-return closes are weights and money alone, and say what else is expected', async () => {
    Object.assign(source, { basis: 'total-return' });
    await valuedAt(first);
    await expect(told(account, first)).rejects.toThrow(/total-return, at which no share was ever traded/);
    await toldWeights({ AAA: 0.6, CASH: 0.4 }, first);
    await decide(first);
    await expect(orders(first)).rejects.toThrow(
      /expected orders.priceSource to name a source of traded closes/,
    );
    const answer = await readWeightOrders(
      { ...bench.context, portfolio: () => portfolio },
      { id: portfolio.id },
      { asOf: null, value: null, now: evening(first) },
    );
    expect(answer).toMatchObject({ netAssetValue: 100_000, importedOn: first });
    expect(answer.trades.map(({ symbol, side, value }) => [symbol, side, value])).toEqual([
      ['AAA', 'sell', expect.closeTo(26_666.67, 2)],
      ['BBB', 'buy', expect.closeTo(33_333.33, 2)],
      ['CCC', 'buy', expect.closeTo(33_333.33, 2)],
    ]);
  });

  test('and quantities are priced by orders.priceSource, in the shares of their own session', async () => {
    Object.assign(source, { basis: 'total-return' });
    const path = join(folder, 'traded.csv');
    // the split of 2024-02-02 is in the whole history already: shares of 250, 40 and 10 were traded before it
    await writeFile(
      path,
      `date,symbol,close,dividend,split\n${[first, second, third]
        .map(
          (session) =>
            `${session},AAA,125,0,${session === third ? 2 : 1}\n${session},BBB,40,0,1\n${session},CCC,10,0,1`,
        )
        .join('\n')}\n`,
    );
    portfolio.priceSource = 'traded';
    const sources = {
      ...bench.context.config.sources,
      traded: { kind: 'file', path, basis: 'split-adjusted' } as const,
    };
    const config = { ...bench.context.config, sources };
    const context = { ...bench.context, config, portfolio: () => portfolio };
    await valuedAt(first);
    const now = Date.parse('2024-02-03T12:00:00Z');
    await importHoldings(context, portfolio, await report('quantity', { AAA: 4, BBB: 30, CASH: 800 }), now);
    expect((await held()).worth).toBe(3000);
    await decide(first);
    const question = { asOf: null, value: null, now };
    const sheet = await readOrders(context, { id: portfolio.id, orders: plain }, question);
    expect(short(sheet)).toEqual(['sell 6 BBB', 'buy 99 CCC']);
    expect(sheet.isFillPast).toBe(true);
  });
});

test('the first letters say what the account is worth, whose holdings it has and what was not decided before the start', async () => {
  const contents: LetterContent[] = [];
  const letters = {
    ...plainLetters,
    write: (content: LetterContent) => {
      contents.push(content);
      return plainLetters.write(content);
    },
  };
  await valuedAt(first);
  await told(account, first);
  portfolio.plan = { ...portfolio.plan, inception: '2023-11-01' };
  const started = (at: string | null) =>
    bench.context.database.query('update rebalanced.portfolios set registered_at = $2 where portfolio = $1', [
      portfolio.id,
      at,
    ]);
  const context = { portfolio, services: { ...bench.context.services, letters } };
  const byHand = () => rebalanceByHand(bench.context.database, context, first, evening(first));
  await started(null);
  await byHand();
  await started('2024-01-30T12:00:00Z');
  for (let letter = 2; letter <= 4; letter += 1) await byHand();
  const late = { from: '2023-11-01', to: first, monthEnds: 2 };
  expect(contents.map(({ uninvested }) => uninvested)).toEqual([null, late, late, null]);
  for (const { worth, importedOn } of contents) expect([worth, importedOn]).toEqual([3000, first]);
});

test('a decision from before worth was kept is made again by the configured value, bit for bit', async () => {
  await valuedAt(first);
  await decide(first);
  await bench.context.database.query(
    `update rebalanced.decisions set body = replace(body, '"portfolioValue":100000,', '') where portfolio = $1`,
    [portfolio.id],
  );
  const [row] = await readDecisions(bench.context.database, portfolio.id);
  expect(row!.decision.inputs).not.toHaveProperty('portfolioValue');
  const services = bench.context.services;
  const again = await recomputeDecision(bench.context.database, { portfolio, services }, row!);
  expect(canonicalJson(again)).toBe(canonicalJson(row!.decision));
  expect((await orders(first)).netAssetValue).toBe(100_000);
});

test('a decision by hand is refused from the close it would be filled at', async () => {
  await valuedAt(first);
  const context = { portfolio, services: { ...bench.context.services, letters: plainLetters } };
  const fill = slotAt(portfolio.plan, 'rebalance', first).deadlineAt;
  const byHand = (at: number) => rebalanceByHand(bench.context.database, context, first, at);
  await expect(byHand(fill)).rejects.toThrow(
    /the fill of a decision of .* at 2024-01-31, the close of 2024-02-01, has passed/,
  );
  await expect(byHand(fill + 86_400_000 * 1000)).rejects.toThrow(/has passed/);
  expect(await readDecisions(bench.context.database, portfolio.id)).toEqual([]);
  expect((await byHand(fill - 1)).reason).toBe('manual');
});
