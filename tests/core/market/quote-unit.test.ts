import { expect, test } from 'vitest';
import { quoteUnit } from '../../../src/core/market/quote-unit.ts';

test.each([
  ['GBp', 'GBP', 100],
  ['GBX', 'GBP', 100],
  ['ILA', 'ILS', 100],
  ['ZAc', 'ZAR', 100],
  ['ZAX', 'ZAR', 100],
  ['USX', 'USD', 100],
  ['KWF', 'KWD', 1000],
  ['GBP', 'GBP', 1],
  ['JPY', 'JPY', 1],
  ['ILS', 'ILS', 1],
])('%s is %s, %i to one', (code, currency, unitsPerCurrency) => {
  expect(quoteUnit(code)).toEqual({ currency, unitsPerCurrency });
});

test.each(['', 'gbp', 'XXx', 'Points', 'GB', 'toString', 'constructor'])('%j is no unit', (code) => {
  expect(quoteUnit(code)).toBeNull();
});
