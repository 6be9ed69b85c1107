import { SourceError } from '../source.ts';
import type { RawAnswer } from './answer.ts';

/** One GET of an address, as the source wants it done. */
export type Get = (url: URL, headers: Record<string, string>, symbol: string) => Promise<RawAnswer>;

/** Longer than any daily chart (50 years are about 2 MB): more than this is not an answer. */
const bodyBytesMax = 32 * 1024 * 1024;

/**
 * A GET with a time-out over headers and body, a bound on the body's size, and no redirects followed
 * (a redirect of the chart leads to a consent page, never to prices).
 */
export function httpGet(timeoutMs: number, stop?: AbortSignal): Get {
  return async (url, headers, symbol) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = stop ? AbortSignal.any([timeout, stop]) : timeout;
    try {
      const response = await fetch(url, { headers, redirect: 'manual', signal });
      return {
        status: response.status,
        location: response.headers.get('location'),
        retryAfter: response.headers.get('retry-after'),
        body: await readBounded(response, symbol),
      };
    } catch (error) {
      if (error instanceof SourceError) throw error;
      if (stop?.aborted) throw unreachable(url, symbol, 'stopped', error);
      if (timeout.aborted) throw unanswered(url, symbol, timeoutMs, error);
      const code = codeOf(error);
      throw /TIMEOUT|TIMEDOUT/.test(code)
        ? unanswered(url, symbol, timeoutMs, error)
        : unreachable(url, symbol, code, error);
    }
  };
}

/**
 * Lets requests go `requestsPerSecond` at most, evenly spaced, in the order they came.
 * A clock set back does not hold them longer than those before them would.
 */
export function rateLimit(requestsPerSecond: number, now: () => number, wait: (ms: number) => Promise<void>) {
  const spacingMs = 1000 / requestsPerSecond;
  let freeAtMs = 0;
  let waiting = 0;
  return async (): Promise<void> => {
    const nowMs = now();
    const startMs = Math.max(nowMs, Math.min(freeAtMs, nowMs + (waiting + 1) * spacingMs));
    freeAtMs = startMs + spacingMs;
    if (startMs === nowMs) return;
    waiting += 1;
    try {
      await wait(startMs - nowMs);
    } finally {
      waiting -= 1;
    }
  };
}

async function readBounded(response: Response, symbol: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax)
      throw new SourceError('schema', `Yahoo's answer for ${symbol} is longer than ${bodyBytesMax} bytes`, {
        symbol,
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function unanswered(url: URL, symbol: string, timeoutMs: number, cause: unknown): SourceError {
  const message = `Yahoo at ${url.origin} did not answer for ${symbol} within ${timeoutMs} ms`;
  return new SourceError('time-out', message, { symbol, cause });
}

function unreachable(url: URL, symbol: string, reason: string, cause: unknown): SourceError {
  const message = `Yahoo at ${url.origin} cannot be reached for ${symbol} (${reason}): check the network and the base address`;
  return new SourceError('network', message, { symbol, cause });
}

/** `fetch` wraps what happened; the innermost code or name says it best. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner = error.cause instanceof Error ? codeOf(error.cause) : '';
  return inner || (error as NodeJS.ErrnoException).code?.toString() || error.name;
}
