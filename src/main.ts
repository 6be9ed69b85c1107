import { listenForStop, stop } from './app/stop-signal.ts';
import { runCommand } from './cli/program.ts';

listenForStop();
process.exitCode = await runCommand(process.argv.slice(2));
// Work that did not end when it was told to must not keep the process.
if (stop.aborted) process.exit();
