import { Command } from 'commander';
import type { Context } from '../../app/context.ts';
import type { Session } from '../../app/queries/subject.ts';
import { readTrackRecord } from '../../app/queries/track-record.ts';
import { type DemoFound, demoContext, demoLast, lettersFolder, prepareDemo } from '../../app/replay/demo.ts';
import { claimDemo } from '../../app/replay/demo-claim.ts';
import { replay } from '../../app/replay/replay.ts';
import { closeInTime, stop, stopped, untilStopped } from '../../app/stop-signal.ts';
import { openStore } from '../../app/store.ts';
import { trainingBackend } from '../../app/training/backend.ts';
import { UserError } from '../../app/user-error.ts';
import { startWeb } from '../../app/web.ts';
import { openLog } from '../log.ts';
import { dateArgument } from '../options.ts';
import { comparison } from '../output/comparison.ts';
import { progressBar } from '../output/progress.ts';

const foundSays: Record<DemoFound, string | null> = {
  none: null,
  unfinished: 'An unfinished run was found; going on where it stopped.',
  'changed-by-hand':
    'An unfinished run was found, but a decision or holdings were entered into it by hand; starting over.',
};

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
  stop.throwIfAborted();
  const claim = await claimDemo(store.url, () => {
    process.stderr.write('rebalanced: another demo took this one over\n');
    process.exit(1);
  });
  cleanups.defer(() => claim.release());
  const { config, found } = await prepareDemo(store, last);
  const says = foundSays[found];
  if (says) console.log(says);
  const context = await demoContext(config, store, process.env, log);
  cleanups.defer(() => closeInTime(context.close));
  const backend = await trainingBackend(process.env, stop);
  stop.throwIfAborted();
  console.log(
    `Networks train on ${backend.backend} ${backend.backendVersion}${backend.note ? ` (${backend.note})` : ''}.\n`,
  );
  const bar = progressBar(process.stdout);
  try {
    const [portfolio] = context.portfolios;
    await untilStopped(() => replay(context, portfolio!, last, bar.update, stop), context.interrupt);
  } finally {
    bar.finish();
    if (stop.aborted) console.log('Stopped; run the demo again to go on from here.');
  }
  await claim.replayed();
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
  await stopped();
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
