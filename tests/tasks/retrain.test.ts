import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { championModel } from '../../src/adapters/postgres/model-rows.ts';
import { readModel } from '../../src/app/context.ts';
import type { Artefact } from '../../src/core/forecast/artefact.ts';
import { slotAt } from '../../src/core/schedule/plan.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';
import { NotReadyError } from '../../src/tasks/task.ts';
import type { LetterContent } from '../../src/views/letter.ts';
import {
  plainLetters,
  portfolioInput,
  smallForecaster,
  type TestContext,
  testMonthEnd,
  testSymbols,
} from '../support/context.ts';
import { type TaskBench, taskBench } from '../support/task-bench.ts';
import { runPlanned, runTask } from '../support/tasks.ts';
import { instantTrainer, untrainedArtefact } from '../support/trainer.ts';

const session = testMonthEnd;

let bench: TaskBench;
let context: TestContext;
let portfolio: Portfolio;
beforeAll(async () => {
  const input = portfolioInput({ historyStart: '2023-07-03', forecaster: smallForecaster });
  bench = await taskBench({ portfolios: [input] });
  ({ context } = bench);
});
afterAll(() => bench.close());
beforeEach(async () => {
  ({ portfolio } = await bench.fresh());
});

const model = () => championModel(context.database, portfolio.id, 'mean-return', '9999-12-31');

async function slotState(): Promise<string> {
  const { rows } = await context.database.query<{ state: string }>(
    `select state from rebalanced.slots where portfolio = $1 and task = 'retrain'`,
    [portfolio.id],
  );
  return rows[0]!.state;
}

test('trains on the window that ends at the session, and stores a model that can be read again', async () => {
  await runTask(context, portfolio, 'ingest', session);
  const trainer = instantTrainer();
  await runTask(context, portfolio, 'retrain', session, { trainer });
  const [request] = trainer.asked;
  expect(request!.symbols).toEqual(testSymbols);
  expect(request!.panel.sessions.at(-1)).toBe(session);
  expect(request!.panel.sessions).toHaveLength(request!.panel.levels[0]!.length);
  const stored = (await model())!;
  expect(readModel(JSON.parse(stored.artefact))).toEqual(untrainedArtefact(request!));
  expect(stored.modelId).toBe(untrainedArtefact(request!).id);
  expect(await slotState()).toBe('done');
});

test('its model is named in the letter of the decision it made, with the last session it may be used at', async () => {
  portfolio = { ...portfolio, letter: { ...portfolio.letter, statusUrl: 'https://example.org/status' } };
  await runTask(context, portfolio, 'ingest', session);
  const trainer = instantTrainer();
  await runTask(context, portfolio, 'retrain', session, { trainer });
  await runTask(context, portfolio, 'revalue', session);
  const written: LetterContent[] = [];
  const write = (content: LetterContent) => {
    written.push(content);
    return plainLetters.write(content);
  };
  await runTask(context, portfolio, 'rebalance', session, { letters: { ...plainLetters, write } });
  const { calendar } = portfolio.plan;
  const age = (expiresAfter: string) => calendar.sessions(calendar.next(session), expiresAfter).length;
  expect(written).toHaveLength(1);
  expect(written[0]!.model).toMatchObject({ id: (await model())!.modelId, trainedOn: session });
  expect(age(written[0]!.model!.expiresAfter!)).toBe(portfolio.policy.modelExpirySessions);
  expect(written[0]!.statusUrl).toBe('https://example.org/status');
});

test('reads nothing after its session: later prices change nothing', async () => {
  await runTask(context, portfolio, 'ingest', session);
  await runTask(context, portfolio, 'ingest', '2024-02-29');
  const trainer = instantTrainer();
  await runTask(context, portfolio, 'retrain', session, { trainer });
  const before = trainer.asked[0]!;
  await context.database.query(
    `update rebalanced.bars set close = close * 3 where source = $1 and session > $2`,
    [portfolio.sourceName, session],
  );
  await context.database.query(
    `update rebalanced.slots set state = 'waiting', finished_at = null where portfolio = $1`,
    [portfolio.id],
  );
  for (const table of ['model_roles', 'models'])
    await context.database.query(`delete from rebalanced.${table} where portfolio = $1`, [portfolio.id]);
  await runPlanned(context, portfolio, slotAt(portfolio.plan, 'retrain', session), { trainer });
  expect(trainer.asked[1]).toEqual(before);
});

test('with too few sessions it says how many there are and how many are needed, and waits', async () => {
  portfolio = { ...portfolio, historyStart: '2023-12-01' };
  await runTask(context, portfolio, 'ingest', session);
  const attempt = runTask(context, portfolio, 'retrain', session, { trainer: instantTrainer() });
  await expect(attempt).rejects.toThrow(NotReadyError);
  await expect(attempt).rejects.toThrow(/has 4\d sessions of prices up to 2024-01-31; training needs \d+/);
  expect(await slotState()).toBe('waiting');
  expect(await model()).toBeNull();
});

test('a training that fails stores nothing', async () => {
  await runTask(context, portfolio, 'ingest', session);
  const trainer = { train: () => Promise.reject(new Error('out of memory')) };
  await expect(runTask(context, portfolio, 'retrain', session, { trainer })).rejects.toThrow('out of memory');
  expect(await slotState()).toBe('waiting');
  expect(await model()).toBeNull();
});

describe('two daemons that train the same slot', () => {
  test('store one model: the later one is thrown away', async () => {
    await runTask(context, portfolio, 'ingest', session);
    const asked = Promise.withResolvers<void>();
    const trained = Promise.withResolvers<{ artefact: Artefact; seconds: number }>();
    const slow = {
      train: () => {
        asked.resolve();
        return trained.promise;
      },
    };
    const first = runTask(context, portfolio, 'retrain', session, { trainer: slow });
    await asked.promise;
    const quick = instantTrainer();
    await runTask(context, portfolio, 'retrain', session, { trainer: quick });
    const stored = await model();
    const { spec, ...rest } = quick.asked[0]!;
    const other = untrainedArtefact({ ...rest, spec: { ...spec, training: { ...spec.training, seed: 99 } } });
    trained.resolve({ artefact: other, seconds: 1 });
    await first;
    expect(await model()).toEqual(stored);
  });
});
