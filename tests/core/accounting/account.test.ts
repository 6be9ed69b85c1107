import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Account, afterFlow, worthAt } from '../../../src/core/accounting/account.ts';

const account: Account = {
  portfolioValue: 100_000,
  imports: [
    { session: '2024-02-06', amount: 2500, navNet: 1.25, importedAt: '2024-02-07T09:00:00.000Z' },
    { session: '2024-04-10', amount: 9000, navNet: 1.5, importedAt: '2024-04-11T09:00:00.000Z' },
  ],
  flows: [
    { session: '2024-01-15', amount: 5000, navNet: 1.1, recordedAt: '2024-01-16T09:00:00.000Z' },
    { session: '2024-02-06', amount: 100, navNet: 1.25, recordedAt: '2024-02-07T08:59:59.000Z' },
    { session: '2024-02-06', amount: 500, navNet: 1.25, recordedAt: '2024-02-07T09:00:00.001Z' },
    { session: '2024-03-01', amount: -280, navNet: 1.4, recordedAt: '2024-03-01T22:00:00.000Z' },
  ],
};
const at = (session: string, navNet: number) => worthAt(account, { session, navNet });

describe('what an account is worth', () => {
  test('is the configured value carried by NAV, and what came since', () => {
    expect(at('2024-01-12', 1.1)).toBeCloseTo(110_000, 9);
    expect(at('2024-01-15', 1.1)).toBeCloseTo(115_000, 9);
    expect(at('2024-01-31', 1.21)).toBeCloseTo(121_000 + 5500, 9);
  });

  test('is what a broker told, carried, with the flows recorded after it and none before', () => {
    expect(at('2024-02-06', 1.25)).toBe(2500 + 500);
    expect(at('2024-02-20', 1.375)).toBeCloseTo(3300, 9);
    expect(at('2024-03-01', 1.4)).toBeCloseTo(3000 * 1.12 - 280, 9);
    expect(at('2024-04-09', 1.5)).toBeCloseTo((3000 * 1.12 - 280) * (1.5 / 1.4), 9);
  });

  test('is told anew by a later report, which has every flow before it in it', () => {
    expect(at('2024-04-10', 1.5)).toBe(9000);
    expect(at('2024-06-28', 3)).toBe(18_000);
  });

  test('grows with NAV and with nothing else between two sessions', () => {
    const nav = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(
        nav,
        nav,
        fc.constantFrom('2024-01-02', '2024-02-01', '2024-03-28', '2024-05-31'),
        (a, b, on) => {
          expect(at(on, b) / at(on, a)).toBeCloseTo(b / a, 9 - Math.ceil(Math.log10(b / a + 1)));
        },
      ),
      { numRuns: 300, seed: 71 },
    );
  });
});

test('worth is the money itself, counted session by session, whatever is earned, paid in, taken out and reported', () => {
  const step = fc.record({
    earned: fc.double({ min: -0.4, max: 0.6, noNaN: true }),
    // in this order within a session's evening; a number is a flow as a share of what is there, or what a report says of it
    events: fc.array(
      fc.record({
        kind: fc.constantFrom('flow', 'report', 'report'),
        share: fc.double({ min: -0.9, max: 3, noNaN: true }),
      }),
      { maxLength: 3 },
    ),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
      const history: Account = { portfolioValue: 100_000, imports: [], flows: [] };
      const imports = new Map<string, Account['imports'][number]>();
      const flows: Account['flows'][number][] = [];
      let [money, navNet] = [100_000, 1];
      steps.forEach(({ earned, events }, i) => {
        const session = new Date(Date.UTC(2024, 0, 2 + i)).toISOString().slice(0, 10);
        money *= 1 + earned;
        navNet *= 1 + earned;
        events.forEach(({ kind, share }, second) => {
          const told = `${session}T22:00:0${second}.000Z`;
          if (kind === 'flow') {
            flows.push({ session, amount: share * money, navNet, recordedAt: told });
            money += share * money;
          } else {
            money *= 1 + share;
            imports.set(session, { session, amount: money, navNet, importedAt: told });
          }
        });
        const account = { ...history, imports: [...imports.values()], flows };
        expect(worthAt(account, { session, navNet }) / money).toBeCloseTo(1, 9);
      });
    }),
    { numRuns: 400, seed: 73 },
  );
});

describe('holdings after a flow', () => {
  const cases = fc.record({
    parts: fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 4, maxLength: 4 }),
    worth: fc.double({ min: 1, max: 1e9, noNaN: true }),
    share: fc.double({ min: -0.99, max: 20, noNaN: true }),
  });

  test('have the same money in every asset, the flow in cash, and sum to 1', () => {
    fc.assert(
      fc.property(cases, ({ parts, worth, share }) => {
        const sum = parts.reduce((s, part) => s + part, 0) || 1;
        const weights = parts.slice(0, 3).map((part) => part / sum);
        const held = { weights, cash: 1 - weights.reduce((s, w) => s + w, 0) };
        const amount = share * worth;
        const after = afterFlow(held, worth, amount);
        const now = worth + amount;
        after.weights.forEach((weight, i) => {
          expect(Math.abs(weight * now - weights[i]! * worth)).toBeLessThanOrEqual(1e-9 * worth);
        });
        expect(Math.abs(after.cash * now - (held.cash * worth + amount))).toBeLessThanOrEqual(
          1e-9 * (worth + now),
        );
        expect(after.cash + after.weights.reduce((s, w) => s + w, 0)).toBeCloseTo(1, 12);
      }),
      { numRuns: 500, seed: 72 },
    );
  });

  test('are refused where nothing would be left', () => {
    const held = { weights: [0.5], cash: 0.5 };
    expect(afterFlow(held, 1000, -999).cash).toBeCloseTo(-499, 9);
    for (const amount of [-1000, -1001, Number.NaN])
      expect(() => afterFlow(held, 1000, amount)).toThrow(RangeError);
    expect(() => afterFlow(held, 1000, -1500)).toThrow(
      'a withdrawal of 1500 leaves nothing of an account worth 1000; expected less than that',
    );
  });
});
