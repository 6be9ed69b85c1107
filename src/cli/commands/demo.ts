import { Command } from 'commander';
import type { Session } from '../../app/queries/subject.ts';
import { demoLast, demoPlan } from '../../app/replay/demo.ts';
import { stopped } from '../../app/stop-signal.ts';
import { UserError } from '../../app/user-error.ts';
import { startWeb } from '../../app/web.ts';
import { dateArgument } from '../options.ts';
import { runReplay } from './replay.ts';

type Options = { until?: Session; exit?: boolean };

export function demoCommand(): Command {
  return new Command('demo')
    .description('replay seven years of real closes through the daemon: prices, training, decisions, letters')
    .option('--until <date>', 'end the replay earlier', dateArgument)
    .option('--exit', 'end when done instead of serving the status page')
    .action(runDemo);
}

async function runDemo(options: Options): Promise<void> {
  const last = options.until ?? demoLast;
  if (last < '2016-02-01' || last > demoLast)
    throw new UserError(`--until ${last} is outside the bundled closes; expected 2016-02-01 to ${demoLast}`);
  await using cleanups = new AsyncDisposableStack();
  console.log('rebalanced demo: twenty S&P 500 stocks, real closes, session by session on a virtual clock.');
  const plan = demoPlan(last, process.env);
  const { context, backend } = await runReplay(plan, cleanups, { again: true });
  console.log(`Letters: ${plan.config.mail.folder}`);
  console.log('Read on: npm run -s rebalanced -- status --demo, or targets --demo');
  if (options.exit || !process.stdout.isTTY) return;
  const web = await startWeb(context, {
    ...plan.config.server,
    now: () => Date.parse(`${last}T23:59:59Z`),
    wallClock: null,
    readiness: async () => ({
      ready: true,
      checks: [{ name: 'demo', ok: true, detail: 'the replay is over' }],
    }),
    backend,
  });
  cleanups.defer(() => web.close());
  console.log(`Status page: ${web.url} (Ctrl-C ends it)`);
  await stopped();
}
