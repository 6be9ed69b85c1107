import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readHoldings } from '../../../../src/adapters/prices/csv/holdings.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdings-'));
const path = join(folder, 'report.csv');
afterAll(() => rmSync(folder, { recursive: true }));

const account = {
  portfolio: 'core',
  symbols: ['BRK-B', 'BBB'],
  cashSymbol: 'CASH',
  currency: 'USD',
  isComplete: false,
};

function read(content: string | Buffer) {
  writeFileSync(path, content);
  return readHoldings(path, account).lines;
}

const plain = 'symbol,quantity\nBRK-B,10\nCASH,-500.5\n';

test('what is reported is read, what is left out is held at 0', () => {
  expect(read(plain)).toEqual([
    { symbol: 'BRK-B', quantity: 10, weight: null },
    { symbol: 'CASH', quantity: -500.5, weight: null },
    { symbol: 'BBB', quantity: 0, weight: null },
  ]);
  expect(read('Weight;Symbol\n0.75;BBB\n0.25;CASH\n')).toEqual([
    { symbol: 'BBB', quantity: null, weight: 0.75 },
    { symbol: 'CASH', quantity: null, weight: 0.25 },
    { symbol: 'BRK-B', quantity: null, weight: 0 },
  ]);
});

test.each([
  ['a header in capitals', 'Symbol,Quantity\nBRK-B,10\nCASH,-500.5\n'],
  [
    'quotes, a mark of the encoding, Windows line ends',
    '\uFEFF"Symbol","Quantity"\r\n"BRK-B","10"\r\n"CASH","-500.5"\r\n',
  ],
  ['tabs', plain.replaceAll(',', '\t')],
  ['empty lines at the end', `${plain}\n,\n\n`],
])('the same is read from a file with %s', (_, content) => {
  const expected = read(plain);
  expect(read(content)).toEqual(expected);
});

test.each([
  [
    'symbol,price\nBBB,1\n',
    'line 1 has the columns symbol, price; expected symbol,quantity or symbol,weight',
  ],
  [
    'symbol,quantity\n\nAAA,1\n',
    'line 3 has "AAA" in the column symbol; expected one of core: BRK-B, BBB, CASH',
  ],
  ['symbol,quantity\nBBB,ten\n', 'line 2 has "ten" in the column quantity; expected a number'],
  ['symbol,quantity\nBBB,\n', 'line 2 has "" in the column quantity; expected a number'],
  ['symbol,quantity\nBBB,0x10\n', 'line 2 has "0x10" in the column quantity; expected a number'],
  ['symbol,quantity\nBBB,1,2\n', 'line 2 has 3 values; expected 2, as many as the header'],
  ['symbol,quantity\n', 'line 2 is missing; expected at least one row of holdings'],
])('%j is refused by its line', (content, message) => {
  expect(() => read(content)).toThrow(`${path}, ${message}`);
});

test('a file that is not there or far too long is refused in one sentence', () => {
  expect(() => readHoldings(join(folder, 'none.csv'), account)).toThrow(
    'none.csv is not there; expected a CSV file of holdings',
  );
  expect(() => read(Buffer.alloc(2 ** 20 + 1, '\n'))).toThrow('expected at most 1 MiB of holdings, unpacked');
});
