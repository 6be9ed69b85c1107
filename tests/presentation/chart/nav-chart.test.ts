import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays } from '../../../src/core/calendar/session.ts';
import { sessionTicks, valueAxis } from '../../../src/presentation/chart/axis.ts';
import { navChart } from '../../../src/presentation/chart/nav-chart.ts';
import { navHistory } from '../status-page/snapshot.ts';

const size = { width: 700, height: 280 };
const value = fc.double({ min: 1e-3, max: 1e4, noNaN: true });

describe('the value axis', () => {
  test('holds every value and every tick inside the drawing, upwards, with few ticks', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 50 }), (values) => {
        const axis = valueAxis(values, 256, 10, 6);
        for (const v of [...values, ...axis.ticks]) {
          expect(axis.at(v)).toBeLessThanOrEqual(256 + 1e-6);
          expect(axis.at(v)).toBeGreaterThanOrEqual(10 - 1e-6);
        }
        const low = Math.min(...values);
        const high = Math.max(...values);
        if (high > low * (1 + 1e-9)) expect(axis.at(high)).toBeLessThan(axis.at(low));
        expect(axis.ticks.length).toBeLessThanOrEqual(10);
        expect(axis.ticks).toEqual([...new Set(axis.ticks)].sort((a, b) => a - b));
      }),
    );
  });

  test('has round ticks', () => {
    expect(valueAxis([1, 1.4], 256, 10, 6).ticks).toEqual([1, 1.1, 1.2, 1.3, 1.4]);
    expect(valueAxis([0.98, 1.01], 256, 10, 4).ticks).toEqual([0.98, 0.99, 1, 1.01]);
  });

  test('is logarithmic where values span more than a factor of four, so equal growth is an equal rise', () => {
    const axis = valueAxis([1, 16], 256, 10, 6);
    expect(axis.kind).toBe('logarithmic');
    expect(axis.at(1) - axis.at(2)).toBeCloseTo(axis.at(8) - axis.at(16), 9);
    expect(axis.ticks).toEqual([1, 2, 5, 10]);
    expect(valueAxis([1, 3.9], 256, 10, 6).kind).toBe('linear');
  });
});

test('labels are years, or months of a short history, and few', () => {
  const days = (count: number) => Array.from({ length: count }, (_, i) => addDays('2020-01-01', i));
  expect(sessionTicks(days(4 * 366), 8).map(({ label }) => label)).toEqual(['2021', '2022', '2023', '2024']);
  expect(sessionTicks(days(90), 8).map(({ label }) => label)).toEqual(['2020-02', '2020-03']);
  expect(sessionTicks(days(3), 8)).toEqual([{ index: 0, label: '2020-01-01' }]);
  expect(sessionTicks(days(366 * 30), 4).length).toBeLessThanOrEqual(4);
});

test('the lines pass through their values, left to right', () => {
  const drawn = navChart(navHistory, size).toString();
  const path = /<path class="net" d="([^"]+)"/.exec(drawn)![1]!;
  const points = [...path.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
  const axis = valueAxis(
    navHistory.flatMap(({ net, gross, shadow }) => [shadow, gross, net]),
    256,
    10,
    6,
  );
  expect(points.map(([, y]) => y)).toEqual(navHistory.map(({ net }) => Number(axis.at(net).toFixed(1))));
  expect(points.map(([x]) => x)).toEqual([44, 367, 690]);
  for (const line of ['gross', 'shadow']) expect(drawn).toContain(`<path class="${line}"`);
});

test('labels tell their grid lines apart', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.05, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 20 }),
      (values) => {
        const history = values.map((net, i) => ({
          session: addDays('2020-01-01', i),
          net,
          gross: net,
          shadow: net,
        }));
        const labels = [
          ...navChart(history, size)
            .toString()
            .matchAll(/<text class="end"[^>]*>([^<]*)</g),
        ].map(([, label]) => label);
        const sessions = history.map(({ session }) => session);
        const shown = labels.filter((label) => !sessions.some((session) => session.startsWith(label!)));
        expect(shown).toEqual([...new Set(shown)]);
      },
    ),
  );
});

test.each([[0], [1], [2], [3000]])('a history of %d sessions draws without a broken number', (count) => {
  const history = Array.from({ length: count }, (_, i) => ({
    session: addDays('2000-01-01', i),
    net: 1,
    gross: 1,
    shadow: 1,
  }));
  const drawn = navChart(history, size).toString();
  expect(drawn).not.toMatch(/NaN|Infinity|undefined/);
  expect(drawn).toContain(count === 0 ? 'No valuation yet' : '<svg');
});
