import { pino } from 'pino';
import { loadConfig } from '../../src/app/config/load.ts';
import { createContext } from '../../src/app/context.ts';
import { replay } from '../../src/app/replay.ts';

// A replay in a process of its own, to be killed: configuration, database and last session are its arguments.
const [configFile, databaseUrl, last] = process.argv.slice(2) as [string, string, string];
const config = loadConfig(configFile);
const context = await createContext({
  config,
  databaseUrl,
  env: process.env,
  log: pino({ level: 'silent' }),
  now: () => Date.parse(`${config.portfolios[0]!.inception}T12:00:00Z`),
  supervise: false,
});
await replay(context, context.portfolios[0]!, last, ({ done }) => process.stdout.write(`${done}\n`));
await context.close();
