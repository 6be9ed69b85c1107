import type { FallbackCount } from '../../app/backtest/fallback-counts.ts';

/** One line for each fallback level that decisions were made at, with the first reason. */
export function fallbackLines(counts: readonly FallbackCount[]): string[] {
  const total = counts.reduce((sum, { decisions }) => sum + decisions, 0);
  return counts.map(({ level, decisions, firstAsOf, firstReason }) => {
    const why = firstReason === null ? '' : ` (first on ${firstAsOf}: ${firstReason})`;
    return `fallback level ${level}: ${decisions} of ${total} decisions${why}`;
  });
}
