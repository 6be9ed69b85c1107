import { describe, expect, test } from 'vitest';
import { failure, from, plainSeries, sessions, to, yahooBench } from '../../../support/yahoo-bench.ts';
import type { FaultyChart } from '../../../support/yahoo-simulator-faults.ts';

const bench = yahooBench();
const [day, next] = [sessions[25]!, sessions[26]!];

/** The simulator's answer for SPY, changed. */
function answerWith(change: (chart: FaultyChart) => void) {
  const body = JSON.parse(bench.simulator.bodyOf('SPY'));
  change(body.chart.result[0]);
  bench.simulator.setFault({ raw: { status: 200, body: JSON.stringify(body) } });
}

const secondsOf = (session: string) => Date.parse(`${session}T14:30:00Z`) / 1000;
const fetchSpy = () => bench.source({ attemptsMax: 1 }).fetchBars('SPY', from, to);

describe('a quote in a minor unit', () => {
  test.each([
    ['GBp', 'GBP', 100],
    ['ILA', 'ILS', 100],
    ['ZAc', 'ZAR', 100],
    ['KWF', 'KWD', 1000],
  ])('%s comes in %s', async (unit, currency, per) => {
    bench.simulator.series.SPY = { ...plainSeries(), currency: unit, dividends: { [day]: 3 } };
    const fetched = await fetchSpy();
    expect(fetched).toMatchObject({ currency, unit, warnings: [], doubts: [], through: to });
    const bar = fetched.bars.find(({ session }) => session === day)!;
    expect(bar).toMatchObject({ close: 125 / per, dividend: 3 / per, volume: 1_000_000 });
    expect(bar.high).toBeCloseTo(126.25 / per, 12);
    expect(bar.low).toBeCloseTo(123.75 / per, 12);
  });

  test('takes a dividend by its own unit', async () => {
    bench.simulator.series.SPY = { ...plainSeries(), currency: 'GBp' };
    answerWith((chart) => {
      const paid = (session: string, amount: number, currency: string) => ({
        date: secondsOf(session),
        amount,
        currency,
      });
      chart.events = { dividends: { a: paid(day, 0.03, 'GBP'), b: paid(next, 3, 'GBp') } };
    });
    const { bars } = await fetchSpy();
    const dividendAt = (session: string) => bars.find((bar) => bar.session === session)!.dividend;
    expect([dividendAt(day), dividendAt(next)]).toEqual([0.03, 0.03]);
  });

  test('doubts a dividend in another currency', async () => {
    answerWith((chart) => {
      chart.events = { dividends: { a: { date: secondsOf(day), amount: 0.5, currency: 'EUR' } } };
      chart.indicators.adjclose = [];
    });
    const { bars, doubts, warnings } = await fetchSpy();
    expect(bars.find(({ session }) => session === day)!.dividend).toBe(0.5);
    const reason = `the dividend of ${day} is in EUR, the closes are in USD; it is taken as it is`;
    expect(doubts).toEqual([{ symbol: 'SPY', session: day, kind: 'unit', reason }]);
    expect(warnings).toEqual([`SPY: ${reason}`]);
  });

  test('that nobody knows is refused', async () => {
    bench.simulator.series.SPY = { ...plainSeries(), currency: 'XYz' };
    const { kind, message } = await failure(fetchSpy());
    expect({ kind, message }).toMatchObject({ kind: 'schema', message: expect.stringContaining('"XYz"') });
  });
});

describe('an answer', () => {
  test('comes as it was too, and vouches for its window', async () => {
    const { raw, through, revision } = await fetchSpy();
    expect(JSON.parse(raw!).chart.result[0].meta.symbol).toBe('SPY');
    expect({ through, revision }).toEqual({ through: to, revision: null });
  });

  test('with nothing in its window does so as well', async () => {
    const { raw, through } = await bench.source().fetchBars('SPY', '2019-01-01', '2019-02-01');
    expect(through).toBe('2019-02-01');
    expect(raw).toContain("Data doesn't exist");
  });

  test('does not vouch for a session that is still open', async () => {
    bench.nowMs = Date.parse(`${sessions[40]}T18:00:00Z`);
    const { through } = await bench.source().fetchBars('SPY', from, sessions[40]!);
    expect(through! >= sessions[39]!).toBe(true);
    expect(through! < sessions[40]!).toBe(true);
  });
});

describe('a doubtful day', () => {
  test('is one told twice', async () => {
    answerWith((chart) => {
      chart.timestamp!.push(secondsOf(day) + 60);
      for (const column of Object.values(chart.indicators.quote[0]!)) column.push(131);
      chart.indicators.adjclose![0]!.adjclose.push(125);
    });
    const { doubts } = await fetchSpy();
    expect(doubts[0]).toMatchObject({ symbol: 'SPY', session: day, kind: 'repeated' });
    expect(doubts[0]!.reason).toContain('125 and 131');
  });

  test('is one whose adjusted close tells another return', async () => {
    bench.simulator.series.SPY = { ...plainSeries(), dividends: { [day]: 2 } };
    answerWith((chart) => delete chart.events);
    const { doubts } = await fetchSpy();
    expect(doubts).toEqual([expect.objectContaining({ session: day, kind: 'adjusted' })]);
    expect(doubts[0]!.reason).toBe(
      'the adjusted closes return 2.46%, closes and events 0.81%; expected the same',
    );
  });

  test('is not one on which Yahoo counts a capital gain twice', async () => {
    bench.simulator.series.SPY = { ...plainSeries(), dividends: { [day]: 3 }, capitalGains: { [day]: 2.5 } };
    const { doubts, warnings } = await fetchSpy();
    expect(warnings.join()).toContain('adjusted closes disagree');
    expect(doubts).toEqual([]);
  });
});

describe('a number that cannot be', () => {
  const at = (chart: FaultyChart) => chart.timestamp!.indexOf(secondsOf(day));
  type Case = [string, (chart: FaultyChart) => void, 'value' | 'no bar' | 'schema'];
  const cases: Case[] = [
    ['close 1e300', (chart) => (chart.indicators.quote[0]!.close![at(chart)] = 1e300), 'value'],
    ['close 2e9', (chart) => (chart.indicators.quote[0]!.close![at(chart)] = 2e9), 'value'],
    ['close 1e-300', (chart) => (chart.indicators.quote[0]!.close![at(chart)] = 1e-300), 'value'],
    ['close 0', (chart) => (chart.indicators.quote[0]!.close![at(chart)] = 0), 'no bar'],
    ['close -37.63', (chart) => (chart.indicators.quote[0]!.close![at(chart)] = -37.63), 'no bar'],
    ['close as text', (chart) => (chart.indicators.quote[0]!.close![at(chart)] = '125' as never), 'schema'],
    [
      'dividend 1e9',
      (chart) => (chart.events = { dividends: { a: { date: secondsOf(day), amount: 1e9 } } }),
      'value',
    ],
    [
      'dividend 126',
      (chart) => (chart.events = { dividends: { a: { date: secondsOf(day), amount: 126 } } }),
      'value',
    ],
    [
      'dividend 1e300',
      (chart) => (chart.events = { dividends: { a: { date: secondsOf(day), amount: 1e300 } } }),
      'value',
    ],
    [
      'capital gain 1e9',
      (chart) => (chart.events = { capitalGains: { a: { date: secondsOf(day), amount: 1e9 } } }),
      'value',
    ],
    [
      'split 1e6:1',
      (chart) => (chart.events = { splits: { a: { date: secondsOf(day), numerator: 1e6, denominator: 1 } } }),
      'value',
    ],
    [
      'split 1:1e6',
      (chart) => (chart.events = { splits: { a: { date: secondsOf(day), numerator: 1, denominator: 1e6 } } }),
      'value',
    ],
    [
      'split 1:0',
      (chart) => (chart.events = { splits: { a: { date: secondsOf(day), numerator: 1, denominator: 0 } } }),
      'schema',
    ],
    [
      'dividend -1',
      (chart) => (chart.events = { dividends: { a: { date: secondsOf(day), amount: -1 } } }),
      'schema',
    ],
  ];

  test.each(cases)('%s never gets into a bar', async (_name, change, expected) => {
    answerWith((chart) => {
      change(chart);
      chart.indicators.adjclose = []; // alone, without the help of the adjusted closes
    });
    if (expected === 'schema') {
      expect((await failure(fetchSpy())).kind).toBe('schema');
      return;
    }
    const { bars, doubts } = await fetchSpy();
    for (const bar of bars) {
      expect(bar.close).toBe(100 + sessions.indexOf(bar.session));
      expect(bar).toMatchObject({ dividend: 0, splitRatio: 1 });
    }
    const told = expected === 'value' ? [expect.objectContaining({ session: day, kind: 'value' })] : [];
    expect(doubts).toEqual(told);
  });

  test('beyond all numbers is no chart', async () => {
    const body = bench.simulator.bodyOf('SPY').replace('"close":[100,', '"close":[1e999,');
    bench.simulator.setFault({ raw: { status: 200, body } });
    expect((await failure(fetchSpy())).kind).toBe('schema');
  });

  test('is left out of the range and the volume', async () => {
    answerWith((chart) => {
      const { high, low, volume } = chart.indicators.quote[0];
      [high[at(chart)], low[at(chart)], volume[at(chart)]] = [1e300, -1, -5];
    });
    const { bars } = await fetchSpy();
    expect(bars.find(({ session }) => session === day)).toMatchObject({
      close: 125,
      high: null,
      low: null,
      volume: null,
    });
  });

  test('is not a payment that leaves little behind', async () => {
    answerWith((chart) => {
      for (let row = at(chart); row < chart.timestamp!.length; row += 1)
        chart.indicators.quote[0]!.close![row] = 4;
      chart.events = { dividends: { a: { date: secondsOf(day), amount: 120 } } };
      chart.indicators.adjclose = [];
    });
    const { bars, doubts } = await fetchSpy();
    expect(bars.find(({ session }) => session === day)).toMatchObject({ close: 4, dividend: 120 });
    expect(doubts).toEqual([]);
  });
});
