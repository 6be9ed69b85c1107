import { addDays, type Session } from '../../src/core/calendar/session.ts';

/** One symbol as it really traded; the simulator restates it the way Yahoo does. */
export type SimulatedSeries = {
  /** ascending */
  sessions: Session[];
  /** as traded; null = Yahoo lists the day without a price */
  closes: (number | null)[];
  /** cash per share as traded that day, by ex-date */
  dividends?: Record<Session, number>;
  capitalGains?: Record<Session, number>;
  /** new and old shares, by ex-date */
  splits?: Record<Session, [number, number]>;
  currency?: string;
  timeZone?: string;
  /** local time, such as 09:30 */
  opensAt?: string;
  closesAt?: string;
};

/** What Yahoo does with a split: restates the past and lists it; forgets both; or lists it and restates nothing. */
export type SplitHandling = 'applied' | 'undone' | 'listed-only';

/** The `chart.result[0]` of Yahoo's v8 answer at `nowMs` for the window `from`..`to` in epoch seconds. */
export function chartAnswer(
  symbol: string,
  series: SimulatedSeries,
  window: { from: number; to: number },
  nowMs: number,
  splitHandling: SplitHandling = 'applied',
): object {
  const bars = knownBars(series, nowMs, splitHandling);
  const shown = bars.filter((bar) => bar.seconds >= window.from && bar.seconds <= window.to);
  const current = bars.at(-1);
  const period = tradingPeriod(series, current?.session ?? series.sessions[0]!);
  const meta = {
    currency: series.currency ?? 'USD',
    symbol,
    exchangeName: 'PCX',
    fullExchangeName: 'NYSEArca',
    instrumentType: 'ETF',
    firstTradeDate: bars[0]?.seconds ?? null,
    regularMarketTime: current?.seconds ?? 0,
    hasPrePostMarketData: true,
    gmtoffset: offsetSeconds(nowMs, zoneOf(series)),
    timezone: 'LOCAL',
    exchangeTimezoneName: zoneOf(series),
    regularMarketPrice: current?.close ?? 0,
    chartPreviousClose: shown[0]?.close ?? 0,
    priceHint: 2,
    currentTradingPeriod: { pre: period, regular: period, post: period },
    dataGranularity: '1d',
    range: '',
    validRanges: ['1d', '5d', '1mo', 'max'],
  };
  if (shown.length === 0) return { meta, indicators: { quote: [{}] } };
  const times = (factor: number) => shown.map(({ close }) => (close === null ? null : close * factor));
  const events = eventsOf(shown);
  return {
    meta,
    timestamp: shown.map((bar) => bar.seconds),
    ...(events ? { events } : {}),
    indicators: {
      quote: [
        {
          open: times(1),
          high: times(1.01),
          low: times(0.99),
          close: times(1),
          volume: shown.map(({ close }) => (close === null ? null : 1_000_000)),
        },
      ],
      adjclose: [{ adjclose: adjustedCloses(bars).slice(bars.indexOf(shown[0]!)).slice(0, shown.length) }],
    },
  };
}

type SimulatedBar = {
  session: Session;
  seconds: number;
  close: number | null;
  dividend: number;
  capitalGain: number;
  split: [number, number] | null;
};

/** Bars that have begun, restated for the splits known now. The price of an open session is not its close yet. */
function knownBars(series: SimulatedSeries, nowMs: number, handling: SplitHandling): SimulatedBar[] {
  const begun = series.sessions
    .map((session, index) => ({ session, index, ...tradingPeriod(series, session) }))
    .filter(({ start }) => start * 1000 <= nowMs);
  const bars: SimulatedBar[] = [];
  let later = 1;
  for (let row = begun.length - 1; row >= 0; row -= 1) {
    const { session, index, start, end } = begun[row]!;
    const isOpen = end * 1000 > nowMs;
    const traded = series.closes[index] ?? null;
    const split = series.splits?.[session] ?? null;
    bars.unshift({
      session,
      seconds: isOpen ? Math.floor(nowMs / 1000) : start,
      close: traded === null ? null : (traded / later) * (isOpen ? 0.97 : 1),
      dividend: (series.dividends?.[session] ?? 0) / later,
      capitalGain: (series.capitalGains?.[session] ?? 0) / later,
      split: handling === 'undone' ? null : split,
    });
    if (split && handling === 'applied') later *= split[0] / split[1];
  }
  return bars;
}

function eventsOf(bars: readonly SimulatedBar[]): object | null {
  const dividends: Record<number, object> = {};
  const capitalGains: Record<number, object> = {};
  const splits: Record<number, object> = {};
  for (const { seconds, dividend, capitalGain, split } of bars) {
    if (dividend > 0) dividends[seconds] = { amount: dividend, date: seconds };
    if (capitalGain > 0) capitalGains[seconds] = { amount: capitalGain, date: seconds };
    if (split) {
      const [numerator, denominator] = split;
      splits[seconds] = { date: seconds, numerator, denominator, splitRatio: `${numerator}:${denominator}` };
    }
  }
  const listed = Object.entries({ dividends, capitalGains, splits }).filter(
    ([, events]) => Object.keys(events).length > 0,
  );
  return listed.length > 0 ? Object.fromEntries(listed) : null;
}

/** Yahoo's own adjustment: each dividend scales the past by 1 - dividend / previous close. */
function adjustedCloses(bars: readonly SimulatedBar[]): (number | null)[] {
  const adjusted: (number | null)[] = [];
  let factor = 1;
  let pending = 0;
  for (let row = bars.length - 1; row >= 0; row -= 1) {
    const { close, dividend, capitalGain } = bars[row]!;
    if (close !== null && pending > 0) {
      factor *= 1 - pending / close;
      pending = 0;
    }
    adjusted.unshift(close === null ? null : close * factor);
    // Yahoo counts a capital gain here even where the dividend holds it already.
    pending += dividend + capitalGain;
  }
  return adjusted;
}

function zoneOf(series: SimulatedSeries): string {
  return series.timeZone ?? 'America/New_York';
}

function tradingPeriod(series: SimulatedSeries, session: Session) {
  const zone = zoneOf(series);
  const start = epochSeconds(session, series.opensAt ?? '09:30', zone);
  const end = epochSeconds(session, series.closesAt ?? '16:00', zone);
  return {
    timezone: 'LOCAL',
    start,
    end: end > start ? end : end + 86_400,
    gmtoffset: offsetSeconds(start * 1000, zone),
  };
}

const known = new Map<string, number>();

function epochSeconds(session: Session, time: string, zone: string): number {
  const key = `${session} ${time} ${zone}`;
  let seconds = known.get(key);
  if (seconds === undefined) {
    const asUtc = Date.parse(`${session}T${time}:00Z`) / 1000;
    const near = asUtc - offsetSeconds(asUtc * 1000, zone);
    seconds = asUtc - offsetSeconds(near * 1000, zone);
    known.set(key, seconds);
  }
  return seconds;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Local time minus UTC. */
function offsetSeconds(atMs: number, zone: string): number {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  clocks.set(zone, clock);
  return Date.parse(`${clock.format(atMs).replace(' ', 'T')}Z`) / 1000 - Math.floor(atMs / 1000);
}

/** Weekdays from `from` on: sessions enough for a test. */
export function weekdays(from: Session, count: number): Session[] {
  const sessions: Session[] = [];
  for (let date = from; sessions.length < count; date = addDays(date, 1)) {
    const day = new Date(`${date}T00:00:00Z`).getUTCDay();
    if (day !== 0 && day !== 6) sessions.push(date);
  }
  return sessions;
}
