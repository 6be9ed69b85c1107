import { addDays, type Session } from '../../../core/calendar/session.ts';
import { type AdjustedDifference, crossCheckAdjusted } from '../../../core/market/adjustments.ts';
import type { Bar } from '../../../core/market/bar.ts';
import { type QuoteUnit, quoteUnit } from '../../../core/market/quote-unit.ts';
import { percent } from '../../../core/percent.ts';
import { barsFromRows, emptyFetched, type Fetched } from '../source.ts';
import { type Chart, schemaError } from './answer.ts';
import { addEvents } from './events.ts';
import { type Asked, notesOn } from './notes.ts';
import { pricedRows, type SessionClock, sessionClock, sessionInProgress } from './rows.ts';

/** Yahoo rounds dividends and adjusted closes; a real disagreement is a dividend left out, doubled or misplaced. */
const adjustedToleranceBps = 20;

/**
 * Final daily bars of `from`..`to` from a chart that may begin earlier and end later.
 * Closes, ranges and dividends are in the major currency, in split-adjusted units, as are volumes. A number that cannot
 * be never gets into a bar: it is left out, and its session doubted.
 * `nowMs` guards against a bar of a session still open, should `to` be wrong.
 */
export function barsFromChart(chart: Chart, asked: Asked, nowMs: number): Fetched {
  const { symbol, from, to } = asked;
  const notes = notesOn(asked);
  const sessionOf = sessionClock(chart, symbol);
  const openSession = sessionInProgress(chart, sessionOf, nowMs);
  const unit = unitOf(chart, symbol);
  const rows = pricedRows(
    chart,
    { sessionOf, openSession, unitsPerCurrency: unit?.unitsPerCurrency ?? 1 },
    notes,
  );
  addEvents(rows, chart, { sessionOf, unit }, notes);
  const ascending = [...rows.values()].sort((a, b) => (a.session < b.session ? -1 : 1));
  const settled = barsFromRows(symbol, 'split-adjusted', ascending, from, to);
  notes.warnings.push(...settled.warnings);
  const adjusted = new Map(ascending.map((row) => [row.session, row.adjustedClose]));
  const differences = adjustedDifferences(settled.bars, adjusted);
  const disagreement = adjustedDisagreement(symbol, differences);
  if (disagreement) notes.warnings.push(disagreement);
  const paidGains = gainSessions(chart, sessionOf);
  // Yahoo counts a capital gain twice where the dividend holds it already, so there the disagreement is its own.
  for (const difference of differences)
    if (!paidGains.has(difference.session)) notes.doubt(difference.session, 'adjusted', told(difference));
  return {
    ...emptyFetched,
    bars: settled.bars,
    warnings: notes.warnings,
    doubts: notes.doubts,
    currency: unit?.currency ?? null,
    unit: chart.meta.currency ?? null,
    // Yahoo answered for the whole window, and a day it does not list had no trading; an open one has not ended.
    through: openSession !== null && openSession <= to ? addDays(openSession, -1) : to,
  };
}

/** The unit of all prices of a chart; null where Yahoo does not say. */
function unitOf({ meta }: Chart, symbol: string): QuoteUnit | null {
  if (!meta.currency) return null;
  const unit = quoteUnit(meta.currency);
  if (unit === null)
    throw schemaError(
      symbol,
      `prices in ${JSON.stringify(meta.currency)}, expected a currency such as USD or a known minor unit such as GBp`,
    );
  return unit;
}

function gainSessions(chart: Chart, sessionOf: SessionClock): Set<Session> {
  return new Set(Object.values(chart.events?.capitalGains ?? {}).map(({ date }) => sessionOf(date)));
}

/** The days on which Yahoo's adjusted closes, used for nothing else, tell another return than closes and events. */
export function adjustedDifferences(
  bars: readonly Bar[],
  adjusted: ReadonlyMap<Session, number | null>,
): AdjustedDifference[] {
  return crossCheckAdjusted(bars, 'split-adjusted', adjusted, adjustedToleranceBps).differences;
}

/** One warning for all of them, or none. */
export function adjustedDisagreement(
  symbol: string,
  differences: readonly AdjustedDifference[],
): string | null {
  if (differences.length === 0) return null;
  const shown = differences.slice(0, 3).map((d) => `${d.session} by ${percent(apart(d), 2)}`);
  const more = differences.length > 3 ? ` and ${differences.length - 3} more` : '';
  return `${symbol}: Yahoo's adjusted closes disagree with its closes and events on ${shown.join(', ')}${more}`;
}

function told(difference: AdjustedDifference): string {
  const { derivedReturn, vendorReturn } = difference;
  return `the adjusted closes return ${percent(vendorReturn, 2)}, closes and events ${percent(derivedReturn, 2)}; expected the same`;
}

function apart({ derivedReturn, vendorReturn }: AdjustedDifference): number {
  return (1 + vendorReturn) / (1 + derivedReturn) - 1;
}
