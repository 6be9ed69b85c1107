import { Command } from 'commander';
import { migrateStore } from '../../app/schema.ts';
import { untilStopped } from '../../app/stop-signal.ts';
import { openStore } from '../../app/store.ts';
import { openLog } from '../log.ts';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description("bring the database's tables and its queue up to this version (run as their owner)")
    .action(async () => {
      const log = openLog('warn');
      const store = await openStore(process.env, { replay: null, log: (line) => log.info(line) });
      try {
        const applied = await untilStopped(() => migrateStore(store));
        console.log(
          applied.length === 0
            ? 'Nothing to do: the database is up to date.'
            : `Applied ${applied.join(', ')}.`,
        );
      } finally {
        await store.close();
      }
    });
}
