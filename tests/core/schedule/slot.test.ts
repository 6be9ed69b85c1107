import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slotAt } from '../../../src/core/schedule/plan.ts';
import {
  readySlots,
  type Slot,
  type TaskName,
  taskNames,
  waitsFor,
} from '../../../src/core/schedule/slot.ts';
import { samplePlan } from './samples.ts';

const plan = samplePlan();
const days = plan.calendar.sessions('2024-01-29', '2024-02-09');
const slot = (task: TaskName, day: number, portfolio = 'sample'): Slot => ({
  ...slotAt(plan, task, days[day]!),
  portfolio,
});
const rank: Record<TaskName, number> = { ingest: 0, revalue: 1, retrain: 1, rebalance: 2, deliver: 3 };

const opens = fc
  .uniqueArray(
    fc.record({
      task: fc.constantFrom(...taskNames),
      day: fc.nat(days.length - 1),
      portfolio: fc.constantFrom('one', 'two'),
    }),
    { selector: ({ task, day, portfolio }) => `${task} ${day} ${portfolio}`, maxLength: 40 },
  )
  .map((drawn) => drawn.map(({ task, day, portfolio }) => slot(task, day, portfolio)));

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
    ['retrain', 'retrain', true, false],
    ['retrain', 'rebalance', false, false],
    ['rebalance', 'ingest', true, true],
    ['rebalance', 'revalue', true, true],
    ['rebalance', 'retrain', true, true],
    ['rebalance', 'rebalance', true, false],
  ];

  it.each(table)('%s for %s: earlier %s, same session %s, later never', (task, other, earlier, same) => {
    expect(waitsFor(slot(task, 4), slot(other, 3))).toBe(earlier);
    expect(waitsFor(slot(task, 4), slot(other, 4))).toBe(same);
    expect(waitsFor(slot(task, 4), slot(other, 5))).toBe(false);
    expect(waitsFor(slot(task, 4), slot(other, 3, 'another'))).toBe(false);
  });

  it('lets letters go at once, and lets nothing wait for them', () => {
    for (const task of taskNames)
      for (const day of [3, 4, 5]) {
        expect(waitsFor(slot('deliver', 4), slot(task, day))).toBe(false);
        expect(waitsFor(slot(task, 4), slot('deliver', day))).toBe(false);
      }
  });

  it('only ever looks back, so that no two slots wait for each other in any ring', () => {
    fc.assert(
      fc.property(opens, (open) => {
        for (const one of open)
          for (const other of open) {
            if (one === other || !waitsFor(one, other)) continue;
            const back = other.session < one.session;
            expect(back || (other.session === one.session && rank[other.task] < rank[one.task])).toBe(true);
          }
      }),
      { numRuns: 100, seed: 91 },
    );
  });
});

describe('readySlots', () => {
  it('empties any set of open slots, in an order that every waiting is kept in', () => {
    fc.assert(
      fc.property(opens, fc.infiniteStream(fc.nat()), (open, choices) => {
        let left = open;
        const done: Slot[] = [];
        while (left.length > 0) {
          const ready = readySlots(left);
          expect(ready.length).toBeGreaterThan(0);
          const next = ready[(choices.next().value as number) % ready.length]!;
          done.push(next);
          left = left.filter((one) => one !== next);
        }
        done.forEach((one, i) => {
          for (const later of done.slice(i + 1)) expect(waitsFor(one, later)).toBe(false);
        });
      }),
      { numRuns: 100, seed: 92 },
    );
  });

  it('holds back the values after a decision until it is made', () => {
    const open = [
      slot('rebalance', 2),
      slot('ingest', 3),
      slot('revalue', 3),
      slot('revalue', 4),
      slot('retrain', 3),
    ];
    expect(readySlots(open).map(({ task, session }) => [task, session])).toEqual([
      ['rebalance', days[2]],
      ['ingest', days[3]],
    ]);
    expect(readySlots(open.slice(1)).map(({ task }) => task)).toEqual(['ingest']);
    expect(readySlots(open.slice(2)).map(({ task, session }) => [task, session])).toEqual([
      ['revalue', days[3]],
      ['retrain', days[3]],
    ]);
    expect(readySlots([])).toEqual([]);
  });
});
