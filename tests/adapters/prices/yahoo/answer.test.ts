import { describe, expect, test } from 'vitest';
import { SourceError } from '../../../../src/adapters/prices/source.ts';
import { parseChart, type RawAnswer, readAnswer } from '../../../../src/adapters/prices/yahoo/answer.ts';
import {
  adjustedDifferences,
  adjustedDisagreement as disagreement,
} from '../../../../src/adapters/prices/yahoo/bars.ts';

const result = {
  meta: { symbol: 'SPY', currency: 'USD', gmtoffset: -18_000, dataGranularity: '1d' },
  timestamp: [1_704_205_800, 1_704_292_200],
  indicators: { quote: [{ close: [472.65, null] }] },
};
const wrapped = (error: object | null, inner: unknown = null) =>
  JSON.stringify({ chart: { result: inner, error } });

function read(answer: Partial<RawAnswer>): unknown {
  try {
    return readAnswer({ status: 200, location: null, retryAfter: null, body: '', ...answer }, 'SPY');
  } catch (error) {
    if (error instanceof SourceError) return error.kind;
    throw error;
  }
}

describe('an answer', () => {
  test('is a chart when it has one', () => {
    expect(read({ body: wrapped(null, [result]) })).toEqual(result);
  });

  test('is nothing when the window is before the listing', () => {
    const error = { code: 'Bad Request', description: "Data doesn't exist for startDate = 1, endDate = 2" };
    expect(read({ status: 400, body: wrapped(error) })).toBeNull();
  });

  test.each<[string, Partial<RawAnswer>, string]>([
    ['429 without words', { status: 429 }, 'throttled'],
    ['999', { status: 999, body: '<html>' }, 'throttled'],
    ['a 200 of "Too Many Requests"', { body: 'Too Many Requests\r\n' }, 'throttled'],
    [
      'a rate limit in JSON',
      { status: 400, body: wrapped({ code: 'x', description: 'Rate limit hit' }) },
      'throttled',
    ],
    [
      '401 in other words',
      { status: 401, body: wrapped({ code: 'x', description: 'Not today' }) },
      'consent',
    ],
    [
      '401 for a crumb',
      { status: 401, body: wrapped({ code: 'Unauthorized', description: 'Invalid Crumb' }) },
      'consent',
    ],
    ['403 as a page', { status: 403, body: '<html>denied</html>' }, 'consent'],
    ['a redirect to consent', { status: 302, location: 'https://consent.yahoo.com/v2' }, 'consent'],
    ['a redirect elsewhere', { status: 302, location: 'http://hotel.example/login' }, 'network'],
    ['a redirect to nowhere', { status: 302 }, 'network'],
    ['502 as a page', { status: 502, body: '<html></html>' }, 'network'],
    ['500 in JSON', { status: 500, body: wrapped({ code: 'Internal', description: null }) }, 'network'],
    ['500 without an error', { status: 500, body: '{}' }, 'network'],
    ['the page of an outage', { body: '<html>Will be right back...</html>' }, 'network'],
    ['404 with no words', { status: 404, body: '' }, 'unknown-symbol'],
    [
      '404 in JSON',
      { status: 404, body: wrapped({ code: 'Not Found', description: 'No such' }) },
      'unknown-symbol',
    ],
    [
      '400 in JSON',
      { status: 400, body: wrapped({ code: 'Bad Request', description: 'interval' }) },
      'schema',
    ],
    [
      '422 in JSON',
      { status: 422, body: wrapped({ code: 'Unprocessable Entity', description: '1m data not available' }) },
      'schema',
    ],
    ['an empty body', { body: '' }, 'schema'],
    ['half of it', { body: wrapped(null, [result]).slice(0, 60) }, 'schema'],
    ['a number', { body: '5' }, 'schema'],
    ['null', { body: 'null' }, 'schema'],
    ['no result and no error', { body: wrapped(null) }, 'schema'],
    ['an empty result', { body: wrapped(null, []) }, 'schema'],
    ['a result of null', { body: wrapped(null, [null]) }, 'schema'],
    ['a result of text', { body: wrapped(null, ['x']) }, 'schema'],
  ])('%s', (_, answer, kind) => {
    expect(read(answer)).toBe(kind);
  });

  test('that asks for a pause in seconds is believed', () => {
    const answer = { status: 429, location: null, retryAfter: '90', body: '' };
    expect(() => readAnswer(answer, 'SPY')).toThrow(
      expect.objectContaining({ kind: 'throttled', retryAfterMs: 90_000 }),
    );
  });
});

describe('a chart is refused by what is wrong with it:', () => {
  test.each<[object, string]>([
    [{ meta: { ...result.meta, gmtoffset: 'x' } }, 'meta.gmtoffset'],
    [{ meta: { ...result.meta, symbol: 'QQQ' } }, 'the prices of QQQ instead'],
    [{ meta: { ...result.meta, dataGranularity: '1wk' } }, 'bars of 1wk, expected 1d'],
    [{ meta: { ...result.meta, dataGranularity: '1m' } }, 'bars of 1m, expected 1d'],
    [{ indicators: { quote: [{ close: ['1', 2] }] } }, 'indicators.quote.0.close.0'],
    [{ indicators: { quote: [{ close: [1] }] } }, '1 values in close, expected one for each of 2 timestamps'],
    [{ indicators: { quote: [{ close: [1, 2], volume: [1, 2, 3] }] } }, '3 values in volume'],
    [{ indicators: { quote: [{}] } }, 'no column of closes'],
    [{ timestamp: undefined }, '2 values in close, expected one for each of 0 timestamps'],
    [{ events: { dividends: { 1: { date: 1, amount: -2 } } } }, 'events.dividends.1.amount'],
    [{ events: { splits: { 1: { date: 1, numerator: 4, denominator: 0 } } } }, 'events.splits.1.denominator'],
  ])('%j', (change, message) => {
    expect(() => parseChart({ ...result, ...change }, 'SPY')).toThrow(message);
  });
});

describe('the cross-check with adjusted closes', () => {
  const adjustedDisagreement = (
    symbol: string,
    bars: Parameters<typeof adjustedDifferences>[0],
    adjusted: Parameters<typeof adjustedDifferences>[1],
  ) => disagreement(symbol, adjustedDifferences(bars, adjusted));
  const bar = (session: string, close: number, dividend = 0) => ({
    ...{ symbol: 'SPY', session, close, dividend, splitRatio: 1 },
    ...{ high: null, low: null, volume: null },
  });
  const bars = [bar('2024-01-02', 100), bar('2024-01-03', 99, 1), bar('2024-01-04', 99)];
  const check = (adjusted: (number | null)[]) =>
    adjustedDisagreement('SPY', bars, new Map(bars.map(({ session }, i) => [session, adjusted[i]!])));

  test('passes what agrees', () => expect(check([99, 99, 99])).toBeNull());
  test('names the day and the size of a difference', () => {
    expect(check([100, 99, 99])).toBe(
      "SPY: Yahoo's adjusted closes disagree with its closes and events on 2024-01-03 by -1.00%",
    );
  });
  test.each([null, 0])('compares nothing with an adjusted close of %s', (missing) => {
    expect(check([99, missing, 99])).toBeNull();
  });
  test('sees a dividend lost on a day without an adjusted close at the next that has one', () => {
    expect(check([100, null, 99])).toMatch(/ on 2024-01-04 by -1\.00%$/);
  });
  test('passes adjusted closes that add the dividend instead of taking it off', () => {
    const large = [bar('2024-01-02', 100), bar('2024-01-03', 99, 10)];
    const sessions = large.map(({ session }) => session);
    expect(
      adjustedDisagreement(
        'SPY',
        large,
        new Map([
          [sessions[0]!, 100],
          [sessions[1]!, 109],
        ]),
      ),
    ).toBeNull();
  });
  test('names three days and counts the others', () => {
    const many = Array.from({ length: 6 }, (_, i) => bar(`2024-01-0${i + 2}`, 100));
    const wrong = new Map(many.map(({ session }, i) => [session, 1.01 ** i]));
    expect(adjustedDisagreement('SPY', many, wrong)).toMatch(/2024-01-05 by 1\.00% and 2 more$/);
  });
});
