import type { Sql } from '../../adapters/postgres/database.ts';
import { readClockSkew } from '../../adapters/postgres/views/metrics.ts';
import type { Log } from '../../tasks/services.ts';

const warnSeconds = 60;
const refuseSeconds = 300;

/**
 * Compares this machine's clock with the database's: a clock that is wrong would decide on the wrong session. Above a
 * minute the skew is told; above five minutes it throws, and nothing is planned until the clocks agree.
 */
export async function guardClock(sql: Sql, wallClock: () => number, log: Log): Promise<void> {
  const skewSeconds = await readClockSkew(sql, wallClock);
  const size = Math.abs(skewSeconds);
  if (size > refuseSeconds)
    throw new Error(
      `this machine's clock is ${skewSeconds.toFixed(0)} s off the database's, expected within ${refuseSeconds}; set the clocks, nothing is decided until then`,
    );
  if (size > warnSeconds) log.warn({ skewSeconds }, "this machine's clock and the database's disagree");
}
