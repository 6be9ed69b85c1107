import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { calendarByName } from '../../../src/core/calendar/calendars.ts';
import { dayMs, minuteMs } from '../../../src/core/calendar/milliseconds.ts';
import { addDays, type Session } from '../../../src/core/calendar/session.ts';
import {
  dueSlots,
  isRebalanceSession,
  newestClosed,
  type SchedulePlan,
  slotAt,
  upcomingSlots,
} from '../../../src/core/schedule/plan.ts';
import { type Slot, taskNames } from '../../../src/core/schedule/slot.ts';
import { samplePlan } from './samples.ts';

const plans = {
  'New York': samplePlan(),
  'New York, first session': samplePlan({ rebalanceOn: 'first-session', retrainEverySessions: null }),
  '24/7': samplePlan({ calendar: calendarByName('24/7'), retrainEverySessions: 7, graceMinutes: 0 }),
};
const plan = plans['New York'];
const { calendar } = plan;
const label = (slot: Slot) => `${slot.task} ${slot.session}`;
const of = (slots: readonly Slot[], task: Slot['task']) =>
  slots.filter((slot) => slot.task === task).map((slot) => slot.session);
const dueAt = (own: SchedulePlan, session: Session) =>
  own.calendar.closeAt(session) + own.graceMinutes * minuteMs;

/** Ticks at each instant, as the daemon does: after the newest ingest slot planned so far. */
function tick(own: SchedulePlan, instants: readonly number[]): Slot[][] {
  let planned: Session | null = null;
  return instants.map((now) => {
    const slots = dueSlots(own, planned, now);
    planned = of(slots, 'ingest').at(-1) ?? planned;
    return slots;
  });
}

/** Instants from just before the inception's close on, minutes to weeks apart. */
const ticks = (own: SchedulePlan) =>
  fc
    .array(
      fc.oneof(
        fc.integer({ min: 1, max: 90 * minuteMs }),
        fc.integer({ min: 1, max: 2 * dayMs }),
        fc.integer({ min: 1, max: 45 * dayMs }),
      ),
      { minLength: 1, maxLength: 60 },
    )
    .map((steps) => {
      let now = own.calendar.closeAt(own.inception) - 2 * dayMs;
      return steps.map((step) => {
        now += step;
        return now;
      });
    });

describe('isRebalanceSession', () => {
  test.each(['first-session', 'last-session'] as const)(
    '%s: one in every month, 1990 to 2035',
    (rebalanceOn) => {
      const own = samplePlan({ rebalanceOn });
      const months = new Map<string, Session[]>();
      for (const session of calendar.sessions('1990-02-01', '2035-12-31'))
        months.set(session.slice(0, 7), [...(months.get(session.slice(0, 7)) ?? []), session]);
      expect(months.size).toBe(45 * 12 + 11);
      for (const sessions of months.values()) {
        const end = rebalanceOn === 'first-session' ? sessions[0] : sessions.at(-1);
        expect(sessions.filter((session) => isRebalanceSession(own, session))).toEqual([end]);
      }
    },
  );
});

describe('newestClosed', () => {
  test.each(Object.entries(plans))(
    '%s: turns to a session at its close and grace, not a moment earlier',
    (_, own) => {
      for (const session of own.calendar.sessions('2023-12-01', '2024-12-31')) {
        expect(newestClosed(own, dueAt(own, session))).toBe(session);
        expect(newestClosed(own, dueAt(own, session) - 1)).toBe(own.calendar.previous(session));
        expect(newestClosed(own, dueAt(own, own.calendar.next(session)) - 1)).toBe(session);
      }
    },
  );

  test('knows none before the inception has closed', () => {
    expect(newestClosed(plan, dueAt(plan, plan.inception) - 1)).toBeNull();
    expect(newestClosed(plan, Date.parse('2001-01-01T00:00:00Z'))).toBeNull();
    expect(newestClosed(plan, dueAt(plan, plan.inception))).toBe(plan.inception);
  });
});

describe('dueSlots', () => {
  test.each(Object.entries(plans))(
    '%s: ingests and revalues each session once, however it is woken',
    (_, own) => {
      fc.assert(
        fc.property(ticks(own), (instants) => {
          const slots = tick(own, instants).flat();
          const newest = newestClosed(own, instants.at(-1)!);
          const sessions = newest === null ? [] : own.calendar.sessions(own.inception, newest);
          expect(of(slots, 'ingest')).toEqual(sessions);
          expect(of(slots, 'revalue')).toEqual(sessions);
          expect(new Set(slots.map(label)).size).toBe(slots.length);
          expect(slots.every((slot) => slot.dueAt <= instants.at(-1)!)).toBe(true);
        }),
        { numRuns: 100, seed: 81 },
      );
    },
  );

  test.each(Object.entries(plans))(
    '%s: of a downtime, the newest training and the newest month in time',
    (_, own) => {
      const step = own.retrainEverySessions;
      fc.assert(
        fc.property(ticks(own), (instants) => {
          let count = 0; // sessions planned before this tick
          for (const slots of tick(own, instants)) {
            const sessions = of(slots, 'ingest');
            const trainings = sessions.filter((_, i) => step !== null && (count + i) % step === 0);
            expect(of(slots, 'retrain')).toEqual(trainings.slice(-1));
            const months = sessions.flatMap((session, i) => (isRebalanceSession(own, session) ? [i] : []));
            const late = sessions.length - 1 - (months.at(-1) ?? Number.NEGATIVE_INFINITY);
            expect(of(slots, 'rebalance')).toEqual(late <= own.lateSessionsMax ? [sessions.at(-1)] : []);
            expect(slots.map((slot) => slot.session)).toEqual(slots.map((slot) => slot.session).sort());
            expect(
              slots.every((slot) => slot.reason === (slot.task === 'rebalance' ? 'monthly' : null)),
            ).toBe(true);
            count += sessions.length;
          }
        }),
        { numRuns: 100, seed: 82 },
      );
    },
  );

  test('makes every month`s decision and every training where no session is missed', () => {
    const sessions = calendar.sessions(plan.inception, '2024-12-31');
    const slots = tick(
      plan,
      sessions.map((session) => dueAt(plan, session) + 7 * minuteMs),
    ).flat();
    expect(of(slots, 'rebalance')).toEqual(sessions.filter((session) => isRebalanceSession(plan, session)));
    expect(of(slots, 'rebalance').length).toBe(60);
    expect(of(slots, 'retrain')).toEqual(sessions.filter((_, i) => i % 63 === 0));
  });

  test('moves a month`s decision to the newest session up to the limit, and then drops it', () => {
    const month = '2024-01-31';
    const after = calendar.previous(month);
    let newest = month;
    const made: Record<string, Session[]> = {};
    for (let late = 0; late <= 5; late += 1) {
      made[`${late} late`] = of(dueSlots(plan, after, dueAt(plan, newest)), 'rebalance');
      newest = calendar.next(newest);
    }
    expect(made).toEqual({
      '0 late': ['2024-01-31'],
      '1 late': ['2024-02-01'],
      '2 late': ['2024-02-02'],
      '3 late': ['2024-02-05'],
      '4 late': [],
      '5 late': [],
    });
    const never = { ...plan, lateSessionsMax: 0 };
    expect(of(dueSlots(never, after, dueAt(plan, month)), 'rebalance')).toEqual([month]);
    expect(of(dueSlots(never, after, dueAt(plan, '2024-02-01')), 'rebalance')).toEqual([]);
  });

  test('makes one decision of several missed months', () => {
    const slots = dueSlots(plan, '2024-01-15', dueAt(plan, '2024-05-02'));
    expect(of(slots, 'rebalance')).toEqual(['2024-05-02']);
    expect(of(dueSlots(plan, '2024-01-15', dueAt(plan, '2024-04-30')), 'rebalance')).toEqual(['2024-04-30']);
  });

  test('starts a fresh deployment at its inception, also one on a weekend, with a training and no past', () => {
    for (const inception of ['2024-07-05', '2024-07-06', '2024-07-07', '2024-07-08']) {
      const own = samplePlan({ inception });
      const first = inception === '2024-07-05' ? inception : '2024-07-08';
      expect(dueSlots(own, null, dueAt(own, first) - 1)).toEqual([]);
      const slots = dueSlots(own, null, dueAt(own, first));
      expect(slots.map(label)).toEqual([`ingest ${first}`, `revalue ${first}`, `retrain ${first}`]);
      expect(dueSlots(own, first, dueAt(own, first) + dayMs / 2)).toEqual([]);
    }
    const atMonthEnd = samplePlan({ inception: '2024-07-31' });
    expect(of(dueSlots(atMonthEnd, null, dueAt(plan, '2024-07-31')), 'rebalance')).toEqual(['2024-07-31']);
  });

  test('plans nothing before the inception, where it was moved behind what was planned', () => {
    const own = samplePlan({ inception: '2024-07-08' });
    const slots = dueSlots(own, '2024-06-03', dueAt(own, '2024-07-10'));
    expect(of(slots, 'ingest')).toEqual(['2024-07-08', '2024-07-09', '2024-07-10']);
    expect(of(slots, 'retrain')).toEqual(['2024-07-08']);
  });
});

describe('daylight saving', () => {
  const zone = process.env.TZ;
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  test('keeps a quarter to five in New York, once a session, over every change of the clock since 1990', () => {
    const local = new Intl.DateTimeFormat('en-GB', {
      timeZone: 'America/New_York',
      dateStyle: 'short',
      timeStyle: 'short',
    });
    const own = samplePlan({ inception: '1990-01-03' });
    for (const session of calendar.sessions('1990-01-03', '2035-12-31')) {
      const at = local.format(slotAt(own, 'ingest', session).dueAt);
      const [year, month, day] = session.split('-');
      expect(at).toMatch(new RegExp(`^${day}/${month}/${year}, (16:45|13:45|14:45)$`));
    }
    for (let year = 1990; year <= 2035; year += 1)
      for (const month of ['03', '04', '10', '11']) {
        const from = `${year}-${month}-01`;
        const hours = Array.from({ length: 32 * 24 }, (_, hour) => Date.parse(from) + hour * 3_600_000);
        let planned = calendar.previous(from);
        const seen = hours.flatMap((now) => {
          const sessions = of(dueSlots(own, planned, now), 'ingest');
          planned = sessions.at(-1) ?? planned;
          return sessions;
        });
        expect(seen).toEqual(calendar.sessions(from, seen.at(-1)!));
      }
  });

  test('does not depend on the zone of the machine', () => {
    const plans = [samplePlan(), samplePlan({ calendar: calendarByName('24/7') })];
    const starts = ['2024-03-08', '2024-11-01', '2024-12-30'];
    const everything = () =>
      starts.flatMap((start) =>
        Array.from({ length: 8 }, (_, step) => {
          const now = Date.parse(`${start}T20:00:00Z`) + step * 11.3 * 3_600_000;
          return plans.map((own) => dueSlots(own, addDays(start, -1), now));
        }),
      );
    process.env.TZ = 'UTC';
    const expected = JSON.stringify(everything());
    const offsets = new Set<number>();
    for (const name of Intl.supportedValuesOf('timeZone')) {
      process.env.TZ = name;
      offsets.add(new Date(2024, 2, 8).getTimezoneOffset());
      expect([name, JSON.stringify(everything()) === expected]).toEqual([name, true]);
    }
    expect(offsets.size).toBeGreaterThan(30);
  });
});

describe('slotAt', () => {
  test('gives each task its own deadline, at the fill where the decision would be late', () => {
    const session = '2024-11-29'; // closes at one o'clock, 18:00 in London
    const due = Date.parse('2024-11-29T18:45:00Z');
    const fill = Date.parse('2024-12-02T21:00:00Z');
    expect(taskNames.map((task) => [task, slotAt(plan, task, session).deadlineAt])).toEqual([
      ['ingest', due + 360 * minuteMs],
      ['confirm', fill],
      ['retrain', due + 480 * minuteMs],
      ['revalue', fill],
      ['rebalance', fill],
      ['deliver', fill],
    ]);
    for (const task of taskNames)
      expect(slotAt(plan, task, session)).toMatchObject({
        task,
        portfolio: 'sample',
        session,
        dueAt: due,
        reason: task === 'rebalance' ? 'monthly' : null,
      });
    expect(slotAt(plan, 'rebalance', session, 'drawdown').reason).toBe('drawdown');
  });

  test('is never overdue before it is due', () => {
    const own = samplePlan({
      calendar: calendarByName('24/7'),
      graceMinutes: 1600,
      ingestDeadlineMinutes: 1,
    });
    for (const task of taskNames) {
      const slot = slotAt(own, task, '2024-05-05');
      expect(slot.deadlineAt).toBeGreaterThanOrEqual(slot.dueAt);
    }
  });
});

describe('upcomingSlots', () => {
  test.each(Object.entries(plans))('%s: foretells the first slot of each task that comes due', (_, own) => {
    const sessions = own.calendar.sessions(own.inception, '2021-12-31');
    fc.assert(
      fc.property(fc.option(fc.integer({ min: 0, max: sessions.length - 80 })), (start) => {
        const after = start === null ? null : sessions[start]!;
        const foretold = upcomingSlots(own, after);
        let planned = after;
        const first = new Map<string, Slot>();
        for (const session of sessions.slice(start === null ? 0 : start + 1, (start ?? 0) + 80)) {
          for (const slot of dueSlots(own, planned, dueAt(own, session)))
            if (!first.has(slot.task)) first.set(slot.task, slot);
          planned = session;
        }
        expect(Object.fromEntries(foretold.map((slot) => [slot.task, slot]))).toEqual(
          Object.fromEntries(first),
        );
      }),
      { numRuns: 100, seed: 83 },
    );
  });

  test('starts at the inception, or at the next session where that is none', () => {
    const own = samplePlan({ inception: '2024-07-06' });
    for (const after of [null, '2024-01-02'])
      expect(upcomingSlots(own, after).map(label)).toEqual([
        'ingest 2024-07-08',
        'revalue 2024-07-08',
        'retrain 2024-07-08',
        'rebalance 2024-07-31',
      ]);
    expect(of(upcomingSlots(own, addDays('2024-07-30', 1)), 'rebalance')).toEqual(['2024-08-30']);
  });
});
