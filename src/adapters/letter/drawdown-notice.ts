import type { Session } from '../../core/market/session.ts';
import type { DrawdownState, DrawdownStatus } from '../../core/policy/drawdown.ts';
import { longDate, percent, weekdayDate } from './figures.ts';
import type { Page } from './page.ts';

/** A drawdown state that changed without a decision of its own: less strict, and used from the next decision on. */
export type DrawdownNotice = {
  portfolio: string;
  session: Session;
  before: DrawdownState;
  status: DrawdownStatus;
  /** share of the usual weights the new state allows */
  exposureRatio: number;
  navNet: number;
};

const sentence: Record<DrawdownState, string> = {
  normal: 'The loss is back inside the limit. Full exposure is allowed again.',
  reduced: 'The loss is beyond the soft limit. Exposure is reduced.',
  halted: 'The loss is beyond the hard limit. Everything goes to cash.',
  recovering:
    'The cool-down is over and the portfolio without the limit has recovered. Part of the exposure is allowed again.',
};

/** Arranges the notice like any other letter. */
export function noticePage({
  portfolio,
  session,
  before,
  status,
  exposureRatio,
  navNet,
}: DrawdownNotice): Page {
  const rebased = status.rebasedOn === session;
  return {
    subject: `${portfolio}: drawdown state ${status.state} since ${longDate(session)}, was ${before}`,
    kicker: portfolio,
    headline: `Drawdown state: ${status.state}`,
    dateline: `Since the close of ${weekdayDate(session)}; ${before} before.`,
    notices: [],
    tiles: [
      { label: 'State', value: status.state },
      { label: 'Exposure', value: percent(exposureRatio) },
      { label: 'Drawdown', value: percent(-status.drawdownRatio) },
      { label: 'Net value', value: navNet.toFixed(4) },
    ],
    why: [
      sentence[status.state],
      ...(rebased ? [`The high-water mark starts anew at ${navNet.toFixed(4)}.`] : []),
      'Nothing is traded now: the next decision uses the new state.',
    ],
    rows: [],
    weightsNote: null,
    sections: [
      {
        title: 'Drawdown',
        facts: [
          { label: 'High-water mark', value: status.highWaterMark.toFixed(4) },
          { label: 'Against the mark', value: percent(-status.drawdownRatio) },
          { label: 'Without the limit, against its mark', value: percent(-status.shadowDrawdownRatio) },
        ],
      },
    ],
    notes: [],
    smallPrint: ['Past returns promise nothing. This letter is not investment advice.'],
    statusUrl: null,
  };
}
