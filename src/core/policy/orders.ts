import type { Session } from '../market/session.ts';
import type { Decision } from './decision.ts';

export type OrderPolicy = {
  /** whole shares only; otherwise fractions */
  wholeShares: boolean;
  /** an order of less money than this is not worth its ticket */
  dustValue: number;
  /** share of net asset value kept uninvested, for prices that move before the fill */
  cashBufferRatio: number;
};

/** A close with its own session, so that an old one can be told. */
export type ReferencePrice = { session: Session; close: number };

export type Order = {
  symbol: string;
  side: 'buy' | 'sell';
  /** shares, above 0 */
  quantity: number;
  referencePrice: number;
  /** quantity times reference price, in the portfolio's currency */
  value: number;
};

export type OrderSheet = {
  portfolio: string;
  decidedAt: Session;
  /** never the decision's own session: its closes are what it was made from */
  executeFrom: Session;
  netAssetValue: number;
  orders: Order[];
  /** trades that became no order, and why */
  left: { symbol: string; trade: number; reason: string }[];
  /** expected once every order is filled at its reference price */
  cashAfter: number;
};

/**
 * The orders that take a portfolio from what it holds to a decision's targets.
 * `netAssetValue` is in the portfolio's currency. Shares are rounded towards zero for purchases and whole positions, so
 * that orders never spend money that is not there. A price of another session than the decision's is refused: throws
 * a RangeError that names the symbol.
 */
export function ordersFor(
  decision: Decision,
  prices: ReadonlyMap<string, ReferencePrice>,
  netAssetValue: number,
  executeFrom: Session,
  policy: OrderPolicy,
): OrderSheet {
  if (!(executeFrom > decision.asOf))
    throw new RangeError(
      `orders of ${decision.asOf} cannot be executed on ${executeFrom}; expected a later session`,
    );
  const orders: Order[] = [];
  const left: OrderSheet['left'] = [];
  for (const { symbol, held, target, trade } of decision.lines) {
    if (trade === 0) continue;
    const price = freshPrice(symbol, prices.get(symbol), decision.asOf);
    const quantity = quantityOf(held, target, netAssetValue, price, policy);
    const value = Math.abs(quantity) * price;
    if (quantity === 0 || value < policy.dustValue) {
      const reason = quantity === 0 ? 'less than one share' : `worth less than ${policy.dustValue}`;
      left.push({ symbol, trade, reason });
      continue;
    }
    const side = quantity > 0 ? 'buy' : 'sell';
    orders.push({ symbol, side, quantity: Math.abs(quantity), referencePrice: price, value });
  }
  const spent = orders.reduce((sum, order) => sum + (order.side === 'buy' ? order.value : -order.value), 0);
  // Sales first: their money pays for the purchases.
  orders.sort((a, b) =>
    a.side === b.side ? a.symbol.localeCompare(b.symbol, 'en') : a.side === 'sell' ? -1 : 1,
  );
  return {
    portfolio: decision.portfolio,
    decidedAt: decision.asOf,
    executeFrom,
    netAssetValue,
    orders,
    left,
    cashAfter: decision.cash.held * netAssetValue - spent,
  };
}

function freshPrice(symbol: string, price: ReferencePrice | undefined, asOf: Session): number {
  if (!price)
    throw new RangeError(`no price of ${symbol} at ${asOf}; expected its close there: ingest first`);
  if (price.session !== asOf)
    throw new RangeError(
      `the price of ${symbol} is of ${price.session}, stale for orders of ${asOf}; ingest first`,
    );
  if (!(price.close > 0 && Number.isFinite(price.close)))
    throw new RangeError(`the price of ${symbol} at ${asOf} is ${price.close}; expected one above 0`);
  return price.close;
}

/** Signed shares to trade. A position that is to end is sold to its last share. */
function quantityOf(
  held: number,
  target: number,
  netAssetValue: number,
  price: number,
  { wholeShares, cashBufferRatio }: OrderPolicy,
): number {
  const now = (held * netAssetValue) / price;
  const wanted = (target * (1 - cashBufferRatio) * netAssetValue) / price;
  if (!wholeShares) return wanted - now;
  const round = (shares: number) => Math.trunc(shares + Math.sign(shares) * 1e-9);
  return round(wanted) - round(now);
}
