import { z } from 'zod';
import { SourceError } from '../source.ts';

/** An HTTP answer as it came, before anyone trusts it. */
export type RawAnswer = {
  status: number;
  location: string | null;
  retryAfter: string | null;
  body: string;
};

const column = z.array(z.number().nullable()).optional();
const payments = z
  .record(
    z.string(),
    z.object({ date: z.number(), amount: z.number().nonnegative(), currency: z.string().optional() }),
  )
  .optional();

const chartSchema = z.object({
  meta: z.object({
    symbol: z.string(),
    currency: z.string().nullish(),
    gmtoffset: z.number(),
    exchangeTimezoneName: z.string().nullish(),
    dataGranularity: z.string().nullish(),
    currentTradingPeriod: z.object({ regular: z.object({ start: z.number(), end: z.number() }) }).nullish(),
  }),
  timestamp: z.array(z.number()).optional(),
  events: z
    .object({
      dividends: payments,
      capitalGains: payments,
      splits: z
        .record(
          z.string(),
          z.object({
            date: z.number(),
            numerator: z.number().positive(),
            denominator: z.number().positive(),
          }),
        )
        .optional(),
    })
    .nullish(),
  indicators: z.object({
    quote: z.array(z.object({ close: column, high: column, low: column, volume: column })),
    adjclose: z.array(z.object({ adjclose: column })).optional(),
  }),
});

/** The part of Yahoo's v8 chart answer that is read here, times in epoch seconds. */
export type Chart = z.output<typeof chartSchema>;

/** Reads one chart result; whatever is missing or of another kind is named by its path. */
export function parseChart(result: unknown, symbol: string): Chart {
  const parsed = chartSchema.safeParse(result);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw schemaError(symbol, `${issue?.path.join('.') || 'the result'}: ${issue?.message}`);
  }
  const chart = parsed.data;
  const rows = chart.timestamp?.length ?? 0;
  const columns = { ...chart.indicators.quote[0], adjclose: chart.indicators.adjclose?.[0]?.adjclose };
  for (const [name, values] of Object.entries(columns))
    if (values && values.length !== rows)
      throw schemaError(
        symbol,
        `${values.length} values in ${name}, expected one for each of ${rows} timestamps`,
      );
  if (rows > 0 && !chart.indicators.quote[0]?.close) throw schemaError(symbol, 'no column of closes');
  if (chart.meta.symbol.toUpperCase() !== symbol)
    throw schemaError(symbol, `the prices of ${chart.meta.symbol} instead`);
  if (chart.meta.dataGranularity && chart.meta.dataGranularity !== '1d')
    throw schemaError(symbol, `bars of ${chart.meta.dataGranularity}, expected 1d`);
  return chart;
}

/**
 * Reads an HTTP answer: a chart, or `null` for nothing in the window. Anything else is a `SourceError` of the right
 * class; statuses alone do not tell: Yahoo sends its refusals with 200 too.
 */
export function readAnswer(answer: RawAnswer, symbol: string): Chart | null {
  const { status, location, body } = answer;
  if (status === 429 || status === 999) throw throttled(answer, symbol);
  if (status >= 300 && status < 400) {
    if (/consent|guce\./i.test(location ?? '')) throw consent(symbol, `a redirect to ${location}`);
    throw new SourceError(
      'network',
      `Yahoo sends ${symbol} on to ${location ?? 'nowhere'}: check the base address and any proxy`,
      { symbol },
    );
  }
  const json = parseJson(body);
  if (json === undefined) throw notJson(answer, symbol);
  const { result, error } = envelope(json);
  if (error) {
    if (/doesn't exist for startDate/i.test(error)) return null;
    throw classified(answer, error, symbol);
  }
  if (status >= 500) throw unavailable(symbol, `status ${status}`);
  if (status >= 400) throw classified(answer, `status ${status}`, symbol);
  if (result === undefined)
    throw new SourceError(
      'unknown-symbol',
      `Yahoo answers nothing for ${symbol}: check the symbol's spelling`,
      { symbol },
    );
  if (!Array.isArray(result) || result.length === 0) throw schemaError(symbol, 'no chart.result[0]');
  return parseChart(result[0], symbol);
}

/** An answer that is not in the agreed form. */
export function schemaError(symbol: string, found: string): SourceError {
  return new SourceError('schema', `Yahoo's answer for ${symbol} is not a chart of daily bars: ${found}`, {
    symbol,
  });
}

const envelopeSchema = z.record(
  z.string(),
  z
    .object({
      result: z.unknown(),
      error: z.object({ code: z.string().optional(), description: z.string().nullish() }).nullish(),
    })
    .nullable(),
);

/** Yahoo wraps everything in one key: `{chart: {result, error}}`, or `{finance: ..}` from its gate, or `{chart: null}`. */
function envelope(json: unknown): { result?: unknown; error?: string } {
  const parsed = envelopeSchema.safeParse(json);
  if (!parsed.success) return { result: null };
  const [inner] = Object.values(parsed.data);
  if (inner === null) return {};
  if (inner?.error)
    return { error: `${inner.error.code ?? 'error'}: ${inner.error.description ?? 'no description'}` };
  return { result: parsed.data.chart?.result ?? null };
}

function classified(answer: RawAnswer, error: string, symbol: string): SourceError {
  if (/too many requests|rate limit/i.test(error)) return throttled(answer, symbol);
  if (answer.status === 401 || answer.status === 403 || /crumb|unauthori[sz]ed|forbidden/i.test(error))
    return consent(symbol, `"${error}"`);
  if (/delisted|no data found/i.test(error))
    return new SourceError(
      'delisted',
      `Yahoo has nothing for ${symbol}, which may be delisted or misspelt ("${error}")`,
      { symbol },
    );
  if (answer.status === 404)
    return new SourceError(
      'unknown-symbol',
      `Yahoo does not know ${symbol} ("${error}"): check its spelling`,
      { symbol },
    );
  if (answer.status >= 500) return unavailable(symbol, `"${error}"`);
  return schemaError(symbol, `"${error}"`);
}

function notJson(answer: RawAnswer, symbol: string): SourceError {
  const text = answer.body.slice(0, 100_000);
  if (/^\W*(edge: )?too many requests/i.test(text) || /<title>[^<]*too many requests/i.test(text))
    return throttled(answer, symbol);
  const isPage = /^\s*<(!doctype|html)/i.test(text);
  if (isPage && /consent|guce\./i.test(text)) return consent(symbol, 'a consent page');
  if (answer.status === 401 || answer.status === 403) return consent(symbol, `status ${answer.status}`);
  if (answer.status >= 500 || /will be right back/i.test(text))
    return unavailable(symbol, `status ${answer.status}`);
  if (answer.status === 404)
    return new SourceError(
      'unknown-symbol',
      `Yahoo does not know ${symbol} (status 404): check its spelling and the base address`,
      { symbol },
    );
  const found = isPage
    ? 'a web page'
    : text.trim() === ''
      ? 'an empty body'
      : `text that is not whole JSON, beginning "${text.slice(0, 40)}"`;
  return schemaError(symbol, `${found} with status ${answer.status}`);
}

function throttled(answer: RawAnswer, symbol: string): SourceError {
  const seconds = Number(answer.retryAfter ?? Number.NaN);
  return new SourceError(
    'throttled',
    `Yahoo refuses ${symbol}: too many requests; lower the request rate or wait`,
    {
      symbol,
      ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
    },
  );
}

function consent(symbol: string, found: string): SourceError {
  return new SourceError(
    'consent',
    `Yahoo wants consent or a session before it answers for ${symbol} (${found}); the chart needs neither from most addresses, so try from another network or set a base address that may ask`,
    { symbol },
  );
}

function unavailable(symbol: string, found: string): SourceError {
  return new SourceError('network', `Yahoo is out of order while asked for ${symbol} (${found})`, { symbol });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
