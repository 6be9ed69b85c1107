import fc from 'fast-check';
import {
  type AllocatorName,
  allocatorNamed,
  allocatorNames,
} from '../../../src/core/allocation/allocators.ts';
import { noForecast } from '../../../src/core/forecast/forecast-result.ts';
import { PricePanel } from '../../../src/core/market/panel.ts';
import type { DecideInput } from '../../../src/core/policy/decide.ts';
import type { PortfolioPolicy } from '../../../src/core/policy/policy.ts';
import { drawdownStates } from '../../../src/core/portfolio/drawdown.ts';
import { simulatedPanel } from '../forecast/simulated-prices.ts';
import {
  holdingsOf,
  inState,
  sampleInput,
  sampleLimits,
  samplePolicy,
  trendForecastResult,
} from './samples.ts';

/** Even over 0 to 1: fast-check's own doubles keep to the ends of their range. */
const ratio = fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000);
const symbolsMax = 6;

const drawn = fc.record({
  size: fc.integer({ min: 1, max: symbolsMax }),
  seed: fc.integer({ min: 1, max: 60 }),
  allocator: fc.oneof(fc.constantFrom(...allocatorNames), fc.constant<AllocatorName>('mvo')),
  objective: fc.constantFrom('min-variance' as const, 'max-sharpe' as const, 'utility' as const),
  riskAversion: fc.constantFrom(1, 8),
  covariance: fc.constantFrom('sample' as const, 'ledoit-wolf' as const),
  short: fc.boolean(),
  cashRatio: fc.constantFrom(0, 0.05, 0.3),
  lower: ratio,
  upper: ratio,
  contradiction: fc.constantFrom('none', 'none', 'none', 'none', 'bounds', 'group', 'gross'),
  grossSpare: fc.option(ratio, { nil: null }),
  groups: fc.array(
    fc.record({ members: fc.integer({ min: 1, max: 2 ** symbolsMax - 1 }), below: ratio, above: ratio }),
    { maxLength: 2 },
  ),
  volatilityTarget: fc.option(
    fc.integer({ min: 2, max: 30 }).map((percent) => percent / 100),
    { nil: null },
  ),
  safe: fc.boolean(),
  cap: fc.option(
    ratio.map((share) => 0.001 + 0.5 * share ** 2),
    { nil: null },
  ),
  band: fc.constantFrom(0, 0.02, 0.2),
  costBps: fc.constantFrom(0, 3, 40),
  impactBps: fc.constantFrom(0, 30),
  state: fc.constantFrom(...drawdownStates),
  held: fc.array(ratio, { minLength: symbolsMax + 2, maxLength: symbolsMax + 2 }),
  empty: fc.nat({ max: 9 }),
  dropped: fc.nat({ max: 4 * symbolsMax }),
  forecast: fc.constantFrom('trend' as const, 'falling' as const, 'none' as const),
  previous: fc.boolean(),
});

export type Situation = { policy: PortfolioPolicy; input: DecideInput };

/**
 * A policy with any mixture of limits (that may contradict each other), a market of one to six assets and perhaps a safe
 * one, any state, and holdings that need not obey a single limit.
 */
export const situations: fc.Arbitrary<Situation> = drawn.map((one) => {
  const risky = ['U', 'V', 'W', 'X', 'Y', 'Z'].slice(0, one.size);
  const symbols = one.safe ? [...risky, 'SAFE'] : risky;
  const short = one.short && allocatorNamed(one.allocator).needs.shorts;
  const invested = 1 - one.cashRatio;
  const even = invested / one.size;
  const against = (what: typeof one.contradiction, factor: number) =>
    one.contradiction === what ? factor : 1;
  const upper = Math.min(1, even * (1.02 + 2 * one.upper)) * against('bounds', 0.6);
  const policy = samplePolicy(symbols, {
    allocator: one.allocator,
    allocatorOptions: { objective: one.objective, riskAversion: one.riskAversion },
    covariance: one.covariance,
    cashRatio: one.cashRatio,
    bounds: { lower: short ? -0.3 : Math.min(upper, 0.9 * even * one.lower), upper },
    grossExposureMax:
      one.grossSpare === null ? null : invested * (1 + one.grossSpare) * against('gross', 0.45),
    // Each group lets the even weights through.
    groups: one.groups.map(({ members, below, above }, g) => {
      const own = risky.filter((_, i) => (members >> i) % 2 === 1);
      const lower =
        Math.max(0, own.length * even * (1 - 2 * below)) + (one.contradiction === 'group' ? 0.6 : 0);
      return {
        name: `group ${g}`,
        symbols: own,
        lower,
        upper: Math.max(lower, Math.min(1, own.length * even * (1 + above))),
      };
    }),
    volatilityTarget: one.volatilityTarget,
    cashProxySymbol: one.safe ? 'SAFE' : null,
    turnoverOneWayMax: one.cap,
    noTradeBandRatio: one.band,
    costs: {
      base: {
        commissionBps: one.costBps,
        halfSpreadBps: 0,
        impactBps: one.impactBps,
        averageDailyValue: one.impactBps > 0 ? 1e6 : null,
      },
      bySymbol: {},
      portfolioValue: 100_000,
    },
    drawdown: sampleLimits,
  });
  const panel = withoutEnd(simulatedPanel(symbols, 60, one.seed), one.dropped);
  const parts = one.held.slice(0, symbols.length + 1);
  const sum = parts.reduce((s, w) => s + w, 0) || 1;
  const signed = parts.map((w, i) => (short && i % 3 === 0 ? -0.5 : 1) * (w / sum));
  const holdings = holdingsOf(symbols.map((_, i) => (one.empty === 0 ? 0 : signed[i]!)));
  const forecastResult = trendForecastResult(panel, symbols);
  if (one.forecast === 'falling')
    forecastResult.forecast!.mean!.values = symbols.map((_, i) => -0.001 * (i + 1));
  const targets = symbols.map((symbol) => (symbol === 'SAFE' ? 0.25 : (0.75 * invested) / one.size));
  return {
    policy,
    input: sampleInput(policy, panel, {
      forecastResult: one.forecast === 'none' ? noForecast('none was made') : forecastResult,
      holdings,
      shadowHoldings: holdings,
      drawdown: inState(one.state),
      previous: one.previous ? { asOf: panel.sessions[45]!, targets } : null,
    }),
  };
});

/** The panel where the symbol at `index`, if there is one, has no close for the last ten sessions. */
function withoutEnd(panel: PricePanel, index: number): PricePanel {
  return new PricePanel(
    panel.sessions,
    panel.symbols,
    panel.levels.map((column, i) =>
      i === index ? column.map((level, row) => (row >= column.length - 10 ? Number.NaN : level)) : column,
    ),
  );
}
