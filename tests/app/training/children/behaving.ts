// A training process that behaves as the first symbol of its request says.
import type { TrainEvent, TrainRequest } from '../../../../src/networks/messages.ts';

const send = (report: TrainEvent): boolean => process.send!(report);
const heartbeat = (job: number): boolean => send({ type: 'heartbeat', job, epoch: 1, residentMiB: 1 });
const hoard: Uint8Array[] = [];

process.on('disconnect', () => process.exit(0));
process.on('message', ({ job, request }: TrainRequest) => {
  const answer = () =>
    send({ type: 'artefact', job, artefact: { id: `${process.pid}/${job}`, epochs: 1 } as never });
  switch (request.symbols[0]) {
    case 'silent':
      return;
    case 'tireless':
      setInterval(() => heartbeat(job), 20);
      return;
    case 'hungry':
      setInterval(() => hoard.push(new Uint8Array(50 * 2 ** 20).fill(1)), 20);
      setInterval(() => heartbeat(job), 20);
      return;
    case 'dying':
      process.stderr.write('no room left in the boat\n', () => process.kill(process.pid, 'SIGKILL'));
      return;
    case 'wrong':
      send({ type: 'error', job, message: 'the levels are no good' });
      return;
    case 'slow':
      heartbeat(job);
      setTimeout(answer, 200);
      return;
    default:
      answer();
  }
});
send({ type: 'ready', info: { backend: 'wasm', backendVersion: '1', fused: false, note: 'a test' } });
