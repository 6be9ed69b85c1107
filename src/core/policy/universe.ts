import type { PricePanel } from '../market/panel.ts';
import { cleanPanel, type QualityNote } from '../market/quality.ts';
import type { ReturnsMatrix } from '../risk/returns.ts';
import { simpleReturns } from '../risk/returns.ts';
import { type Bounds, boundsOf, type PortfolioPolicy } from './policy.ts';

/** Sessions from a decision to the next, at most: a month of a market that never closes. */
const decisionIntervalSessions = 31;

/** Sessions the weights, and those of the decision before, are made from, with those a first gap is filled from. */
export function universeSessions(policy: PortfolioPolicy): number {
  const lookback = policy.covarianceLookbackSessions + decisionIntervalSessions;
  const history = Math.max(lookback, policy.quality.historySessionsMin);
  return history + 1 + policy.quality.fillSessionsMax;
}

/** What a decision may choose from at its session. */
export type Universe = {
  /** indices into the policy's symbols of the assets whose data may be used */
  members: number[];
  returns: WindowReturns;
  panel: PricePanel;
  /** those of the policy for the members, 0 to 0 for everything else */
  bounds: Bounds[];
  /** index of the cash proxy; null where there is none, or none with a price */
  cashProxy: number | null;
  quality: QualityNote[];
};

/** Cleans the policy's prices. The cash proxy is kept out of the allocation: drawdown limits fill it. */
export function cleanUniverse(panel: PricePanel, policy: PortfolioPolicy): Universe {
  const cleaned = cleanPanel(panel.select(policy.symbols).last(universeSessions(policy)), {
    ...policy.quality,
    windowSessions: policy.covarianceLookbackSessions + 1,
  });
  const limits = boundsOf(policy);
  // What may not be held at all has no part in how the rest is weighed.
  const mayBeHeld = (i: number) => limits[i]!.lower !== 0 || limits[i]!.upper !== 0;
  const members = policy.symbols.flatMap((symbol, i) =>
    cleaned.panel.symbols.includes(symbol) && symbol !== policy.cashProxySymbol && mayBeHeld(i) ? [i] : [],
  );
  const panelOfMembers = cleaned.panel.select(members.map((i) => policy.symbols[i]!));
  const returns = windowReturns(panelOfMembers, policy.covarianceLookbackSessions);
  const bounds = limits.map((b, i) => (members.includes(i) ? b : { lower: 0, upper: 0 }));
  return {
    members,
    returns,
    panel: panelOfMembers,
    bounds,
    cashProxy: pricedCashProxy(panel, policy),
    quality: [...cleaned.notes, ...shortened(panelOfMembers, policy.covarianceLookbackSessions)],
  };
}

/** A universe of nothing, for a decision that could not even clean its prices. */
export function unknownUniverse(panel: PricePanel, policy: PortfolioPolicy): Universe {
  const none = panel.select([]);
  return {
    members: [],
    returns: windowReturns(none, 1),
    panel: none,
    bounds: policy.symbols.map(() => ({ lower: 0, upper: 0 })),
    cashProxy: null,
    quality: [],
  };
}

/** The cash proxy may be young, for no covariance reads it, but needs a price no older than a gap that is filled. */
function pricedCashProxy(panel: PricePanel, policy: PortfolioPolicy): number | null {
  const { cashProxySymbol, symbols, quality } = policy;
  if (cashProxySymbol === null) return null;
  const recent = panel.column(cashProxySymbol).slice(-1 - quality.fillSessionsMax);
  return recent.some((level) => level > 0 && Number.isFinite(level))
    ? symbols.indexOf(cashProxySymbol)
    : null;
}

/** Simple returns of a window in which assets may begin at different sessions. */
export type WindowReturns = {
  /** of the sessions that all assets have: what joint measures, as of tails, are taken of */
  common: ReturnsMatrix;
  /** of all sessions, NaN before an asset's first: what covariances and means are estimated from */
  history: ReturnsMatrix;
};

/** Simple returns of the panel's last `count` sessions, or of as many as there are. */
export function windowReturns(panel: PricePanel, count: number): WindowReturns {
  const window = panel.last(count + 1);
  const start = Math.max(0, ...firstRows(window));
  return {
    common: simpleReturns(window.last(window.sessions.length - start)),
    history: simpleReturns(window),
  };
}

const firstRows = ({ levels }: PricePanel) => levels.map((column) => column.findIndex(Number.isFinite));

/** The assets that have less of the covariance window than the oldest: recorded, for their risk is partly inferred. */
function shortened(panel: PricePanel, count: number): QualityNote[] {
  const window = panel.last(count + 1);
  const firsts = firstRows(window);
  const oldest = Math.min(...firsts);
  const last = window.sessions.length - 1;
  return firsts.flatMap((row, i) =>
    row === oldest
      ? []
      : [
          {
            symbol: window.symbols[i]!,
            kind: 'shortened' as const,
            sessions: last - row,
            firstSession: window.sessions[row]!,
            lastSession: window.sessions[last]!,
            reason: `${last - row} of the ${last - oldest} returns of the covariance window; what is before is inferred from the older assets`,
          },
        ],
  );
}

/** Values of the members over all `size` symbols of the policy; assets outside the universe get 0. */
export function scatter({ members }: Universe, size: number, values: ArrayLike<number>): number[] {
  const all = new Array<number>(size).fill(0);
  members.forEach((i, k) => {
    all[i] = values[k]!;
  });
  return all;
}
