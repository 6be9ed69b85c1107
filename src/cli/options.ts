import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Logger } from 'pino';
import { loadConfig } from '../app/config/load.ts';
import type { Config } from '../app/config/schema.ts';
import { type Context, createContext } from '../app/context.ts';
import { projectRoot } from '../app/project.ts';
import { isIsoDate, type Session } from '../app/queries/subject.ts';
import { demoLast, demoPlan } from '../app/replay/demo.ts';
import { replayConfig } from '../app/replay/plan.ts';
import { replayContext, replayOf } from '../app/replay/prepare.ts';
import { type Database, ensureSchema, notReplayed, openMigrated } from '../app/schema.ts';
import { closeInTime, untilStopped } from '../app/stop-signal.ts';
import { demoName, openStore, type Store } from '../app/store.ts';
import { UserError } from '../app/user-error.ts';
import { openLog } from './log.ts';

export type Common = { config: string; demo?: boolean; replay?: string };

const defaultConfig = join(projectRoot, 'config/rebalanced.yaml');

export function withConfig(command: Command): Command {
  return command.addOption(
    new Option('-c, --config <file>', 'configuration file').default(defaultConfig, 'config/rebalanced.yaml'),
  );
}

/** Options of commands that read a database: the configured one, or a replay's. */
export function withStore(command: Command): Command {
  return withConfig(command)
    .addOption(new Option('--demo', "read the demo's database instead").conflicts('replay'))
    .option('--replay <name>', "read a replay's database instead, with the configuration it replays");
}

/** The replay a command reads; null for the configured database. */
export function replayNamed({ demo, replay }: Common): string | null {
  return replay ?? (demo ? demoName : null);
}

/** A date given on the command line. */
export function dateArgument(text: string): Session {
  if (!isIsoDate(text)) throw new InvalidArgumentError('Expected a date like 2024-12-31.');
  return text;
}

/** Which portfolio a command works with. */
export function portfolioOption(): Option {
  return new Option('-p, --portfolio <id>', 'portfolio (default: the only one)');
}

/** The date whose decision a command shows. */
export function asOfOption(): Option {
  return new Option('--as-of <date>', 'the newest decision made at or before this date').argParser(
    dateArgument,
  );
}

export type Format = 'table' | 'csv' | 'json';

/** How a command prints rows: for people, for a spreadsheet, for a program. */
export function formatOption(): Option {
  const formats: Format[] = ['table', 'csv', 'json'];
  return new Option('--format <format>', 'how to print them').choices(formats).default('table');
}

/** The configuration a command works with: its own, or the one a replay's database was made from. */
async function configOf(options: Common, store: Store): Promise<Config> {
  const name = replayNamed(options);
  if (name === null) return loadConfig(options.config);
  if (name === demoName) return demoPlan(demoLast, process.env).config;
  const row = await replayOf(store);
  if (!row) throw new UserError(notReplayed(name));
  return replayConfig(loadConfig(row.configPath), name, row.firstSession, process.env);
}

/** Runs `work` with a read-only use of the database; an embedded server that was down is started and stopped. */
export async function withDatabase<Result>(
  options: Common,
  work: (database: Database, config: Config, log: Logger) => Promise<Result>,
): Promise<Result> {
  const log = openLog('warn');
  if (replayNamed(options) === null) loadConfig(options.config); // a wrong file is told before a server is started
  return withStoreOpen(options, log, async (store) => {
    const database = await openMigrated(store, { replay: replayNamed(options) });
    try {
      const config = await configOf(options, store);
      return await untilStopped(() => work(database, config, log));
    } finally {
      await closeInTime(database.close);
    }
  });
}

/** Runs `work` with a whole context: for commands that do what the daemon does. */
export async function withContext<Result>(
  options: Common,
  work: (context: Context) => Promise<Result>,
): Promise<Result> {
  const log = openLog('warn');
  const replayed = replayNamed(options);
  if (replayed === null) loadConfig(options.config); // a wrong file is told before a server is started
  return withStoreOpen(options, log, async (store) => {
    if (replayed === null) await ensureSchema(store);
    else await (await openMigrated(store, { replay: replayed })).close();
    const config = await configOf(options, store);
    const context = replayed
      ? await replayContext(config, store, process.env, log)
      : await createContext({
          config,
          databaseUrl: store.url,
          env: process.env,
          log,
          now: Date.now,
        });
    try {
      return await untilStopped(() => work(context), context.interrupt);
    } finally {
      await closeInTime(context.close);
    }
  });
}

async function withStoreOpen<Result>(
  options: Common,
  log: Logger,
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openStore(process.env, { replay: replayNamed(options), log: (line) => log.info(line) });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
