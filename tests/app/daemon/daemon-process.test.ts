import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Database, openDatabase } from '../../../src/adapters/postgres/database.ts';
import { readOpenSlots } from '../../../src/adapters/postgres/slot-rows.ts';
import { newYorkCalendar } from '../../../src/core/calendar/new-york.ts';
import { createRandom } from '../../../src/core/numeric/random.ts';
import { newestClosed } from '../../../src/core/schedule/plan.ts';
import { type RunningCommand, startCommand } from '../../support/command.ts';
import { dueAt, portfolioInput, runDue, testContext, testSymbols } from '../../support/context.ts';
import { testDatabase } from '../../support/database.ts';
import { type DatabaseProxy, startDatabaseProxy } from '../../support/database-proxy.ts';
import { silenceWorkers } from '../../support/queue.ts';
import { type SmtpSimulator, startSmtp } from '../../support/smtp.ts';
import { startYahooSimulator, type YahooSimulator } from '../../support/yahoo-simulator.ts';

// The real process, on the real clock: its sessions are the last ones of the New York calendar.
const calendar = newYorkCalendar();
const newest = newestClosed({ calendar, graceMinutes: 45, inception: calendar.first }, Date.now())!;
const year = Number(newest.slice(0, 4));
const sessions = calendar.sessions(`${year - 1}${newest.slice(4, 8)}01`, newest);
const month = (session: string) => session.slice(0, 7);
/** The other rule where the newest session would itself be decided, so that there is one letter on any day. */
const rebalanceOn = month(calendar.next(newest)) === month(newest) ? 'last-session' : 'first-session';
/** The month's decision before the newest session. */
const decided = sessions.findLast((session) => {
  const other = rebalanceOn === 'last-session' ? calendar.next(session) : calendar.previous(session);
  return session < newest && month(other) !== month(session);
})!;
const historyStart = sessions[sessions.indexOf(decided) - 60]!;
const soon = { timeout: 40_000, interval: 50 };
const secret = 'hunter2-Geheim';

let url: string;
let database: Database;
let proxy: DatabaseProxy;
let yahoo: YahooSimulator;
let smtp: SmtpSimulator;
let folder: string;
let configFile: string;
const running = new Set<RunningCommand>();

beforeAll(async () => {
  url = await testDatabase();
  database = openDatabase(url, { connectionsMax: 2 });
  proxy = await startDatabaseProxy(url);
  yahoo = await startYahooSimulator({ series: {}, now: Date.now });
  testSymbols.forEach((symbol, i) => {
    const random = createRandom(5, i);
    let close = 100;
    yahoo.series[symbol] = {
      sessions,
      closes: sessions.map(() => {
        close *= Math.exp(0.008 * random.normal());
        return close;
      }),
    };
  });
  smtp = await startSmtp({ credentials: { user: 'desk', pass: secret } });
  folder = await mkdtemp(join(tmpdir(), 'rebalanced-daemon-'));
  configFile = join(folder, 'config.yaml');
  await writeFile(configFile, JSON.stringify(await decidedConfig()));
});
afterEach(async () => {
  for (const { kill, ended } of running) {
    kill();
    await ended;
  }
  running.clear();
});
afterAll(async () => {
  await yahoo.stop();
  await smtp.close();
  await proxy.close();
  await database.close();
  await rm(folder, { recursive: true });
});

const sources = () => ({
  prices: { kind: 'yahoo' as const, baseUrl: yahoo.url, requestsPerSecond: 50, timeoutSeconds: 60 },
});

/** A configuration whose portfolio has decided once and has not sent its letter. */
async function decidedConfig() {
  const portfolio = portfolioInput({ inception: decided, historyStart, rebalanceOn });
  await using context = await testContext(url, { portfolios: [portfolio], config: { sources: sources() } });
  await runDue(context, dueAt(context.portfolios[0]!, decided), ['deliver']);
  await database.query(`update rebalanced.slots set state = 'waiting' where task = 'deliver'`);
  await context.queue.clear();
  return {
    portfolios: [portfolio],
    sources: sources(),
    schedule: { cron: '* * * * * *' },
    mail: { folder },
    server: { port: 0 },
  };
}

async function start(env: Record<string, string> = {}): Promise<RunningCommand & { url: string }> {
  const command = startCommand(['run', '--config', configFile], {
    DATABASE_URL: proxy.url,
    REBALANCED_SMTP_URL: smtp.url,
    REBALANCED_BACKEND: 'wasm',
    ...env,
  });
  running.add(command);
  const [, address] = await command.until(/"url":"([^"]+)".*rebalanced is running/);
  return { ...command, url: address! };
}

/** What is due and open: a second reading of prices waits its quarter of an hour. */
const openTasks = async () => [
  ...new Set(
    (await readOpenSlots(database)).filter((slot) => slot.dueAt <= Date.now()).map((slot) => slot.task),
  ),
];

async function ready(of: { url: string }): Promise<{ ready: boolean; text: string }> {
  const response = await fetch(`${of.url}/readyz`);
  return { ready: response.ok, text: await response.text() };
}

describe('rebalanced run', { timeout: 120_000 }, () => {
  test('starts while Yahoo does not answer, catches up when it does, keeps secrets, and ends at SIGTERM', async () => {
    smtp.setFault({ at: 'login', how: 'refuse', code: 535, text: 'no such user' });
    // One symbol only: after three failures in a row Yahoo would be left alone for half a minute.
    yahoo.setFault('unavailable', { symbol: 'BBB' });
    const daemon = await start();
    expect(await (await fetch(`${daemon.url}/healthz`)).json()).toEqual({ status: 'alive' });
    await daemon.until(/no prices/);
    await vi.waitFor(async () => expect((await ready(daemon)).text).toContain('waits for'), soon);
    expect((await ready(daemon)).ready).toBe(false);
    yahoo.setFault(null, { symbol: 'BBB' });
    // The slot waits out its first half minute; what matters here is that it is tried again and done.
    await database.query('update rebalanced.slots set retry_at = null');
    await vi.waitFor(async () => expect(await openTasks()).toEqual(['deliver']), soon);
    await daemon.until(/did not take the letter/);
    const faces = await Promise.all(
      ['/', '/api/status', '/metrics', '/readyz'].map(async (path) =>
        (await fetch(daemon.url + path)).text(),
      ),
    );
    smtp.setFault(null);
    await database.query('update rebalanced.slots set retry_at = null');
    await vi.waitFor(async () => expect(await openTasks()).toEqual([]), soon);
    expect(smtp.received).toHaveLength(1);
    await vi.waitFor(async () => expect((await ready(daemon)).ready).toBe(true), soon);
    daemon.child.kill('SIGTERM');
    const ended = await daemon.ended;
    expect(ended.code).toBe(0);
    const password = decodeURIComponent(new URL(proxy.url).password);
    for (const text of [...faces, ended.output, ended.errors]) {
      expect(text).not.toContain(secret);
      if (password) expect(text).not.toContain(password);
    }
  });

  test('ends within seconds though Yahoo hangs, and the slot waits for the next start', async () => {
    await database.query(
      `update rebalanced.slots set state = 'waiting', finished_at = null, retry_at = null
       where task = 'ingest' and session = (select max(session) from rebalanced.slots where task = 'ingest')`,
    );
    await database.query('delete from rebalanced.bars where session = $1', [newest]);
    yahoo.setFault('hang');
    const asked = yahoo.requests.length;
    const daemon = await start();
    await vi.waitFor(() => expect(yahoo.requests.length).toBeGreaterThan(asked), soon);
    const stoppedAt = performance.now();
    daemon.child.kill('SIGINT');
    expect((await daemon.ended).code).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(10_000);
    yahoo.setFault(null);
    expect(await openTasks()).toEqual(['ingest']);
    await database.query('update rebalanced.slots set retry_at = null');
  });

  test('survives a database that goes away, and a second signal ends it at once', async () => {
    const daemon = await start();
    await vi.waitFor(async () => expect(await openTasks()).toEqual([]), soon);
    proxy.setReachable(false);
    await daemon.until(/could not reconcile/);
    await vi.waitFor(async () => expect((await ready(daemon)).ready).toBe(false), soon);
    expect((await fetch(`${daemon.url}/api/status`)).status).toBe(503);
    expect(await (await fetch(`${daemon.url}/metrics`)).text()).toMatch(/^rebalanced_database_up 0$/m);
    proxy.setReachable(true);
    await daemon.until(/the database answers again/);
    await vi.waitFor(async () => expect((await ready(daemon)).ready).toBe(true), soon);
    // A letter that the server does not answer to keeps the first signal waiting.
    smtp.setFault({ at: 'recipient', how: 'hold' });
    await database.query(`update rebalanced.letters set state = 'pending', finished_at = null`);
    await database.query(
      `update rebalanced.slots set state = 'waiting', finished_at = null, retry_at = null where task = 'deliver'`,
    );
    await smtp.held();
    daemon.child.kill('SIGTERM');
    await daemon.until(/"signal":"SIGTERM"/);
    const secondAt = performance.now();
    await vi.waitFor(() => {
      daemon.child.kill('SIGTERM'); // one that comes at once counts as the first, handed on
      expect(daemon.child.exitCode).not.toBeNull();
    }, soon);
    const ended = await daemon.ended;
    expect(ended.code).toBe(143);
    expect(performance.now() - secondAt).toBeLessThan(2000);
    smtp.release();
    smtp.setFault(null);
  });

  test('killed in the middle of a task: the next process takes the task over', async () => {
    // The letter that the last test's process was sending when it was ended.
    const { rows } = await database.query<{ state: string }>('select state from rebalanced.letters');
    expect(rows).toEqual([{ state: 'sending' }]);
    const daemon = await start();
    await silenceWorkers(database);
    await vi.waitFor(async () => expect(await openTasks()).toEqual([]), soon);
    const after = await database.query<{ state: string }>('select state from rebalanced.letters');
    expect(after.rows).toEqual([{ state: 'ambiguous' }]);
    expect(smtp.received).toHaveLength(1);
    daemon.child.kill('SIGTERM');
    expect((await daemon.ended).code).toBe(0);
  });
});

test('a port that is taken ends it with one sentence, and nothing is left running', async () => {
  const { createServer } = await import('node:net');
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const file = join(folder, 'taken.yaml');
  await writeFile(
    file,
    JSON.stringify({
      portfolios: [portfolioInput({ inception: decided, historyStart, rebalanceOn })],
      sources: sources(),
      server: { port },
    }),
  );
  const command = startCommand(['run', '--config', file], {
    DATABASE_URL: url,
    LOG_LEVEL: 'silent',
    REBALANCED_BACKEND: 'wasm',
  });
  const ended = await command.ended;
  taken.close();
  expect(ended.code).toBe(2);
  expect(ended.errors.trim()).toMatch(
    new RegExp(
      `^rebalanced: cannot listen on 127.0.0.1:${port}: .*; expected a free port \\(server.port\\)$`,
    ),
  );
});
