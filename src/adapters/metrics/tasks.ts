import { slotStates } from '../../core/schedule/slot.ts';
import { letterStates } from '../../views/letter.ts';
import { family, type MetricFamily } from './family.ts';

/** Slots and letters: whether the work is done in time. */
export const taskFamilies: readonly MetricFamily[] = [
  family(
    'gauge',
    'rebalanced_task_last_success_timestamp_seconds',
    ['task', 'portfolio'],
    'When a slot of the task was last done; 0 if never',
    ({ tasks }) =>
      tasks.map(({ task, portfolio, lastSuccessAt }) => ({ task, portfolio, value: lastSuccessAt ?? 0 })),
  ),
  family(
    'gauge',
    'rebalanced_task_last_missed_timestamp_seconds',
    ['task', 'portfolio'],
    'When a slot of the task was last given up; 0 if never',
    ({ tasks }) =>
      tasks.map(({ task, portfolio, lastMissedAt }) => ({ task, portfolio, value: lastMissedAt ?? 0 })),
  ),
  family(
    'gauge',
    'rebalanced_task_deadline_timestamp_seconds',
    ['task', 'portfolio'],
    'Deadline of the earliest open slot, else of the next one; the task is overdue when it has passed',
    ({ tasks }) => tasks.map(({ task, portfolio, deadlineAt }) => ({ task, portfolio, value: deadlineAt })),
  ),
  family('gauge', 'rebalanced_slots', ['task', 'portfolio', 'state'], 'Slots by state', ({ tasks }) =>
    tasks.flatMap(({ task, portfolio, slots }) =>
      slotStates.map((state) => ({ task, portfolio, state, value: slots[state] })),
    ),
  ),
  family('gauge', 'rebalanced_letters', ['portfolio', 'state'], 'Letters by state', ({ portfolios }) =>
    portfolios.flatMap(({ portfolio, letters }) =>
      letterStates.map((state) => ({ portfolio, state, value: letters[state].count })),
    ),
  ),
  family(
    'gauge',
    'rebalanced_letter_newest_timestamp_seconds',
    ['portfolio', 'state'],
    'When the newest letter came to its state; 0 if none is in it',
    ({ portfolios }) =>
      portfolios.flatMap(({ portfolio, letters }) =>
        letterStates.map((state) => ({ portfolio, state, value: letters[state].newestAt ?? 0 })),
      ),
  ),
  family(
    'gauge',
    'rebalanced_letter_oldest_unsent_timestamp_seconds',
    ['portfolio'],
    'When the oldest letter that still waits was queued; absent when none waits',
    ({ portfolios }) =>
      portfolios.map(({ portfolio, oldestUnsentLetterAt }) => ({ portfolio, value: oldestUnsentLetterAt })),
  ),
];
