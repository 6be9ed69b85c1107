import pg from 'pg';
import { pino } from 'pino';
import { loadConfig } from '../../../src/app/config/load.ts';
import { createContext } from '../../../src/app/context.ts';
import { replay } from '../../../src/app/replay/replay.ts';

// A replay in a process of its own. Arguments: configuration, database, last session, and the number of the statement
// before which it is killed, as by SIGKILL from outside; 0 for none.
const [configFile, databaseUrl, last, fatal] = process.argv.slice(2) as [string, string, string, string];
let statements = 0;
const { query } = pg.Client.prototype;
pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
  statements += 1;
  if (statements === Number(fatal)) process.kill(process.pid, 'SIGKILL');
  return Reflect.apply(query, this, given);
} as typeof query;

const config = loadConfig(configFile);
const context = await createContext({
  config,
  databaseUrl,
  env: process.env,
  log: pino({ level: 'silent' }),
  now: () => Date.parse(`${config.portfolios[0]!.inception}T12:00:00Z`),
});
await replay(context, last, () => {});
await context.close();
