import { describe, expect, test, vi } from 'vitest';
import { rateLimit } from '../../../../src/adapters/prices/yahoo/fetch.ts';
import { afterEverything, failure, from, to, yahooBench } from '../../../support/yahoo-bench.ts';
import type { Fault } from '../../../support/yahoo-simulator.ts';

const bench = yahooBench();

describe('a failure of Yahoo', () => {
  test.each<[Fault, string]>([
    ['throttled', 'throttled'],
    ['throttled-200', 'throttled'],
    ['consent-redirect', 'consent'],
    ['consent-page', 'consent'],
    ['html', 'schema'],
    ['truncated', 'schema'],
    ['reset', 'network'],
    ['unavailable', 'network'],
    ['delisted', 'delisted'],
    ['chart-null', 'unknown-symbol'],
  ])('%s is told as %s', async (fault, kind) => {
    bench.simulator.setFault(fault);
    const error = await failure(bench.source({ attemptsMax: 1 }).fetchBars('SPY', from, to));
    expect(error).toMatchObject({ kind, symbol: 'SPY' });
    expect(error.message).toContain('SPY');
  });

  test.each<Fault>(['hang', 'hang-body'])('%s ends in a time-out', async (fault) => {
    bench.simulator.setFault(fault);
    const error = await failure(bench.source({ attemptsMax: 1, timeoutMs: 60 }).fetchBars('SPY', from, to));
    expect(error.kind).toBe('time-out');
  });

  test('is network when nobody listens', async () => {
    await bench.simulator.stop();
    const error = await failure(bench.source({ attemptsMax: 1 }).fetchBars('SPY', from, to));
    expect(error).toMatchObject({ kind: 'network', symbol: 'SPY' });
    expect(error.message).toContain('ECONNREFUSED');
  });

  test('is of the form when the chart has a time beyond any calendar', async () => {
    const meta = { symbol: 'SPY', gmtoffset: 0, exchangeTimezoneName: 'America/New_York' };
    const result = [{ meta, timestamp: [1e300], indicators: { quote: [{ close: [1] }] } }];
    bench.simulator.setFault({
      raw: { status: 200, body: JSON.stringify({ chart: { result, error: null } }) },
    });
    const error = await failure(bench.source({ attemptsMax: 1 }).fetchBars('SPY', from, to));
    expect(error).toMatchObject({ kind: 'schema', message: expect.stringContaining('SPY') });
  });

  test('prints nothing of the library', async () => {
    const printed = (['log', 'info', 'warn', 'error', 'dir', 'debug'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation(() => {}),
    );
    const malformed = {
      raw: {
        status: 200,
        body: '{"chart":{"result":[{"meta":5,"indicators":{"quote":[{}]}}],"error":null}}',
      },
    };
    for (const fault of [
      'delisted',
      'html',
      'truncated',
      'unavailable',
      'chart-null',
      malformed,
    ] as Fault[]) {
      bench.simulator.setFault(fault);
      await failure(bench.source({ attemptsMax: 1 }).fetchBars('SPY', from, to));
    }
    for (const spy of printed) expect(spy).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  test('of one symbol leaves the others alone', async () => {
    const yahoo = bench.source({ attemptsMax: 1 });
    for (const fault of ['delisted', 'chart-null', 'html', 'truncated', 'reset', 'delisted'] as const) {
      bench.simulator.setFault(fault, { symbol: 'TLT' });
      await failure(yahoo.fetchBars('TLT', from, to));
      expect((await yahoo.fetchBars('SPY', from, to)).bars).toHaveLength(30);
    }
    expect(yahoo.paused()).toBeNull();
  });

  test('is a schema error when it never ends', async () => {
    bench.simulator.setFault({ raw: { status: 200, body: ' '.repeat(33 * 1024 * 1024) } });
    const error = await failure(bench.source({ attemptsMax: 1 }).fetchBars('SPY', from, to));
    expect(error.kind).toBe('schema');
    expect(error.message).toContain('longer than');
  });

  test('that names another symbol is refused', async () => {
    bench.simulator.setFault(
      { raw: { status: 200, body: bench.simulator.bodyOf('GLD') } },
      { symbol: 'SPY' },
    );
    const error = await failure(bench.source({ attemptsMax: 1 }).fetchBars('SPY', from, to));
    expect(error).toMatchObject({ kind: 'schema' });
    expect(error.message).toContain('the prices of GLD instead');
  });
});

describe('trying again', () => {
  test('waits longer each time and ends well when Yahoo comes back', async () => {
    bench.simulator.setFault('reset', { times: 2 });
    const { bars } = await bench.source().fetchBars('SPY', from, to);
    expect(bars).toHaveLength(30);
    expect(bench.waits).toEqual([500, 1000]);
  });

  test('ends at the limit', async () => {
    bench.simulator.setFault('truncated');
    await failure(bench.source({ attemptsMax: 4 }).fetchBars('SPY', from, to));
    expect(bench.simulator.requests).toHaveLength(4);
  });

  test('leaves part of the wait to chance', async () => {
    bench.simulator.setFault('reset', { times: 1 });
    await bench.source({ random: () => 0.5 }).fetchBars('SPY', from, to);
    expect(bench.waits).toEqual([750]);
  });

  test.each(['throttled', 'consent-page', 'delisted', 'chart-null'] as const)(
    'is not done for %s',
    async (fault) => {
      bench.simulator.setFault(fault);
      await failure(bench.source().fetchBars('SPY', from, to));
      expect(bench.simulator.requests).toHaveLength(1);
    },
  );

  test('stops when the daemon stops', async () => {
    const stop = new AbortController();
    bench.simulator.setFault('hang');
    const pending = failure(bench.source({ signal: stop.signal }).fetchBars('SPY', from, to));
    await vi.waitFor(() => expect(bench.simulator.requests).toHaveLength(1));
    stop.abort();
    expect(await pending).toMatchObject({ kind: 'network' });
    expect(bench.simulator.requests).toHaveLength(1);
    expect(bench.waits).toEqual([]);
  });
});

describe('a pause', () => {
  test('follows a refusal at once, for all symbols, as long as Yahoo asks', async () => {
    const yahoo = bench.source();
    bench.simulator.setFault('throttled', { times: 1 });
    await failure(yahoo.fetchBars('SPY', from, to));
    expect(await failure(yahoo.fetchBars('TLT', from, to))).toMatchObject({
      kind: 'throttled',
      retryAfterMs: 120_000,
    });
    expect(bench.simulator.requests).toHaveLength(1);
    bench.nowMs += 120_000;
    expect((await yahoo.fetchBars('TLT', from, to)).bars).toHaveLength(30);
    expect(yahoo.paused()).toBeNull();
  });

  test('is not prolonged by those who ask during it', async () => {
    const yahoo = bench.source();
    bench.simulator.setFault('throttled', { times: 1 });
    await failure(yahoo.fetchBars('SPY', from, to));
    const until = yahoo.paused();
    bench.nowMs += 60_000;
    await failure(yahoo.fetchBars('TLT', from, to));
    expect(yahoo.paused()).toEqual(until);
  });

  test('follows three symbols in a row that could not be reached', async () => {
    const yahoo = bench.source({ attemptsMax: 2 });
    bench.simulator.setFault('reset');
    for (let count = 0; count < 3; count += 1) await failure(yahoo.fetchBars('SPY', from, to));
    expect(bench.simulator.requests).toHaveLength(6);
    await failure(yahoo.fetchBars('SPY', from, to));
    expect(bench.simulator.requests).toHaveLength(6);
    expect(yahoo.paused()?.kind).toBe('network');
  });

  test('holds back those who wait for their turn, and is not prolonged by them', async () => {
    const warn = vi.fn();
    const yahoo = bench.source({ log: { warn } });
    bench.simulator.setFault('throttled');
    const asked = Array.from({ length: 40 }, (_, index) =>
      failure(yahoo.fetchBars(['SPY', 'TLT'][index % 2]!, from, to)),
    );
    for (const error of await Promise.all(asked)) expect(error.kind).toBe('throttled');
    // Four are on their way at once; the fifth may leave as the first refusal comes in.
    expect(bench.simulator.requests.length).toBeLessThanOrEqual(8);
    // Only an answer counts as a refusal, and each is logged; those held back are neither.
    expect(warn).toHaveBeenCalledTimes(bench.simulator.requests.length);
  });

  test('ends with one probe, which is not repeated and doubles the pause when it fails', async () => {
    const yahoo = bench.source();
    bench.simulator.setFault('reset');
    for (let count = 0; count < 3; count += 1) await failure(yahoo.fetchBars('SPY', from, to));
    const firstMs = yahoo.paused()!.untilMs - bench.nowMs;
    bench.nowMs += firstMs;
    const before = bench.simulator.requests.length;
    expect(await failure(yahoo.fetchBars('TLT', from, to))).toMatchObject({
      kind: 'network',
      retryAfterMs: undefined,
    });
    expect(bench.simulator.requests.length - before).toBe(1);
    expect(yahoo.paused()!.untilMs - bench.nowMs).toBe(2 * firstMs);
  });

  test('is logged once, with its end', async () => {
    const warn = vi.fn();
    const yahoo = bench.source({ log: { warn } });
    bench.simulator.setFault('consent-page');
    await failure(yahoo.fetchBars('SPY', from, to));
    await failure(yahoo.fetchBars('TLT', from, to));
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0]![0]).toMatchObject({ source: 'yahoo', kind: 'consent' });
  });
});

describe('the rate of requests', () => {
  test('stays within the limit, in order, under any number of callers', async () => {
    const starts: number[] = [];
    const turn = rateLimit(
      2,
      () => 10_000,
      async (ms) => void starts.push(ms),
    );
    await Promise.all([turn(), turn(), turn(), turn()]);
    expect(starts).toEqual([500, 1000, 1500]);
  });

  test('does not wait for a clock that was set back', async () => {
    let nowMs = 1e9;
    const waits: number[] = [];
    const turn = rateLimit(
      2,
      () => nowMs,
      async (ms) => void waits.push(ms),
    );
    await turn();
    nowMs -= 3_600_000;
    await turn();
    expect(waits).toEqual([500]);
  });

  test('holds for the requests of one source', async () => {
    const yahoo = bench.source({ requestsPerSecond: 2 });
    for (const symbol of ['SPY', 'TLT', 'GLD']) await yahoo.fetchBars(symbol, from, to);
    expect(bench.simulator.requests.map(({ atMs }) => atMs - afterEverything)).toEqual([0, 500, 1000]);
  });
});

describe('input', () => {
  test.each(['spy', '', 'A/B', '../x', 'A B', 'SPY?x', 'A%2F', 'ABCDEFGHIJKLMNOPQRSTU', 'SPÝ'])(
    'refuses %j as a symbol before any request',
    async (symbol) => {
      const error = await failure(bench.source().fetchBars(symbol, from, to));
      expect(error.kind).toBe('unknown-symbol');
      expect(bench.simulator.requests).toHaveLength(0);
    },
  );

  test('refuses a window that cannot be one', async () => {
    await expect(bench.source().fetchBars('SPY', to, from)).rejects.toThrow(`begins on ${to}`);
    await expect(bench.source().fetchBars('SPY', '2024-02-30', to)).rejects.toThrow('2024-02-30');
  });

  test('refuses a base address that is none', () => {
    for (const baseUrl of ['localhost:80', 'ftp://x', ''])
      expect(() => bench.source({ baseUrl })).toThrow('the base address of Yahoo');
  });
});
