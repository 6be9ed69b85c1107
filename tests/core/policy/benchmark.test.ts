import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalWeightPolicy } from '../../../src/core/policy/benchmark.ts';
import { decide } from '../../../src/core/policy/decide.ts';
import type { PortfolioPolicy } from '../../../src/core/policy/policy.ts';
import { simulatedPanel } from '../forecast/simulated-prices.ts';
import {
  inState,
  sampleInput,
  sampleLimits,
  samplePolicy,
  targetsOf,
  trendForecastResult,
} from './samples.ts';
import { situations } from './situations.ts';

test('whatever the policy of the strategy says, its equal-weight benchmark decides the same', () => {
  fc.assert(
    fc.property(situations, ({ policy, input }) => {
      const { symbols, costs, quality } = policy;
      const bare = samplePolicy(symbols, { allocator: 'equal', costs, quality, modelExpirySessions: 0 });
      const decision = decide({ ...input, policy: equalWeightPolicy(policy) });
      expect(decision).toEqual(decide({ ...input, policy: equalWeightPolicy(bare) }));
      const dropped = decision.quality.filter(({ kind }) => kind === 'dropped').map(({ symbol }) => symbol);
      const members = symbols.length - dropped.length;
      if (members === 0) return; // nothing has usable prices: what is held is kept
      for (const { symbol, target } of decision.lines)
        expect(target).toBeCloseTo(dropped.includes(symbol) ? 0 : 1 / members, 12);
      expect([decision.fallbackLevel, decision.exposureRatio, decision.binding]).toEqual(['full', 1, []]);
    }),
    { seed: 13, numRuns: 200 },
  );
});

const symbols = ['VOLATILE', 'STEADY', 'BILLS'];
const limits: Partial<PortfolioPolicy> = {
  allocator: 'mvo',
  covarianceLookbackSessions: 30,
  bounds: { lower: 0, upper: 0.34 },
  boundsBySymbol: { VOLATILE: { lower: 0, upper: 0.05 } },
  cashRatio: 0.2,
  groups: [{ name: 'risky', symbols: ['VOLATILE', 'STEADY'], lower: 0, upper: 0.2 }],
  grossExposureMax: 0.6,
  volatilityTarget: 0.01,
  cashProxySymbol: 'BILLS',
  turnoverOneWayMax: 0.01,
  noTradeBandRatio: 0.5,
  drawdown: sampleLimits,
};

test.each(Object.keys(limits) as (keyof PortfolioPolicy)[])('%s of the strategy stays with it', (field) => {
  const policy = equalWeightPolicy(samplePolicy(symbols, { [field]: limits[field] }));
  const panel = simulatedPanel(symbols, 60);
  const decision = decide(
    sampleInput(policy, panel, { forecastResult: trendForecastResult(panel), drawdown: inState('halted') }),
  );
  expect(targetsOf(decision)).toEqual([1 / 3, 1 / 3, 1 / 3]);
});

test('the symbols, the year, the costs and the rules for prices are those of the strategy', () => {
  const policy = samplePolicy(symbols, { sessionsPerYear: 365 });
  const { portfolio, sessionsPerYear, costs, quality } = policy;
  expect(equalWeightPolicy(policy)).toMatchObject({
    portfolio,
    symbols,
    sessionsPerYear,
    costs,
    quality,
  });
});
