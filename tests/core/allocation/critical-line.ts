import { criticalLine } from '../../../src/core/allocation/cla.ts';
import type { CriticalLine } from '../../../src/core/optimisation/frontier.ts';

/** The critical line of a problem on which the walk has to reach its end. */
export function wholeLine(...problem: Parameters<typeof criticalLine>): CriticalLine {
  const line = criticalLine(...problem);
  if (!line) throw new Error(`the critical line of ${problem[0].size} assets did not reach its end`);
  return line;
}
