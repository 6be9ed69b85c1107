import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { SourceError } from '../../adapters/prices/source.ts';
import type { Session } from '../../core/calendar/session.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import { stateFolder } from '../config/folders.ts';
import { loadConfig, portfolioBody } from '../config/load.ts';
import type { Config, PortfolioConfig } from '../config/schema.ts';
import type { Environment } from '../config/secrets.ts';
import { sourceOf } from '../portfolios.ts';
import { projectRoot } from '../project.ts';
import { demoName } from '../store.ts';
import { UserError } from '../user-error.ts';

/** A replay to be made: its name and what it replays. */
export type ReplayPlan = {
  name: string;
  configPath: string;
  config: Config;
  from: Session | null;
  last: Session;
};

/**
 * The plan of replaying a configuration on files from `from` (null: each portfolio's own inception) to `to` (null: the
 * last session with a price). Throws a UserError where a portfolio's prices are not in a file, or there is no beginning,
 * or no session between.
 */
export async function planReplay(options: {
  name: string;
  configPath: string;
  from: Session | null;
  to: Session | null;
  env: Environment;
}): Promise<ReplayPlan> {
  const { name, from, env } = options;
  const configPath = resolve(options.configPath);
  const config = replayConfig(loadConfig(configPath), name, from, env);
  for (const { id, source, inception } of config.portfolios) {
    if (config.sources[source]!.kind !== 'file')
      throw new UserError(
        `${id} takes its prices from ${source}, which is no file; a replay needs its past prices in one (sources: kind: file)`,
      );
    if (inception === null)
      throw new UserError(`${id} has no inception in ${configPath}; expected --from DATE, or one there`);
  }
  const last = options.to ?? (await newestPrice(config));
  for (const { id, inception } of config.portfolios)
    if (inception! > last)
      throw new UserError(
        `the replay of ${id} begins on ${inception} and ends on ${last}; expected a later end`,
      );
  return { name, configPath, config, from, last };
}

/** A configuration as its replay runs it: begun at `from`, and with letters that never leave this machine: the demo's lie beside the configuration. */
export function replayConfig(config: Config, name: string, from: Session | null, env: Environment): Config {
  const folder =
    name === demoName
      ? resolve(projectRoot, config.mail.folder)
      : resolve(stateFolder(env, projectRoot), 'replays', name, 'letters');
  return {
    ...config,
    portfolios: config.portfolios.map((portfolio) => ({
      ...portfolio,
      inception: from ?? portfolio.inception,
    })),
    mail: { ...config.mail, smtpUrl: null, folder },
  };
}

/** The address of all that determines a replay's rows but its end: two of the same can go on from one another. */
export function planHash({ portfolios, sources, schedule }: Config): string {
  const bodies = portfolios.map((portfolio) => ({
    ...JSON.parse(portfolioBody(portfolio, sources).body),
    inception: portfolio.inception,
    path: pathOf(portfolio, sources),
  }));
  return createHash('sha256').update(canonicalJson({ bodies, schedule })).digest('hex');
}

function pathOf({ source }: PortfolioConfig, sources: Config['sources']): string | null {
  const found = sources[source]!;
  return found.kind === 'file' ? found.path : null;
}

/** The newest session any symbol has a price of. */
async function newestPrice({ portfolios, sources }: Config): Promise<Session> {
  let newest: Session = '';
  for (const { symbols, source, historyStart } of portfolios) {
    const prices = sourceOf(sources[source]!, { warn: () => {} });
    for (const symbol of symbols) {
      const { bars } = await prices
        .fetchBars(symbol, historyStart, '9999-12-31', Number.POSITIVE_INFINITY)
        .catch((error: Error) => {
          throw error instanceof SourceError ? new UserError(error.message) : error;
        });
      const last = bars.at(-1)?.session ?? '';
      if (last > newest) newest = last;
    }
  }
  if (newest === '') throw new UserError('none of the symbols has a price in its file');
  return newest;
}
