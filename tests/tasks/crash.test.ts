import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/adapters/postgres/database.ts';
import { insertSlots } from '../../src/adapters/postgres/slot-rows.ts';
import { slotAt } from '../../src/core/schedule/plan.ts';
import type { TaskName } from '../../src/core/schedule/slot.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';
import type { Services } from '../../src/tasks/services.ts';
import {
  type TestContext,
  testContext,
  testHistoryStart,
  testMonthEnd,
  testSymbols,
  twin,
} from '../support/context.ts';
import { testDatabase } from '../support/database.ts';
import { type Cut, type DatabaseProxy, startDatabaseProxy } from '../support/database-proxy.ts';
import { memorySource } from '../support/memory-source.ts';
import { type PortfolioRows, portfolioRows } from '../support/portfolio-rows.ts';
import { runPlanned } from '../support/tasks.ts';

const session = testMonthEnd;
const next = '2024-02-01';

let calm: TestContext;
let proxy: DatabaseProxy;
let cut: Database;
beforeAll(async () => {
  const url = await testDatabase();
  calm = await testContext(url);
  proxy = await startDatabaseProxy(url);
  cut = openDatabase(proxy.url, { connectionsMax: 1 });
});
afterAll(async () => {
  await cut.close();
  await proxy.close();
  await calm.close();
});

type Stage = {
  portfolio: Portfolio;
  mailer: Services['mailer'] & { sent: string[] };
};

/** Runs one task of a portfolio over a database, at its due time. */
function run(database: Database, { portfolio, mailer }: Stage, task: TaskName, of: string): Promise<unknown> {
  return runPlanned(calm, portfolio, slotAt(portfolio.plan, task, of), { database, mailer });
}

/** Every step of a month's end and the day after it. */
const steps: [TaskName, string][] = [
  ['ingest', session],
  ['revalue', session],
  ['rebalance', session],
  ['deliver', session],
  ['ingest', next],
  ['revalue', next],
];

let stages = 0;

/** A portfolio of its own, with everything before step `before` done over an undisturbed database. */
async function stageBefore(before: number, kind: Services['mailer']['kind'] = 'folder'): Promise<Stage> {
  stages += 1;
  const base = await twin(calm.database, calm.portfolios[0]!, `stage-${stages}`);
  const portfolio = {
    ...base,
    plan: { ...base.plan, inception: session },
    source: memorySource(testSymbols, testHistoryStart, next),
    letter: { from: 'a@example.org', to: ['b@example.org', 'c@example.org'], statusUrl: null },
  };
  const sent: string[] = [];
  const mailer: Stage['mailer'] = {
    kind,
    sent,
    async send({ to }) {
      sent.push(to);
      return { outcome: 'sent' };
    },
  };
  for (const [task, of] of steps)
    if (task !== 'deliver') await insertSlots(calm.database, [slotAt(portfolio.plan, task, of)]);
  const stage = { portfolio, mailer };
  for (const [task, of] of steps.slice(0, before)) await run(calm.database, stage, task, of);
  sent.length = 0;
  return stage;
}

const rowsOf = (stage: Stage) => portfolioRows(calm.database, stage.portfolio);

/** Runs step `index` undisturbed, then once for each statement and kind of cut; `check` sees each outcome. */
async function atEveryRoundTrip(
  index: number,
  kind: Services['mailer']['kind'],
  check: (found: {
    stage: Stage;
    before: PortfolioRows;
    between: PortfolioRows;
    after: PortfolioRows;
    undisturbed: PortfolioRows;
  }) => void,
): Promise<number> {
  const [task, of] = steps[index]!;
  const model = await stageBefore(index, kind);
  await cut.query('select 1'); // connected and settled, so that what is counted is the work's
  proxy.count();
  await run(cut, model, task, of);
  const statements = proxy.statements();
  const undisturbed = await rowsOf(model);
  for (const when of ['before', 'after'] as Cut[])
    for (let at = 1; at <= statements; at += 1) {
      const stage = await stageBefore(index, kind);
      const before = await rowsOf(stage);
      await cut.query('select 1'); // connected and settled, so that what is counted is the work's
      proxy.cutAt(at, when);
      await expect(run(cut, stage, task, of), `cut ${when} statement ${at}`).rejects.toThrow();
      const between = await rowsOf(stage);
      await run(cut, stage, task, of);
      const after = await rowsOf(stage);
      check({ stage, before, between, after, undisturbed });
    }
  return statements;
}

describe('whatever statement the connection breaks at, before or after it is carried out', () => {
  test.each([
    [0, 7],
    [1, 6],
    [2, 15],
    [4, 8],
    [5, 11],
  ])(
    'step %i is done whole or not at all, and a second run ends as an undisturbed one',
    async (index, atLeast) => {
      const statements = await atEveryRoundTrip(
        index,
        'folder',
        ({ before, between, after, undisturbed }) => {
          // Prices are stored as they come, so that a load that is cut off goes on: their slot is closed after them.
          const { bars: _, ...rest } = between;
          const wholes = [before, undisturbed].map(({ bars: __, ...others }) => others);
          if (steps[index]![0] === 'ingest') expect(wholes).toContainEqual(rest);
          else expect([before, undisturbed]).toContainEqual(between);
          expect(after).toEqual(undisturbed);
        },
      );
      expect(statements).toBeGreaterThanOrEqual(atLeast);
    },
  );

  test('the decision is one, with one letter for each recipient, and its slot is done', async () => {
    const stage = await stageBefore(4);
    const rows = await rowsOf(stage);
    expect(rows.decisions).toHaveLength(1);
    expect(rows.targets).toHaveLength(testSymbols.length);
    expect(rows.letters.map((letter) => letter.recipient)).toEqual(['b@example.org', 'c@example.org']);
    expect(rows.slots.filter((slot) => slot.state === 'done')).toHaveLength(4);
  });

  test('letters into a folder are all written', async () => {
    await atEveryRoundTrip(3, 'folder', ({ stage, after, undisturbed }) => {
      expect(after).toEqual(undisturbed);
      expect(new Set(stage.mailer.sent).size).toBe(2);
    });
  });

  test('letters to a mail server are sent once at most, and one whose fate is unknown is shown', async () => {
    await atEveryRoundTrip(3, 'smtp', ({ stage, after, undisturbed }) => {
      const { sent } = stage.mailer;
      expect(new Set(sent).size).toBe(sent.length);
      expect(after.slots).toEqual(undisturbed.slots);
      for (const letter of after.letters)
        if (letter.state !== 'ambiguous') {
          expect(letter.state).toBe('sent');
          expect(sent).toContain(letter.recipient);
        }
      for (const recipient of ['b@example.org', 'c@example.org'])
        if (!sent.includes(recipient))
          expect(after.letters.find((letter) => letter.recipient === recipient)!.state).toBe('ambiguous');
    });
  });
});
