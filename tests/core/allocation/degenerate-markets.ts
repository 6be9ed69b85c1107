import fc from 'fast-check';
import type { Covariance } from '../../../src/core/risk/covariance.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import type { ReturnsMatrix } from '../../../src/core/risk/returns.ts';
import { generator, randomReturns } from './random-returns.ts';

/** A small market in which something is at its edge; means and covariance per session. */
export type Market = { kind: string; returns: ReturnsMatrix; covariance: Covariance; mean: number[] };

type Draw = { returns: ReturnsMatrix; mean: number[]; uniform: () => number };

/** What is done to a plain market; each changes its returns and means in place. */
const kinds: Record<string, (draw: Draw) => void> = {
  plain: () => {},
  'tied means': ({ mean, uniform }) => {
    mean.forEach((_, i) => {
      const rounding = 1 + 1e-16 * Math.round(8 * uniform() - 4);
      mean[i] = (uniform() < 0.6 ? 4e-4 : 1e-4) * (uniform() < 0.5 ? rounding : 1);
    });
  },
  duplicates: ({ returns, mean, uniform }) => {
    mapColumn(returns, returns.columns - 1, (row) => row[0]!);
    if (uniform() < 0.5) mean[mean.length - 1] = mean[0]!;
  },
  'a multiple': ({ returns }) => mapColumn(returns, returns.columns - 1, (row) => 2.5 * row[0]!),
  'an inverse': ({ returns, uniform }) => {
    const apart = [0, 1e-6, 1e-3][Math.floor(3 * uniform())]!;
    mapColumn(returns, returns.columns - 1, (row) => -row[0]! + apart * (uniform() - 0.5));
  },
  'nearly one': ({ returns, uniform }) => {
    for (let i = 1; i < returns.columns; i += 1)
      mapColumn(returns, i, (row) => (1 + 0.1 * i) * row[0]! + 1e-6 * (uniform() - 0.5));
  },
  riskless: ({ returns, mean, uniform }) => {
    mapColumn(returns, 0, () => 0);
    mean[0] = [0, 0, 1e-4, -1e-4, 1e-2][Math.floor(5 * uniform())]!;
  },
  'two riskless': ({ returns, mean, uniform }) => {
    for (const i of [0, mean.length - 1]) {
      mapColumn(returns, i, () => 0);
      mean[i] = [0, 0, 2e-4, -1e-4][Math.floor(4 * uniform())]!;
    }
  },
  'far scales': ({ returns, mean, uniform }) => {
    mean.forEach((value, i) => {
      const scale = 10 ** (4 * uniform() - 2);
      mapColumn(returns, i, (row) => scale * row[i]!);
      mean[i] = scale * value;
    });
  },
  falling: ({ mean }) => {
    mean.forEach((value, i) => {
      mean[i] = -Math.abs(value);
    });
  },
};

export const marketKinds = Object.keys(kinds);

/** Markets of one to six assets of a kind, over more sessions than assets or fewer. */
export function marketsOf(kind: string): fc.Arbitrary<Market> {
  return fc
    .record({ seed: fc.nat(), columns: fc.integer({ min: 1, max: 6 }), few: fc.boolean() })
    .map(({ seed, columns, few }) => {
      const uniform = generator(seed);
      const rows = few ? Math.max(2, Math.ceil(0.6 * columns)) : columns + 3 + Math.floor(20 * uniform());
      const returns = randomReturns(seed, rows, columns);
      const mean = Array.from({ length: columns }, () => 1.4e-3 * (uniform() - 0.4));
      kinds[kind]!({ returns, mean, uniform });
      return { kind, returns, mean, covariance: estimateCovariance('sample', returns) };
    });
}

function mapColumn({ values, columns, rows }: ReturnsMatrix, i: number, to: (row: Float64Array) => number) {
  for (let t = 0; t < rows; t += 1)
    values[t * columns + i] = to(values.subarray(t * columns, (t + 1) * columns));
}
