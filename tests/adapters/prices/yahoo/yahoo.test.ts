import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { totalReturn } from '../../../../src/core/market/bar.ts';
import { from, plainSeries, sessions, to, yahooBench } from '../../../support/yahoo-bench.ts';
import { weekdays } from '../../../support/yahoo-simulator.ts';

const bench = yahooBench();

describe('bars from Yahoo', () => {
  test('gives the window, both ends included, ascending', async () => {
    const { bars, currency, warnings } = await bench.source().fetchBars('SPY', from, to);
    expect(bars.map((bar) => bar.session)).toEqual(sessions.slice(20, 50));
    expect(bars.map((bar) => bar.close)).toEqual(plainSeries().closes.slice(20, 50));
    expect(bars[0]).toMatchObject({ symbol: 'SPY', dividend: 0, splitRatio: 1, volume: 1_000_000 });
    expect({ currency, warnings }).toEqual({ currency: 'USD', warnings: [] });
  });

  test('asks for daily bars with all three kinds of event', async () => {
    await bench.source().fetchBars('SPY', from, to);
    expect(bench.simulator.requests).toHaveLength(1);
    expect(bench.simulator.requests[0]).toMatchObject({
      path: '/v8/finance/chart/SPY',
      query: { interval: '1d', events: 'div|split|capitalGain', includePrePost: 'false' },
    });
  });

  test('speaks to a base address with a path of its own', async () => {
    await bench.source({ baseUrl: `${bench.simulator.url}/yahoo/` }).fetchBars('SPY', from, to);
    expect(bench.simulator.requests[0]?.path).toBe('/yahoo/v8/finance/chart/SPY');
  });

  test('restates closes and dividends for a later split, and keeps the total return', async () => {
    const traded = [400, 404, 102, 103];
    const days = sessions.slice(30, 34);
    bench.simulator.series.SPY = {
      sessions: days,
      closes: traded,
      dividends: { [days[1]!]: 2 },
      splits: { [days[2]!]: [4, 1] },
    };
    const { bars } = await bench.source().fetchBars('SPY', from, to);
    expect(bars.map((bar) => bar.close)).toEqual([100, 101, 102, 103]);
    expect(bars.map((bar) => bar.dividend)).toEqual([0, 0.5, 0, 0]);
    expect(bars.map((bar) => bar.splitRatio)).toEqual([1, 1, 4, 1]);
    expect(totalReturn('split-adjusted', bars[0]!.close, bars[1]!)).toBeCloseTo(406 / 400 - 1, 12);
    expect(totalReturn('split-adjusted', bars[1]!.close, bars[2]!)).toBeCloseTo(102 / 101 - 1, 12);
  });

  test('knows the split only from its ex-date on', async () => {
    const days = sessions.slice(30, 33);
    bench.simulator.series.SPY = { sessions: days, closes: [400, 404, 102], splits: { [days[2]!]: [4, 1] } };
    bench.nowMs = Date.parse(`${days[1]}T22:00:00Z`);
    const before = await bench.source().fetchBars('SPY', from, days[1]!);
    expect(before.bars.map((bar) => bar.close)).toEqual([400, 404]);
  });

  test.each([
    ['split-undone', [400, 404, 102], [1, 1, 1]],
    ['split-listed-only', [400, 404, 102], [1, 1, 4]],
  ] as const)('passes on what Yahoo says when it has %s', async (fault, closes, ratios) => {
    const days = sessions.slice(30, 33);
    bench.simulator.series.SPY = { sessions: days, closes: [400, 404, 102], splits: { [days[2]!]: [4, 1] } };
    bench.simulator.setFault(fault);
    const { bars } = await bench.source().fetchBars('SPY', from, to);
    expect(bars.map((bar) => bar.close)).toEqual(closes);
    expect(bars.map((bar) => bar.splitRatio)).toEqual(ratios);
  });

  test('sees a corrected dividend at the next fetch', async () => {
    bench.simulator.series.SPY!.dividends = { [from]: 1 };
    const yahoo = bench.source();
    const first = await yahoo.fetchBars('SPY', from, to);
    bench.simulator.series.SPY!.dividends = { [from]: 1.2 };
    const second = await yahoo.fetchBars('SPY', from, to);
    expect([first.bars[0]!.dividend, second.bars[0]!.dividend]).toEqual([1, 1.2]);
  });

  test('takes capital gains in, whether Yahoo holds them in the dividend or apart', async () => {
    const [apart, within, alone] = [sessions[25]!, sessions[26]!, sessions[27]!];
    bench.simulator.series.SPY!.dividends = { [apart]: 0.5, [within]: 3 };
    bench.simulator.series.SPY!.capitalGains = { [apart]: 2, [within]: 2.5, [alone]: 1 };
    const { bars, warnings } = await bench.source().fetchBars('SPY', from, to);
    expect(bars.slice(5, 8).map((bar) => bar.dividend)).toEqual([2.5, 3, 1]);
    expect(warnings).toEqual([
      `SPY: the dividend 3 of ${within} is taken to hold the capital gain 2.5 of that day`,
      expect.stringContaining(`adjusted closes disagree with its closes and events on ${within}`),
    ]);
  });

  test('has no bars, and says so, for a window before the listing', async () => {
    const { bars, warnings } = await bench.source().fetchBars('SPY', '2019-01-01', '2019-02-01');
    expect({ bars, warnings }).toEqual({
      bars: [],
      warnings: ['SPY: Yahoo has no bar from 2019-01-01 to 2019-02-01'],
    });
  });

  test('has no bars for a window without trading', async () => {
    const { bars } = await bench.source().fetchBars('SPY', '2024-06-01', '2024-06-10');
    expect(bars).toEqual([]);
  });
});

describe('a bar that is not final', () => {
  test('never comes: not after `to`, not while its session is open', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 20, max: 58 }),
        fc.integer({ min: 0, max: 86_399 }),
        async (day, second) => {
          bench.nowMs = Date.parse(`${sessions[day]}T00:00:00Z`) + second * 1000;
          const { bars } = await bench.source().fetchBars('SPY', sessions[0]!, sessions[day]!);
          for (const bar of bars) {
            expect(bar.close).toBe(100 + sessions.indexOf(bar.session));
            expect(Date.parse(`${bar.session}T21:00:00Z`)).toBeLessThanOrEqual(bench.nowMs + 3_600_000);
          }
          expect(bars.length).toBeGreaterThanOrEqual(day);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('is named when the caller took its session for final', async () => {
    bench.nowMs = Date.parse(`${sessions[40]}T18:00:00Z`);
    const { bars, warnings } = await bench.source().fetchBars('SPY', from, sessions[40]!);
    expect(bars.at(-1)?.session).toBe(sessions[39]);
    expect(warnings).toEqual([`SPY: ${sessions[40]} is still open, so its bar is left out`]);
  });
});

describe('a row without a price', () => {
  test('is left out with a warning and hands its events on', async () => {
    const [gap, next] = [sessions[25]!, sessions[26]!];
    bench.simulator.series.SPY!.closes[25] = null;
    bench.simulator.series.SPY!.dividends = { [gap]: 0.7, [next]: 0.1 };
    const { bars, warnings } = await bench.source().fetchBars('SPY', from, to);
    expect(bars).toHaveLength(29);
    expect(bars.find((bar) => bar.session === next)?.dividend).toBeCloseTo(0.8, 12);
    expect(warnings).toEqual([
      `SPY: ${gap} has no close, expected a price above 0; the row is left out`,
      `SPY: the event of ${gap} is carried to ${next}, the next session with a price`,
    ]);
  });

  test.each([null, 0, -37.63])('is one with the close %s', async (close) => {
    bench.simulator.series.SPY!.closes[25] = close;
    const { bars, warnings } = await bench.source().fetchBars('SPY', from, to);
    expect(bars).toHaveLength(29);
    expect(warnings[0]).toContain(
      `${sessions[25]} has ${close === null ? 'no close' : `a close of ${close}`}`,
    );
  });

  test('may be one of several, then the first event is named', async () => {
    for (const day of [25, 26, 27]) bench.simulator.series.SPY!.closes[day] = null;
    bench.simulator.series.SPY!.dividends = { [sessions[26]!]: 1, [sessions[27]!]: 2 };
    const { bars, warnings } = await bench.source().fetchBars('SPY', from, to);
    expect(bars.find(({ session }) => session === sessions[28])?.dividend).toBe(3);
    expect(warnings.at(-1)).toContain(`the event of ${sessions[26]} is carried to ${sessions[28]}`);
  });

  test('hands its events into a window that begins after it', async () => {
    bench.simulator.series.SPY!.closes[19] = null;
    bench.simulator.series.SPY!.dividends = { [sessions[18]!]: 9, [sessions[19]!]: 0.7 };
    const { bars } = await bench.source().fetchBars('SPY', from, to);
    expect(bars[0]).toMatchObject({ session: from, dividend: 0.7 });
  });

  test('keeps its event waiting, and says so, while no price follows', async () => {
    bench.simulator.series.SPY!.closes[49] = null;
    bench.simulator.series.SPY!.splits = { [to]: [2, 1] };
    const { bars, warnings } = await bench.source().fetchBars('SPY', from, to);
    expect(bars.at(-1)?.session).toBe(sessions[48]);
    expect(warnings).toContain(`SPY: the event of ${to} waits for the next session with a price`);
  });

  test('loses no event over any fetches that follow one another', async () => {
    const gaps = fc.uniqueArray(fc.integer({ min: 11, max: 48 }), { maxLength: 12 });
    const dividends = fc.uniqueArray(fc.integer({ min: 11, max: 48 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(gaps, dividends, fc.integer({ min: 11, max: 48 }), async (empty, paid, cut) => {
        // Yahoo is asked for two weeks before a window, so longer gaps are not claimed.
        if ([...empty].sort((a, b) => a - b).some((day, i, all) => (all[i + 7] ?? 99) - day === 7)) return;
        const series = plainSeries();
        for (const day of empty) series.closes[day] = null;
        series.dividends = Object.fromEntries(paid.map((day) => [sessions[day]!, 1]));
        bench.simulator.series.SPY = series;
        const first = await bench.source().fetchBars('SPY', sessions[10]!, sessions[cut]!);
        const second = await bench.source().fetchBars('SPY', sessions[cut + 1]!, to);
        const total = [...first.bars, ...second.bars].reduce((sum, bar) => sum + bar.dividend, 0);
        expect(total).toBe(paid.length);
      }),
      { numRuns: 60 },
    );
  });
});

describe('two rows of one session', () => {
  // Yahoo lists the last day twice at times: its daily row and a live one.
  async function withSecondRow(close: number | null) {
    const body = JSON.parse(bench.simulator.bodyOf('SPY'));
    const [result] = body.chart.result;
    result.timestamp.push(result.timestamp.at(-1) + 3600);
    for (const values of Object.values(result.indicators.quote[0]) as (number | null)[][]) values.push(close);
    result.indicators.adjclose[0].adjclose.push(close);
    bench.simulator.setFault({ raw: { status: 200, body: JSON.stringify(body) } });
    return bench.source().fetchBars('SPY', from, sessions[59]!);
  }

  test('make one bar of the later price, and are told when they differ', async () => {
    const { bars, warnings } = await withSecondRow(160);
    expect(bars).toHaveLength(40);
    expect(bars.at(-1)).toMatchObject({ session: sessions[59], close: 160 });
    expect(warnings).toEqual([`SPY: ${sessions[59]} has two closes, 159 and 160; the later row is taken`]);
  });

  test('make one bar of the price there is', async () => {
    const { bars, warnings } = await withSecondRow(null);
    expect(bars.at(-1)).toMatchObject({ session: sessions[59], close: 159 });
    expect(warnings).toEqual([]);
  });
});

describe('the session of a bar', () => {
  test.each([
    ['Europe/London', '00:00', '23:59'],
    ['Asia/Tokyo', '09:00', '15:00'],
    ['Australia/Sydney', '10:00', '16:00'],
    ['Pacific/Auckland', '10:00', '16:45'],
    ['UTC', '00:00', '23:59'],
  ])('is the date in %s, summer and winter', async (timeZone, opensAt, closesAt) => {
    const year = weekdays('2023-01-02', 260);
    bench.simulator.series['X=X'] = {
      sessions: year,
      closes: year.map(() => 1),
      timeZone,
      opensAt,
      closesAt,
    };
    for (const season of ['2024-01-15T12:00:00Z', '2024-07-15T12:00:00Z']) {
      bench.nowMs = Date.parse(season);
      const { bars } = await bench.source().fetchBars('X=X', year[0]!, year.at(-1)!);
      expect(bars.map((bar) => bar.session)).toEqual(year);
    }
  });
});
