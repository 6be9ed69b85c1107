import type { Covariance } from '../../../src/core/risk/covariance.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import type { ReturnsMatrix } from '../../../src/core/risk/returns.ts';
import { longPrices, type PriceTable, readTable, widePrices, window } from './reference-tables.ts';

/** One portfolio another package computed. */
export type PeerPortfolio = {
  set: string;
  asOf: string;
  windowSessions: number;
  method: string;
  package: string;
  weights: Map<string, number>;
};

/** All portfolios of one method and package in peers_weights.csv.gz. */
export function peerPortfolios(method: string, pkg: string): PeerPortfolio[] {
  return allPortfolios().filter((portfolio) => portfolio.method === method && portfolio.package === pkg);
}

let cached: PeerPortfolio[] | undefined;

function allPortfolios(): PeerPortfolio[] {
  if (cached) return cached;
  const portfolios = new Map<string, PeerPortfolio>();
  for (const [set, asOf, windowDays, method, pkg, symbol, weight] of readTable(
    'reference/peers_weights.csv.gz',
  ).rows) {
    const key = [set, asOf, windowDays, method, pkg].join();
    const portfolio = portfolios.get(key) ?? {
      set: set!,
      asOf: asOf!,
      windowSessions: Number(windowDays),
      method: method!,
      package: pkg!,
      weights: new Map<string, number>(),
    };
    portfolio.weights.set(symbol!, Number(weight));
    portfolios.set(key, portfolio);
  }
  cached = [...portfolios.values()];
  return cached;
}

const tables = new Map<string, PriceTable>();

/** The prices behind a set of assets, columns in the order the packages were given them. */
function peerPrices(set: string): PriceTable {
  const known = tables.get(set);
  if (known) return known;
  const symbols = columnsOf(set);
  const table = set.startsWith('stocks')
    ? widePrices('prices/sp500_adj_close_2013_2024.csv.gz', symbols)
    : longPrices('prices/etf_daily.csv.gz', symbols);
  tables.set(set, table);
  return table;
}

/** PyPortfolioOpt's HRP sorts its rows by symbol; its minimum variance keeps the columns' own order. */
function columnsOf(set: string): string[] {
  return [
    ...peerPortfolios('minvol_sample_long', 'pyportfolioopt')
      .find((p) => p.set === set)!
      .weights.keys(),
  ];
}

export type PeerCase = { returns: ReturnsMatrix; covariance: Covariance; expected: number[]; label: string };

/** Returns, sample covariance per session and the package's weights, in one order of assets. */
export function peerCase(portfolio: PeerPortfolio): PeerCase {
  const table = peerPrices(portfolio.set);
  const returns = window(table, portfolio.asOf, portfolio.windowSessions);
  return {
    returns,
    covariance: estimateCovariance('sample', returns),
    expected: table.symbols.map((symbol) => portfolio.weights.get(symbol)!),
    label: `${portfolio.set} ${portfolio.asOf} ${portfolio.windowSessions}`,
  };
}

/** The largest absolute difference of two vectors. */
export function worstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return worst;
}
