import type { Session } from '../calendar/session.ts';
import type { Decision } from '../policy/decision.ts';

export type OrderPolicy = {
  /** whole shares only; otherwise fractions */
  wholeShares: boolean;
  /** an order of less money than this is not worth its ticket */
  minTradeValue: number;
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

/** What a broker said is there: shares by symbol, and money. Without it both follow from the decision's weights. */
export type HeldAssets = { shares: ReadonlyMap<string, number>; cash: number };

/**
 * The orders that take a portfolio from what it holds to a decision's targets.
 * `netAssetValue`, what the account is worth, is in the portfolio's currency. Whole shares are bought no further and sold no less than the target
 * says, and purchases shrink together to the money there is, so that orders never spend what is not there. A price of
 * another session than the decision's is refused: throws a RangeError that names the symbol.
 */
export function ordersFor(
  decision: Decision,
  prices: ReadonlyMap<string, ReferencePrice>,
  netAssetValue: number,
  executeFrom: Session,
  policy: OrderPolicy,
  there: HeldAssets | null = null,
): OrderSheet {
  if (!(executeFrom > decision.asOf))
    throw new RangeError(
      `orders of ${decision.asOf} cannot be executed on ${executeFrom}; expected a later session`,
    );
  const investable = investableRatio(decision, policy);
  const trades: Trade[] = [];
  for (const { symbol, held, target, trade } of decision.lines) {
    if (trade === 0) continue;
    const price = freshPrice(symbol, prices.get(symbol), decision.asOf);
    const now = there ? (there.shares.get(symbol) ?? 0) : (held * netAssetValue) / price;
    const wanted = (target * investable * netAssetValue) / price;
    trades.push({ symbol, trade, price, shares: policy.wholeShares ? whole(now, wanted) : wanted - now });
  }
  const cash = there?.cash ?? decision.cash.held * netAssetValue;
  const { orders, left } = affordable(trades, cash, policy);
  const spent = orders.reduce((sum, order) => sum + (order.side === 'buy' ? order.value : -order.value), 0);
  orders.sort(salesFirst);
  return {
    portfolio: decision.portfolio,
    decidedAt: decision.asOf,
    executeFrom,
    netAssetValue,
    orders,
    left,
    cashAfter: cash - spent,
  };
}

/** Sales first: their money pays for the purchases. */
const salesFirst = (a: Pick<Order, 'side' | 'symbol'>, b: Pick<Order, 'side' | 'symbol'>) =>
  a.side === b.side ? a.symbol.localeCompare(b.symbol, 'en') : a.side === 'sell' ? -1 : 1;

/** A line's trade in signed shares. */
type Trade = { symbol: string; trade: number; price: number; shares: number };

/** What the targets are scaled by so that the cash buffer is kept; cash the decision keeps anyway counts. */
function investableRatio({ lines }: Decision, { cashBufferRatio }: OrderPolicy): number {
  const sum = lines.reduce((total, { target }) => total + target, 0);
  return sum > 1 - cashBufferRatio ? (1 - cashBufferRatio) / sum : 1;
}

/** The trades worth an order. Purchases beyond the money of cash and sales are all cut by the same share. */
function affordable(
  trades: readonly Trade[],
  cash: number,
  policy: OrderPolicy,
): Pick<OrderSheet, 'orders' | 'left'> {
  const sold = trades.filter(({ shares, price }) => shares < 0 && -shares * price >= policy.minTradeValue);
  const money = Math.max(
    0,
    sold.reduce((sum, { shares, price }) => sum - shares * price, cash),
  );
  const cost = trades.reduce((sum, { shares, price }) => sum + Math.max(0, shares) * price, 0);
  const share = cost > money ? money / cost : 1;
  const orders: Order[] = [];
  const left: OrderSheet['left'] = [];
  for (const { symbol, trade, price, shares } of trades) {
    const bought = policy.wholeShares ? Math.floor(shares * share + shareTolerance(shares)) : shares * share;
    const quantity = shares > 0 ? bought : -shares;
    const value = quantity * price;
    if (quantity > 0 && value >= policy.minTradeValue)
      orders.push({ symbol, side: shares > 0 ? 'buy' : 'sell', quantity, referencePrice: price, value });
    else {
      const reason = quantity > 0 ? `worth less than ${policy.minTradeValue}` : 'less than one share';
      left.push({ symbol, trade, reason });
    }
  }
  return { orders, left };
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

/** Shares this near to a whole number are that number: weights carry rounding. */
const shareTolerance = (shares: number) => Math.max(1e-9, 1e-12 * Math.abs(shares));

/**
 * Signed whole shares from `now` to `wanted`, both of which may be fractions. A position that is to end is sold to its
 * last share, and no more is sold than is there unless a short position is wanted.
 */
function whole(now: number, wanted: number): number {
  const round = (shares: number) => Math.trunc(shares + Math.sign(shares) * shareTolerance(shares));
  const missing = round(wanted) - now;
  if (missing >= 0 || wanted < 0) return round(missing);
  return -Math.max(0, Math.min(Math.ceil(-missing - shareTolerance(now)), round(now)));
}

/** One trade as weights: what needs no price. */
export type WeightTrade = {
  symbol: string;
  side: 'buy' | 'sell';
  /** ratios of net asset value */
  held: number;
  target: number;
  trade: number;
  /** in the portfolio's currency, above 0 */
  value: number;
};

/** A decision's trades as weights and money, sales first: for an account whose shares cannot be counted. */
export function weightTrades({ lines }: Decision, netAssetValue: number): WeightTrade[] {
  return lines
    .filter(({ trade }) => trade !== 0)
    .map(
      ({ symbol, held, target, trade }): WeightTrade => ({
        symbol,
        side: trade > 0 ? 'buy' : 'sell',
        held,
        target,
        trade,
        value: Math.abs(trade) * netAssetValue,
      }),
    )
    .sort(salesFirst);
}
