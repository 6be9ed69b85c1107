import { basename, extname } from 'node:path';
import { Command } from 'commander';
import type { Context } from '../../app/context.ts';
import type { Session } from '../../app/queries/subject.ts';
import { readTrackRecord } from '../../app/queries/track-record.ts';
import { claimReplay } from '../../app/replay/claim.ts';
import { planReplay, type ReplayPlan } from '../../app/replay/plan.ts';
import { prepareReplay, type ReplayFound, replayContext } from '../../app/replay/prepare.ts';
import { replay } from '../../app/replay/replay.ts';
import { closeInTime, stop, untilStopped } from '../../app/stop-signal.ts';
import { openStore } from '../../app/store.ts';
import { type BackendReport, trainingBackend } from '../../app/training/backend.ts';
import { openLog } from '../log.ts';
import { type Common, dateArgument, withConfig } from '../options.ts';
import { comparison } from '../output/comparison.ts';
import { progressBar } from '../output/progress.ts';

type Options = Common & { from?: Session; to?: Session; name?: string; fresh?: boolean };

export function replayCommand(): Command {
  return withConfig(new Command('replay'))
    .description(
      "run the daemon's own tasks over past sessions, on a virtual clock, for any configuration whose prices are in files",
    )
    .option('--from <date>', 'first session (default: the configured inception)', dateArgument)
    .option('--to <date>', 'last session (default: the last one with a price)', dateArgument)
    .option('--name <name>', "what --replay NAME of other commands reads (default: the file's name)")
    .option('--fresh', 'begin again, even where this very replay was made before')
    .action(async (options: Options) => {
      const plan = await planReplay({
        name: options.name ?? nameOf(options.config),
        configPath: options.config,
        from: options.from ?? null,
        to: options.to ?? null,
        env: process.env,
      });
      await using cleanups = new AsyncDisposableStack();
      const { config, name, last } = plan;
      const from = config.portfolios.map(({ inception }) => inception!).sort()[0];
      console.log(`rebalanced replay ${name}: ${from} to ${last}, session by session on a virtual clock.`);
      await runReplay(plan, cleanups, { again: options.fresh ?? false });
      console.log(`Letters: ${config.mail.folder}`);
      console.log(`Read on: npm run -s rebalanced -- status --replay ${name}, or targets --replay ${name}`);
    });
}

/** `config/2008-crisis.yaml` is replayed as 2008-crisis. */
const nameOf = (path: string) => basename(path, extname(path)).toLowerCase();

const foundSays: Record<ReplayFound, string | null> = {
  none: null,
  unfinished: 'An unfinished run was found; going on where it stopped.',
  'changed-by-hand':
    'An unfinished run was found, but a decision or holdings were entered into it by hand; starting over.',
  over: 'This very replay was made before (--fresh makes it again).',
};

/** What is open once a replay is over, until the clean-ups are run. */
export type Replayed = { context: Context; backend: BackendReport };

/** Replays a plan in its own database, or goes on with it, and prints what came of it. Clean-ups are left to the caller. */
export async function runReplay(
  plan: ReplayPlan,
  cleanups: AsyncDisposableStack,
  options: { again: boolean },
): Promise<Replayed> {
  const startedAt = Date.now();
  const { name, config, last } = plan;
  const store = await openStore(process.env, { replay: name, log: (line) => console.log(line) });
  cleanups.defer(() => store.close());
  stop.throwIfAborted();
  const claim = await claimReplay(store.url, () => {
    process.stderr.write(`rebalanced: another replay of ${name} took this one over\n`);
    process.exit(1);
  });
  cleanups.defer(() => claim.release());
  const found = await prepareReplay(store, plan, options);
  const says = foundSays[found];
  if (says) console.log(says);
  const context = await replayContext(config, store, process.env, openLog('error'));
  cleanups.defer(() => closeInTime(context.close));
  const backend = await trainingBackend(process.env, stop);
  stop.throwIfAborted();
  if (found !== 'over') {
    if (config.portfolios.some(({ forecaster }) => forecaster?.kind === 'network'))
      console.log(
        `Networks train on ${backend.backend} ${backend.backendVersion}${backend.note ? ` (${backend.note})` : ''}.`,
      );
    console.log('');
    await replayWithBar(context, plan);
  }
  await claim.replayed();
  for (const portfolio of context.portfolios)
    await report(context, portfolio.id, last, (Date.now() - startedAt) / 1000);
  return { context, backend };
}

async function replayWithBar(context: Context, { name, last }: ReplayPlan): Promise<void> {
  const bar = progressBar(process.stdout);
  try {
    await untilStopped(() => replay(context, last, bar.update, stop), context.interrupt);
  } finally {
    bar.finish();
    if (stop.aborted)
      console.log(`Stopped; run the ${name === 'demo' ? name : 'replay'} again to go on from here.`);
  }
}

async function report(context: Context, id: string, last: Session, seconds: number): Promise<void> {
  const record = await readTrackRecord(context, context.portfolio(id), last);
  const { decisions, sessions, first, columns } = record;
  const whose = context.portfolios.length > 1 ? `${id}: ` : '';
  console.log(
    `${whose}${decisions} decisions over ${sessions} sessions, ${first} to ${last}, in ${seconds.toFixed(0)} s.\n`,
  );
  for (const line of comparison(columns)) console.log(line);
  console.log('');
}
