import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SendOutcome } from '../../src/adapters/mail/mailer.ts';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { readDecisions } from '../../src/adapters/postgres/decision-rows.ts';
import { insertSlots } from '../../src/adapters/postgres/slot-rows.ts';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import { slotAt } from '../../src/core/schedule/plan.ts';
import type { LetterContent } from '../../src/presentation/letter/letter.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';
import { proposeDecision, recomputeDecision } from '../../src/tasks/proposal.ts';
import { rebalanceByHand } from '../../src/tasks/rebalance.ts';
import { NotReadyError } from '../../src/tasks/task.ts';
import {
  plainLetters,
  portfolioInput,
  recordingLog,
  smallForecaster,
  type TestContext,
  testMonthEnd,
  testSymbols,
} from '../support/context.ts';
import { type TaskBench, taskBench } from '../support/task-bench.ts';
import { runPlanned, runTask } from '../support/tasks.ts';
import { instantTrainer } from '../support/trainer.ts';

const session = testMonthEnd;
const next = '2024-02-01';

let bench: TaskBench;
let context: TestContext;
let portfolio: Portfolio;
beforeAll(async () => {
  bench = await taskBench({
    portfolios: [
      portfolioInput(),
      portfolioInput({
        id: 'forecasting',
        historyStart: '2023-07-03',
        allocator: { method: 'signal-inverse-vol' },
        forecaster: smallForecaster,
      }),
    ],
  });
  ({ context } = bench);
});
afterAll(() => bench.close());
beforeEach(async () => {
  ({ portfolio } = await bench.fresh(context.portfolio('small')));
});

async function valuedAt(of: string, who = portfolio): Promise<void> {
  for (const task of ['ingest', 'revalue'] as const) await runTask(context, who, task, of);
}

const decisions = (who = portfolio) => readDecisions(context.database, who.id);

async function letters(): Promise<{ recipient: string; state: string; session: string }[]> {
  const { rows } = await context.database.query<{ recipient: string; state: string; session: string }>(
    'select recipient, state, session from rebalanced.letters where portfolio = $1 order by letter_id',
    [portfolio.id],
  );
  return rows;
}

const folder = {
  kind: 'folder' as const,
  send: async (): Promise<SendOutcome> => ({ outcome: 'sent' }),
};

describe('a decision', () => {
  test('becomes rows that agree with each other, a letter for each recipient, and a slot to send them', async () => {
    portfolio = {
      ...portfolio,
      letter: { from: 'a@example.org', to: ['b@example.org', 'c@example.org'], statusUrl: null },
    };
    await valuedAt(session);
    const decides = { portfolio, services: context.services };
    const { decision } = await proposeDecision(context.database, decides, session, 'monthly');
    await runTask(context, portfolio, 'rebalance', session);
    const [stored, ...others] = await decisions();
    expect(others).toEqual([]);
    expect(canonicalJson(stored!.decision)).toBe(canonicalJson(decision));
    const { rows: targets } = await context.database.query<{ symbol: string; weight: number }>(
      'select symbol, weight from rebalanced.targets where decision_id = $1 order by symbol',
      [stored!.decisionId],
    );
    expect(targets).toEqual(stored!.decision.lines.map(({ symbol, target }) => ({ symbol, weight: target })));
    const { rows: current } = await context.database.query<{ symbol: string; weight: number }>(
      'select symbol, weight from rebalanced.current_targets where portfolio = $1',
      [portfolio.id],
    );
    expect(current.map(({ symbol }) => symbol).sort()).toEqual([...testSymbols, 'CASH'].sort());
    expect(Math.abs(current.reduce((sum, { weight }) => sum + weight, 0) - 1)).toBeLessThanOrEqual(1e-9);
    expect(await letters()).toEqual([
      { recipient: 'b@example.org', state: 'pending', session },
      { recipient: 'c@example.org', state: 'pending', session },
    ]);
    const { rows: slots } = await context.database.query<{ state: string }>(
      `select state from rebalanced.slots where portfolio = $1 and task = 'deliver' and session = $2`,
      [portfolio.id, session],
    );
    expect(slots).toEqual([{ state: 'waiting' }]);
  });

  test('two daemons make it once, with one letter', async () => {
    await valuedAt(session);
    const slot = slotAt(portfolio.plan, 'rebalance', session);
    await insertSlots(context.database, [slot]);
    const daemons = [1, 2, 3].map(() => openDatabase(bench.url, { connectionsMax: 2 }));
    const { log, lines } = recordingLog();
    await Promise.all(daemons.map((database) => runPlanned(context, portfolio, slot, { database, log })));
    await Promise.all(daemons.map((database) => database.close()));
    expect(lines.filter(({ msg }) => msg === 'decided')).toHaveLength(1);
    expect(await decisions()).toHaveLength(1);
    expect(await letters()).toHaveLength(1);
  });

  test('is not made on prices of another session, nor before that session is valued', async () => {
    await expect(runTask(context, portfolio, 'rebalance', session)).rejects.toThrow('has no prices up to');
    await runTask(context, portfolio, 'ingest', session);
    await expect(runTask(context, portfolio, 'rebalance', session)).rejects.toThrow(
      `has not been valued at ${session}`,
    );
    expect(await decisions()).toEqual([]);
    expect(await letters()).toEqual([]);
  });

  test('is not made once its fill has passed', async () => {
    await valuedAt(session);
    const lateMinutes =
      (slotAt(portfolio.plan, 'rebalance', session).deadlineAt -
        slotAt(portfolio.plan, 'rebalance', session).dueAt) /
      60_000;
    await expect(
      runTask(context, portfolio, 'rebalance', session, { lateMinutes: lateMinutes + 1 }),
    ).rejects.toThrow(NotReadyError);
    expect(await decisions()).toEqual([]);
    await runTask(context, portfolio, 'rebalance', session, { lateMinutes });
    expect(await decisions()).toHaveLength(1);
  });

  test("of a month, made on another session than the month's own, is told to be late", async () => {
    const told: boolean[] = [];
    const writer = {
      ...plainLetters,
      write: (content: LetterContent) => {
        told.push(content.late);
        return plainLetters.write(content);
      },
    };
    await valuedAt(session);
    await runTask(context, portfolio, 'rebalance', session, { letters: writer });
    await valuedAt(next);
    await runTask(context, portfolio, 'rebalance', next, { letters: writer });
    expect(told).toEqual([false, true]);
  });

  test('is nothing where its letter cannot be written', async () => {
    await valuedAt(session);
    const broken = { ...plainLetters, compose: () => Promise.reject(new Error('no letter')) };
    await expect(runTask(context, portfolio, 'rebalance', session, { letters: broken })).rejects.toThrow(
      'no letter',
    );
    expect(await decisions()).toEqual([]);
    await runTask(context, portfolio, 'rebalance', session);
    expect(await decisions()).toHaveLength(1);
  });
});

describe('a decision by hand', () => {
  const byHand = (of: string) =>
    rebalanceByHand(
      context.database,
      { portfolio, services: { ...context.services, letters: plainLetters } },
      of,
      Date.parse('2024-02-01T12:00:00.000Z'),
    );

  test('is a further revision, and its letter is sent though those of its session have been', async () => {
    await valuedAt(session);
    await runTask(context, portfolio, 'rebalance', session);
    await runTask(context, portfolio, 'deliver', session, { mailer: folder });
    await byHand(session);
    expect((await decisions()).map(({ revision, decision }) => [revision, decision.reason])).toEqual([
      [0, 'monthly'],
      [1, 'manual'],
    ]);
    expect((await letters()).map(({ state }) => state)).toEqual(['sent', 'pending']);
    const { rows } = await context.database.query<{ state: string }>(
      `select state from rebalanced.slots where portfolio = $1 and task = 'deliver'`,
      [portfolio.id],
    );
    expect(rows).toEqual([{ state: 'waiting' }]);
    await runPlanned(context, portfolio, slotAt(portfolio.plan, 'deliver', session), { mailer: folder });
    expect((await letters()).map(({ state }) => state)).toEqual(['sent', 'sent']);
  });

  test('twice at once gives two revisions or a refusal, never one revision twice', async () => {
    await valuedAt(session);
    const tries = await Promise.allSettled([byHand(session), byHand(session)]);
    const done = tries.filter(({ status }) => status === 'fulfilled').length;
    expect(done).toBeGreaterThanOrEqual(1);
    expect((await decisions()).map(({ revision }) => revision)).toEqual([0, 1].slice(0, done));
  });
});

describe('what a decision was made from', () => {
  test.each(['small', 'forecasting'])('gives it again, bit for bit: %s', async (which) => {
    const { portfolio: who } = await bench.fresh(context.portfolio(which));
    await valuedAt(session, who);
    if (who.forecaster) await runTask(context, who, 'retrain', session, { trainer: instantTrainer() });
    await runTask(context, who, 'rebalance', session);
    for (const of of [next, '2024-02-02']) await valuedAt(of, who);
    await runTask(context, who, 'rebalance', '2024-02-02', { reason: 'drawdown' });
    const stored = await decisions(who);
    expect(stored.map(({ decision }) => decision.asOf)).toEqual([session, '2024-02-02']);
    for (const row of stored) {
      const again = await recomputeDecision(
        context.database,
        { portfolio: who, services: context.services },
        row,
      );
      expect(canonicalJson(again)).toBe(canonicalJson(row.decision));
      expect(row.decision.fallbackLevel).toBe('full');
      expect(row.forecastResult.forecast !== null).toBe(which === 'forecasting');
    }
  });

  test('a proposal says the same twice, and writes nothing', async () => {
    await valuedAt(session);
    const propose = async () =>
      canonicalJson(
        (
          await proposeDecision(
            context.database,
            { portfolio, services: context.services },
            session,
            'manual',
          )
        ).decision,
      );
    expect(await propose()).toBe(await propose());
    expect(await decisions()).toEqual([]);
  });

  test('under another configuration it is refused, with both addresses', async () => {
    await valuedAt(session);
    await runTask(context, portfolio, 'rebalance', session);
    const [stored] = await decisions();
    const other = { ...portfolio, configHash: 'f'.repeat(64) };
    await expect(
      recomputeDecision(context.database, { portfolio: other, services: context.services }, stored!),
    ).rejects.toThrow(`made with configuration ${portfolio.configHash}, expected ${other.configHash}`);
  });

  test('a model that was changed after training is not used: the decision says why and takes the next fallback level', async () => {
    const { portfolio: who } = await bench.fresh(context.portfolio('forecasting'));
    await valuedAt(session, who);
    await runTask(context, who, 'retrain', session, { trainer: instantTrainer() });
    await context.database.query(
      `update rebalanced.models set artefact = replace(artefact, '"epochs":1', '"epochs":2') where portfolio = $1`,
      [who.id],
    );
    await runTask(context, who, 'rebalance', session);
    const { decision } = (await decisions(who))[0]!;
    expect(decision.fallbackLevel).toBe('signal-off');
    expect(decision.fallbackReason).toContain('changed after training');
  });
});
