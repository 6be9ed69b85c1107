import { addDays, type Session } from '../core/calendar/session.ts';
import { checkConvertible, convertPanel, fxFactors, settledCurrencies } from '../core/market/currency.ts';
import type { PricePanel } from '../core/market/panel.ts';
import { panelFromStoredBars, type StoredBar } from '../core/market/stored-bars.ts';
import { decisiveSymbols, type Portfolio, rateSymbols } from './portfolio.ts';

/** The day from which bars are needed for a panel that begins at `first`: a rate of shortly before is known there. */
export function readFrom(portfolio: Portfolio, first: Session): Session {
  if (rateSymbols(portfolio).length === 0) return first;
  const lead = addDays(first, -2 * portfolio.policy.quality.fillSessionsMax - 7);
  return lead < portfolio.historyStart ? portfolio.historyStart : lead;
}

/** Bars of one symbol as a portfolio's source gives them as of `at`, epoch milliseconds, in a stored bar's form. */
export async function fetchQuoted(
  { source }: Portfolio,
  symbol: string,
  from: Session,
  to: Session,
  at: number,
): Promise<StoredBar[]> {
  const { bars, currency } = await source.fetchBars(symbol, from, to, at);
  return bars.map((bar) => ({ ...bar, basis: source.basis, currency }));
}

/**
 * The panel of a portfolio's decisions, in its currency, from the bars of its priced symbols: every panel of a portfolio
 * is made here. `bars` begin at `readFrom` the first of `sessions`.
 * Throws a CurrencyError where prices are in a currency that nothing leads from to the portfolio's.
 */
export function panelOf(
  portfolio: Portfolio,
  bars: readonly StoredBar[],
  sessions: readonly Session[],
): PricePanel {
  const symbols = decisiveSymbols(portfolio);
  const currencies = currenciesOf(bars);
  checkConvertible(portfolio, currencies);
  const [first, last] = [sessions[0], sessions.at(-1)];
  const isInside = (bar: StoredBar) => first !== undefined && bar.session >= first;
  const quoted = panelFromStoredBars(bars.filter(isInside), sessions, symbols);
  if (first === undefined || last === undefined || rateSymbols(portfolio).length === 0) return quoted;
  const rates = panelFromStoredBars(
    bars,
    portfolio.plan.calendar.sessions(readFrom(portfolio, first), last),
    rateSymbols(portfolio),
  );
  return convertPanel(quoted, (symbol) => {
    const currency = currencies.get(symbol) ?? portfolio.currency;
    if (currency === portfolio.currency) return null;
    const pair = portfolio.fx[currency]!;
    const { fillSessionsMax } = portfolio.policy.quality;
    return fxFactors(pair, currency, rates.column(pair.symbol), fillSessionsMax).slice(-sessions.length);
  });
}

function currenciesOf(bars: readonly StoredBar[]): Map<string, string | null> {
  const found = new Map<string, Set<string | null>>();
  let before: StoredBar | undefined;
  for (const bar of bars) {
    const { symbol, currency } = bar;
    // Bars come by symbol, so this is looked up a few times only.
    if (before?.symbol === symbol && before.currency === currency) continue;
    before = bar;
    const known = found.get(symbol);
    if (known) known.add(currency);
    else found.set(symbol, new Set([currency]));
  }
  return settledCurrencies(found);
}
