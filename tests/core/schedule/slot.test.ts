import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slotAt } from '../../../src/core/schedule/plan.ts';
import {
  type Attempted,
  readySlots,
  type TaskName,
  taskNames,
  waitsFor,
} from '../../../src/core/schedule/slot.ts';
import { samplePlan } from './samples.ts';

const plan = samplePlan();
const days = plan.calendar.sessions('2024-01-29', '2024-02-09');
const slot = (task: TaskName, day: number, portfolio = 'sample', attempts = 0): Attempted => ({
  ...slotAt(plan, task, days[day]!),
  portfolio,
  attempts,
});
/** Long after every deadline: a daemon that catches up is late by nature. */
const late = Date.parse('2024-06-28T21:00:00Z');
const rank: Record<TaskName, number> = {
  ingest: 0,
  confirm: 1,
  revalue: 1,
  retrain: 1,
  rebalance: 2,
  deliver: 3,
};

const opens = fc
  .uniqueArray(
    fc.record({
      task: fc.constantFrom(...taskNames),
      day: fc.nat(days.length - 1),
      portfolio: fc.constantFrom('one', 'two'),
      attempts: fc.nat(1),
    }),
    { selector: ({ task, day, portfolio }) => `${task} ${day} ${portfolio}`, maxLength: 40 },
  )
  .map((drawn) => drawn.map(({ task, day, portfolio, attempts }) => slot(task, day, portfolio, attempts)));

describe('waitsFor', () => {
  // waiting task, task waited for, waits for an earlier one, waits for one of the same session
  const table: [TaskName, TaskName, boolean, boolean][] = [
    ['ingest', 'ingest', true, false],
    ['ingest', 'revalue', false, false],
    ['ingest', 'retrain', false, false],
    ['ingest', 'rebalance', false, false],
    ['revalue', 'ingest', true, true],
    ['revalue', 'revalue', true, false],
    ['revalue', 'retrain', false, false],
    ['revalue', 'rebalance', true, false],
    ['retrain', 'ingest', true, true],
    ['retrain', 'revalue', false, false],
    ['retrain', 'retrain', false, false],
    ['retrain', 'rebalance', false, false],
    ['rebalance', 'ingest', true, true],
    ['rebalance', 'revalue', true, true],
    ['rebalance', 'retrain', true, true],
    ['rebalance', 'rebalance', true, false],
  ];

  test.each(table)('%s for %s: earlier %s, same session %s, later never', (task, other, earlier, same) => {
    expect(waitsFor(slot(task, 4), slot(other, 3), late)).toBe(earlier);
    expect(waitsFor(slot(task, 4), slot(other, 4), late)).toBe(same);
    if (task !== 'retrain' || other !== 'retrain')
      expect(waitsFor(slot(task, 4), slot(other, 5), late)).toBe(false);
    expect(waitsFor(slot(task, 4), slot(other, 3, 'another'), late)).toBe(false);
  });

  test('lets a training wait for a newer one that may make it needless, unless that one has failed', () => {
    expect(waitsFor(slot('retrain', 4), slot('retrain', 5), late)).toBe(true);
    expect(waitsFor(slot('retrain', 4), slot('retrain', 5, 'sample', 1), late)).toBe(false);
  });

  test('lets a decision wait for a training however late it is, but not for one that failed until its deadline', () => {
    const failed = slot('retrain', 4, 'sample', 1);
    expect(waitsFor(slot('rebalance', 4), slot('retrain', 4), late)).toBe(true);
    expect(waitsFor(slot('rebalance', 4), failed, failed.deadlineAt)).toBe(true);
    expect(waitsFor(slot('rebalance', 4), failed, failed.deadlineAt + 1)).toBe(false);
  });

  test('lets letters go at once, and lets nothing wait for them', () => {
    for (const task of taskNames)
      for (const day of [3, 4, 5]) {
        expect(waitsFor(slot('deliver', 4), slot(task, day), late)).toBe(false);
        expect(waitsFor(slot(task, 4), slot('deliver', day), late)).toBe(false);
      }
  });

  test('only ever looks back, a training at a training apart, so that no slots wait for each other in any ring', () => {
    fc.assert(
      fc.property(opens, (open) => {
        for (const one of open)
          for (const other of open) {
            if (one === other || !waitsFor(one, other, late)) continue;
            if (one.task === 'retrain' && other.task === 'retrain') {
              expect(other.session > one.session).toBe(true);
              continue;
            }
            const back = other.session < one.session;
            expect(back || (other.session === one.session && rank[other.task] < rank[one.task])).toBe(true);
          }
      }),
      { numRuns: 100, seed: 91 },
    );
  });
});

describe('readySlots', () => {
  test('empties any set of open slots, in an order that every waiting is kept in', () => {
    fc.assert(
      fc.property(opens, fc.infiniteStream(fc.nat()), (open, choices) => {
        let left = open;
        const done: Attempted[] = [];
        while (left.length > 0) {
          const ready = readySlots(left, late);
          expect(ready.length).toBeGreaterThan(0);
          const next = ready[(choices.next().value as number) % ready.length]!;
          done.push(next);
          left = left.filter((one) => one !== next);
        }
        done.forEach((one, i) => {
          for (const later of done.slice(i + 1)) expect(waitsFor(one, later, late)).toBe(false);
        });
      }),
      { numRuns: 100, seed: 92 },
    );
  });

  test('holds back the values after a decision until it is made', () => {
    const open = [
      slot('rebalance', 2),
      slot('ingest', 3),
      slot('revalue', 3),
      slot('revalue', 4),
      slot('retrain', 3),
    ];
    expect(readySlots(open, late).map(({ task, session }) => [task, session])).toEqual([
      ['rebalance', days[2]],
      ['ingest', days[3]],
    ]);
    expect(readySlots(open.slice(1), late).map(({ task }) => task)).toEqual(['ingest']);
    expect(readySlots(open.slice(2), late).map(({ task, session }) => [task, session])).toEqual([
      ['revalue', days[3]],
      ['retrain', days[3]],
    ]);
    expect(readySlots([], late)).toEqual([]);
  });
});
