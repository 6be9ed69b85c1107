import type { Session } from '../core/calendar/session.ts';
import type { DecisionReason, FallbackLevel } from '../core/policy/decision.ts';
import type { StatusSnapshot } from './status.ts';

export type TargetsAnswer = {
  portfolio: string;
  /** of the newest decision; null before the first, when `targets` is empty */
  session: Session | null;
  revision: number | null;
  reason: DecisionReason | null;
  fallbackLevel: FallbackLevel | null;
  decidedAt: string | null;
  /** by symbol, CASH last; `held` is the weight at the newest valuation */
  targets: { symbol: string; target: number; held: number | null }[];
};

/** The newest targets of one portfolio, or what is wrong with the question. */
export function targetsOf(
  { portfolios }: StatusSnapshot,
  name: string | string[] | undefined,
): TargetsAnswer | { code: 400 | 404; error: string } {
  const known = portfolios.map(({ portfolio }) => portfolio).join(', ') || 'none yet';
  if (typeof name !== 'string' || name === '')
    return { code: 400, error: `name one portfolio, as in /api/targets?portfolio=NAME; there are: ${known}` };
  const found = portfolios.find(({ portfolio }) => portfolio === name);
  if (!found) return { code: 404, error: `there is no portfolio of that name; there are: ${known}` };
  const { lastDecision, lines } = found;
  return {
    portfolio: found.portfolio,
    session: lastDecision?.session ?? null,
    revision: lastDecision?.revision ?? null,
    reason: lastDecision?.reason ?? null,
    fallbackLevel: lastDecision?.fallbackLevel ?? null,
    decidedAt: lastDecision?.decidedAt ?? null,
    targets: lines.map(({ symbol, target, held }) => ({ symbol, target, held })),
  };
}
