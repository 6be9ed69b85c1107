import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  createTrainingPool,
  type TrainingPool,
  type TrainingPoolOptions,
} from '../../../src/app/training/pool.ts';
import type { TrainingRequest } from '../../../src/core/forecast/training-request.ts';

const folder = join(import.meta.dirname, 'children');
const behaving = join(folder, 'behaving.ts');
const pools: TrainingPool[] = [];

function poolOf(changes: Partial<TrainingPoolOptions> = {}): TrainingPool {
  const pool = createTrainingPool({
    size: 2,
    backend: 'wasm',
    deadlineSeconds: 60,
    memoryLimitMiB: 4000,
    heartbeatSeconds: 60,
    log: { info() {}, warn() {} },
    entry: behaving,
    ...changes,
  });
  pools.push(pool);
  return pool;
}

/** A request told apart from others by its level; the stand-in process does as the symbol says. */
function request(behaviour: string, level = 1): TrainingRequest {
  const panel = { sessions: ['2024-01-02'], symbols: [behaviour], levels: [Float64Array.of(level)] };
  return { symbols: [behaviour], panel, spec: { horizonSessions: 1 } as TrainingRequest['spec'] };
}

const processOf = (artefact: { id: string }): string => artefact.id.split('/')[0]!;

/** True when no such process runs any more; one that only waits to be reaped does not run. Linux only. */
function ended(pid: string): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
const onLinux = test.runIf(process.platform === 'linux');

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

describe('the training pool', () => {
  test('trains several requests in one process and tells what it computes with', async () => {
    const pool = poolOf({ size: 1 });
    expect(pool.backend()).toBeNull();
    const first = await pool.train(request('quick', 1));
    const second = await pool.train(request('quick', 2));
    expect(processOf(second)).toBe(processOf(first));
    expect(pool.backend()).toEqual({ backend: 'wasm', backendVersion: '1', fused: false, note: 'a test' });
  });

  test('trains the same request once, also while it runs, and another level is another request', async () => {
    const pool = poolOf({ size: 1 });
    const running = pool.train(request('slow', 1));
    expect(pool.train(request('slow', 1))).toBe(running);
    const artefact = await running;
    expect(await pool.train(request('slow', 1))).toBe(artefact);
    expect((await pool.train(request('slow', 1 + 2 ** -52))).id).not.toBe(artefact.id);
  });

  test('keeps no more processes than its size', async () => {
    const pool = poolOf({ size: 2 });
    const artefacts = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((level) => pool.train(request('slow', level))),
    );
    expect(new Set(artefacts.map(processOf)).size).toBe(2);
  });

  test('replaces a process after its share of trainings', async () => {
    const pool = poolOf({ size: 1, jobsPerProcess: 2 });
    const used: string[] = [];
    for (const level of [1, 2, 3, 4, 5]) used.push(processOf(await pool.train(request('quick', level))));
    expect(used[1]).toBe(used[0]);
    expect(used[2]).not.toBe(used[1]);
    expect(new Set(used).size).toBe(3);
  });

  test('ends an idle process, and starts another when asked again', async () => {
    const pool = poolOf({ size: 1, idleSeconds: 0.05 });
    const first = processOf(await pool.train(request('quick', 1)));
    await vi.waitFor(() => expect(ended(first)).toBe(true), { timeout: 20_000 });
    expect(processOf(await pool.train(request('quick', 2)))).not.toBe(first);
  });
});

describe('a faulty training', () => {
  test.each<[string, Partial<TrainingPoolOptions>, RegExp]>([
    ['wrong', {}, /^training failed: the levels are no good$/],
    [
      'dying',
      {},
      /^the training process ended by itself \(SIGKILL\); its last output: no room left in the boat$/,
    ],
    ['silent', { heartbeatSeconds: 1.5 }, /^training was ended: no heartbeat for 1.5 s$/],
    ['tireless', { deadlineSeconds: 1.5 }, /^training was ended: not done after its deadline of 1.5 s$/],
    ['hungry', { memoryLimitMiB: 400 }, /^training was ended: it held \d+ MiB, the limit is 400 MiB$/],
  ])('that is %s is rejected with its reason, and the pool trains on', async (behaviour, limits, message) => {
    const warn = vi.fn();
    const pool = poolOf({ size: 1, log: { info() {}, warn }, ...limits });
    await expect(pool.train(request(behaviour))).rejects.toThrow(message);
    expect(warn).toHaveBeenCalledOnce();
    expect((await pool.train(request('quick'))).id).toBeTruthy();
  });

  test('is forgotten, so that asking again trains again', async () => {
    const pool = poolOf();
    const first = pool.train(request('wrong'));
    await expect(first).rejects.toThrow('no good');
    const second = pool.train(request('wrong'));
    expect(second).not.toBe(first);
    await expect(second).rejects.toThrow('no good');
  });

  test('that nobody waits for does not end the daemon', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const pool = poolOf({ size: 1 });
    void pool.train(request('wrong'));
    await pool.train(request('quick'));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test('whose backend cannot be loaded says so', async () => {
    const pool = poolOf({ entry: join(folder, 'unready.ts') });
    await expect(pool.train(request('quick'))).rejects.toThrow('training cannot start: no backend here');
  });

  test('whose file is not there says what node said', async () => {
    const pool = poolOf({ entry: join(folder, 'absent.ts') });
    await expect(pool.train(request('quick'))).rejects.toThrow(
      /ended by itself \(exit 1\); its last output: /,
    );
  });
});

describe('closing', () => {
  test('ends running and waiting trainings within two seconds and refuses new ones', async () => {
    const pool = poolOf({ size: 1 });
    const running = expect(pool.train(request('tireless', 1))).rejects.toThrow('closed during this training');
    const waiting = expect(pool.train(request('tireless', 2))).rejects.toThrow('closed before this training');
    const before = performance.now();
    await pool.close();
    expect(performance.now() - before).toBeLessThan(2000);
    await Promise.all([running, waiting]);
    await expect(pool.train(request('quick'))).rejects.toThrow('the training pool is closed');
    await pool.close(); // a second time is harmless
  });

  onLinux('comes to the training process when the daemon is killed', async () => {
    const parent = spawn(process.execPath, [join(folder, 'parent.ts'), behaving], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const child = await new Promise<string>((resolve) => {
      parent.stdout.once('data', (text: Buffer) => resolve(text.toString().trim()));
    });
    expect(ended(child)).toBe(false);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(ended(child)).toBe(true), { timeout: 20_000 });
  });
});
