import { expect, test } from 'vitest';
import type { PriceBasis } from '../../../src/core/market/bar.ts';
import { panelFromStoredBars, type StoredBar } from '../../../src/core/market/stored-bars.ts';
import { barOf } from './bars.ts';

const days = ['2024-01-02', '2024-01-03', '2024-01-04'];
const bar = (symbol: string, session: string, close: number, basis: PriceBasis, events = {}): StoredBar => ({
  ...barOf(session, close, { symbol, ...events }),
  basis,
  currency: null,
});

test('each symbol is read in the basis it was stored in', () => {
  const bars = [
    bar('A', days[0]!, 100, 'as-traded'),
    bar('A', days[1]!, 50, 'as-traded', { splitRatio: 2, dividend: 1 }),
    bar('B', days[0]!, 100, 'split-adjusted'),
    bar('B', days[1]!, 50, 'split-adjusted', { splitRatio: 2, dividend: 1 }),
    bar('C', days[0]!, 100, 'total-return'),
    bar('C', days[1]!, 50, 'total-return', { splitRatio: 2, dividend: 1 }),
  ];
  const panel = panelFromStoredBars(bars, days, ['C', 'A', 'B', 'NONE']);
  const returnOf = (symbol: string) => panel.column(symbol)[1]! / panel.column(symbol)[0]! - 1;
  expect(returnOf('A')).toBeCloseTo(0.02, 14);
  expect(returnOf('B')).toBeCloseTo(-0.49, 14);
  expect(returnOf('C')).toBeCloseTo(-0.5, 14);
  expect(panel.column('NONE').every(Number.isNaN)).toBe(true);
});

test('two bases of one symbol are an error that says where they meet and what to do', () => {
  const bars = [
    bar('B', days[0]!, 10, 'as-traded'),
    bar('A', days[0]!, 100, 'as-traded'),
    bar('A', days[1]!, 101, 'total-return'),
  ];
  expect(() => panelFromStoredBars(bars, days, ['A', 'B'])).toThrow(
    /^A has as-traded closes \(2024-01-02\) and total-return closes \(2024-01-03\) between 2024-01-02 and 2024-01-04; expected one basis: ingest again/,
  );
});
