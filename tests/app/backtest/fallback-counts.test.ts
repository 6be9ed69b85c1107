import { expect, test } from 'vitest';
import { fallbackCounts, isAllHold } from '../../../src/app/backtest/fallback-counts.ts';
import type { FallbackLevel } from '../../../src/core/policy/decision.ts';

const decided = (asOf: string, fallbackLevel: FallbackLevel, fallbackReason: string | null) => ({
  asOf,
  fallbackLevel,
  fallbackReason,
});

test('levels are counted best first, with the first reason of each', () => {
  const decisions = [
    decided('2024-01-31', 'hold', 'full: no prices'),
    decided('2024-02-29', 'full', null),
    decided('2024-03-28', 'hold', 'full: another'),
  ];
  expect(fallbackCounts(decisions)).toEqual([
    { level: 'full', decisions: 1, firstAsOf: '2024-02-29', firstReason: null },
    { level: 'hold', decisions: 2, firstAsOf: '2024-01-31', firstReason: 'full: no prices' },
  ]);
});

test('only a walk that decided, and never but to hold, is all hold', () => {
  expect(isAllHold(fallbackCounts([]))).toBe(false);
  expect(isAllHold(fallbackCounts([decided('2024-01-31', 'hold', 'none')]))).toBe(true);
  const mixed = [decided('2024-01-31', 'hold', 'none'), decided('2024-02-29', 'last-good', 'none')];
  expect(isAllHold(fallbackCounts(mixed))).toBe(false);
});
