import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { csvSource, readPrices, readWidePrices } from '../../../../src/adapters/prices/csv/csv.ts';
import { recognisedLines } from '../../../../src/adapters/prices/csv/recognised.ts';

const folder = mkdtempSync(join(tmpdir(), 'forms-'));
const path = join(folder, 'prices.csv');
afterAll(() => rmSync(folder, { recursive: true }));

function read(
  content: string | Buffer,
  basis: 'as-traded' | 'split-adjusted' | 'total-return' = 'total-return',
) {
  writeFileSync(path, content);
  const { value, recognised } = readPrices(path, basis);
  const rows = value.symbols.flatMap((symbol) =>
    value
      .rowsOf(symbol)!
      .rows.map(({ session, close, dividend, splitRatio }) => [
        symbol,
        session,
        close,
        ...(dividend === 0 && splitRatio === 1 ? [] : [dividend, splitRatio]),
      ]),
  );
  return { value, recognised, rows };
}

const day = '2024-01-02';

describe('yfinance', () => {
  const rows = [
    ['SPY', day, 100],
    ['SPY', '2024-01-03', 101, 1.5, 1],
    ['TLT', day, 50],
  ];
  test.each([
    [
      'fields above symbols',
      'Price,Close,Close,Dividends,Dividends,Stock Splits,Stock Splits\nTicker,SPY,TLT,SPY,TLT,SPY,TLT\nDate,,,,,,\n2024-01-02,100,50,0.0,0.0,0.0,0.0\n2024-01-03,101,,1.5,0.0,0.0,0.0\n',
    ],
    [
      'symbols above fields',
      'Ticker,SPY,SPY,SPY,TLT,TLT\nPrice,Open,Close,Dividends,Close,Dividends\nDate,,,,,\n2024-01-02,99,100,0.0,50,0.0\n2024-01-03,99,101,1.5,,\n',
    ],
    [
      'names without words before them, and no row of the date',
      ',Adj Close,Close,Dividends,Close\n,SPY,SPY,SPY,TLT\n2024-01-02,98,100,0,50\n2024-01-03,98,101,1.5,\n',
    ],
  ])('writes %s', (_, content) => {
    expect(read(content).rows).toEqual(rows);
  });

  test('writes distributions of gains beside dividends, and both are paid', () => {
    const content = `Symbol,Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits,Capital Gains
FUND,2024-01-02 00:00:00-05:00,1,1,1,10,9,0,0.5,2.0,0.25
`;
    expect(read(content).rows).toEqual([['FUND', day, 10, 0.75, 2]]);
  });

  test('gives its closes to whoever wants a table, unless a split is among them', () => {
    const content = 'Price,Close,Close\nTicker,TLT,SPY\nDate,,\n2024-01-02,50,100\n2024-01-03,,101\n';
    writeFileSync(path, content);
    expect(readWidePrices(path).value).toEqual({
      dates: [day, '2024-01-03'],
      symbols: ['SPY', 'TLT'],
      values: [Float64Array.of(100, 101), Float64Array.of(50, Number.NaN)],
    });
    writeFileSync(path, 'Price,Close,Stock Splits\nTicker,TLT,TLT\nDate,,\n2024-01-02,50,2\n');
    expect(() => readWidePrices(path).value).toThrow(
      /line 1 stands over a split on 2024-01-02; expected adjusted closes/,
    );
  });
});

test.each([
  ['4', 4],
  ['4:1', 4],
  ['3/2', 1.5],
  ['4-for-1', 4],
  ['4 for 1', 4],
  ['1:20', 0.05],
  ['0.0', 1],
  ['', 1],
  ['NaN', 1],
])('a split of %j is a ratio of %d', (text, ratio) => {
  const { rows } = read(`ticker,date,close,split\nA,${day},1,${text}\n`);
  expect(rows).toEqual([['A', day, 1, ...(ratio === 1 ? [] : [0, ratio])]]);
});

test.each(['4:0', ':', '1:2:3', '2 to 1', '02:01:00', '-4', '4-1'])('a split of %j is refused', (text) => {
  expect(() => read(`ticker,date,close,split\nA,${day},1,${text}\n`)).toThrow(
    /line 2 has ".*" in the column split; expected the new shares for an old one, such as 4 or 4:1/,
  );
});

describe('symbols', () => {
  test('are found however their class is written, and in capitals', async () => {
    writeFileSync(path, `date,brk.b,^gspc\n${day},1,2\n`);
    const source = csvSource({ path, basis: 'total-return' });
    for (const symbol of ['BRK.B', 'BRK-B', 'BRK/B']) {
      const { bars } = await source.fetchBars(symbol, day, day, Number.POSITIVE_INFINITY);
      expect(bars).toMatchObject([{ symbol, close: 1 }]);
    }
    expect(read(`date,brk.b,^gspc\n${day},1,2\n`).recognised.notes).toEqual([
      'taken in capitals: brk.b as BRK.B, ^gspc as ^GSPC',
    ]);
  });

  test.each([
    [`date,BRK.B,BRK-B\n${day},1,2\n`, /line 1 names BRK.B and BRK-B, which are the same symbol/],
    [`date,aaa,AAA\n${day},1,2\n`, /line 1 names aaa and AAA, which are the same symbol/],
    [
      `symbol,date,close\nBRK.B,${day},1\nBRK-B,${day},1\n`,
      /line 3 has BRK-B beside BRK.B, which is the same symbol; expected one spelling/,
    ],
  ])('that cannot be told apart are refused: %j', (content, sentence) => {
    expect(() => read(content)).toThrow(sentence);
  });
});

test('closes and dividends in a minor unit are answered in the major one', async () => {
  const header = 'symbol,date,close,high,low,volume,dividend,currency';
  writeFileSync(path, `${header}\nVOD,${day},7012.5,7100,,500,250,GBp\n`);
  const asked = () =>
    csvSource({ path, basis: 'as-traded' }).fetchBars('VOD', day, day, Number.POSITIVE_INFINITY);
  const { bars, currency, unit } = await asked();
  expect([currency, unit]).toEqual(['GBP', 'GBp']);
  expect(bars).toMatchObject([{ close: 70.125, high: 71, low: null, volume: 500, dividend: 2.5 }]);
  writeFileSync(path, `${header}\nVOD,${day},7012.5,7100,,500,250,pence\n`);
  await expect(asked()).rejects.toThrow(/has VOD in pence, which is no currency; expected a code like USD/);
});

test('a currency is told by a column, or by what stands beside every number', () => {
  expect(read(`symbol,date,close,currency\nA,${day},1,GBp\n`).value.rowsOf('A')!.unit).toBe('GBp');
  expect(read(`date,A\n${day},€1\n`).value.rowsOf('A')!.unit).toBe('EUR');
  // A dollar may be of many countries.
  const dollars = read(`date,A,B\n${day},$1,2\n`);
  expect([dollars.value.rowsOf('A')!.unit, dollars.recognised.currency]).toEqual([null, '$']);
  expect(() => read(`date,A,B\n${day},$1,€2\n`)).toThrow(
    /line 2 has "€2" in the column B; expected one currency throughout: numbers before it have \$/,
  );
  expect(() => read(`symbol,date,close,currency\nA,${day},1,GBp\nA,2024-01-03,1,GBP\n`)).toThrow(
    /line 3 has A in GBP, and an earlier one in GBp; expected one currency for a symbol/,
  );
});

test.each([
  ['as-traded', `date,A\n${day},1\n`, /no column split: a split will look like a fall or a rise/],
  ['total-return', `symbol,date,close,adj_close\nA,${day},1,1\n`, /an adjusted close beside the close/],
  ['split-adjusted', `date,A\n${day},1\n`, null],
  ['as-traded', `symbol,date,close,Stock Splits\nA,${day},1,0.0\n`, null],
] as const)('%s closes of %j are warned of, or not', async (basis, content, warning) => {
  const { recognised } = read(content, basis);
  expect(recognised.warnings).toEqual(warning === null ? [] : [expect.stringMatching(warning)]);
  const said: string[] = [];
  const source = csvSource({ path, basis, onRead: ({ warnings }) => said.push(...warnings) });
  await source.fetchBars('A', day, day, Number.POSITIVE_INFINITY);
  await source.fetchBars('A', day, day, Number.POSITIVE_INFINITY);
  expect(said).toEqual(recognised.warnings);
});

test('what was recognised is told, line by line', () => {
  const content = `Depot 12;\n# Kurse\n;Datum;aaa;BBB\n0;02.01.2024;1.234,5;2\n1;02.01.2024;1.234,5;2\n`;
  const { recognised } = read(Buffer.from(content, 'utf16le'));
  expect(recognisedLines(recognised)).toEqual([
    `${path}: prices, wide`,
    '  text      UTF-16 LE, parted by semicolon, decimal comma ("1.234,5" in line 4)',
    '  dates     as 02.01.2024, which is 2024-01-02',
    '  header    line 3',
    '  column    (no name): row numbers, not read',
    '  column    Datum: date',
    '  column    aaa: close, and so are the others',
    '  symbols   2: AAA, BBB',
    '  rows      2, 2024-01-02 to 2024-01-02',
    '  note      1 row before the header: left out',
    '  note      1 line of comment (#): left out',
    '  note      taken in capitals: aaa as AAA',
    '  note      rows that repeat another with the same values, left out: 1',
  ]);
});

test.each([
  [
    'a workbook',
    Buffer.from('PK\x03\x04....'),
    /is a workbook or an archive; expected text: open it and save it as CSV/,
  ],
  ['bytes', Buffer.from([100, 0, 97, 1, 0, 0, 7]), /holds bytes of 0; expected text/],
  ['half a character', Buffer.from('\uFEFFdate,A\n', 'utf16le').subarray(0, 9), /ends amid a character/],
])('%s is refused as no text', (_, content, sentence) => {
  expect(() => read(content)).toThrow(sentence);
});

test('names in Latin-1 are read, and it is said', () => {
  const { rows, recognised } = read(Buffer.from(`Datum;MÜ\n02.01.2024;1,5\n`, 'latin1'));
  expect(rows).toEqual([['MÜ', day, 1.5]]);
  expect(recognised.encoding).toBe('Windows-1252, because it is no UTF-8');
});
