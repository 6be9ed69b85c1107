import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { startProgram } from '../support/command.ts';

const start = () => startProgram(process.execPath, [join(import.meta.dirname, 'stop-child.ts')]);

describe('a process that is told to end', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'by %s interrupts its work, gives it up after a while, and cleans up',
    async (signal) => {
      const child = start();
      await child.until(/working/);
      child.child.kill(signal);
      const { code, errors, milliseconds } = await child.ended;
      expect(errors).toBe(`working\ninterrupted\ngiven up: stopped by ${signal}\ncleaned up\n`);
      expect(code).toBe(0);
      expect(milliseconds).toBeLessThan(10_000);
    },
  );

  test('twice at once, as npm hands on what the terminal has sent, has been told once', async () => {
    const child = start();
    await child.until(/working/);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) child.child.kill(signal);
    expect(await child.ended).toMatchObject({ code: 0, errors: expect.stringContaining('cleaned up') });
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('again, by %s, ends at once with %d', async (signal, expected) => {
    const child = start();
    await child.until(/working/);
    child.child.kill(signal);
    await vi.waitFor(
      () => {
        child.child.kill(signal);
        expect(child.child.exitCode).not.toBeNull();
      },
      { interval: 50, timeout: 5_000 },
    );
    const { code, errors } = await child.ended;
    expect(code).toBe(expected);
    expect(errors).toBe('working\ninterrupted\n');
  });

  test('by a reader that has gone cleans up as well', async () => {
    const child = start();
    await child.until(/working/);
    child.child.stdout!.destroy();
    const { code, errors } = await child.ended;
    expect(errors).toBe('working\ninterrupted\ngiven up: stopped by SIGPIPE\ncleaned up\n');
    expect(code).toBe(0);
  });
});
