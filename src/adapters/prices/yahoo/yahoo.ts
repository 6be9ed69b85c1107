import { isoInstant } from '../../../core/calendar/instant.ts';
import type { Session } from '../../../core/calendar/session.ts';
import { symbolPattern } from '../../../core/market/bar.ts';
import { assertWindow, type Fetched, type PriceSource, SourceError } from '../source.ts';
import {
  admitted,
  type Breaker,
  type BreakerKind,
  type BreakerPolicy,
  closedBreaker,
  defaultBreakerPolicy,
  failed,
  paused,
  succeeded,
} from './breaker.ts';
import { yahooDownload } from './download.ts';
import { httpGet, rateLimit } from './fetch.ts';

export type YahooOptions = {
  /** Another address that speaks Yahoo's chart API: a proxy, or a simulator in tests. */
  baseUrl?: string;
  /** For one request, headers and body. */
  timeoutMs: number;
  requestsPerSecond: number;
  /** Tries of one fetch where trying again may help (network, time-out, a broken answer). */
  attemptsMax: number;
  /** Epoch milliseconds. */
  now(): number;
  wait(ms: number): Promise<void>;
  /** In [0, 1); spreads the tries of many daemons. */
  random?(): number;
  log: { warn(fields: object, message: string): void };
  breakerPolicy?: BreakerPolicy;
  /** Ends what is under way when the daemon stops. */
  signal?: AbortSignal;
};

/** `paused` says until when (epoch milliseconds) no request goes out, and why. */
/** It answers as of now, whatever instant is asked for. */
export type YahooSource = Omit<PriceSource, 'fetchBars'> & {
  fetchBars(symbol: string, from: Session, to: Session): Promise<Fetched>;
  paused(): { kind: BreakerKind; untilMs: number } | null;
};

const backOffFirstMs = 1000;
const backOffMaxMs = 30_000;

const breakerKindOf = {
  throttled: 'throttled',
  consent: 'consent',
  network: 'network',
  'time-out': 'network',
} as const;
const worthAnotherTry = new Set(['network', 'time-out', 'schema']);

/** Daily bars from Yahoo Finance: closes split-adjusted, dividends and splits beside them. */
export function yahooSource(options: YahooOptions): YahooSource {
  const { now, wait, log, random = Math.random, breakerPolicy = defaultBreakerPolicy } = options;
  const turn = rateLimit(options.requestsPerSecond, now, wait);
  let breaker: Breaker = closedBreaker;

  /** Right before each request: others may have been refused while this one waited for its turn. */
  const gate = async (symbol: string) => {
    await turn();
    refuseWhilePaused(symbol);
    breaker = admitted(breaker, now());
  };
  const get = httpGet(options.timeoutMs, options.signal);
  const download = yahooDownload({ baseUrl: options.baseUrl, now, gate, get });

  function refuseWhilePaused(symbol: string): void {
    const pause = paused(breaker, now());
    if (!pause) return;
    const until = isoInstant(pause.untilMs);
    const message = `Yahoo is not asked for ${symbol} before ${until}: it last failed by ${pause.kind}`;
    throw new Paused(pause.kind, message, { symbol, retryAfterMs: pause.untilMs - now() });
  }

  function record(error: SourceError): void {
    const kind = breakerKindOf[error.kind as keyof typeof breakerKindOf];
    if (!kind) {
      breaker = succeeded(breaker);
      return;
    }
    breaker = failed(breaker, kind, now(), breakerPolicy, error.retryAfterMs);
    const pause = paused(breaker, now());
    if (pause)
      log.warn(
        { source: 'yahoo', ...pause },
        `${error.message}; no request before ${isoInstant(pause.untilMs)}`,
      );
  }

  /** Not during a pause either: a failed probe is not repeated but prolongs it. */
  function mayTryAgain(error: SourceError, attempt: number): boolean {
    if (options.signal?.aborted || paused(breaker, now())) return false;
    return worthAnotherTry.has(error.kind) && attempt < options.attemptsMax;
  }

  async function fetchBars(symbol: string, from: Session, to: Session): Promise<Fetched> {
    assertSymbol(symbol);
    assertWindow(from, to);
    for (let attempt = 1; ; attempt += 1) {
      refuseWhilePaused(symbol);
      try {
        const fetched = await download(symbol, from, to);
        breaker = succeeded(breaker);
        return fetched;
      } catch (error) {
        if (!(error instanceof SourceError) || error instanceof Paused) throw error;
        if (!mayTryAgain(error, attempt)) {
          record(error);
          throw error;
        }
        await wait(backOffMs(attempt, random()));
      }
    }
  }

  return {
    name: 'yahoo',
    basis: 'split-adjusted',
    fetchBars,
    paused: () => paused(breaker, now()),
  };
}

/** Doubles with each try, and half of it is left to chance. */
function backOffMs(attempt: number, chance: number): number {
  const fullMs = Math.min(backOffFirstMs * 2 ** (attempt - 1), backOffMaxMs);
  return fullMs * (0.5 + 0.5 * chance);
}

function assertSymbol(symbol: string): void {
  if (symbolPattern.test(symbol)) return;
  throw new SourceError(
    'unknown-symbol',
    `${JSON.stringify(symbol)} cannot be a symbol: expected 1 to 20 of A-Z 0-9 . ^ = -, as in SPY or BTC-USD`,
    { symbol },
  );
}

/** No request was made, so it says nothing new about the source. */
class Paused extends SourceError {}
