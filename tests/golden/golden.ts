import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { loadConfig } from '../../src/app/config/load.ts';
import { sourceOf, wirePortfolio } from '../../src/app/portfolios.ts';
import { projectRoot } from '../../src/app/project.ts';
import { walkForward } from '../../src/core/evaluation/walk-forward.ts';
import type { ForecastResult } from '../../src/core/forecast/forecast-result.ts';
import { panelFromBars } from '../../src/core/market/panel.ts';
import type { Decision } from '../../src/core/policy/decision.ts';
import { isRebalanceSession } from '../../src/core/schedule/plan.ts';
import { pricedSymbols } from '../../src/tasks/portfolio.ts';

/**
 * One decision's body as plain values in a fixed order: every field but `inputs`, which names the machine's model, the
 * code's version and the clock. Names are left out, so that renaming a field changes no golden hash.
 */
function values({ inputs: _, ...decision }: Decision): unknown[] {
  const { portfolio, asOf, reason, allocator, fallbackLevel, fallbackReason, lines, cash, ...numbers } =
    decision;
  const { turnoverOneWay, turnoverTwoWay, costRatio, signalScale, binding, drawdown, ...rest } = numbers;
  const { exposureRatio, shadowTargets, quality, fallbackAttempts, ...unknown } = rest;
  // No hash holds the attempts, for they say in parts what `fallbackReason` says joined; a fault belongs to no golden walk.
  const failed = fallbackAttempts.filter(({ outcome }) => outcome !== 'uncapped');
  const joined = failed.map(({ level, reason }) => `${level}: ${reason}`).join('; ');
  if (joined !== (fallbackReason ?? '') || failed.some(({ isFault }) => isFault))
    throw new Error(`the decision of ${asOf} has other attempts than its reason says, or a fault: ${joined}`);
  if (Object.keys(unknown).length > 0)
    throw new Error(
      `a decision has the fields ${Object.keys(unknown)}, which no golden hash covers; add them`,
    );
  return [
    [portfolio, asOf, reason, allocator, fallbackLevel, fallbackReason],
    lines.map((l) => [l.symbol, l.held, l.target, l.trade, l.lower, l.upper, l.forecast, l.costRatio]),
    [cash.held, cash.target, turnoverOneWay, turnoverTwoWay, costRatio, signalScale, exposureRatio],
    binding.map(({ kind, name, limit, multiplier }) => [kind, name, limit, multiplier]),
    [
      drawdown.state,
      drawdown.since,
      drawdown.sessionsInState,
      drawdown.highWaterMark,
      drawdown.shadowHighWaterMark,
      drawdown.drawdownRatio,
      drawdown.shadowDrawdownRatio,
      drawdown.rebasedOn,
    ],
    shadowTargets,
    quality.map((n) => [n.symbol, n.kind, n.sessions, n.firstSession, n.lastSession, n.reason]),
  ];
}

/** SHA-256 over all decision bodies, in order. */
export function goldenHash(decisions: readonly Decision[]): string {
  return createHash('sha256')
    .update(JSON.stringify(decisions.map(values)))
    .digest('hex');
}

/** The decisions of a configuration's first portfolio over the bundled closes, walked from its inception to the end. */
export async function walkedDecisions(
  file: string,
  forecastAt: (session: string) => ForecastResult,
): Promise<Decision[]> {
  const config = loadConfig(resolve(projectRoot, file));
  const chosen = config.portfolios[0]!;
  const source = sourceOf(config.sources[chosen.source]!, { warn: () => {} } as never);
  const portfolio = wirePortfolio(config, chosen, source, chosen.inception!);
  const symbols = pricedSymbols(portfolio);
  const fetched = await Promise.all(
    symbols.map((symbol) =>
      source.fetchBars(symbol, portfolio.historyStart, '2022-12-28', Number.POSITIVE_INFINITY),
    ),
  );
  const bars = fetched.flatMap((answer) => answer.bars);
  const sessions = portfolio.plan.calendar.sessions(portfolio.historyStart, '2022-12-28');
  return walkForward({
    panel: panelFromBars(bars, sessions, symbols, () => source.basis),
    policy: portfolio.policy,
    inception: portfolio.plan.inception,
    isRebalanceSession: (session) => isRebalanceSession(portfolio.plan, session),
    forecastAt: (panel) => forecastAt(panel.lastSession),
  }).decisions;
}
