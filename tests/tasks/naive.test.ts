import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDecisions } from '../../src/adapters/postgres/decision-rows.ts';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import { upcomingSlots } from '../../src/core/schedule/plan.ts';
import { recomputeDecision } from '../../src/tasks/proposal.ts';
import {
  dueAt,
  portfolioInput,
  runDue,
  type TestContext,
  testContext,
  testInception,
  testMonthEnd,
} from '../support/context.ts';
import { testDatabase } from '../support/database.ts';

const windowSessions = 40;
let context: TestContext;
beforeAll(async () => {
  const forecaster = { kind: 'naive' as const, name: 'historical-mean' as const, windowSessions };
  const portfolio = portfolioInput({ allocator: { method: 'signal-inverse-vol' }, forecaster });
  const clock = { now: 0 };
  context = await testContext(await testDatabase(), { portfolios: [portfolio], clock });
  clock.now = dueAt(context.portfolios[0]!, '2024-02-29');
  for (const session of context.portfolios[0]!.plan.calendar.sessions(testInception, '2024-02-29'))
    await runDue(context, dueAt(context.portfolios[0]!, session));
});
afterAll(() => context.close());

test('a portfolio that forecasts by a rule decides each month on it and trains nothing', async () => {
  const { policy, plan } = context.portfolios[0]!;
  const stored = await readDecisions(context.database, policy.portfolio);
  expect(stored.map(({ decision }) => decision.asOf)).toEqual([testMonthEnd, '2024-02-29']);
  const sessions = plan.calendar.sessions('2023-10-02', '2024-02-29');
  for (const { decision, forecastResult } of stored) {
    expect(decision.fallbackLevel).toBe('full');
    expect(decision.inputs.modelId).toBe('naive:historical-mean');
    expect(forecastResult.trainedOn).toBe(decision.asOf);
    const row = sessions.indexOf(decision.asOf);
    for (const { symbol, forecast } of decision.lines) {
      const close = (at: number) => context.source.closes.get(symbol)!.get(sessions[at]!)!;
      expect(forecast).toBeCloseTo(Math.log(close(row) / close(row - windowSessions)) / windowSessions, 12);
    }
  }
  const { rows } = await context.database.query(
    `select 'model' from rebalanced.models union all select task from rebalanced.slots where task = 'retrain'`,
  );
  expect(rows).toEqual([]);
  expect(upcomingSlots(plan, testMonthEnd).map(({ task }) => task)).not.toContain('retrain');
});

test('its decisions can be made again from their rows, bit for bit', async () => {
  const portfolio = context.portfolios[0]!;
  for (const stored of await readDecisions(context.database, portfolio.id)) {
    const again = await recomputeDecision(
      context.database,
      { portfolio, services: context.services },
      stored,
    );
    expect(canonicalJson(again)).toBe(canonicalJson(stored.decision));
  }
});
