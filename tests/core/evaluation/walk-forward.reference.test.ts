import { describe, expect, test } from 'vitest';
import { readWidePrices } from '../../../src/adapters/prices/csv/csv.ts';
import { walkForward } from '../../../src/core/evaluation/walk-forward.ts';
import { noForecast } from '../../../src/core/forecast/forecast-result.ts';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { referenceData } from '../../support/reference-data.ts';
import { widePrices } from '../allocation/reference-tables.ts';
import { samplePolicy } from '../policy/samples.ts';

/**
 * Equal weight over twenty stocks in steps of 21 sessions, published by others. Their step, named by the first
 * session it earns, is bought at the close before it; so it is decided here one session earlier still. They take the
 * cost, 5 basis points of the traded notional, from the step's simple return, where here it scales the value.
 */
describe('walkForward against a published walk of twenty stocks', () => {
  const folder = 'reference/walkforward_20stocks';

  test('has the same 251 gross returns and the same costs on drifted holdings', () => {
    const { dates, symbols, values } = readWidePrices(referenceData(`${folder}/prices.csv.gz`)).value;
    const column = (path: string) => widePrices(referenceData(`${folder}/${path}`), ['0']);
    const gross = column('equal_weight_returns.csv.gz');
    const net = column('equal_weight_returns_net.csv.gz');
    const rowOf = new Map(dates.map((date, row) => [date, row]));
    const deciding = new Set(gross.dates.map((date) => dates[rowOf.get(date)! - 2]!));
    const walked = walkForward({
      panel: new PricePanel(dates, symbols, values),
      policy: samplePolicy(symbols, {
        allocator: 'equal',
        costs: {
          base: { commissionBps: 5, halfSpreadBps: 0, impactBps: 0, averageDailyValue: null },
          bySymbol: {},
          portfolioValue: 1,
        },
      }),
      inception: [...deciding][0]!,
      isRebalanceSession: (session) => deciding.has(session),
      forecastAt: () => noForecast('none'),
    });
    const at = new Map(walked.valuations.map((v) => [v.session, v]));
    expect(gross.dates.length).toBe(251);
    gross.dates.forEach((date, step) => {
      const row = rowOf.get(date)!;
      const start = at.get(dates[row - 1]!)!;
      const end = at.get(dates[row + 20]!)!;
      const earned = Math.exp(gross.prices.values[step]!);
      expect(Math.abs(end.navGross / start.navGross - earned)).toBeLessThan(1e-12);
      if (step === 0) return; // their first step is free
      const cost = earned - Math.exp(net.prices.values[step]!);
      expect(Math.abs(walked.fills[step]!.costRatio - cost)).toBeLessThan(1e-12);
    });
  });
});
