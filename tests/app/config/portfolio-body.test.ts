import { expect, test } from 'vitest';
import { portfolioBody } from '../../../src/app/config/load.ts';
import { type ConfigInput, configWith, portfolioInput } from '../../support/context.ts';

function hashWith(prices: NonNullable<ConfigInput['sources']>[string], changes = {}): string {
  const config = configWith([portfolioInput(changes)], { sources: { prices } });
  return portfolioBody(config.portfolios[0]!, config.sources).hash;
}

const file = { kind: 'file', path: 'prices.csv', basis: 'total-return' } as const;

test('what the closes of its source mean is part of a configuration’s address', () => {
  const hashes = [
    hashWith(file),
    hashWith({ ...file, basis: 'split-adjusted' }),
    hashWith({ ...file, basis: 'as-traded' }),
    hashWith({ kind: 'yahoo' }),
  ];
  expect(new Set(hashes).size).toBe(4);
});

test('where they are fetched is not, nor are letters, orders and inception', () => {
  expect(hashWith({ ...file, path: 'elsewhere/prices.csv.gz' })).toBe(hashWith(file));
  expect(hashWith({ kind: 'yahoo', baseUrl: 'http://127.0.0.1:9', requestsPerSecond: 1 })).toBe(
    hashWith({ kind: 'yahoo' }),
  );
  expect(hashWith(file, { inception: '2024-02-01', orders: { wholeShares: false } })).toBe(hashWith(file));
});
