import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { z } from 'zod';
import type { Database } from '../../src/adapters/postgres/database.ts';
import { saveConfig, savePortfolio } from '../../src/adapters/postgres/portfolio-rows.ts';
import { type Config, configSchema, type portfolioSchema } from '../../src/app/config/schema.ts';
import { type Context, createContext } from '../../src/app/context.ts';
import { drain } from '../../src/app/daemon/drain.ts';
import { slotAt } from '../../src/core/schedule/plan.ts';
import { type TaskName, taskNames } from '../../src/core/schedule/slot.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';
import type { LetterWriter } from '../../src/tasks/services.ts';
import { type MemorySource, memorySource } from './memory-source.ts';

export const testSymbols = ['AAA', 'BBB', 'CCC'];

/** Prices begin here; enough for the small covariance window before `testInception`. */
export const testHistoryStart = '2023-10-02';
/** Two sessions before the last of January 2024. */
export const testInception = '2024-01-29';
export const testMonthEnd = '2024-01-31';

export type PortfolioInput = z.input<typeof portfolioSchema>;
export type ConfigInput = z.input<typeof configSchema>;

/** A portfolio of three symbols without a network, small windows, everything else at its default. */
export function portfolioInput(changes: Partial<PortfolioInput> = {}): PortfolioInput {
  return {
    id: 'small',
    symbols: testSymbols,
    source: 'prices',
    inception: testInception,
    historyStart: testHistoryStart,
    allocator: { method: 'inverse-vol' },
    covariance: { lookbackSessions: 40 },
    quality: { historySessionsMin: 40 },
    ...changes,
  };
}

/** A network that trains in a moment. */
export const smallForecaster = {
  kind: 'network' as const,
  horizonSessions: 2,
  body: { type: 'lstm' as const, units: [4], lookbackSessions: 5 },
  training: { windowSessions: 60, epochsMax: 2 },
  stepSessions: 21,
};

export function configWith(portfolios: PortfolioInput[], changes: Partial<ConfigInput> = {}): Config {
  return configSchema.parse({
    portfolios,
    sources: { prices: { kind: 'yahoo', baseUrl: 'http://127.0.0.1:9' } },
    ...changes,
  });
}

/** A clock that is set by hand. */
export type TestClock = { now: number };

export type LogLine = { level: number; msg: string; [field: string]: unknown };

/** A log that keeps its lines, as they would be printed. */
export function recordingLog() {
  const lines: LogLine[] = [];
  const log = pino({ level: 'debug', base: null }, { write: (text: string) => lines.push(JSON.parse(text)) });
  return { log, lines };
}

export type TestContext = Context &
  AsyncDisposable & { source: MemorySource; clock: TestClock; lines: LogLine[] };

/**
 * A real context on a real database and a clock set by hand; prices come from memory, one source for all portfolios,
 * unless the configuration names sources.
 * Letters go to a folder of its own, which goes with the context.
 */
export async function testContext(
  databaseUrl: string,
  options: {
    portfolios?: PortfolioInput[];
    config?: Partial<ConfigInput>;
    source?: MemorySource;
    clock?: TestClock;
    env?: Record<string, string>;
  } = {},
): Promise<TestContext> {
  const { portfolios = [portfolioInput()], clock = { now: 0 } } = options;
  const folder = await mkdtemp(join(tmpdir(), 'rebalanced-letters-'));
  const config = configWith(portfolios, { mail: { folder }, ...options.config });
  const { log, lines } = recordingLog();
  const source = options.source ?? memorySource(testSymbols, testHistoryStart, '2024-06-28');
  const context = await createContext({
    config,
    databaseUrl,
    env: options.env ?? {},
    log,
    now: () => clock.now,
  });
  let open = true;
  const close = async () => {
    if (!open) return;
    open = false;
    await context.close();
    await rm(folder, { recursive: true, force: true });
  };
  if (!options.config?.sources) for (const portfolio of context.portfolios) portfolio.source = source;
  return Object.assign(context, { source, clock, lines, close, [Symbol.asyncDispose]: close });
}

/** The instant a session's bars are taken for final. */
export function dueAt(portfolio: Portfolio, session: string): number {
  return slotAt(portfolio.plan, 'ingest', session).dueAt;
}

/** Runs whatever is due at `now`, in this process, until nothing more is ready; leaves the tasks in `except` alone. */
export async function runDue(context: Context, now: number, except: readonly TaskName[] = []): Promise<void> {
  const plans = context.portfolios.map(({ plan }) => plan);
  const tasks = taskNames.filter((task) => !except.includes(task));
  await drain(context, { plans, tasks, now, backlog: true });
}

/** Letters in a few plain words, for tests that are not about their form. */
export const plainLetters: LetterWriter = {
  write: async ({ decision }) => ({
    subject: `Decision of ${decision.asOf}`,
    text: 'text',
    html: '<p>html</p>',
  }),
  compose: async ({ messageId, subject }) => Buffer.from(`${messageId} ${subject}`),
  messageIdFor: ({ portfolio, session, revision, recipient }) =>
    `<${session}.${portfolio}.${revision}.${recipient}>`,
};

/** The same portfolio under another name and price source name, with its own rows in the same database. */
export async function twin(database: Database, of: Portfolio, id: string): Promise<Portfolio> {
  const at = Date.parse('2024-01-01T00:00:00Z');
  await saveConfig(database, of.configHash, '{}', at);
  await savePortfolio(database, id, of.configHash, of.plan.inception, at);
  return {
    ...of,
    id,
    policy: { ...of.policy, portfolio: id },
    plan: { ...of.plan, portfolio: id },
    sourceName: id,
  };
}
