import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  admitted,
  type Breaker,
  type BreakerKind,
  type BreakerPolicy,
  closedBreaker,
  failed,
  paused,
  succeeded,
} from '../../../../src/adapters/prices/yahoo/breaker.ts';

const policy: BreakerPolicy = {
  throttled: { failuresMax: 1, pauseFirstMs: 100, pauseMaxMs: 350 },
  consent: { failuresMax: 1, pauseFirstMs: 1000, pauseMaxMs: 4000 },
  network: { failuresMax: 3, pauseFirstMs: 10, pauseMaxMs: 40 },
};
const fail = (breaker: Breaker, kind: BreakerKind, nowMs: number, retryAfterMs = 0) =>
  failed(breaker, kind, nowMs, policy, retryAfterMs);

describe('a breaker', () => {
  test('opens at the number of failures in a row, not before', () => {
    let breaker = fail(fail(closedBreaker, 'network', 0), 'network', 1);
    expect(paused(breaker, 1)).toBeNull();
    breaker = fail(breaker, 'network', 2);
    expect(paused(breaker, 2)).toEqual({ kind: 'network', untilMs: 12 });
    expect(paused(breaker, 12)).toBeNull();
  });

  test('starts counting again after a success', () => {
    let breaker = fail(fail(closedBreaker, 'network', 0), 'network', 1);
    breaker = fail(succeeded(breaker), 'network', 2);
    expect(paused(breaker, 2)).toBeNull();
  });

  test('doubles the pause with each failed probe, up to the limit, and begins small again after a success', () => {
    let breaker = closedBreaker;
    let nowMs = 0;
    const pauses: number[] = [];
    for (let probe = 0; probe < 4; probe += 1) {
      breaker = fail(admitted(breaker, nowMs), 'throttled', nowMs);
      pauses.push(paused(breaker, nowMs)!.untilMs - nowMs);
      nowMs = paused(breaker, nowMs)!.untilMs;
    }
    expect(pauses).toEqual([100, 200, 350, 350]);
    breaker = fail(succeeded(admitted(breaker, nowMs)), 'throttled', nowMs);
    expect(paused(breaker, nowMs)!.untilMs - nowMs).toBe(100);
  });

  test('sends one probe, and another when the first has no outcome', () => {
    let breaker = fail(closedBreaker, 'throttled', 0);
    expect(paused(breaker, 99)).not.toBeNull();
    expect(paused(breaker, 100)).toBeNull();
    breaker = admitted(breaker, 100);
    expect(paused(breaker, 100)).toEqual({ kind: 'throttled', untilMs: 200 });
    expect(paused(breaker, 200)).toBeNull();
  });

  test('does not let a straggler end a pause, or a straggling failure double it', () => {
    const open = fail(closedBreaker, 'throttled', 0);
    expect(paused(succeeded(open), 50)).toEqual({ kind: 'throttled', untilMs: 100 });
    expect(paused(fail(open, 'throttled', 5), 50)).toEqual({ kind: 'throttled', untilMs: 105 });
  });

  test('waits as long as it is asked to, within its limit', () => {
    expect(paused(fail(closedBreaker, 'throttled', 0, 300), 0)?.untilMs).toBe(300);
    expect(paused(fail(closedBreaker, 'throttled', 0, 1e9), 0)?.untilMs).toBe(350);
  });

  test('names the circuit that stays open longest', () => {
    const breaker = fail(fail(closedBreaker, 'throttled', 0), 'consent', 0);
    expect(paused(breaker, 0)).toEqual({ kind: 'consent', untilMs: 1000 });
  });

  test('always lets a request go again within its longest pause, whatever happened', () => {
    const step = fc.record({
      event: fc.constantFrom('throttled', 'consent', 'network', 'success', 'admit'),
      afterMs: fc.integer({ min: 0, max: 500 }),
      retryAfterMs: fc.integer({ min: 0, max: 10_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let breaker = closedBreaker;
        let nowMs = 0;
        for (const { event, afterMs, retryAfterMs } of steps) {
          nowMs += afterMs;
          if (event === 'success') breaker = succeeded(breaker);
          else if (event === 'admit') breaker = paused(breaker, nowMs) ? breaker : admitted(breaker, nowMs);
          else breaker = fail(breaker, event as BreakerKind, nowMs, retryAfterMs);
          const pause = paused(breaker, nowMs);
          if (pause) expect(pause.untilMs - nowMs).toBeLessThanOrEqual(policy[pause.kind].pauseMaxMs);
        }
        expect(paused(breaker, nowMs + 4000)).toBeNull();
      }),
    );
  });
});
