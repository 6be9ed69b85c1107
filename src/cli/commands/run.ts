import { Command } from 'commander';
import { limitWarnings, loadConfig } from '../../app/config/load.ts';
import { createContext } from '../../app/context.ts';
import { startDaemon } from '../../app/daemon/daemon.ts';
import { ensureSchema } from '../../app/schema.ts';
import { stop, stopped } from '../../app/stop-signal.ts';
import { openStore } from '../../app/store.ts';
import { trainingBackend } from '../../app/training/backend.ts';
import { startWeb } from '../../app/web.ts';
import { openLog } from '../log.ts';
import { type Common, withConfig } from '../options.ts';

/** Slots get this long to finish after the first signal. */
const stopBoundMs = 20_000;

export function daemonCommand(): Command {
  return withConfig(new Command('run'))
    .description(
      'the daemon: keeps prices, models, decisions and letters up to date until it is told to stop',
    )
    .action(async (options: Common) => {
      const log = openLog('info');
      await using cleanups = new AsyncDisposableStack();
      const config = loadConfig(options.config);
      for (const warning of config.portfolios.flatMap(limitWarnings)) log.warn(warning);
      const store = await openStore(process.env, { replay: null, log: (line) => log.info(line) });
      cleanups.defer(() => store.close());
      await ensureSchema(store);
      const context = await createContext({
        config,
        databaseUrl: store.url,
        env: process.env,
        log,
        now: Date.now,
      });
      cleanups.defer(() => context.close());
      const daemon = startDaemon(context, { cron: config.schedule.cron, now: Date.now, wallClock: Date.now });
      cleanups.defer(() => daemon.stop(stopBoundMs));
      const backend = await trainingBackend(process.env, stop);
      if (backend.note)
        log.warn({ backend: backend.backend, note: backend.note }, 'networks train on the fallback');
      const web = await startWeb(context, {
        ...config.server,
        now: Date.now,
        wallClock: Date.now,
        readiness: () => daemon.readiness(),
        backend,
      });
      cleanups.defer(() => web.close());
      log.info(
        {
          url: web.url,
          portfolios: config.portfolios.map((p) => p.id),
          backend: backend.backend,
          backendVersion: backend.backendVersion,
        },
        'rebalanced is running',
      );
      await daemon.tick();
      log.info({ signal: (await stopped()).signal }, 'stopping');
    });
}
