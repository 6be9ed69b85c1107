import { describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { guardClock } from '../../../src/app/daemon/clock-guard.ts';
import { testDatabase } from '../../support/database.ts';

const database = openDatabase(await testDatabase(), { connectionsMax: 1 });

describe('the clock guard', () => {
  const logged = () => ({ info: vi.fn(), warn: vi.fn(), error: vi.fn() });
  const offBy = (seconds: number) => () => Date.now() + seconds * 1000;

  test('is silent while the clocks agree, and tells a skew of more than a minute', async () => {
    const log = logged();
    await guardClock(database, offBy(0), log);
    await guardClock(database, offBy(-50), log);
    expect(log.warn).not.toHaveBeenCalled();
    await guardClock(database, offBy(90), log);
    await guardClock(database, offBy(-90), log);
    expect(log.warn).toHaveBeenCalledTimes(2);
  });

  test.each([320, -320])('refuses at %i seconds', async (seconds) => {
    await expect(guardClock(database, offBy(seconds), logged())).rejects.toThrow(/clock is -?3\d\d s off/);
  });
});
