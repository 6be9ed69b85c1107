// Entry of a training process: trains the requests its parent sends, one after another, and ends with its parent.
// It handles no signal on purpose: oneDNN's matrix kernels keep data below the stack pointer, so a signal handler that
// runs while they do corrupts memory. A signal therefore ends the process; the parent starts another.
import { trainArtefact } from './artefact.ts';
import type { TrainEvent, TrainRequest } from './messages.ts';
import { loadRuntime, type Runtime } from './runtime.ts';

const heartbeatEveryMs = 500;

function report(message: TrainEvent): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send!(message, () => resolve());
    else process.exit(0);
  });
}

async function train(runtime: Runtime, { job, request }: TrainRequest): Promise<void> {
  let lastHeartbeat = Number.NEGATIVE_INFINITY;
  const onStep = async ({ epoch, epochEnded }: { epoch: number; epochEnded: boolean }) => {
    if (!epochEnded && performance.now() - lastHeartbeat < heartbeatEveryMs) return;
    lastHeartbeat = performance.now();
    const residentMiB = process.memoryUsage.rss() / 2 ** 20;
    await report({ type: 'heartbeat', job, epoch, residentMiB });
  };
  try {
    const artefact = await trainArtefact(runtime, request, onStep);
    await report({ type: 'artefact', job, artefact });
  } catch (error) {
    await report({ type: 'error', job, message: (error as Error).message });
  }
}

async function main(): Promise<void> {
  const runtime = await loadRuntime(process.argv[2] as 'auto' | 'tensorflow' | 'wasm');
  const { backend, backendVersion, fused, note } = runtime;
  let busy: Promise<void> = Promise.resolve();
  process.on('message', (order: TrainRequest) => {
    busy = busy.then(() => train(runtime, order));
  });
  await report({ type: 'ready', info: { backend, backendVersion, fused, note } });
}

process.on('disconnect', () => process.exit(0));
main().catch(async (error: Error) => {
  await report({ type: 'error', job: null, message: error.message });
  process.exit(1);
});
