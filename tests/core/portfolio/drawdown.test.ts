import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays } from '../../../src/core/calendar/session.ts';
import {
  allowedExposure,
  type DrawdownState,
  type DrawdownStatus,
  drawdownStates,
  initialDrawdown,
  stepDrawdown,
} from '../../../src/core/portfolio/drawdown.ts';
import { sampleLimits as limits } from '../policy/samples.ts';

const day = '2020-06-01';
const at = (state: DrawdownState, changes: Partial<DrawdownStatus> = {}): DrawdownStatus => ({
  ...initialDrawdown('2020-01-01', 1),
  state,
  ...changes,
});

/** A path of net and shadow values, stepped from `start`; every status is written down and read back, as rows are. */
function walk(
  path: readonly (readonly [nav: number, shadow: number])[],
  start = initialDrawdown('2020-01-01', 1),
  stored: (status: DrawdownStatus) => DrawdownStatus = (status) => status,
): DrawdownStatus[] {
  let status = start;
  return path.map(([nav, shadow], i) => {
    status = stored(stepDrawdown(status, addDays('2020-01-01', i + 1), nav, shadow, limits));
    return status;
  });
}

describe('one step', () => {
  // from, loss of net NAV, loss of the shadow, sessions in the state before this one, to
  const table: [DrawdownState, number, number, number, DrawdownState][] = [
    ['normal', 0, 0, 9, 'normal'],
    ['normal', 0.0999, 0, 9, 'normal'],
    ['normal', 0.1, 0, 9, 'reduced'],
    ['normal', 0.1999, 0, 9, 'reduced'],
    ['normal', 0.2, 0, 9, 'halted'],
    ['normal', 0.9, 0, 9, 'halted'],
    ['reduced', 0.1999, 0, 9, 'reduced'],
    ['reduced', 0.2, 0, 9, 'halted'],
    ['reduced', 0.0501, 0, 9, 'reduced'],
    ['reduced', 0.05, 0, 9, 'normal'],
    ['reduced', 0, 0, 0, 'normal'],
    ['halted', 0.25, 0.1, 3, 'halted'],
    ['halted', 0.25, 0.1, 4, 'recovering'],
    ['halted', 0.25, 0.1001, 400, 'halted'],
    ['halted', 0, 0.3, 400, 'halted'],
    ['recovering', 0, 0, 2, 'recovering'],
    ['recovering', 0, 0, 3, 'normal'],
    ['recovering', 0.0999, 0, 3, 'normal'],
    ['recovering', 0.1, 0, 0, 'reduced'],
    ['recovering', 0.1, 0, 9, 'reduced'],
    ['recovering', 0.2, 0, 0, 'halted'],
  ];

  test.each(table)(
    '%s, loss %d, shadow loss %d, after %d sessions: %s',
    (from, loss, shadowLoss, sessions, to) => {
      // marks of 1000 and losses in whole tenths, so that a loss of 0.1 is one
      const before = at(from, { sessionsInState: sessions, highWaterMark: 1000, shadowHighWaterMark: 1000 });
      const nav = 1000 - Math.round(loss * 10_000) / 10;
      const shadow = 1000 - Math.round(shadowLoss * 10_000) / 10;
      const exact = {
        ...limits,
        softRatio: 1 - 900 / 1000,
        hardRatio: 1 - 800 / 1000,
        restoreRatio: 1 - 950 / 1000,
        reentryRatio: 1 - 900 / 1000,
      };
      const after = stepDrawdown(before, day, nav, shadow, exact);
      expect(after.state).toBe(to);
      expect(after.since).toBe(to === from ? before.since : day);
      expect(after.sessionsInState).toBe(to === from ? sessions + 1 : 0);
      expect(after.shadowHighWaterMark).toBe(1000);
      expect(after.shadowDrawdownRatio).toBeCloseTo(shadowLoss, 12);
      const rebased = from === 'halted' && to === 'recovering';
      expect(after.highWaterMark).toBe(rebased ? nav : 1000);
      expect(after.drawdownRatio).toBeCloseTo(rebased ? 0 : loss, 12);
      expect(after.rebasedOn).toBe(rebased ? day : null);
    },
  );

  test('has every change of state in its table', () => {
    const changes = new Set(
      table.filter(([from, , , , to]) => from !== to).map(([from, , , , to]) => from + to),
    );
    expect(changes.size).toBe(8);
  });

  test('only keeps the marks without limits, and keeps an earlier rebasing in mind', () => {
    const before = at('normal', { rebasedOn: '2019-01-01' });
    const up = stepDrawdown(before, day, 1.5, 1.25, null);
    expect(up).toEqual({
      ...before,
      sessionsInState: 1,
      highWaterMark: 1.5,
      shadowHighWaterMark: 1.25,
    });
    const down = stepDrawdown(up, day, 0.3, 1, null);
    expect(down).toMatchObject({ state: 'normal', highWaterMark: 1.5, drawdownRatio: 0.8 });
    expect(down.shadowDrawdownRatio).toBeCloseTo(0.2, 15);
  });
});

describe('exposure', () => {
  test('is full, reduced, none and reduced, and full without limits', () => {
    expect(drawdownStates.map((state) => allowedExposure(state, limits))).toEqual([1, 0.5, 0, 0.5]);
    expect(drawdownStates.map((state) => allowedExposure(state, null))).toEqual([1, 1, 1, 1]);
  });
});

const values = fc.array(
  fc.tuple(fc.double({ min: 0.5, max: 1.5, noNaN: true }), fc.double({ min: 0.5, max: 1.5, noNaN: true })),
  { minLength: 1, maxLength: 120 },
);
/** Walks of up to 8 % a session, which pass through every state. */
const walks = fc
  .array(
    fc.tuple(
      fc.double({ min: -0.08, max: 0.08, noNaN: true }),
      fc.double({ min: -0.08, max: 0.08, noNaN: true }),
    ),
    { minLength: 100, maxLength: 200 },
  )
  .map((moves) => {
    let nav = 1;
    let shadow = 1;
    return moves.map(([a, b]) => {
      nav *= 1 + a;
      shadow *= 1 + b;
      return [nav, shadow] as const;
    });
  });

describe('any path', () => {
  test('is not changed by a restart after any step', () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(fc.oneof(values, walks), (path) => {
        const plain = walk(path);
        for (const { state } of plain) reached.add(state);
        expect(walk(path, undefined, (status) => JSON.parse(JSON.stringify(status)))).toEqual(plain);
      }),
      { numRuns: 200, seed: 51 },
    );
    expect([...reached].sort()).toEqual([...drawdownStates].sort());
  });

  test('never allows more than its loss may have', () => {
    fc.assert(
      fc.property(fc.oneof(values, walks), (path) => {
        for (const status of walk(path)) {
          const allowed = allowedExposure(status.state, limits);
          if (status.drawdownRatio >= limits.softRatio) expect(allowed).toBeLessThanOrEqual(0.5);
          if (status.drawdownRatio >= limits.hardRatio) expect(allowed).toBe(0);
          expect(status.drawdownRatio).toBeGreaterThanOrEqual(0);
          expect(status.drawdownRatio).toBeLessThan(1);
        }
      }),
      { numRuns: 200, seed: 52 },
    );
  });

  test('leaves a halt only after the cool-down, with the shadow recovered, and rebases then and only then', () => {
    let left = 0;
    fc.assert(
      fc.property(fc.oneof(values, walks), (path) => {
        let before = initialDrawdown('2020-01-01', 1);
        let halted = 0;
        walk(path).forEach((status, i) => {
          const [nav, shadow] = path[i]!;
          halted = before.state === 'halted' ? halted + 1 : 0;
          const highest = Math.max(1, ...path.slice(0, i + 1).map(([, value]) => value));
          const recovered = 1 - shadow / highest <= limits.reentryRatio;
          if (before.state === 'halted') {
            const due = halted >= limits.cooldownSessions && recovered;
            expect(status.state).toBe(due ? 'recovering' : 'halted');
            if (due) {
              left += 1;
              expect(status).toMatchObject({ highWaterMark: nav, drawdownRatio: 0, rebasedOn: status.since });
            }
          }
          if (!(before.state === 'halted' && status.state === 'recovering')) {
            expect(status.highWaterMark).toBe(Math.max(before.highWaterMark, nav));
            expect(status.rebasedOn).toBe(before.rebasedOn);
          }
          expect(status.shadowHighWaterMark).toBe(highest);
          before = status;
        });
      }),
      { numRuns: 200, seed: 53 },
    );
    expect(left).toBeGreaterThan(20);
  });

  test('changes between normal and reduced once for each real crossing, never for hovering', () => {
    // marks of 1, values between the hard limit and the mark: 0.8 < nav <= 1
    const hovering = fc.array(fc.double({ min: 0.81, max: 1, noNaN: true }), {
      minLength: 1,
      maxLength: 150,
    });
    fc.assert(
      fc.property(hovering, (navs) => {
        const states = walk(navs.map((nav) => [nav, nav])).map((status) => status.state);
        let crossings = 0;
        let below = false;
        for (const nav of navs)
          if (below ? 1 - nav <= limits.restoreRatio : 1 - nav >= limits.softRatio) {
            below = !below;
            crossings += 1;
          }
        const changes = ['normal', ...states].filter((state, i, all) => i > 0 && state !== all[i - 1]).length;
        expect(changes).toBe(crossings);
      }),
      { numRuns: 200, seed: 54 },
    );
    const atTheLimit = Array.from({ length: 100 }, (_, i) => 0.9 + (i % 2 ? 0.0001 : -0.0001));
    const states = walk(atTheLimit.map((nav) => [nav, nav])).map((status) => status.state);
    expect(new Set(states)).toEqual(new Set(['reduced']));
  });

  test('stays in cash for good while the shadow stays down, and comes back in two steps when it recovers', () => {
    const crash = [[0.79, 0.79] as const];
    const low = Array.from({ length: 300 }, () => [0.79, 0.85] as const);
    const back = Array.from({ length: 8 }, () => [0.79, 0.95] as const);
    const states = walk([...crash, ...low, ...back]).map((status) => status.state);
    expect(new Set(states.slice(0, 301))).toEqual(new Set(['halted']));
    expect(states.slice(301)).toEqual([...Array(4).fill('recovering'), ...Array(4).fill('normal')]);
  });
});
