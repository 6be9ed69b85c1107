import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { walkForward } from '../../src/core/evaluation/walk-forward.ts';
import { noForecast } from '../../src/core/forecast/forecast-result.ts';
import { panelFromBars } from '../../src/core/market/panel.ts';
import { effectivePortfolio } from '../../src/tasks/effective.ts';
import { testMonthEnd, testSymbols } from '../support/context.ts';
import { plainBar } from '../support/memory-source.ts';
import { type TaskBench, taskBench } from '../support/task-bench.ts';
import { runTask } from '../support/tasks.ts';

// Closes that are wrong or missing for some sessions and put right within the sessions an ingest looks back over: whatever
// comes when, the portfolio ends as the same prices without mistakes would have it.

const first = '2024-02-01';
const last = '2024-02-23';

let bench: TaskBench;
beforeAll(async () => {
  bench = await taskBench();
});
afterAll(() => bench.close());

type Mistake = { symbol: string; at: number; for: number; factor: number | null };
const mistake: fc.Arbitrary<Mistake> = fc.record({
  symbol: fc.constantFrom(...testSymbols),
  at: fc.integer({ min: 1, max: 9 }), // sessions after the fill, which is a fact
  for: fc.integer({ min: 1, max: 4 }),
  factor: fc.option(fc.double({ min: 0.7, max: 1.4, noNaN: true })),
});

test('live with corrections is the walk over corrected prices', async () => {
  let restated = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(mistake, { minLength: 1, maxLength: 6 }), async (mistakes) => {
      const made = await bench.fresh();
      const portfolio = { ...made.portfolio, coverageRatioMin: 0 };
      const { calendar } = portfolio.plan;
      const sessions = [testMonthEnd, ...calendar.sessions(first, last)];
      const right = new Map([...made.source.closes].map(([symbol, path]) => [symbol, new Map(path)]));
      for (const [now, session] of sessions.entries()) {
        for (const [symbol, path] of right)
          for (const [row, known] of sessions.slice(0, now + 1).entries()) {
            const wrong = mistakes.find((m) => m.symbol === symbol && m.at + 1 === row && now < row + m.for);
            const close = path.get(known)!;
            if (wrong && wrong.factor === null) made.source.closes.get(symbol)!.delete(known);
            else made.source.closes.get(symbol)!.set(known, close * (wrong?.factor ?? 1));
          }
        const effective = await effectivePortfolio(bench.context.database, portfolio, null);
        await runTask(bench.context, effective, 'ingest', session, { lateMinutes: 400 });
        await runTask(bench.context, effective, 'revalue', session, { lateMinutes: 401 });
        if (session === testMonthEnd) await runTask(bench.context, effective, 'rebalance', session);
      }
      const bars = [...right].flatMap(([symbol, path]) =>
        [...path].map(([session, close]) => plainBar(symbol, session, close)),
      );
      const { valuations } = walkForward({
        panel: panelFromBars(
          bars,
          calendar.sessions(portfolio.historyStart, last),
          testSymbols,
          () => 'total-return',
        ),
        policy: portfolio.policy,
        inception: testMonthEnd,
        isRebalanceSession: (session) => session === testMonthEnd,
        forecastAt: () => noForecast('none'),
      });
      const { rows } = await bench.context.database.query<{ session: string; net: number; drift: number }>(
        'select session, nav_net as net, drift_one_way as drift from rebalanced.valuations where portfolio = $1 order by session',
        [portfolio.id],
      );
      expect(rows).toEqual(
        valuations.map((v) => ({
          session: v.session,
          net: expect.closeTo(v.navNet, 5),
          drift: expect.closeTo(v.driftOneWay, 5),
        })),
      );
      expect(rows.at(-1)!.net).toBeCloseTo(valuations.at(-1)!.navNet, 5);
      const former = await bench.context.database.query<{ count: number }>(
        'select count(*)::integer as count from rebalanced.valuation_vintages where portfolio = $1 and superseded_at is not null',
        [portfolio.id],
      );
      restated += former.rows[0]!.count;
    }),
    { seed: 81, numRuns: 8 },
  );
  expect(restated).toBeGreaterThan(40);
}, 60_000);
