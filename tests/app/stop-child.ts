import { listenForStop, untilStopped } from '../../src/app/stop-signal.ts';

// A process whose work prints and does not end when it is told to stop; on standard error it says what happens to it.
listenForStop();
const printing = setInterval(() => process.stdout.write('.'), 10);
const work = untilStopped(
  () => {
    console.error('working');
    return new Promise<never>(() => {});
  },
  () => console.error('interrupted'),
);
await work.catch((error: Error) => console.error(`given up: ${error.message}`));
clearInterval(printing);
console.error('cleaned up');
