import { readBars } from '../../adapters/postgres/bar-rows.ts';
import { SourceError } from '../../adapters/prices/source.ts';
import type { ReferencePrice } from '../../core/accounting/orders.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { Bar } from '../../core/market/bar.ts';
import { CurrencyError } from '../../core/market/currency.ts';
import { newestClosed } from '../../core/schedule/plan.ts';
import { readCloses } from '../../tasks/currencies.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import type { Context } from '../context.ts';
import { sourceOf } from '../portfolios.ts';
import { UserError } from '../user-error.ts';

/**
 * What shares are counted by: each symbol's last close that it was really traded at, in the portfolio's currency, and the
 * splits among the sessions read.
 */
export type TradedPrices = {
  closes: Map<string, ReferencePrice>;
  splits: Pick<Bar, 'symbol' | 'session' | 'splitRatio'>[];
};

export type TradedPricesContext = Pick<Context, 'database' | 'config' | 'log'>;

/**
 * Traded closes of `from`..`to`: the stored ones, as known at `vintage` (null: now), or those of the source that
 * `orders.priceSource` names, as it tells them at `now`. Throws a UserError where only total-return closes are there,
 * which nobody ever paid.
 */
export async function tradedPrices(
  context: TradedPricesContext,
  portfolio: Portfolio,
  window: { from: Session; to: Session; vintage: string | null; now: number },
): Promise<TradedPrices> {
  const { sourceName: source, policy, priceSource } = portfolio;
  if (priceSource !== null) return pricesOf(await fetched(context, portfolio, priceSource, window));
  const { from, to, vintage } = window;
  const bars = await readBars(context.database, { source, symbols: policy.symbols, from, to, vintage });
  if (bars.some(({ basis }) => basis === 'total-return'))
    throw new UserError(
      `the closes of ${source} are total-return, at which no share was ever traded, so shares cannot be counted by them; expected orders.priceSource to name a source of traded closes, or weights alone (orders --weights-only, symbol,weight)`,
    );
  const closes = await readCloses(context.database, portfolio, { from, to, vintage }).catch((error: Error) =>
    Promise.reject(error instanceof CurrencyError ? new UserError(error.message) : error),
  );
  return { closes, splits: splitsOf(bars) };
}

/** Bars in ascending order: the last one of a symbol stays. */
const pricesOf = (bars: readonly TradedBar[]): TradedPrices => ({
  closes: new Map(bars.map(({ symbol, session, close }) => [symbol, { session, close }])),
  splits: splitsOf(bars),
});

const splitsOf = (bars: readonly TradedBar[]) => bars.filter(({ splitRatio }) => splitRatio !== 1);

type TradedBar = Pick<Bar, 'symbol' | 'session' | 'close' | 'splitRatio'>;

async function fetched(
  context: TradedPricesContext,
  { plan, policy, currency }: Portfolio,
  name: string,
  { from, to, now }: { from: Session; to: Session; now: number },
): Promise<TradedBar[]> {
  const source = sourceOf(context.config.sources[name]!, context.log);
  const newest = newestClosed(plan, now) ?? to;
  const all: TradedBar[] = [];
  for (const symbol of policy.symbols) {
    const answer = await source
      .fetchBars(symbol, from, newest > to ? newest : to, now)
      .catch((error: Error) => {
        throw error instanceof SourceError
          ? new UserError(`sources.${name} (orders.priceSource): ${error.message}`)
          : error;
      });
    if (answer.currency !== null && answer.currency !== currency)
      throw new UserError(
        `sources.${name} (orders.priceSource) quotes ${symbol} in ${answer.currency}; expected ${currency}`,
      );
    all.push(...asTradedAt(answer.bars, to, source.basis === 'split-adjusted'));
  }
  return all;
}

/** Bars up to `to` in the shares of `to`: splits that came later are in a split-adjusted history already. */
function asTradedAt(bars: readonly Bar[], to: Session, isAdjusted: boolean): TradedBar[] {
  const later = bars.filter(({ session }) => session > to);
  const ratio = isAdjusted ? later.reduce((product, { splitRatio }) => product * splitRatio, 1) : 1;
  return bars
    .filter(({ session }) => session <= to)
    .map(({ symbol, session, close, splitRatio }) => ({ symbol, session, close: close * ratio, splitRatio }));
}
