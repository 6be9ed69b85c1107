import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { folderMailer } from '../adapters/mail/folder.ts';
import type { Mailer } from '../adapters/mail/mailer.ts';
import { composeMessage, messageIdFor } from '../adapters/mail/message.ts';
import { smtpMailer } from '../adapters/mail/smtp.ts';
import { type Database, openDatabase } from '../adapters/postgres/database.ts';
import { readPortfolios, saveConfig, savePortfolio } from '../adapters/postgres/portfolio-rows.ts';
import type { PriceSource } from '../adapters/prices/source.ts';
import { calendarByName } from '../core/calendar/calendars.ts';
import type { Session } from '../core/calendar/session.ts';
import type { Artefact } from '../core/forecast/artefact.ts';
import { readArtefact } from '../core/forecast/stored-artefact.ts';
import { newestClosed } from '../core/schedule/plan.ts';
import { sha256 } from '../networks/artefact.ts';
import { renderLetter } from '../presentation/letter/letter.ts';
import type { Portfolio } from '../tasks/portfolio.ts';
import type { LetterWriter, Services } from '../tasks/services.ts';
import { portfolioBody } from './config/load.ts';
import type { Config, PortfolioConfig } from './config/schema.ts';
import { type Environment, secret } from './config/secrets.ts';
import { openQueue, type Queue } from './daemon/queue.ts';
import { sourceOf, wirePortfolio } from './portfolios.ts';
import { codeVersion, projectRoot } from './project.ts';
import type { TrainingPool } from './training/pool.ts';
import { trainerOf, trainingPool } from './training/trainer.ts';
import { UserError } from './user-error.ts';

/** Everything a running process works with, wired once. Closing it undoes the wiring, last first. */
export type Context = {
  config: Config;
  database: Database;
  queue: Queue;
  pool: TrainingPool;
  services: Services;
  portfolios: Portfolio[];
  log: Logger;
  portfolio(id: string): Portfolio;
  /** Ends trainings and requests under way; their slots are given back and wait for the next start. */
  interrupt(): void;
  /** True from then on. */
  isInterrupted(): boolean;
  close(): Promise<void>;
};

export type ContextOptions = {
  config: Config;
  databaseUrl: string;
  env: Environment;
  log: Logger;
  now(): number;
};

export async function createContext(options: ContextOptions): Promise<Context> {
  const { config, log } = options;
  await using wiring = new AsyncDisposableStack();
  const stopping = new AbortController();
  const warn = (what: string) => (error: Error) => log.warn({ error: error.message }, what);
  const database = openDatabase(options.databaseUrl, { onError: warn('a database connection broke') });
  wiring.defer(() => database.close());
  const queue = await openQueue(database, { onError: warn('the queue has a problem') });
  wiring.defer(() => queue.close());
  const pool = trainingPool(config, options.env, log);
  wiring.defer(() => pool.close());
  const mailer = mailerOf(config, options.env);
  wiring.defer(() => mailer.close());
  const sources = new Map(
    Object.entries(config.sources).map(([name, source]) => [name, sourceOf(source, log, stopping.signal)]),
  );
  const portfolios: Portfolio[] = [];
  for (const portfolio of config.portfolios)
    portfolios.push(
      await registerPortfolio(database, config, portfolio, sources.get(portfolio.source)!, options.now()),
    );
  const byId = new Map(portfolios.map((portfolio) => [portfolio.id, portfolio]));
  const letters: LetterWriter = {
    write: renderLetter,
    compose: composeMessage,
    messageIdFor: (key) => messageIdFor({ ...key, domain: domainOf(byId.get(key.portfolio)!.letter.from) }),
  };
  const closing = wiring.move();
  return {
    config,
    database,
    queue,
    pool,
    services: { log, trainer: trainerOf(pool), readModel, letters, mailer, codeVersion },
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
    interrupt() {
      stopping.abort();
      void pool.close();
    },
    isInterrupted: () => stopping.signal.aborted,
    close: () => closing.disposeAsync(),
  };
}

/** Checks a stored model's content against its address before anything is forecast with it. */
export const readModel = (stored: unknown): Artefact => readArtefact(stored, sha256);

function mailerOf(config: Config, env: Environment): Mailer {
  const url = secret(env, 'REBALANCED_SMTP_URL') ?? config.mail.smtpUrl;
  if (url === null) return folderMailer({ folder: resolve(projectRoot, config.mail.folder) });
  try {
    return smtpMailer({ url, timeoutMs: 30_000 });
  } catch (error) {
    throw new UserError((error as Error).message);
  }
}

const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1);

async function registerPortfolio(
  database: Database,
  config: Config,
  portfolio: PortfolioConfig,
  source: PriceSource,
  now: number,
): Promise<Portfolio> {
  const { body, hash } = portfolioBody(portfolio, config.sources);
  const known = (await readPortfolios(database)).find((row) => row.portfolio === portfolio.id);
  const wanted = known?.inception ?? portfolio.inception;
  const wired = wirePortfolio(config, portfolio, source, wanted ?? newestFinal(config, portfolio, now));
  await database.transaction(async (sql) => {
    await saveConfig(sql, hash, body, now);
    await savePortfolio(sql, portfolio.id, hash, wired.plan.inception, now);
  });
  return wired;
}

/** A fresh deployment begins with the newest session that is final, so that its first prices are fetched at once. */
function newestFinal(config: Config, portfolio: PortfolioConfig, now: number): Session {
  const calendar = calendarByName(portfolio.calendar);
  const { graceMinutes } = config.schedule;
  return newestClosed({ calendar, graceMinutes, inception: calendar.first }, now) ?? calendar.first;
}
