import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fetched, SourceError } from '../../../../src/adapters/prices/source.ts';
import { adjustedDifferences, adjustedDisagreement } from '../../../../src/adapters/prices/yahoo/bars.ts';
import { yahooSource } from '../../../../src/adapters/prices/yahoo/yahoo.ts';
import { totalReturn } from '../../../../src/core/market/bar.ts';
import { referenceData } from '../../../support/reference-data.ts';
import {
  type RawReply,
  startYahooSimulator,
  weekdays,
  type YahooSimulator,
} from '../../../support/yahoo-simulator.ts';

let simulator: YahooSimulator;

beforeAll(async () => {
  simulator = await startYahooSimulator({ series: {}, now });
});
afterAll(() => simulator.stop());

function now(): number {
  return Date.parse('2026-11-01T00:00:00Z');
}

function fetchBars(symbol: string, from: string, to: string): Promise<Fetched> {
  const source = yahooSource({
    baseUrl: simulator.url,
    timeoutMs: 5000,
    requestsPerSecond: 1000,
    attemptsMax: 1,
    now,
    wait: async () => {},
    log: { warn: () => {} },
  });
  return source.fetchBars(symbol, from, to);
}

function replay(reply: RawReply, symbol: string, from: string, to: string): Promise<Fetched> {
  simulator.setFault({ raw: reply });
  return fetchBars(symbol, from, to);
}

type Recording = {
  response: {
    status: number;
    headers: Record<string, string | string[]>;
    bodyJson?: unknown;
    bodyText?: string;
  };
};

function recorded(path: string): RawReply {
  const { response } = JSON.parse(readFileSync(referenceData(`yahoo/${path}`), 'utf8')) as Recording;
  const body = response.bodyText ?? JSON.stringify(response.bodyJson);
  const location = response.headers.location;
  return {
    status: response.status,
    headers: {
      'content-type': String(response.headers['content-type'] ?? ''),
      ...(location ? { location: String(location) } : {}),
    },
    body,
  };
}

const chart = (name: string) => recorded(`chart/${name}`);

describe('recorded charts', () => {
  test('AAPL over its 4:1 split has the split on its session, the dividend on its own, and no jump', async () => {
    const { bars, currency, warnings } = await replay(
      chart('chart-AAPL-2020-08-31-to-2020-11-07.json'),
      'AAPL',
      '2020-08-31',
      '2020-11-06',
    );
    expect({ currency, warnings, count: bars.length }).toEqual({ currency: 'USD', warnings: [], count: 49 });
    expect(bars[0]).toEqual({
      symbol: 'AAPL',
      session: '2020-08-31',
      close: 129.0399932861328,
      dividend: 0,
      splitRatio: 4,
      high: 131,
      low: 126,
      volume: 225702700,
    });
    expect(bars.at(-1)).toMatchObject({ session: '2020-11-06', dividend: 0.205, splitRatio: 1 });
    expect(bars.filter((bar) => bar.splitRatio !== 1 || bar.dividend !== 0)).toHaveLength(2);
  });

  test('MSFT has its four dividends of a year on their ex-dates', async () => {
    const { bars } = await replay(
      chart('historical-via-chart-MSFT-dividends-2021-02-01-to-2022-01-31.csv.json'),
      'MSFT',
      '2021-02-01',
      '2022-01-31',
    );
    expect(bars).toHaveLength(252);
    expect(
      bars.filter((bar) => bar.dividend > 0).map(({ session, dividend }) => [session, dividend]),
    ).toEqual([
      ['2021-02-17', 0.56],
      ['2021-05-19', 0.56],
      ['2021-08-18', 0.56],
      ['2021-11-17', 0.62],
    ]);
  });

  test.each([
    [
      'chart-0P000071W8.TO-2020-01-01-to-2020-01-03.json',
      '0P000071W8.TO',
      'CAD',
      { '2020-01-02': 73.72000122070312 },
    ],
    ['chart-AAPL-2020-01-01-to-2020-01-03.json', 'AAPL', 'USD', { '2020-01-02': 75.0875015258789 }],
    ['chart-ABBV-2020-01-01-to-2020-01-03.json', 'ABBV', 'USD', { '2020-01-02': 89.55000305175781 }],
    ['chart-AZT.OL-2020-01-01-to-2020-01-03.json', 'AZT.OL', 'NOK', { '2020-01-02': 4.989999771118164 }],
    ['chart-BABA-2020-01-01-to-2020-01-03.json', 'BABA', 'USD', { '2020-01-02': 219.77000427246094 }],
    ['chart-GOOG-2020-01-01-to-2020-01-03.json', 'GOOG', 'USD', { '2020-01-02': 68.36849975585938 }],
    ['chart-QQQ-2020-01-01-to-2020-01-03.json', 'QQQ', 'USD', { '2020-01-02': 216.16000366210938 }],
    [
      'chart-BTC-USD-2020-01-01-to-2020-01-03.json',
      'BTC-USD',
      'USD',
      { '2020-01-01': 7200.17431640625, '2020-01-02': 6985.47021484375, '2020-01-03': 7344.88427734375 },
    ],
    [
      'chart-EURUSD_eq_X-2020-01-01-to-2020-01-03.json',
      'EURUSD=X',
      'USD',
      {
        '2020-01-01': 1.1220825910568237,
        '2020-01-02': 1.1220825910568237,
        '2020-01-03': 1.1171437501907349,
      },
    ],
  ])('%s', async (name, symbol, currency, closes) => {
    const fetched = await replay(chart(name), symbol, '2020-01-01', '2020-01-03');
    expect(fetched.currency).toBe(currency);
    expect(Object.fromEntries(fetched.bars.map(({ session, close }) => [session, close]))).toEqual(closes);
  });

  test('bars stamped at a European opening fall on their own day', async () => {
    const { bars } = await replay(
      chart('chart-WSU.DE-2023-08-04-to-2023-08-09.json'),
      'WSU.DE',
      '2023-08-01',
      '2023-08-31',
    );
    expect(bars.map(({ session }) => session)).toEqual(['2023-08-04', '2023-08-07', '2023-08-08']);
  });

  test('a fund with two days', async () => {
    const { bars } = await replay(
      chart('historical-via-chart-0P0000XTS7-2024-09-12-to-2024-09-16.json'),
      '0P0000XTS7',
      '2024-09-01',
      '2024-09-30',
    );
    expect(bars.map(({ session, close }) => [session, close])).toEqual([
      ['2024-09-12', 11887.099609375],
      ['2024-09-13', 11892.1904296875],
    ]);
  });

  test('MUV2.DE, closes only and one of them null: 123 bars, the day and a missing dividend named', async () => {
    const path = referenceData('yahoo/chart/portfolio-performance_MUV2.DE_01.json');
    const reply = { status: 200, body: readFileSync(path, 'utf8') };
    const { bars, warnings } = await replay(reply, 'MUV2.DE', '2017-01-01', '2018-12-31');
    expect(bars).toHaveLength(123);
    expect(bars[0]).toMatchObject({ session: '2017-11-27', close: 188.55, high: null, volume: null });
    // The recording has no events; its adjusted closes know the dividend of that spring.
    expect(warnings).toEqual([
      'MUV2.DE: 2017-12-19 has no close, expected a price above 0; the row is left out',
      expect.stringContaining('disagree with its closes and events on 2018-04-26 by 4.55%'),
    ]);
  });

  test('an answer without timestamps but with prices is not trusted', async () => {
    const reply = chart('chart-notimestamp-quotes-length.fake.json');
    await expect(replay(reply, 'AAPL', '2020-01-01', '2020-01-03')).rejects.toMatchObject({ kind: 'schema' });
  });

  test('an answer in minutes is not taken for days', async () => {
    const reply = chart('chart-AAPL-2025-02-01-to-2025-02-02-includePrePost-false-interval-1m.json');
    await expect(replay(reply, 'AAPL', '2025-02-01', '2025-02-02')).rejects.toMatchObject({ kind: 'schema' });
  });

  test('an answer without trading has no bars', async () => {
    const reply = chart('chart-AAPL-2025-02-01-to-2025-02-02-includePrePost-false-interval-1m.json');
    const body = reply.body.replace('"dataGranularity":"1m"', '"dataGranularity":"1d"');
    expect((await replay({ ...reply, body }, 'AAPL', '2025-02-01', '2025-02-02')).bars).toEqual([]);
  });
});

/** `{a: [1]}` becomes `{a: ['number']}`, keys that are epoch seconds become `*`. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (value === null || typeof value !== 'object') return typeof value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.replace(/^\d+$/, '*'), shapeOf(inner)]),
  );
}

describe('the simulator', () => {
  test('answers in the shape of the recording of AAPL, and asks nothing that Yahoo was not asked', async () => {
    const reply = chart('chart-AAPL-2020-08-31-to-2020-11-07.json');
    const days = weekdays('2020-08-31', 5);
    simulator.setFault(null);
    simulator.series.AAPL = {
      sessions: days,
      closes: [129, 134, 131, 120, 120],
      splits: { [days[0]!]: [4, 1] },
      dividends: { [days[3]!]: 0.205 },
    };
    await fetchBars('AAPL', days[0]!, days[4]!);
    const { path, query } = simulator.requests.at(-1)!;
    const response = await fetch(`${simulator.url}${path}?${new URLSearchParams(query)}`);
    expect(response.headers.get('content-type')).toBe(reply.headers?.['content-type']);
    const [simulated, real] = [await response.json(), JSON.parse(reply.body)].map(shapeOf);
    // Whatever the simulator says, Yahoo says in the same form; Yahoo says a little more about the day.
    expect(real).toMatchObject(simulated as object);
    const asked = new URL(
      JSON.parse(readFileSync(referenceData('yahoo/chart/chart-AAPL.json'), 'utf8')).request.url,
    );
    expect(Object.keys(query).sort()).toEqual([...asked.searchParams.keys()].sort());
    expect(path).toBe(asked.pathname);
  });
});

describe('recorded refusals', () => {
  const quoted: Record<string, string | null> = {
    'chart-404-delisted': 'delisted',
    'chart-400-range': null,
    'chart-422-intraday': 'schema',
    '429-edge': 'throttled',
    '429-plain': 'throttled',
    '401-invalid-crumb': 'consent',
    '401-invalid-crumb-2': 'consent',
    'chart-null': 'unknown-symbol',
    'crumb-is-error-text': 'throttled',
  };

  test('every quoted error body has its class', async () => {
    const { responses } = JSON.parse(
      readFileSync(referenceData('yahoo/errors/quoted_error_bodies.json'), 'utf8'),
    );
    const kinds: Record<string, string | null> = {};
    for (const { id, status, content_type, body } of responses) {
      const reply = { status, headers: { 'content-type': content_type ?? 'text/html' }, body };
      kinds[id] = await replay(reply, 'SPY', '2024-01-02', '2024-01-31').then(
        ({ bars }) => (bars.length === 0 ? null : 'bars'),
        (error: SourceError) => error.kind,
      );
    }
    expect(kinds).toEqual(quoted);
  });

  test('every page on the way to consent is told as such', async () => {
    const pages = readdirSync(referenceData('yahoo/crumb')).filter(
      (name) => !/getcrumb\.json$|final-redirect|copyConsent/i.test(name),
    );
    expect(pages.length).toBeGreaterThanOrEqual(5);
    for (const name of pages) {
      const answer = replay(recorded(`crumb/${name}`), 'SPY', '2024-01-02', '2024-01-31');
      await expect(answer, name).rejects.toMatchObject({ kind: 'consent' });
    }
  });

  test.each([
    ['pageWithUnknownError.json', 'unknown-symbol'],
    ['weirdJsonResult.fake.json', 'schema'],
  ])('%s', async (name, kind) => {
    const answer = replay(recorded(`errors/${name}`), 'SPY', '2024-01-02', '2024-01-31');
    await expect(answer).rejects.toMatchObject({ kind });
  });
});

type Recorded = {
  session: string;
  close: number | null;
  adjusted: number | null;
  dividend: number;
  capitalGain: number;
};

function recordedRows(name: string): Recorded[] {
  const file = readFileSync(referenceData(`yahoo/repair/${name}`));
  const [header, ...lines] = (name.endsWith('.gz') ? gunzipSync(file) : file)
    .toString('utf8')
    .trim()
    .split('\n');
  const columns = header!.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    const number = (column: string) => Number(cells[columns.indexOf(column)] || Number.NaN);
    const price = (column: string) => (Number.isNaN(number(column)) ? null : number(column));
    return {
      session: cells[0]!.slice(0, 10),
      close: price('Close'),
      adjusted: price('Adj Close'),
      dividend: number('Dividends') || 0,
      capitalGain: number('Capital Gains') || 0,
    };
  });
}

function simulate(symbol: string, rows: readonly Recorded[]): void {
  const amounts = (key: 'dividend' | 'capitalGain') =>
    Object.fromEntries(rows.filter((row) => row[key] > 0).map((row) => [row.session, row[key]]));
  simulator.setFault(null);
  simulator.series[symbol] = {
    sessions: rows.map(({ session }) => session),
    closes: rows.map(({ close }) => close),
    dividends: amounts('dividend'),
    capitalGains: amounts('capitalGain'),
  };
}

describe('adjusted closes as a cross-check', () => {
  const warningOf = (name: string): string | null => {
    const rows = recordedRows(name).filter(({ close }) => close !== null);
    rows.sort((a, b) => (a.session < b.session ? -1 : 1));
    const adjusted = new Map(rows.map((row) => [row.session, row.adjusted]));
    const bars = rows.map(({ session, close, dividend }) => ({
      ...{ symbol: 'X', session, close: close!, dividend, splitRatio: 1 },
      ...{ high: null, low: null, volume: null },
    }));
    return adjustedDisagreement('X', adjustedDifferences(bars, adjusted));
  };

  test.each([
    '4063-T-1d-bad-div',
    'ADIG-L-1d-bad-div',
    'CLC-L-1d-bad-div',
    'ELCO-L-1d-bad-div',
    'JENYX-1d-cg-double-count',
    'KEN-TA-1d-bad-div',
    'RGL-L-1d-bad-div',
    'SERE-L-1d-bad-div',
    'TEM-L-1d-bad-div',
    'VWILX-1d-cg-double-count',
  ])('%s is noticed, its fixed history is not', (name) => {
    expect(warningOf(`${name}.csv.gz`)).toMatch(
      /^X: Yahoo's adjusted closes disagree .* on \d{4}-\d\d-\d\d by /,
    );
    expect(warningOf(`${name}-fixed.csv.gz`)).toBeNull();
  });

  test.each(['CALM', 'EWG', 'KMR-L', 'TISG-MI'])('%s, without defects, passes', (name) => {
    expect(warningOf(`${name}-1d-no-bad-divs.csv.gz`)).toBeNull();
  });
});

describe('real defects', () => {
  test('AAAP: a dividend on a day without prices goes to the next day', async () => {
    const rows = recordedRows('AAAP_2026_null_row_with_dividend.csv');
    simulate('AAAP', rows);
    const { bars } = await fetchBars('AAAP', '2026-06-01', '2026-09-30');
    expect(
      bars.filter(({ dividend }) => dividend > 0).map(({ session, dividend }) => [session, dividend]),
    ).toEqual([
      ['2026-08-03', 0.057],
      ['2026-08-31', 0.097],
    ]);
  });

  test.each(['JENYX', 'VWILX'])('%s: capital gains count once, as in the fixed history', async (symbol) => {
    simulate(symbol, recordedRows(`${symbol}-1d-cg-double-count.csv.gz`));
    const fixed = recordedRows(`${symbol}-1d-cg-double-count-fixed.csv.gz`).sort((a, b) =>
      a.session < b.session ? -1 : 1,
    );
    const { bars } = await fetchBars(symbol, fixed[0]!.session, fixed.at(-1)!.session);
    expect(bars).toHaveLength(fixed.length);
    for (let row = 1; row < bars.length; row += 1) {
      const bar = bars[row]!;
      const previous = bars[row - 1]!.close;
      // The fixed column scales the past by 1 - dividend / previous close.
      const expected = fixed[row]!.adjusted! / fixed[row - 1]!.adjusted!;
      expect(bar.close / (previous - bar.dividend)).toBeCloseTo(expected, 4);
      expect(totalReturn('split-adjusted', previous, bar)).toBeLessThan(0.2);
    }
  });
});
