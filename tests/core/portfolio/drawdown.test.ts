import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays } from '../../../src/core/calendar/session.ts';
import {
  actsDifferently,
  allowedExposure,
  type DrawdownLimits,
  type DrawdownState,
  type DrawdownStatus,
  drawdownStates,
  initialDrawdown,
  lossesOf,
  type ReentryReason,
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

  test.each<[string, Partial<DrawdownStatus>, number, ReentryReason | null]>([
    // marks of 100, a trough of 60: half of the fall is regained at 80
    ['before the cool-down nothing counts', { sessionsInState: 3 }, 95, null],
    ['inside the re-entry ratio', { sessionsInState: 4 }, 90, 'shadow-inside-ratio'],
    ['half of the fall regained', { sessionsInState: 4 }, 80, 'shadow-recovered'],
    ['not quite half of it', { sessionsInState: 4 }, 79.9, null],
    ['a new trough regains nothing', { sessionsInState: 8 }, 59, null],
    ['the sessions have passed, at a new trough too', { sessionsInState: 9 }, 50, 'sessions-passed'],
  ])('a halt may end: %s', (_, changes, shadow, why) => {
    const wide = { ...limits, recoveryRatio: 0.5, haltSessionsMax: 10 };
    const halt = at('halted', { shadowHighWaterMark: 100, shadowTrough: 60, highWaterMark: 100, ...changes });
    const after = stepDrawdown(halt, day, 75, shadow, wide);
    expect(after.state).toBe(why === null ? 'halted' : 'recovering');
    expect(after.rebasedWhy).toBe(why);
    expect(after.rebasedOn).toBe(why === null ? null : day);
    expect(after.shadowTrough).toBe(Math.min(60, shadow));
    expect(after.highWaterMark).toBe(why === null ? 100 : 75);
  });

  test('reads a row without trough, taking the trough as of that row', () => {
    const {
      shadowTrough: _,
      actedExposureRatio: __,
      rebasedWhy: ___,
      ...old
    } = at('halted', {
      shadowHighWaterMark: 100,
      shadowDrawdownRatio: 0.4,
      sessionsInState: 30,
    });
    const wide = { ...limits, recoveryRatio: 0.5 };
    expect(stepDrawdown(old, day, 1, 79, wide)).toMatchObject({ state: 'halted', shadowTrough: 60 });
    expect(stepDrawdown(old, day, 1, 81, wide)).toMatchObject({ rebasedWhy: 'shadow-recovered' });
    expect(allowedExposure(old, limits)).toBe(0);
  });

  test('ends a state that limits left behind when they were taken away, and that is acted on', () => {
    for (const state of ['reduced', 'halted', 'recovering'] as const) {
      const before = at(state, { highWaterMark: 2 });
      const after = stepDrawdown(before, day, 1, 1, null, null);
      expect(after).toMatchObject({ state: 'normal', since: day, highWaterMark: 2, rebasedOn: null });
      expect(actsDifferently(before, after, null)).toBe(true);
      expect(actsDifferently(after, stepDrawdown(after, day, 1, 1, null, 1), null)).toBe(false);
    }
  });

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
      shadowTrough: 1.25,
    });
    const down = stepDrawdown(up, day, 0.3, 1, null);
    expect(down).toMatchObject({ state: 'normal', highWaterMark: 1.5, drawdownRatio: 0.8 });
    expect(down.shadowDrawdownRatio).toBeCloseTo(0.2, 15);
  });
});

describe('exposure', () => {
  test('is full, reduced, none and reduced, and full without limits', () => {
    expect(drawdownStates.map((state) => allowedExposure(at(state), limits))).toEqual([1, 0.5, 0, 0.5]);
    expect(drawdownStates.map((state) => allowedExposure(at(state), null))).toEqual([1, 1, 1, 1]);
  });
});

describe('the way back from a halt', () => {
  const exposures = (recoverySteps: number, recoverySessions: number) =>
    Array.from({ length: recoverySessions }, (_, sessionsInState) =>
      allowedExposure(at('recovering', { sessionsInState }), { ...limits, recoverySteps, recoverySessions }),
    );

  test('goes in even steps from the reduced exposure to the full one', () => {
    expect(exposures(2, 4)).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(exposures(3, 4)).toEqual([0.5, 0.5, 0.75, 0.75]);
    expect(exposures(5, 4)).toEqual([0.5, 0.625, 0.75, 0.875]);
    expect(exposures(1, 4)).toEqual([1, 1, 1, 1]);
    expect(allowedExposure(at('recovering'), { ...limits, recoverySessions: 0 })).toBe(0.5);
  });

  test('asks for a decision at each step, once', () => {
    const three = { ...limits, recoverySteps: 3 };
    let status = at('recovering', { actedExposureRatio: 0.5 });
    const asked = Array.from({ length: 5 }, (_, i) => {
      const before = status;
      status = stepDrawdown(before, addDays(day, i), 1, 1, three, allowedExposure(before, three));
      return actsDifferently(before, status, three);
    });
    expect(asked).toEqual([false, true, false, true, false]);
  });
});

describe('a cushion', () => {
  const cushion: DrawdownLimits = {
    ...limits,
    method: 'cushion',
    drawdownRatioMax: 1 - 0.8, // as losses are computed, so that 0.2 is one
    multiple: 2,
    stepRatio: 0.1,
  };

  test.each([
    [0, 1, 'normal'],
    [0.1, 1, 'normal'],
    [0.12, 0.8, 'reduced'],
    [0.15, 0.5, 'reduced'],
    [0.19, 0.1, 'reduced'],
    [0.2, 0, 'halted'],
    [0.5, 0, 'halted'],
  ])(
    'at a loss of %d exposure is min(1, k (1 - loss / D)), %d, and the state %s',
    (loss, exposure, state) => {
      const after = stepDrawdown(at('normal', { highWaterMark: 1000 }), day, 1000 - 1000 * loss, 1, cushion);
      expect(after.state).toBe(state);
      expect(allowedExposure(after, cushion)).toBeCloseTo(exposure, 12);
    },
  );

  test('asks once exposure moved by the step since it was acted on, or became none, and not before', () => {
    let status = at('normal', { actedExposureRatio: 1 });
    // losses that allow 1, 0.95, 0.9, 0.85, 0.79, 0.02, 0
    const navs = [0.9, 0.895, 0.89, 0.885, 0.879, 0.802, 0.8];
    let acted: number | null = null;
    const asked = navs.map((nav, i) => {
      const before = status;
      status = stepDrawdown(before, addDays(day, i), nav, nav, cushion, acted);
      const asks = actsDifferently(before, status, cushion);
      acted = asks ? allowedExposure(status, cushion) : null;
      return asks;
    });
    expect(asked).toEqual([false, false, true, false, true, true, true]);
    expect(status).toMatchObject({ state: 'halted', highWaterMark: 1 });
  });

  test('comes back in steps, under its own exposure, with the mark rebased', () => {
    const before = at('halted', { sessionsInState: 4, actedExposureRatio: 0 });
    let status = stepDrawdown(before, day, 0.8, 0.95, cushion);
    expect(status).toMatchObject({
      state: 'recovering',
      highWaterMark: 0.8,
      rebasedWhy: 'shadow-inside-ratio',
    });
    expect(allowedExposure(status, cushion)).toBe(0.5);
    expect(actsDifferently(before, status, cushion)).toBe(true);
    status = stepDrawdown(status, day, 0.8 * 0.86, 0.95, cushion, 0.5);
    expect(status.state).toBe('recovering');
    expect(allowedExposure(status, cushion)).toBe(0.5);
    const low = stepDrawdown(status, day, 0.8 * 0.83, 0.95, cushion);
    expect(allowedExposure(low, cushion)).toBeCloseTo(0.3, 12);
    expect(actsDifferently(status, low, cushion)).toBe(true);
    const out = [0.8, 0.8, 0.8].reduce((s, nav) => stepDrawdown(s, day, nav, 0.95, cushion), status);
    expect(out.state).toBe('normal');
    expect(allowedExposure(out, cushion)).toBe(1);
  });

  test('is watched at the loss where it begins to cut and the one where nothing is left', () => {
    const { softRatio, hardRatio } = lossesOf(cushion);
    expect([softRatio, hardRatio]).toEqual([expect.closeTo(0.1, 15), 1 - 0.8]);
    expect(lossesOf({ ...cushion, multiple: 0.5 }).softRatio).toBe(0);
    expect(lossesOf(limits)).toEqual({ softRatio: 0.1, hardRatio: 0.2 });
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
          const allowed = allowedExposure(status, limits);
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
