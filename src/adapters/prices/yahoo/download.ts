import createYahooFinance from 'yahoo-finance2/createYahooFinance';
import chart from 'yahoo-finance2/modules/chart';
import { addDays, type Session } from '../../../core/calendar/session.ts';
import { emptyFetched, type Fetched, SourceError } from '../source.ts';
import { type Chart, readAnswer, schemaError } from './answer.ts';
import { barsFromChart } from './bars.ts';
import type { Get } from './fetch.ts';

/** An event on a row without a price belongs to the next bar, so the days before the window are asked for too. */
const leadInDays = 14;

/**
 * One try: the library writes the request, and the answer is read here, once. The library's own reading is cut off:
 * it cannot tell a refusal from a fault, and prints what it does not understand.
 */
export function yahooDownload(options: {
  baseUrl: string | undefined;
  now(): number;
  /** Lets a request go, when it is its turn, or throws. */
  gate(symbol: string): Promise<void>;
  get: Get;
}): (symbol: string, from: Session, to: Session) => Promise<Fetched> {
  const { baseUrl, now, gate, get } = options;
  const base = baseUrl === undefined ? null : parseBase(baseUrl);
  const library = quietLibrary();
  return async (symbol, from, to) => {
    const viaGet: typeof fetch = async (input, init) => {
      await gate(symbol);
      const headers = { 'user-agent': new Headers(init?.headers).get('user-agent') ?? 'rebalanced' };
      const answer = await get(rebased(new URL(String(input)), base), headers, symbol);
      throw new Answered(readAnswer(answer, symbol), answer.body);
    };
    try {
      const answered = await library
        .chart(symbol, query(from, to), { fetch: viaGet })
        .then(() => Promise.reject(new Error('the library made no request')), answerOf);
      const { chart, raw } = answered;
      if (chart !== null) return { ...barsFromChart(chart, { symbol, from, to }, now()), raw };
      const warnings = [`${symbol}: Yahoo has no bar from ${from} to ${to}`];
      return { ...emptyFetched, warnings, through: to, raw };
    } catch (error) {
      if (error instanceof SourceError) throw error;
      throw schemaError(symbol, error instanceof Error ? error.message : String(error));
    }
  };
}

/** Ends the library's part with what the answer was, `chart` null where there is nothing in the window. */
class Answered extends Error {
  readonly chart: Chart | null;
  readonly raw: string;
  constructor(chart: Chart | null, raw: string) {
    super('answered');
    this.chart = chart;
    this.raw = raw;
  }
}

function answerOf(stopped: unknown): Answered {
  if (stopped instanceof Answered) return stopped;
  throw stopped;
}

function query(from: Session, to: Session) {
  return {
    period1: `${addDays(from, -leadInDays)}T00:00:00Z`,
    // Two days on: the end is exclusive, and a bar may be stamped on the next day in UTC.
    period2: `${addDays(to, 2)}T00:00:00Z`,
    interval: '1d',
    events: 'div|split|capitalGain',
    includePrePost: false,
    // The array form drops capital gains.
    return: 'object',
  } as const;
}

/** The library with everything it would print turned off: what matters arrives as an error. */
function quietLibrary() {
  const Library = createYahooFinance({ modules: { chart } });
  const silent = () => {};
  return new Library({
    logger: { info: silent, warn: silent, error: silent, debug: silent, dir: silent },
    suppressNotices: ['yahooSurvey', 'ripHistorical'],
    validation: { logErrors: false, logOptionsErrors: false },
    versionCheck: false,
  });
}

function parseBase(text: string): URL {
  const base = URL.parse(text);
  if (base && /^https?:$/.test(base.protocol)) return base;
  throw new RangeError(
    `the base address of Yahoo is ${JSON.stringify(text)}, expected one like http://127.0.0.1:8080`,
  );
}

function rebased(url: URL, base: URL | null): URL {
  if (!base) return url;
  return new URL(base.pathname.replace(/\/$/, '') + url.pathname + url.search, base.origin);
}
