/** What a column of a price file is; `ignored` ones are known and not read. */
export type PriceField =
  | 'symbol'
  | 'date'
  | 'close'
  | 'high'
  | 'low'
  | 'volume'
  | 'dividend'
  | 'capitalGain'
  | 'split'
  | 'currency'
  | 'observed'
  | 'ignored';

/** Names as yfinance, pandas, brokers and vendors write them, without case, spaces, points, hyphens and underscores. */
const names: Record<PriceField, string> = {
  symbol: 'symbol ticker tickersymbol symbols tickers',
  date: 'date datum fecha data dato datetime timestamp day session tradedate tradingdate tradingday pricedate',
  close: 'close closeprice closingprice closelast price pxlast schlusskurs',
  high: 'high highprice pxhigh',
  low: 'low lowprice pxlow',
  volume: 'volume vol pxvolume',
  dividend: 'dividend dividends divcash dividendamount',
  capitalGain: 'capitalgain capitalgains',
  split: 'split splits stocksplit stocksplits splitratio splitfactor splitcoefficient',
  currency: 'currency ccy',
  observed: 'observed observedat',
  ignored:
    'open openprice pxopen adjclose adjustedclose closeadj adjopen adjhigh adjlow adjvolume name exchange isin vwap',
};

const fieldOf = new Map(
  Object.entries(names).flatMap(([field, all]) =>
    all.split(' ').map((name): [string, PriceField] => [name, field as PriceField]),
  ),
);

/** What a column name means; undefined where it is none of a price file. */
export function priceField(name: string): PriceField | undefined {
  return fieldOf.get(name.toLowerCase().replace(/[ ._/*()-]/g, ''));
}

const meanings: Record<PriceField, string> = {
  symbol: 'symbol',
  date: 'date',
  close: 'close',
  high: 'high',
  low: 'low',
  volume: 'volume',
  dividend: 'dividend a share, on its ex date',
  capitalGain: 'distribution a share, taken for a dividend',
  split: 'new shares for an old one; 0 and nothing: no split',
  currency: 'currency of its closes',
  observed: 'instant from which its row is known',
  ignored: 'not read',
};

export const meaningOf = (field: PriceField): string => meanings[field];
