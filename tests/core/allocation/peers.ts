import { readFileSync } from 'node:fs';
import type { Covariance } from '../../../src/core/risk/covariance.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import type { ReturnsMatrix } from '../../../src/core/risk/returns.ts';
import { bundledPrices } from '../../support/bundled-prices.ts';
import { referenceData } from '../../support/reference-data.ts';
import { longPrices, type PriceTable, readTable, widePrices, window } from './reference-tables.ts';

/** One portfolio another package computed; weights in the order of its set's symbols. */
export type PeerPortfolio = {
  set: string;
  asOf: string;
  windowSessions: number;
  method: string;
  package: string;
  weights: number[];
};

/** Portfolios of other packages, and the prices they were computed from. */
export type Peers = { portfolios: PeerPortfolio[]; prices: (set: string) => PriceTable };

export type PeerCase = { returns: ReturnsMatrix; covariance: Covariance; expected: number[]; label: string };

/** Returns, sample covariance per session and the package's weights, in one order of assets. */
export function peerCase(peers: Peers, portfolio: PeerPortfolio): PeerCase {
  const returns = window(peers.prices(portfolio.set), portfolio.asOf, portfolio.windowSessions);
  return {
    returns,
    covariance: estimateCovariance('sample', returns),
    expected: portfolio.weights,
    label: `${portfolio.set} ${portfolio.asOf} ${portfolio.windowSessions}`,
  };
}

type Bundled = {
  signalSessions: number;
  signalScale: number;
  riskAversion: number;
  sets: Record<string, string[]>;
  portfolios: PeerPortfolio[];
};

/** Portfolios of the bundled stocks, made by tests/oracles/allocation/peers.py, with the script's parameters. */
export function bundledPeers(): Peers & Omit<Bundled, 'sets'> {
  const file = new URL('../../oracles/allocation/peers.json', import.meta.url);
  const { sets, ...rest } = JSON.parse(readFileSync(file, 'utf8')) as Bundled;
  return { ...rest, prices: remembered((set) => widePrices(bundledPrices, sets[set])) };
}

/** Portfolios of four universes and fourteen years in the reference data. */
export function referencePeers(): Peers {
  const weights = new Map<string, Map<string, number>>();
  for (const row of readTable(referenceData('reference/peers_weights.csv.gz')).rows) {
    const [symbol, weight] = row.slice(-2);
    const key = row.slice(0, -2).join();
    weights.set(key, (weights.get(key) ?? new Map()).set(symbol!, Number(weight)));
  }
  // PyPortfolioOpt's HRP sorts its rows by symbol; its minimum variance keeps the columns' own order.
  const symbolsOf = (set: string) => {
    const key = [...weights.keys()].find(
      (k) => k.startsWith(`${set},`) && k.includes(',minvol_sample_long,'),
    );
    return [...weights.get(key!)!.keys()];
  };
  const portfolios = [...weights].map(([key, bySymbol]) => {
    const [set, asOf, windowDays, method, pkg] = key.split(',');
    return {
      ...{ set: set!, asOf: asOf!, windowSessions: Number(windowDays), method: method!, package: pkg! },
      weights: symbolsOf(set!).map((symbol) => bySymbol.get(symbol)!),
    };
  });
  const prices = remembered((set) =>
    set.startsWith('stocks')
      ? widePrices(referenceData('prices/sp500_adj_close_2013_2024.csv.gz'), symbolsOf(set))
      : longPrices(referenceData('prices/etf_daily.csv.gz'), symbolsOf(set)),
  );
  return { portfolios, prices };
}

function remembered(load: (set: string) => PriceTable): (set: string) => PriceTable {
  const tables = new Map<string, PriceTable>();
  return (set) => {
    const table = tables.get(set) ?? load(set);
    tables.set(set, table);
    return table;
  };
}

/** The largest absolute difference of two vectors. */
export function worstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return worst;
}
