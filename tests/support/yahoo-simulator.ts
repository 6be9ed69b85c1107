import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chartAnswer, type SimulatedSeries } from './yahoo-simulator-chart.ts';
import {
  type FaultyChart,
  faultsByChance,
  type RandomFault,
  type RandomFaultKind,
  type RandomFaults,
  spoil,
} from './yahoo-simulator-faults.ts';

export { type SimulatedSeries, weekdays } from './yahoo-simulator-chart.ts';

/** An answer sent as it is: a recording replayed, or a quoted error. */
export type RawReply = { status: number; headers?: Record<string, string>; body: string };

export type Fault =
  | 'throttled' // 429
  | 'throttled-200' // the same words as a success
  | 'consent-redirect'
  | 'consent-page'
  | 'html'
  | 'truncated' // JSON cut in the middle
  | 'hang' // never answers
  | 'hang-body' // sends headers and half the body, then nothing
  | 'reset' // closes the connection without an answer
  | 'unavailable' // 503
  | 'delisted' // 404 with Yahoo's words
  | 'chart-null'
  | 'null-closes' // rows without prices
  | 'split-undone' // neither restated nor listed
  | 'split-listed-only' // listed, the past not restated
  | 'events-undone' // no dividend, no capital gain: neither listed nor in the adjusted closes
  | { raw: RawReply };

export type SimulatedRequest = {
  path: string;
  symbol: string | null;
  query: Record<string, string>;
  headers: IncomingMessage['headers'];
  atMs: number;
};

export type YahooSimulator = {
  readonly url: string;
  /** Read at each request: change it to correct history. */
  readonly series: Record<string, SimulatedSeries>;
  readonly requests: SimulatedRequest[];
  /** Sets or (null) lifts a fault, for one symbol or for all; `times` lifts it by itself after so many requests. */
  setFault(fault: Fault | null, scope?: { symbol?: string; times?: number }): void;
  /** What requests met by chance, in order. */
  readonly chanced: { symbol: string; kind: RandomFaultKind; atMs: number }[];
  /** Starts again with other faults by chance, or (null) ends them. */
  setRandomFaults(faults: RandomFaults | null): void;
  /** The whole answer for a symbol, to be changed and sent back as a raw fault. */
  bodyOf(symbol: string): string;
  stop(): Promise<void>;
};

type ActiveFault = { fault: Fault; timesLeft: number };

/**
 * A loopback server that speaks Yahoo's v8 chart API over given series, at the time `now()` (epoch milliseconds).
 * `faults` lets a share of requests meet one by chance, the same ones for the same seed; a fault that is set goes first.
 */
export async function startYahooSimulator(options: {
  series: Record<string, SimulatedSeries>;
  now(): number;
  faults?: RandomFaults;
}): Promise<YahooSimulator> {
  const { series, now } = options;
  const chanced: YahooSimulator['chanced'] = [];
  let byChance = options.faults ? faultsByChance(options.faults) : null;
  const requests: SimulatedRequest[] = [];
  const faults = new Map<string, ActiveFault>();
  const everySymbol = '*';

  function takeFault(symbol: string): Fault | null {
    for (const scope of [symbol, everySymbol]) {
      const active = faults.get(scope);
      if (!active) continue;
      active.timesLeft -= 1;
      if (active.timesLeft <= 0) faults.delete(scope);
      return active.fault;
    }
    return null;
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://simulator');
    const symbol = /\/v8\/finance\/chart\/([^/]+)$/.exec(url.pathname)?.[1] ?? null;
    const query = Object.fromEntries(url.searchParams);
    const name = symbol && decodeURIComponent(symbol);
    requests.push({ path: url.pathname, symbol: name, query, headers: request.headers, atMs: now() });
    if (name === null) return send(response, { status: 404, body: 'Not Found' });
    const fault = takeFault(name);
    const chance = fault === null ? (byChance?.(name) ?? null) : null;
    if (chance) chanced.push({ symbol: name, kind: chance.kind, atMs: now() });
    answer(response, name, query, fault ?? (chance && (wholeFaults[chance.kind] ?? null)), chance);
  });

  function answer(
    response: ServerResponse,
    symbol: string,
    query: Record<string, string>,
    fault: Fault | null,
    chance: RandomFault | null,
  ) {
    if (fault !== null && typeof fault === 'object') return send(response, fault.raw);
    if (fault === 'hang') return;
    if (fault === 'reset') return response.socket?.resetAndDestroy();
    const canned = fault && cannedReplies[fault];
    if (canned) return send(response, canned);
    const reply = chartReply(series[symbol], symbol, query, now(), fault, chance);
    if (fault === 'truncated')
      return send(response, { ...reply, body: reply.body.slice(0, reply.body.length / 2) });
    if (fault === 'hang-body') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': reply.body.length });
      return response.write(reply.body.slice(0, 20));
    }
    send(response, reply);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    series,
    requests,
    chanced,
    setRandomFaults(faults) {
      byChance = faults && faultsByChance(faults);
    },
    setFault(fault, { symbol = everySymbol, times = Number.POSITIVE_INFINITY } = {}) {
      if (fault === null) faults.delete(symbol);
      else faults.set(symbol, { fault, timesLeft: times });
    },
    bodyOf(symbol) {
      return chartReply(
        series[symbol],
        symbol,
        { period1: '0', period2: '9999999999', interval: '1d' },
        now(),
        null,
      ).body;
    },
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function chartReply(
  series: SimulatedSeries | undefined,
  symbol: string,
  query: Record<string, string>,
  nowMs: number,
  fault: Fault | null,
  chance: RandomFault | null = null,
): RawReply {
  const window = { from: Number(query.period1), to: Number(query.period2) };
  if (!Number.isFinite(window.from) || !Number.isFinite(window.to) || query.interval !== '1d')
    return chartError(
      400,
      'Bad Request',
      `expected period1, period2 and interval=1d, got ${JSON.stringify(query)}`,
    );
  if (!series) return delisted;
  if (fault === 'null-closes') series = { ...series, closes: series.closes.map(() => null) };
  if (fault === 'events-undone') series = { ...series, dividends: {}, capitalGains: {} };
  const first = series.sessions[0];
  if (first === undefined || window.to * 1000 < Date.parse(`${first}T00:00:00Z`))
    return chartError(
      400,
      'Bad Request',
      `Data doesn't exist for startDate = ${window.from}, endDate = ${window.to}`,
    );
  const splits =
    fault === 'split-undone' ? 'undone' : fault === 'split-listed-only' ? 'listed-only' : 'applied';
  const chart = chartAnswer(symbol, series, window, nowMs, splits);
  if (chance) spoil(chart as FaultyChart, chance);
  return json(200, { chart: { result: [chart], error: null } });
}

/** The faults by chance that concern a whole answer; the others lie in its numbers. */
const wholeFaults: Partial<Record<RandomFaultKind, Fault>> = {
  throttled: 'throttled',
  'time-out': 'hang',
  'cut-body': 'truncated',
  'consent-page': 'consent-page',
  'late-split': 'split-undone',
  'late-dividend': 'events-undone',
};

function chartError(status: number, code: string, description: string): RawReply {
  return json(status, { chart: { result: null, error: { code, description } } });
}

const delisted = chartError(404, 'Not Found', 'No data found, symbol may be delisted');
const page = { 'content-type': 'text/html; charset=utf-8' };

const cannedReplies: Partial<Record<string, RawReply>> = {
  throttled: { status: 429, headers: { ...page, 'retry-after': '120' }, body: 'Edge: Too Many Requests' },
  'throttled-200': { status: 200, headers: page, body: 'Too Many Requests\r\n' },
  'consent-redirect': {
    status: 307,
    headers: { ...page, location: 'https://guce.yahoo.com/consent?brandType=nonEu&gcrumb=x&done=x' },
    body: '',
  },
  'consent-page': {
    status: 200,
    headers: page,
    body: '<!DOCTYPE html><html><title>Yahoo</title><form action="/v2/collectConsent" method="post"></form></html>',
  },
  html: { status: 200, headers: page, body: '<!DOCTYPE html><html><title>Something else</title></html>' },
  unavailable: { status: 503, headers: page, body: '<html><title>503 Service Unavailable</title></html>' },
  delisted,
  'chart-null': json(200, { chart: null }),
};

function json(status: number, body: object): RawReply {
  return {
    status,
    headers: { 'content-type': 'application/json;charset=utf-8' },
    body: JSON.stringify(body),
  };
}

function send(response: ServerResponse, reply: RawReply): void {
  response.writeHead(reply.status, reply.headers ?? {}).end(reply.body);
}
