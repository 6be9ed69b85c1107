import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { csvSource } from '../adapters/csv.ts';
import { renderLetter } from '../adapters/letter/letter.ts';
import { composeMessage, folderMailer, messageIdFor, smtpMailer } from '../adapters/mail.ts';
import { type Database, openDatabase } from '../adapters/postgres/database.ts';
import { readPortfolios, saveConfig, savePortfolio } from '../adapters/postgres/portfolio-rows.ts';
import type { PriceSource } from '../adapters/source.ts';
import { yahooSource } from '../adapters/yahoo.ts';
import type { Artefact } from '../core/forecast/artefact.ts';
import { readArtefact } from '../core/forecast/stored-artefact.ts';
import { calendarByName } from '../core/market/calendars.ts';
import { sha256 } from '../networks/artefact.ts';
import type { Mailer } from '../tasks/deliver.ts';
import type { Portfolio } from '../tasks/portfolio.ts';
import type { RebalanceContext } from '../tasks/rebalance.ts';
import type { Trainer } from '../tasks/retrain.ts';
import { forecasterOf, policyOf, portfolioBody } from './config/load.ts';
import type { Config, PortfolioConfig, SourceConfig } from './config/schema.ts';
import { codeVersion, projectRoot } from './project.ts';
import { openQueue, type Queue } from './queue.ts';
import { type Environment, secret } from './secrets.ts';
import { createTrainingPool, type TrainingPool } from './training-pool.ts';
import { UserError } from './user-error.ts';

/** Everything a running process works with, wired once. Closing it undoes the wiring, last first. */
export type Context = {
  config: Config;
  database: Database;
  queue: Queue;
  pool: TrainingPool;
  trainer: Trainer;
  mailer: Mailer;
  portfolios: Portfolio[];
  log: Logger;
  portfolio(id: string): Portfolio;
  decisions(portfolio: Portfolio): RebalanceContext;
  close(): Promise<void>;
};

export type ContextOptions = {
  config: Config;
  databaseUrl: string;
  env: Environment;
  log: Logger;
  now(): number;
  /** hands on the jobs of dead workers; off in a replay, which has no other workers */
  supervise: boolean;
  trainingProcesses?: number;
};

export async function createContext(options: ContextOptions): Promise<Context> {
  const { config, log } = options;
  await using wiring = new AsyncDisposableStack();
  const warn = (what: string) => (error: Error) => log.warn({ error: error.message }, what);
  const database = openDatabase(options.databaseUrl, { onError: warn('a database connection broke') });
  wiring.defer(() => database.close());
  const queue = await openQueue(database, {
    supervise: options.supervise,
    onError: warn('the queue has a problem'),
  });
  wiring.defer(() => queue.close());
  const pool = createTrainingPool({
    size: options.trainingProcesses ?? config.training.processes,
    backend: backendOf(options.env),
    deadlineSeconds: config.training.deadlineMinutes * 60,
    memoryLimitMiB: config.training.memoryLimitMiB,
    heartbeatSeconds: 60,
    log,
  });
  wiring.defer(() => pool.close());
  const mailer = mailerOf(config, options.env);
  wiring.defer(() => mailer.close());
  const sources = new Map(
    Object.entries(config.sources).map(([name, source]) => [name, sourceOf(source, options)]),
  );
  const portfolios: Portfolio[] = [];
  for (const portfolio of config.portfolios)
    portfolios.push(
      await registerPortfolio(database, config, portfolio, sources.get(portfolio.source)!, options.now()),
    );
  const byId = new Map(portfolios.map((portfolio) => [portfolio.policy.portfolio, portfolio]));
  const letters = {
    write: renderLetter,
    compose: composeMessage,
    messageIdFor: (key: Parameters<RebalanceContext['letters']['messageIdFor']>[0]) =>
      messageIdFor({ ...key, domain: domainOf(byId.get(key.portfolio)!.letter.from) }),
  };
  const closing = wiring.move();
  return {
    config,
    database,
    queue,
    pool,
    trainer: trainerOf(pool),
    mailer,
    portfolios,
    log,
    portfolio(id) {
      const found = byId.get(id);
      if (!found)
        throw new UserError(
          `no portfolio ${id} in the configuration; expected one of ${[...byId.keys()].join(', ')}`,
        );
      return found;
    },
    decisions: (portfolio) => ({ portfolio, codeVersion, readModel, letters }),
    close: () => closing.disposeAsync(),
  };
}

/** Checks a stored model's content against its address before anything is forecast with it. */
export const readModel = (stored: unknown): Artefact => readArtefact(stored, sha256);

/** REBALANCED_BACKEND: which TensorFlow trains. */
function backendOf(env: Environment): 'auto' | 'tensorflow' | 'wasm' {
  const wanted = env.REBALANCED_BACKEND || 'auto';
  if (wanted !== 'auto' && wanted !== 'tensorflow' && wanted !== 'wasm')
    throw new UserError(`REBALANCED_BACKEND is ${wanted}; expected auto, tensorflow or wasm`);
  return wanted;
}

function trainerOf(pool: TrainingPool): Trainer {
  return {
    async train(request) {
      const startedAt = performance.now();
      const artefact = await pool.train(request);
      return { artefact, seconds: (performance.now() - startedAt) / 1000 };
    },
  };
}

function mailerOf(config: Config, env: Environment): Mailer & { close(): void | Promise<void> } {
  const url = secret(env, 'REBALANCED_SMTP_URL') ?? config.mail.smtpUrl;
  return url === null
    ? folderMailer({ folder: resolve(projectRoot, config.mail.folder) })
    : smtpMailer({ url, timeoutMs: 30_000 });
}

const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1);

function sourceOf(source: SourceConfig, { log }: ContextOptions): PriceSource {
  if (source.kind === 'file') return csvSource({ path: source.path, basis: source.basis });
  return yahooSource({
    ...(source.baseUrl ? { baseUrl: source.baseUrl } : {}),
    timeoutMs: source.timeoutSeconds * 1000,
    requestsPerSecond: source.requestsPerSecond,
    attemptsMax: 3,
    now: Date.now, // a rate is kept in real time, in a replay too
    wait: (ms) => delay(ms),
    log,
  });
}

async function registerPortfolio(
  database: Database,
  config: Config,
  portfolio: PortfolioConfig,
  source: PriceSource,
  now: number,
): Promise<Portfolio> {
  const calendar = calendarByName(portfolio.calendar);
  const { body, hash } = portfolioBody(portfolio);
  const known = (await readPortfolios(database)).find((row) => row.portfolio === portfolio.id);
  const today = new Date(now).toISOString().slice(0, 10);
  const wanted = known?.inception ?? portfolio.inception ?? today;
  const first = calendar.isSession(wanted) ? wanted : calendar.next(wanted);
  const inception = await database.transaction(async (sql) => {
    await saveConfig(sql, hash, body, new Date(now).toISOString());
    return savePortfolio(sql, portfolio.id, hash, first);
  });
  const { schedule } = config;
  return {
    policy: policyOf(portfolio),
    forecaster: forecasterOf(portfolio),
    configHash: hash,
    plan: {
      portfolio: portfolio.id,
      calendar,
      inception,
      graceMinutes: schedule.graceMinutes,
      rebalanceOn: portfolio.rebalanceOn,
      lateSessionsMax: schedule.lateSessionsMax,
      retrainEverySessions: portfolio.forecaster?.stepSessions ?? null,
      ingestDeadlineMinutes: schedule.ingestDeadlineMinutes,
      retrainDeadlineMinutes: schedule.retrainDeadlineMinutes,
    },
    source,
    sourceName: portfolio.source,
    historyStart: portfolio.historyStart,
    currency: portfolio.currency,
    capital: portfolio.capital,
    letter: portfolio.letter,
  };
}
