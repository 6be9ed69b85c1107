import type { PortfolioStatus, StatusSnapshot } from '../../views/status.ts';
import { uninvestedSentence } from '../account.ts';
import { restatementSentence } from '../restatement.ts';

/** A late start is looked at while it is new; afterwards the portfolio's own heading tells it. */
const startDecisionsMax = 3;

/** What a person should look at, one sentence each; empty when all is well. */
export function issues(snapshot: StatusSnapshot): string[] {
  return [
    ...snapshot.portfolios.flatMap((portfolio) => ofPortfolio(portfolio, snapshot.asOf)),
    ...ofSources(snapshot),
    ...ofLetters(snapshot),
    ...snapshot.models
      .filter(({ backend }) => backend === 'wasm')
      .map(
        ({ portfolio }) => `${portfolio}: the newest model was trained on the slower WebAssembly backend.`,
      ),
  ];
}

function ofPortfolio(status: PortfolioStatus, asOf: string): string[] {
  const { portfolio, nextSlots, valuation, lastDecision, uninvested, decisionsMade } = status;
  const start =
    uninvested && decisionsMade <= startDecisionsMax
      ? [`${portfolio}: ${uninvestedSentence(uninvested)}.`]
      : [];
  const overdue = nextSlots
    .filter((slot) => slot.deadlineAt < asOf)
    .map(({ task, session, open, lastError }) => {
      const more = open > 1 ? `, with ${open - 1} more behind it` : '';
      return `${portfolio}: ${task} of ${session} is overdue${more}${lastError ? ` (${lastError})` : ''}.`;
    });
  const state = valuation?.drawdownState ?? 'normal';
  const drawdown = state === 'normal' ? [] : [`${portfolio}: the drawdown state is ${state}.`];
  return [
    ...overdue,
    ...start,
    ...drawdown,
    ...ofRestatement(status),
    ...ofDecision(portfolio, lastDecision),
  ];
}

/** Told here until a decision's letter has told it. */
function ofRestatement({ portfolio, restatement, lastDecision }: PortfolioStatus): string[] {
  if (!restatement || (lastDecision && lastDecision.decidedAt >= restatement.valuedAt)) return [];
  return [`${portfolio}: ${restatementSentence(restatement)}.`];
}

/** A fault of the program says more than the level it ended on. */
function ofDecision(portfolio: string, decision: PortfolioStatus['lastDecision']): string[] {
  if (!decision || (decision.fallbackLevel === 'full' && decision.fallbackReason === null)) return [];
  const { session, fallbackLevel, programFaults } = decision;
  if (fallbackLevel === 'full')
    return [`${portfolio}: the decision of ${session} took the least variance (${decision.fallbackReason}).`];
  const reason = decision.fallbackReason ?? 'no reason given';
  return programFaults > 0
    ? [
        `${portfolio}: the decision of ${session} met a fault of the program and holds what was held (${reason}).`,
      ]
    : [
        `${portfolio}: the decision of ${session} was made on the fallback level ${fallbackLevel} (${reason}).`,
      ];
}

function ofSources({ sources }: StatusSnapshot): string[] {
  const failing = Map.groupBy(
    sources.filter(({ failuresInARow }) => failuresInARow > 0),
    ({ source }) => source,
  );
  return [...failing].map(([source, rows]) => {
    const symbols = rows.length === 1 ? rows[0]!.symbol : `${rows.length} symbols`;
    const newest = rows.reduce((a, b) => ((b.lastFailure?.at ?? '') > (a.lastFailure?.at ?? '') ? b : a));
    return `${source} fails for ${symbols}: ${newest.lastFailure?.kind ?? 'unknown'}.`;
  });
}

function ofLetters({ letters }: StatusSnapshot): string[] {
  return letters.flatMap(({ portfolio, ambiguous, refused }) => [
    ...(ambiguous > 0 ? [`${portfolio}: it is not known whether ${count(ambiguous)} arrived.`] : []),
    ...(refused > 0 ? [`${portfolio}: the mail server refused ${count(refused)}.`] : []),
  ]);
}

const count = (letters: number) => (letters === 1 ? 'one letter' : `${letters} letters`);
