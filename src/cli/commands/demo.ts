import { Command } from 'commander';
import type { Context } from '../../app/context.ts';
import { stopSignal } from '../../app/daemon/stop-signal.ts';
import type { Session } from '../../app/queries/subject.ts';
import { readTrackRecord } from '../../app/queries/track-record.ts';
import { demoContext, demoLast, lettersFolder, prepareDemo } from '../../app/replay/demo.ts';
import { claimDemo } from '../../app/replay/demo-claim.ts';
import { replay } from '../../app/replay/replay.ts';
import { openStore } from '../../app/store.ts';
import { trainingBackend } from '../../app/training/backend.ts';
import { UserError } from '../../app/user-error.ts';
import { startWeb } from '../../app/web.ts';
import { openLog } from '../log.ts';
import { dateArgument } from '../options.ts';
import { comparison } from '../output/comparison.ts';
import { progressBar } from '../output/progress.ts';

type Options = { until?: Session; exit?: boolean };

export function demoCommand(): Command {
  return new Command('demo')
    .description('replay seven years of real closes through the daemon: prices, training, decisions, letters')
    .option('--until <date>', 'end the replay earlier', dateArgument)
    .option('--exit', 'end when done instead of serving the status page')
    .action(runDemo);
}

async function runDemo(options: Options): Promise<void> {
  const startedAt = Date.now();
  const log = openLog('error');
  const last = options.until ?? demoLast;
  if (last < '2016-02-01' || last > demoLast)
    throw new UserError(`--until ${last} is outside the bundled closes; expected 2016-02-01 to ${demoLast}`);
  await using cleanups = new AsyncDisposableStack();
  console.log('rebalanced demo: twenty S&P 500 stocks, real closes, session by session on a virtual clock.');
  const store = await openStore(process.env, { demo: true, log: (line) => console.log(line) });
  cleanups.defer(() => store.close());
  const release = await claimDemo(store.url, () => {
    process.stderr.write('rebalanced: another demo took this one over\n');
    process.exit(1);
  });
  cleanups.defer(release);
  const { config, resumed } = await prepareDemo(store, last);
  if (resumed) console.log('An unfinished run was found; going on where it stopped.');
  const context = await demoContext(config, store, process.env, log);
  cleanups.defer(() => context.close());
  const backend = await trainingBackend(process.env);
  console.log(
    `Networks train on ${backend.backend} ${backend.backendVersion}${backend.note ? ` (${backend.note})` : ''}.\n`,
  );
  const bar = progressBar(process.stdout);
  await replay(context, context.portfolios[0]!, last, bar.update);
  bar.finish();
  await report(context, last, (Date.now() - startedAt) / 1000);
  console.log(`Letters: ${lettersFolder(config)}`);
  console.log('Read on: npm run -s rebalanced -- status --demo, or targets --demo');
  if (options.exit || !process.stdout.isTTY) return;
  const web = await startWeb(context, {
    ...config.server,
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
  await stopSignal();
}

async function report(context: Context, last: Session, seconds: number): Promise<void> {
  const { decisions, sessions, first, columns } = await readTrackRecord(
    context,
    context.portfolios[0]!,
    last,
  );
  console.log(
    `${decisions} decisions over ${sessions} sessions, ${first} to ${last}, in ${seconds.toFixed(0)} s.\n`,
  );
  for (const line of comparison(columns)) console.log(line);
  console.log('');
}
