import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lastReturns } from '../../../src/core/accounting/last-returns.ts';
import { marketAt } from '../../../src/core/accounting/market.ts';
import { openingValuation, revalue } from '../../../src/core/accounting/valuation.ts';
import { calendarByName } from '../../../src/core/calendar/calendars.ts';
import { walkForward } from '../../../src/core/evaluation/walk-forward.ts';
import { noForecast } from '../../../src/core/forecast/forecast-result.ts';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { type DecideInput, decide, decisionSessions } from '../../../src/core/policy/decide.ts';
import type { Decision } from '../../../src/core/policy/decision.ts';
import type { PortfolioPolicy } from '../../../src/core/policy/policy.ts';
import { allowedExposure, type DrawdownLimits } from '../../../src/core/portfolio/drawdown.ts';
import { isRebalanceSession } from '../../../src/core/schedule/plan.ts';
import { bundledPanel } from '../../support/bundled-prices.ts';
import { perturbedAfter, simulatedPanel } from '../forecast/simulated-prices.ts';
import { sampleLimits, samplePolicy, targetsOf, trendForecastResult } from '../policy/samples.ts';
import { samplePlan } from '../schedule/samples.ts';

const symbols = ['AAA', 'BBB', 'CCC'];
const monthEnd = (session: string) => {
  const next = new Date(Date.parse(session) + 86_400_000);
  return next.getUTCDate() === 1;
};

function walk(panel: PricePanel, policy: PortfolioPolicy, inceptionRow = 50) {
  return walkForward({
    panel,
    policy,
    inception: panel.sessions[inceptionRow]!,
    isRebalanceSession: monthEnd,
    forecastAt: (cut) => trendForecastResult(cut),
  });
}

/** Falling and rising by spells, hard enough to pass through the drawdown states. */
function roughPanel(seed: number): PricePanel {
  const base = simulatedPanel(symbols, 420, seed);
  const swing = (row: number) => Math.exp(0.5 * Math.sin((row + 17 * seed) / 23));
  return new PricePanel(
    base.sessions,
    symbols,
    base.levels.map((column) => column.map((level, row) => level * swing(row))),
  );
}

/** The same, with every close standing still for 90 sessions: no covariance, new or previous, to weigh by. */
function stuckPanel(seed: number): PricePanel {
  const { sessions, levels } = roughPanel(seed);
  const rowAt = (row: number) => (row < 200 ? row : Math.max(200, row - 90));
  return new PricePanel(
    sessions,
    symbols,
    levels.map((column) => column.map((_, row) => column[rowAt(row)]!)),
  );
}

const strict = samplePolicy(symbols, {
  drawdown: sampleLimits,
  turnoverOneWayMax: 0.2,
  noTradeBandRatio: 0.01,
});

const free = { commissionBps: 0, halfSpreadBps: 0, impactBps: 0, averageDailyValue: null };

describe('walkForward', () => {
  test('cash earns its rate, or the returns of a symbol that is priced and not traded', () => {
    const panel = roughPanel(3);
    const idle = { drawdown: null, cashRatio: 0.99, costs: { ...strict.costs, base: free } };
    const nothing = walk(panel, { ...strict, ...idle });
    const rate = walk(panel, { ...strict, ...idle, cash: { ratePerYear: 0.05, proxySymbol: null } });
    const perSession = 1.05 ** (1 / 252) - 1;
    expect(rate.cashReturns).toHaveLength(rate.valuations.length - 1);
    expect(new Set(rate.cashReturns)).toEqual(new Set([perSession]));
    rate.valuations.slice(1).forEach((valuation, i) => {
      const before = rate.valuations[i]!.live;
      const assets = nothing.valuations[i + 1]!;
      const apart = valuation.returnGross - before.cash * perSession;
      // a hundredth at most is invested, so both walks earn much the same with it
      expect(apart).toBeCloseTo(assets.returnGross, 4);
    });
    expect(rate.valuations.at(-1)!.navGross).toBeGreaterThan(nothing.valuations.at(-1)!.navGross * 1.06);
    const two = { ...strict, ...idle, symbols: ['AAA', 'BBB'] };
    const follows = walk(panel, { ...two, cash: { ratePerYear: 0, proxySymbol: 'CCC' } });
    const levels = panel.column('CCC');
    expect(follows.cashReturns[200]).toBeCloseTo(levels[251]! / levels[250]! - 1, 14);
    expect(follows.decisions.at(-1)!.lines.map(({ symbol }) => symbol)).toEqual(['AAA', 'BBB']);
    const { live, returnGross } = follows.valuations[201]!;
    expect(live.weights).toHaveLength(2);
    expect(Math.abs(returnGross - 0.99 * follows.cashReturns[200]!)).toBeLessThan(0.002);
  });

  test('is blind to the future: nothing up to a session knows what comes after it', () => {
    const panel = roughPanel(3);
    const plain = walk(panel, strict);
    for (const row of [90, 151, 263, 398]) {
      const session = panel.sessions[row]!;
      const other = walk(perturbedAfter(panel, row), strict);
      const upTo = <T>(list: readonly T[], of: (item: T) => string) =>
        list.filter((item) => of(item) <= session);
      expect(upTo(other.valuations, (v) => v.session)).toEqual(upTo(plain.valuations, (v) => v.session));
      expect(upTo(other.decisions, (d) => d.asOf)).toEqual(upTo(plain.decisions, (d) => d.asOf));
      expect(other.valuations.at(-1)).not.toEqual(plain.valuations.at(-1));
    }
  });

  test('decides monthly and whenever the drawdown state changes, and fills each decision at the next session', () => {
    const reasons = new Set<string>();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (seed) => {
        const panel = roughPanel(seed);
        const { valuations, decisions, fills } = walk(panel, strict);
        expect(valuations.map((v) => v.session)).toEqual(panel.sessions.slice(50));
        const decided = new Map(decisions.map((d) => [d.asOf, d]));
        expect(decided.size).toBe(decisions.length);
        expect(fills.length).toBe(decisions.filter((d) => d.asOf < panel.lastSession).length);
        valuations.forEach((valuation, i) => {
          const decision = decided.get(valuation.session);
          const before = valuations[i - 1];
          const changed = before !== undefined && valuation.drawdown.state !== before.drawdown.state;
          expect(decision !== undefined).toBe(changed || monthEnd(valuation.session));
          if (decision) {
            reasons.add(`${decision.reason} ${decision.drawdown.state}`);
            expect(decision.reason).toBe(monthEnd(valuation.session) ? 'monthly' : 'drawdown');
            expect(decision.lines.map((line) => line.held)).toEqual(valuation.live.weights);
          }
          const filled = before && decided.get(before.session);
          const invested = 1 - valuation.live.cash;
          if (filled && filled.turnoverTwoWay > 0) {
            expect(valuation.live.weights).toEqual(targetsOf(filled));
            expect(invested).toBeLessThanOrEqual(allowedExposure(before.drawdown, sampleLimits) + 1e-12);
          }
          if (!filled && before) {
            const grown = 1 + valuation.returnGross;
            expect(valuation.live.cash * grown).toBeCloseTo(before.live.cash, 12);
          }
        });
      }),
      { numRuns: 12, seed: 61 },
    );
    expect([...reasons].sort()).toEqual([
      'drawdown halted',
      'drawdown normal',
      'drawdown recovering',
      'drawdown reduced',
      'monthly halted',
      'monthly normal',
      'monthly recovering',
      'monthly reduced',
    ]);
  });

  test('a cushion is followed at the step, and every step back from its halts, each decision at its exposure', () => {
    const cushion: DrawdownLimits = {
      ...sampleLimits,
      method: 'cushion',
      drawdownRatioMax: 0.3,
      multiple: 2,
      stepRatio: 0.2,
      recoverySteps: 3,
      haltSessionsMax: 15,
    };
    const policy = { ...strict, drawdown: cushion };
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (seed) => {
        const { valuations, decisions } = walk(roughPanel(seed), policy);
        const decided = new Map(decisions.map((decision) => [decision.asOf, decision]));
        let acted = 1;
        let before: string = 'normal';
        for (const { session, drawdown } of valuations) {
          const decision = decided.get(session);
          const own = Math.min(1, Math.max(0, 2 * (1 - drawdown.drawdownRatio / 0.3)));
          const isFree = (state: string) => state === 'normal' || state === 'reduced';
          if (decision) expect(decision.exposureRatio).toBeLessThanOrEqual(own + 1e-12);
          if (isFree(drawdown.state) && isFree(before) && !monthEnd(session)) {
            expect(decision !== undefined).toBe(Math.abs(own - acted) >= 0.2 - 1e-12);
            if (decision) expect(decision.exposureRatio).toBe(own);
          }
          if (drawdown.state === 'halted' && before !== 'halted') expect(decision?.exposureRatio).toBe(0);
          if (drawdown.state === 'recovering') expect(drawdown.rebasedWhy).toBeTruthy();
          if (decision) seen.add(`${decision.reason} ${drawdown.state}`);
          acted = decision?.exposureRatio ?? acted;
          before = drawdown.state;
        }
      }),
      { numRuns: 12, seed: 62 },
    );
    const kinds = ['drawdown halted', 'drawdown recovering', 'drawdown reduced', 'monthly reduced'];
    expect([...seen]).toEqual(expect.arrayContaining(kinds));
  });

  test('is what a daemon does that is restarted after every step and reads everything back', () => {
    const stored = <T>(value: T): T => JSON.parse(JSON.stringify(value));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (seed) => {
        const panel = stuckPanel(seed);
        let valuation = openingValuation(panel.sessions[50]!, strict);
        let decision: Decision | null = null;
        const decisions: Decision[] = [];
        const valuations = [valuation];
        for (let row = 51; row < panel.sessions.length; row += 1) {
          const cut = panel.upTo(panel.sessions[row]!);
          const pending: Decision | null = decision?.asOf === valuation.session ? decision : null;
          const step = revalue(
            valuation,
            cut.lastSession,
            marketAt(cut, symbols, valuation, strict.delisting),
            pending,
            decision && targetsOf(decision),
            strict,
            { portfolioValue: 100_000 * valuation.navNet },
          );
          valuation = stored(step.valuation);
          valuations.push(valuation);
          if (!monthEnd(cut.lastSession) && !step.stateChanged) continue;
          const input: DecideInput = {
            asOf: cut.lastSession,
            reason: monthEnd(cut.lastSession) ? 'monthly' : 'drawdown',
            panel: cut.last(decisionSessions(strict)),
            forecastResult: stored(trendForecastResult(cut)),
            holdings: valuation.live,
            shadowHoldings: valuation.shadow,
            drawdown: valuation.drawdown,
            previous: decision && { asOf: decision.asOf, targets: decision.shadowTargets },
            policy: strict,
            inputs: {
              vintage: 'walk-forward',
              modelId: null,
              configHash: 'walk-forward',
              codeVersion: 'walk-forward',
              portfolioValue: 100_000 * valuation.navNet,
            },
          };
          decision = stored(decide(input));
          decisions.push(decision);
        }
        const whole = walk(panel, strict);
        expect(valuations).toEqual(stored(whole.valuations));
        expect(decisions).toEqual(stored(whole.decisions));
        expect(decisions.map((d) => d.fallbackLevel)).toContain('last-good');
      }),
      { numRuns: 6, seed: 62 },
    );
  });

  test('has nothing to walk where the panel ends before the inception', () => {
    const panel = simulatedPanel(symbols, 60);
    const empty = walkForward({
      panel,
      policy: strict,
      inception: '2020-01-01',
      isRebalanceSession: () => true,
      forecastAt: () => noForecast('none'),
    });
    expect(empty).toEqual({ decisions: [], valuations: [], fills: [], cashReturns: [] });
  });
});

describe('lastReturns', () => {
  const of = (...levels: number[]) => lastReturns([Float64Array.from(levels)], levels.length - 1)[0];

  test('is simple, waits over a gap, and then carries the whole move', () => {
    expect(of(100, 90, 99)).toBeCloseTo(0.1, 15);
    expect(of(100, 90, Number.NaN)).toBe(0);
    expect(of(100, Number.NaN, Number.NaN, 50)).toBe(-0.5);
    expect(of(Number.NaN, Number.NaN, 50)).toBe(0);
    expect(of(50)).toBe(0);
  });

  test('records the loss of a holding that stops trading for a month', () => {
    const panel = simulatedPanel(symbols, 140);
    // closes on 12 February, and again, 40 % lower, on 19 March; both inside the memory of the walk
    const halted = new PricePanel(
      panel.sessions,
      symbols,
      panel.levels.map((column, i) =>
        i > 0 ? column.map(() => 1) : column.map((_, row) => (row <= 42 ? 1 : row <= 76 ? Number.NaN : 0.6)),
      ),
    );
    const policy = samplePolicy(symbols, {
      allocator: 'equal',
      quality: { fillSessionsMax: 60, missingRatioMax: 1, historySessionsMin: 2 },
      covarianceLookbackSessions: 20,
      delisting: { afterSessions: 60, recoveryRatioBySymbol: {} },
    });
    const { valuations } = walk(halted, policy, 20);
    const at = (row: number) => valuations.find((v) => v.session === panel.sessions[row])!;
    expect(at(76).returnGross).toBe(0);
    expect(at(77).returnGross).toBeCloseTo(-0.4 / 3, 12);
  });
});

describe('walkForward against strategies walked forward in numpy', () => {
  type Answer = {
    months: { session: string; gross: number; net: number }[];
    turnoverTwoWay: number;
    costRatio: number;
  };
  const answers: Record<string, Answer> = JSON.parse(
    readFileSync(new URL('../../oracles/evaluation/walk_forward.json', import.meta.url), 'utf8'),
  );
  const stocks = ['BAC', 'JNJ', 'PFE', 'XOM'];
  const base = samplePolicy(stocks, {
    covarianceLookbackSessions: 252,
    quality: { fillSessionsMax: 0, missingRatioMax: 0, historySessionsMin: 253 },
  });
  const policies: Record<string, PortfolioPolicy> = {
    equal: { ...base, allocator: 'equal' },
    'inverse-vol': { ...base, allocator: 'inverse-vol' },
    'inverse-vol-capped': {
      ...base,
      allocator: 'inverse-vol',
      turnoverOneWayMax: 0.02,
      noTradeBandRatio: 0.01,
    },
  };

  test.each(Object.keys(policies))('%s: almost nine years of four bundled stocks', (name) => {
    const plan = samplePlan({ calendar: calendarByName('XNYS'), rebalanceOn: 'last-session' });
    const walked = walkForward({
      panel: bundledPanel(stocks).upTo('2022-11-30'),
      policy: policies[name]!,
      inception: '2014-03-03',
      isRebalanceSession: (session) => isRebalanceSession(plan, session),
      forecastAt: () => noForecast('none'),
    });
    const answer = answers[name]!;
    expect(answer.months.length).toBe(105);
    expect(walked.decisions.map((d) => d.asOf)).toEqual(answer.months.map((month) => month.session));
    const navs = new Map(walked.valuations.map((v) => [v.session, v]));
    for (const { session, gross, net } of answer.months) {
      expect(Math.abs(navs.get(session)!.navGross / gross - 1)).toBeLessThan(1e-10);
      expect(Math.abs(navs.get(session)!.navNet / net - 1)).toBeLessThan(1e-10);
    }
    const sum = (of: 'turnoverTwoWay' | 'costRatio') => walked.fills.reduce((s, fill) => s + fill[of], 0);
    expect(sum('turnoverTwoWay')).toBeCloseTo(answer.turnoverTwoWay, 10);
    expect(sum('costRatio')).toBeCloseTo(answer.costRatio, 10);
  });
});
