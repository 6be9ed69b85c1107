import { family, type MetricFamily } from './family.ts';

/** Bars and their sources: whether the prices are here and fresh. */
export const marketFamilies: readonly MetricFamily[] = [
  family(
    'gauge',
    'rebalanced_bars_newest_session_timestamp_seconds',
    ['portfolio', 'symbol'],
    'Newest session with a bar, as its midnight UTC; 0 if none',
    ({ bars }) =>
      bars.map(({ portfolio, symbol, newestSessionAt }) => ({
        portfolio,
        symbol,
        value: newestSessionAt ?? 0,
      })),
  ),
  family(
    'gauge',
    'rebalanced_bars_expected_session_timestamp_seconds',
    ['portfolio'],
    'Newest session whose ingest slot is done or missed, as its midnight UTC: every symbol should have its bar',
    ({ portfolios }) =>
      portfolios.map(({ portfolio, expectedSessionAt }) => ({ portfolio, value: expectedSessionAt })),
  ),
  family(
    'gauge',
    'rebalanced_source_failures_in_a_row',
    ['source', 'symbol'],
    'Failed requests since the last that succeeded',
    ({ sourceSymbols }) =>
      sourceSymbols.map(({ source, symbol, failuresInARow }) => ({ source, symbol, value: failuresInARow })),
  ),
  family(
    'gauge',
    'rebalanced_source_last_success_timestamp_seconds',
    ['source', 'symbol'],
    'When the source last answered for the symbol; 0 if never',
    ({ sourceSymbols }) =>
      sourceSymbols.map(({ source, symbol, lastSuccessAt }) => ({
        source,
        symbol,
        value: lastSuccessAt ?? 0,
      })),
  ),
  family(
    'gauge',
    'rebalanced_source_reachable',
    ['source'],
    '0 when the last request of every symbol failed for a reason that is the source’s own, else 1',
    ({ sources }) => sources.map(({ source, reachable }) => ({ source, value: reachable ? 1 : 0 })),
  ),
  family(
    'counter',
    'rebalanced_restatements_total',
    ['source', 'symbol'],
    'Bars the source has changed after they were final',
    ({ sourceSymbols }) =>
      sourceSymbols.map(({ source, symbol, restatements }) => ({ source, symbol, value: restatements })),
  ),
  family(
    'gauge',
    'rebalanced_gaps',
    ['source', 'symbol'],
    'Expected sessions without a bar, each recorded with its reason',
    ({ sourceSymbols }) => sourceSymbols.map(({ source, symbol, gaps }) => ({ source, symbol, value: gaps })),
  ),
];
