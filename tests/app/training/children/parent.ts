// A daemon stand-in: starts a training that never ends, tells the training process's id, and waits to be killed.
import { readFileSync } from 'node:fs';
import { createTrainingPool } from '../../../../src/app/training/pool.ts';

const pool = createTrainingPool({
  size: 1,
  backend: 'wasm',
  deadlineSeconds: 600,
  memoryLimitMiB: 4000,
  heartbeatSeconds: 600,
  log: { info() {}, warn() {} },
  entry: process.argv[2]!,
});
void pool.train({
  symbols: ['tireless'],
  panel: { sessions: [], symbols: [], levels: [] },
  spec: {} as never,
});
process.stdout.write(`${readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim()}\n`);
