import { calendarByName } from '../../../src/core/calendar/calendars.ts';
import type { SchedulePlan } from '../../../src/core/schedule/plan.ts';

const newYork = calendarByName('XNYS');

/** New York, the month's last session, a training each 63 sessions from 2020-01-02 on. */
export function samplePlan(changes: Partial<SchedulePlan> = {}): SchedulePlan {
  return {
    portfolio: 'sample',
    calendar: newYork,
    inception: '2020-01-02',
    graceMinutes: 45,
    rebalanceOn: 'last-session',
    lateSessionsMax: 3,
    retrainEverySessions: 63,
    ingestDeadlineMinutes: 360,
    retrainDeadlineMinutes: 480,
    ...changes,
  };
}
