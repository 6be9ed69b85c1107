import { expect, test } from 'vitest';
import { portfolioBody } from '../../../src/app/config/load.ts';
import { configWith, type PortfolioInput, portfolioInput } from '../../support/context.ts';

const configured = (changes: Partial<PortfolioInput>) => configWith([portfolioInput(changes)]);
const fxOf = (changes: Partial<PortfolioInput>) => configured(changes).portfolios[0]!.fx;
const hashOf = (changes: Partial<PortfolioInput>) => {
  const config = configured(changes);
  return portfolioBody(config.portfolios[0]!, config.sources).hash;
};

test('a pair is read from its name, or said beside another', () => {
  const fx = {
    USD: 'GBPUSD=X',
    JPY: 'GBPJPY=X',
    EUR: { symbol: 'EURO', base: 'EUR', quote: 'GBP' },
  };
  expect(fxOf({ currency: 'GBP', fx })).toEqual({
    USD: { symbol: 'GBPUSD=X', base: 'GBP', quote: 'USD' },
    JPY: { symbol: 'GBPJPY=X', base: 'GBP', quote: 'JPY' },
    EUR: { symbol: 'EURO', base: 'EUR', quote: 'GBP' },
  });
  expect(fxOf({ fx: { JPY: 'JPY=X' } })).toEqual({ JPY: { symbol: 'JPY=X', base: 'USD', quote: 'JPY' } });
});

test('rates are part of a configuration’s address, but where there are none it is what it was', () => {
  expect(hashOf({ fx: {} })).toBe(hashOf({}));
  expect(hashOf({ fx: { JPY: 'JPY=X' } })).not.toBe(hashOf({}));
  expect(hashOf({ fx: { JPY: 'JPY=X' } })).not.toBe(hashOf({ fx: { JPY: 'USDJPY=X' } }));
});

test('a currency is not a minor unit', () => {
  expect(() => configured({ currency: 'ILA' })).toThrow(/expected a currency, got ILA, a minor unit of ILS/);
  expect(() => configured({ currency: 'ILS' })).not.toThrow();
});
