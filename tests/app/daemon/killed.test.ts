import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Database, openDatabase } from '../../../src/adapters/postgres/database.ts';
import { readOpenSlots } from '../../../src/adapters/postgres/slot-rows.ts';
import { newYorkCalendar } from '../../../src/core/calendar/new-york.ts';
import { createRandom } from '../../../src/core/numeric/random.ts';
import { newestClosed } from '../../../src/core/schedule/plan.ts';
import type { TaskName } from '../../../src/core/schedule/slot.ts';
import { type RunningCommand, startCommand } from '../../support/command.ts';
import { dueAt, portfolioInput, runDue, testContext, testSymbols } from '../../support/context.ts';
import { testDatabase } from '../../support/database.ts';
import { type SmtpSimulator, startSmtp } from '../../support/smtp.ts';
import { startYahooSimulator, type YahooSimulator } from '../../support/yahoo-simulator.ts';

// SIGKILL to a real `rebalanced run` in the midst of a task, and nothing but a start afterwards: whatever it had taken
// must be taken up again by the daemon's own means and in real time, which is why these three run side by side.
const calendar = newYorkCalendar();
const newest = newestClosed({ calendar, graceMinutes: 45, inception: calendar.first }, Date.now())!;
const sessions = calendar.sessions(`${Number(newest.slice(0, 4)) - 1}${newest.slice(4, 8)}01`, newest);
const historyStart = sessions[sessions.length - 130]!;
const month = (session: string) => session.slice(0, 7);
const takenUpWithinMs = 90_000;

let folder: string;
let yahoo: YahooSimulator;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rebalanced-killed-'));
  yahoo = await startYahooSimulator({ series: {}, now: Date.now });
  for (const [i, symbol] of [...testSymbols, 'DDD'].entries()) {
    const random = createRandom(7, i);
    let close = 100;
    const closes = sessions.map(() => {
      close *= Math.exp(0.008 * random.normal());
      return close;
    });
    yahoo.series[symbol] = { sessions, closes };
  }
});
afterAll(async () => {
  for (const clean of cleanups.reverse()) await clean();
  await yahoo.stop();
  await rm(folder, { recursive: true, force: true });
});

type Installation = { url: string; database: Database; start(): RunningCommand };

/** A database and a configuration of its own; `start` runs the daemon on them. */
async function install(
  name: string,
  portfolio: ReturnType<typeof portfolioInput>,
  env: Record<string, string> = {},
): Promise<Installation> {
  const url = await testDatabase();
  const database = openDatabase(url, { connectionsMax: 2 });
  cleanups.push(() => database.close());
  const config = {
    portfolios: [portfolio],
    sources: { prices: { kind: 'yahoo' as const, baseUrl: yahoo.url, requestsPerSecond: 50 } },
    mail: { folder: join(folder, name) },
    server: { port: 0 },
  };
  const file = join(folder, `${name}.yaml`);
  await writeFile(file, JSON.stringify(config));
  const start = () => {
    const running = startCommand(['run', '--config', file], { DATABASE_URL: url, ...env });
    cleanups.push(async () => {
      running.kill();
      await running.ended;
    });
    return running;
  };
  return { url, database, start };
}

/** Starts the daemon, kills it with all its children once a worker is in the midst of the task, and starts it again. */
async function killDuring(task: TaskName, { database, start }: Installation, midst: () => Promise<unknown>) {
  const first = start();
  await vi.waitFor(
    async () => {
      const { rowCount } = await database.query(
        `select from rebalanced_queue.job where name = $1 and state = 'active'`,
        [`rebalanced-${task}`],
      );
      expect(rowCount).toBe(1);
    },
    { timeout: 60_000, interval: 20 },
  );
  await midst();
  first.kill();
  await first.ended;
  const state = await database.query('select from rebalanced.slots where task = $1 and state = $2', [
    task,
    'queued',
  ]);
  expect(state.rowCount, `${task} was cut off`).toBe(1);
  const startedAt = performance.now();
  start();
  // A second reading of prices waits its quarter of an hour.
  const openNow = async () => (await readOpenSlots(database)).filter(({ dueAt }) => dueAt <= Date.now());
  await vi.waitFor(async () => expect(await openNow()).toEqual([]), {
    timeout: takenUpWithinMs + 5000,
    interval: 100,
  });
  expect(performance.now() - startedAt).toBeLessThan(takenUpWithinMs);
  const { rows } = await database.query<{ at: number | null }>(
    'select extract(epoch from max(supervised_at))::float8 as at from rebalanced.queue_supervision',
  );
  expect(Date.now() / 1000 - rows[0]!.at!).toBeLessThan(30);
}

test.concurrent('during a training', { timeout: 200_000 }, async () => {
  const installation = await install(
    'training',
    portfolioInput({
      inception: newest,
      historyStart,
      forecaster: {
        kind: 'network',
        horizonSessions: 2,
        body: { type: 'lstm', units: [64], lookbackSessions: 10 },
        training: { windowSessions: 100, epochsMax: 150, patienceEpochs: 150 },
        stepSessions: 21,
      },
    }),
  );
  await killDuring('retrain', installation, async () => {});
  const { rows } = await installation.database.query<{ attempts: number; state: string }>(
    `select attempts, state from rebalanced.slots where task = 'retrain'`,
  );
  expect(rows).toEqual([{ attempts: 0, state: 'done' }]);
  expect((await installation.database.query('select from rebalanced.models')).rowCount).toBe(1);
});

test.concurrent('during an ingest', { timeout: 200_000 }, async () => {
  const symbols = [...testSymbols, 'DDD'];
  const installation = await install('ingest', portfolioInput({ symbols, inception: newest, historyStart }));
  yahoo.setFault('hang', { symbol: 'DDD' });
  await killDuring('ingest', installation, async () => yahoo.setFault(null, { symbol: 'DDD' }));
  const { rows } = await installation.database.query<{ bars: number; valuations: number }>(
    `select (select count(*) from rebalanced.bars where session = $1)::integer as bars,
       (select count(*) from rebalanced.valuations)::integer as valuations`,
    [newest],
  );
  expect(rows).toEqual([{ bars: symbols.length, valuations: 1 }]);
});

test.concurrent('during a delivery', { timeout: 200_000 }, async () => {
  const smtp: SmtpSimulator = await startSmtp({ fault: { at: 'recipient', how: 'hold' } });
  cleanups.push(() => smtp.close());
  // The month's decision before the newest session, by whichever rule does not decide the newest one too.
  const rebalanceOn = month(calendar.next(newest)) === month(newest) ? 'last-session' : 'first-session';
  const decided = sessions.findLast((session) => {
    const other = rebalanceOn === 'last-session' ? calendar.next(session) : calendar.previous(session);
    return session < newest && month(other) !== month(session);
  })!;
  const portfolio = portfolioInput({ inception: decided, historyStart, rebalanceOn });
  const installation = await install('delivery', portfolio, { REBALANCED_SMTP_URL: smtp.url });
  await decideWithoutSending(installation, portfolio);
  await killDuring('deliver', installation, async () => {
    await smtp.held();
    smtp.setFault(null);
  });
  const { rows } = await installation.database.query<{ state: string; attempts: number }>(
    'select state, attempts from rebalanced.letters',
  );
  expect(rows).toEqual([{ state: 'ambiguous', attempts: 1 }]);
  expect(smtp.received).toEqual([]);
});

/** Lets everything but the delivery be done in this process, so that one letter waits. */
async function decideWithoutSending(
  { url, database }: Installation,
  portfolio: ReturnType<typeof portfolioInput>,
): Promise<void> {
  await using context = await testContext(url, {
    portfolios: [portfolio],
    config: { sources: { prices: { kind: 'yahoo', baseUrl: yahoo.url, requestsPerSecond: 50 } } },
  });
  // By then the month's decision waits for a second reading no longer.
  const believedAt = dueAt(context.portfolios[0]!, portfolio.inception!) + 16 * 60_000;
  await runDue(context, believedAt, ['deliver']);
  await database.query(`update rebalanced.slots set state = 'waiting' where task = 'deliver'`);
  await context.queue.clear();
}
