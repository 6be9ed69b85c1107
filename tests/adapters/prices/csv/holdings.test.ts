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

const yes = (lines: Record<string, number>) => expect.objectContaining(lines);

/** What is held by symbol, and what was said of the file. */
function told(content: string, changes: Partial<typeof account> = {}) {
  writeFileSync(path, content);
  const { lines, recognised } = readHoldings(path, { ...account, ...changes });
  const held = Object.fromEntries(lines.map(({ symbol, quantity, weight }) => [symbol, quantity ?? weight]));
  return { held, notes: recognised.notes };
}

const held = { 'BRK-B': 10, BBB: 20, CASH: 500 };

test.each([
  ['in its own words', 'Symbol,Quantity\nBRK-B,10\nBBB,20\nCASH,500\n'],
  ['with lower case and another class sign', 'ticker,shares\nbrk.b,10\nbbb,20\ncash,500\n'],
  ['with decimal commas', 'Symbol;Anzahl\nBRK-B;10,0\nBBB;20\nCASH;500,00\n'],
  [
    'with its account before the header, prices, values and a total',
    'Account: X1;as of 01/31/2024\n\nAccount,Symbol,Description,Qty (Quantity),Price,Mkt Val (Market Value),% of Account\nX1,BRK/B,Berkshire,10,$100.00,"$1,000.00",40%\nX1,BBB,Bee,20,$50.00,"$1,000.00",40%\nX1,Cash & Cash Investments,--,--,--,$500.00,20%\nX1,Account Total,--,--,--,"$2,500.00",100%\n',
  ],
  ['with cash as one unit of its money', 'symbol,quantity,price\nBRK-B,10,100\nBBB,20,50\nCASH,1,500\n'],
  ['in lots', 'symbol,quantity\nBRK-B,4\nBRK-B,6\nBBB,(5)\nBBB,25\nUSD,500\n'],
  ['with a total that is worth', 'symbol,quantity\nBRK-B,10\nBBB,20\nCASH,500\nTotal,2500\n'],
  [
    'with words below',
    'symbol,quantity\nBRK-B,10\nBBB,20\nCASH,500\n\n"This is no advice, and prices are late."\n',
  ],
  ['with cash that has no symbol', 'Symbol,Name,Quantity\nBRK-B,B,10\nBBB,C,20\n,Cash,500\n'],
])('an account is told %s', (_, content) => {
  expect(told(content).held).toEqual(held);
});

test('a symbol that is not listed is held at 0 where the report is whole, and that is said', () => {
  expect(told('symbol,quantity\nBBB,20\nCASH,500\n')).toEqual({
    held: { 'BRK-B': 0, BBB: 20, CASH: 500 },
    notes: ['not listed, taken as not held: BRK-B'],
  });
  const withTotal = 'symbol,quantity,value\nBRK-B,10,1000\nBBB,20,1000.004\nTotal,,2000\n';
  expect(told(withTotal)).toEqual({
    held: { 'BRK-B': 10, BBB: 20, CASH: 0 },
    notes: ['line 4, the total value of 2000: agrees with its lines', 'not listed, taken as not held: CASH'],
  });
  expect(told('symbol,quantity\nBRK-B,10\n', { isComplete: true }).held).toEqual({
    'BRK-B': 10,
    BBB: 0,
    CASH: 0,
  });
  expect(told('symbol,weight\nBRK-B,1\n').held).toEqual({ 'BRK-B': 1, BBB: 0, CASH: 0 });
});

test.each([
  ['symbol,weight\nBRK-B,40\nBBB,40\nCASH,20\n', { 'BRK-B': 0.4, BBB: 0.4, CASH: 0.2 }, 1],
  ['symbol,% of Portfolio\nBRK-B,40%\nBBB,40%\nCASH,20%\n', { 'BRK-B': 0.4, BBB: 0.4, CASH: 0.2 }, 1],
  ['symbol,weight\nBRK-B,0.3333\nBBB,0.3333\nCASH,0.3333\n', { 'BRK-B': 1 / 3, BBB: 1 / 3, CASH: 1 / 3 }, 1],
  ['symbol,weight\nBRK-B,33.3\nBBB,33.3\nCASH,33.3\n', { 'BRK-B': 1 / 3, BBB: 1 / 3, CASH: 1 / 3 }, 2],
  ['symbol,weight\nBRK-B,0.5\nBBB,0.25\nCASH,0.25\n', { 'BRK-B': 0.5, BBB: 0.25, CASH: 0.25 }, 0],
])('weights per cent, or rounded, are brought to 1, and that is said: %j', (content, weights, said) => {
  const { held: read, notes } = told(content);
  for (const [symbol, weight] of Object.entries(weights)) expect(read[symbol]).toBeCloseTo(weight, 12);
  expect(notes).toHaveLength(said);
});

test.each<[string, RegExp]>([
  [
    'symbol,quantity\nBRK-B,10\nBBB,20\n',
    /line 4 is missing: there is no line of CASH; expected CASH and the money in USD/,
  ],
  ['symbol,quantity\nBRK-B,10\nTotal,10\n', /there is no line of CASH/],
  ['symbol,weight\nBRK-B,0.5\nBBB,0.4\n', /line 3 .*the weights sum to 0.9; expected 1 with CASH, or 100/],
  ['symbol,weight\nBRK-B,40%\nBBB,0.6\n', /line 3 has a weight that is not per cent/],
  [
    'symbol,quantity,value\nBRK-B,10,1000\nCASH,,5\nTotal,,2000\n',
    /line 4 says a total value of 2000, and its lines sum to 1005/,
  ],
  ['symbol,quantity\nTotal,10\nBRK-B,10\n', /line 3 comes after the total of line 2/],
  ['symbol,quantity,value,price\nBRK-B,1,,\nCASH,5,500,1\n', /line 3 has 5 and a value of 500 for CASH/],
  ['symbol,quantity,price\nCASH,5,500\n', /line 2 has 5 at a price of 500 for CASH; expected one amount/],
  [
    'symbol,side,quantity\nBRK-B,Short,10\nCASH,5,5\n',
    /line 2 has "Short" in the column side; expected a side that is long/,
  ],
  ['account,symbol,quantity\nX1,BRK-B,10\nX2,CASH,1\n', /line 3 is of another account \(X1, X2\)/],
  ['symbol,quantity\nBRK-B,10\nCASH (EUR),5\n', /line 3 has "CASH \(EUR\)" .* expected cash in USD/],
  ['symbol,quantity,currency\nBRK-B,10,EUR\nCASH,5,EUR\n', /line 3 has cash in EUR; expected cash in USD/],
  ['symbol,quantity\nBRK-B,-\nCASH,5\n', /line 2 has "-" in the column quantity; expected a number/],
  ['symbol,quantity\nBRK-B,10%\nCASH,5\n', /line 2 has "10%" in the column quantity/],
  [
    'symbol,quantity,shares\nBRK-B,10,11\nCASH,5,5\n',
    /line 1 has both quantity and shares; expected one column quantity/,
  ],
  ['symbol;quantity\nBRK-B;1.234\nCASH;5\n', /line 2 has "1.234" .* may be a decimal one or part thousands/],
  ['symbol,quantity,\nBRK-B,1,5\nCASH,5,\n', /line 1 has no name for column 3/],
  ['symbol,quantity\nBRK-B\nCASH,5\n', /line 2 has 1 values; expected 2/],
])('%j is refused, because it may mean something else', (content, sentence) => {
  expect(() => told(content)).toThrow(sentence);
});

test('a symbol of no portfolio may be listed where none of it is held', () => {
  expect(told('symbol,quantity\nZZZ,0\nBRK-B,1\nCASH,2\n').held).toEqual(yes({ 'BRK-B': 1, CASH: 2 }));
  expect(() => told('symbol,quantity\nZZZ,1\nCASH,2\n')).toThrow(/expected one of core: BRK-B, BBB, CASH/);
});
