import type { Session } from '../core/calendar/session.ts';
import type { DecisionReason, FallbackLevel } from '../core/policy/decision.ts';
import type { StatusSnapshot } from './status.ts';

/** The answer of /api/targets and of `targets --format json`; weights and trades are ratios of net asset value. */
export type TargetsAnswer = {
  portfolio: string;
  /** of the decision; null before the first, when `targets` is empty */
  session: Session | null;
  revision: number | null;
  reason: DecisionReason | null;
  fallbackLevel: FallbackLevel | null;
  decidedAt: string | null;
  /** session of the newest holdings a broker told; null: what is held is simulated from the configured value */
  importedOn: Session | null;
  /** by symbol, CASH last */
  targets: TargetRow[];
};

export type TargetRow = {
  symbol: string;
  target: number;
  /** `target` again: readers of either answer find it under the name they know */
  weight: number;
  /** held when it was decided */
  before: number;
  /** over HTTP held at the newest valuation, null before the first; by the command, `before` again */
  held: number | null;
  /** what the decision buys, below 0 what it sells: `target` less `before` */
  trade: number;
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
    importedOn: found.importedOn,
    targets: lines.map(({ symbol, before, target, held }) => ({
      symbol,
      target,
      weight: target,
      before,
      held,
      trade: target - before,
    })),
  };
}
