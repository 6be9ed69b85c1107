import { Command, CommanderError } from 'commander';
import { codeVersion } from '../app/project.ts';
import { StoppedError, stop } from '../app/stop-signal.ts';
import { UserError } from '../app/user-error.ts';
import { allocateCommand } from './commands/allocate.ts';
import { backtestCommand } from './commands/backtest.ts';
import { demoCommand } from './commands/demo.ts';
import { flowCommand } from './commands/flow.ts';
import { holdingsCommand } from './commands/holdings.ts';
import { ingestCommand } from './commands/ingest.ts';
import { migrateCommand } from './commands/migrate.ts';
import { ordersCommand } from './commands/orders.ts';
import { rebalanceCommand } from './commands/rebalance.ts';
import { replayCommand } from './commands/replay.ts';
import { retrainCommand } from './commands/retrain.ts';
import { daemonCommand } from './commands/run.ts';
import { statusCommand } from './commands/status.ts';
import { targetsCommand } from './commands/targets.ts';

const about = `Target portfolio weights, month by month: prices in, forecasts, one optimiser, costs and drawdown limits; decisions as rows in PostgreSQL, a letter for each.

DATABASE_URL (or DATABASE_URL_FILE) names the PostgreSQL to use; without it an embedded one is started.`;

/**
 * Runs one command line; returns the exit code: 0 done, 1 failed, 2 the input was wrong, 128 and the signal's number when
 * a signal ended it before it was done.
 */
export async function runCommand(args: readonly string[]): Promise<number> {
  const program = new Command('rebalanced')
    .description(about)
    .version(codeVersion)
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride();
  const commands = [
    daemonCommand(),
    demoCommand(),
    migrateCommand(),
    ingestCommand(),
    retrainCommand(),
    rebalanceCommand(),
    replayCommand(),
    backtestCommand(),
    allocateCommand(),
    targetsCommand(),
    ordersCommand(),
    holdingsCommand(),
    flowCommand(),
    statusCommand(),
  ];
  for (const command of commands)
    program.addCommand(command.exitOverride().showHelpAfterError('(--help shows what there is)'));
  try {
    await program.parseAsync(args, { from: 'user' });
    return process.exitCode === undefined ? 0 : Number(process.exitCode);
  } catch (error) {
    const code = explain(error);
    return stop.aborted ? (stop.reason as StoppedError).exitCode : code;
  }
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has said it
  if (error instanceof UserError || error instanceof StoppedError) {
    process.stderr.write(`rebalanced: ${error.message}\n`);
    return 2;
  }
  process.stderr.write(
    `rebalanced: ${process.env.LOG_LEVEL === 'debug' ? (error as Error).stack : (error as Error).message}\n`,
  );
  return 1;
}
