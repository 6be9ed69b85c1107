import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csvSource, readWidePrices } from '../../../../src/adapters/prices/csv/csv.ts';
import { emptyFetched, SourceError } from '../../../../src/adapters/prices/source.ts';
import { totalReturn } from '../../../../src/core/market/bar.ts';
import { bundledPrices } from '../../../support/bundled-prices.ts';

let folder: string;
let count = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'csv-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string | Buffer): string {
  count += 1;
  const path = join(folder, `${count}.csv`);
  writeFileSync(path, content);
  return path;
}

/** An instant at which all of a file is known. */
const whenever = Number.POSITIVE_INFINITY;

const wide = 'date,SPY,TLT\n2024-01-02,472.65,98.2\n2024-01-03,468.79,\n2024-01-04,467.28,97.1\n';
const long = `symbol,date,close,dividend,split,volume,high,low
SPY,2024-01-02,400,0,1,10,401,399
SPY,2024-01-03,,2,1,,,
SPY,2024-01-04,102,0.5,4,40,,
TLT,2024-01-02,98,,,,,
`;

describe('a wide price file', () => {
  test('is read as closes by date and symbol, an empty cell as no price', () => {
    const { dates, symbols, values } = readWidePrices(file(wide)).value;
    expect(dates).toEqual(['2024-01-02', '2024-01-03', '2024-01-04']);
    expect(symbols).toEqual(['SPY', 'TLT']);
    expect(values.map((column) => [...column])).toEqual([
      [472.65, 468.79, 467.28],
      [98.2, Number.NaN, 97.1],
    ]);
  });

  test.each<[string, string | Buffer]>([
    ['gzip', gzipSync(wide)],
    ['line ends of Windows and a mark of its encoding', `\uFEFF${wide.replaceAll('\n', '\r\n')}`],
    [
      'rows in another order',
      'date,SPY,TLT\n2024-01-04,467.28,97.1\n2024-01-02,472.65,98.2\n2024-01-03,468.79,\n',
    ],
    [
      'spaces, empty lines, a capital D',
      'Date, SPY, TLT\n\n2024-01-02, 472.65, 98.2\n2024-01-03,468.79, \n2024-01-04,467.28,97.1',
    ],
    ['quoted values', wide.replace(/[^,\n]+/g, '"$&"')],
    ['quotes with spaces around and in them', wide.replace(/[^,\n]+/g, ' " $& " ')],
    ['semicolons', wide.replaceAll(',', ';')],
    ['tabs', wide.replaceAll(',', '\t')],
    ['semicolons, and commas in a quoted name', `"date";${wide.slice(5).replaceAll(',', ';')}`],
    ['line ends of two kinds', wide.replace('\n', '\r\n')],
    ['the line ends of old machines', wide.replaceAll('\n', '\r')],
    [
      'UTF-16, tabs and line ends of Windows',
      Buffer.from(`\uFEFF${wide.replaceAll(',', '\t').replaceAll('\n', '\r\n')}`, 'utf16le'),
    ],
    ['lines of delimiters alone before and after', `\n,,\n${wide},,\n , ,\n\n`],
    ...['null', 'NULL', 'NaN', 'nan', 'N/A', 'NA', '#N/A', 'None'].map((none): [string, string] => [
      `${none} where there is no price`,
      wide.replace(',\n', `,${none}\n`),
    ]),
  ])('may have %s', (_, content) => {
    expect(readWidePrices(file(content)).value).toEqual(readWidePrices(file(wide)).value);
  });

  test('is a source of bars', async () => {
    const source = csvSource({ path: file(wide), basis: 'total-return' });
    expect(source).toMatchObject({ name: 'csv', basis: 'total-return' });
    expect(await source.fetchBars('TLT', '2024-01-01', '2024-01-03', whenever)).toEqual({
      ...emptyFetched,
      bars: [
        {
          symbol: 'TLT',
          session: '2024-01-02',
          close: 98.2,
          dividend: 0,
          splitRatio: 1,
          high: null,
          low: null,
          volume: null,
        },
      ],
      revision: expect.stringMatching(/^[0-9a-f]{32}$/),
      through: '2024-01-04',
    });
    const { bars } = await source.fetchBars('TLT', '2024-01-03', '2024-01-04', whenever);
    expect(bars.map(({ session }) => session)).toEqual(['2024-01-04']);
  });

  test('may hold symbols that look like the columns of a long file', () => {
    expect(readWidePrices(file('date,LOW,OPEN\n2024-01-02,1,2\n')).value.symbols).toEqual(['LOW', 'OPEN']);
  });

  test('gives back any prices it was written from', () => {
    const price = fc.option(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { nil: null });
    fc.assert(
      fc.property(fc.array(fc.tuple(price, price), { minLength: 1, maxLength: 20 }), (rows) => {
        const lines = rows.map(
          (row, day) => `2024-01-${`${day + 1}`.padStart(2, '0')},${row.map((x) => x ?? '').join(',')}`,
        );
        const { values } = readWidePrices(file(`date,A,B\n${lines.toReversed().join('\n')}\n`)).value;
        for (const [column, closes] of values.entries())
          expect([...closes]).toEqual(rows.map((row) => row[column] ?? Number.NaN));
      }),
      { numRuns: 50 },
    );
  });
});

describe('a long price file', () => {
  test('carries the event of a day without a price on, in the share units of the next price', async () => {
    const source = csvSource({ path: file(long), basis: 'as-traded', name: 'bundled' });
    const { bars, warnings } = await source.fetchBars('SPY', '2024-01-01', '2024-01-31', whenever);
    expect(bars).toEqual([
      {
        symbol: 'SPY',
        session: '2024-01-02',
        close: 400,
        dividend: 0,
        splitRatio: 1,
        high: 401,
        low: 399,
        volume: 10,
      },
      {
        symbol: 'SPY',
        session: '2024-01-04',
        close: 102,
        dividend: 1,
        splitRatio: 4,
        high: null,
        low: null,
        volume: 40,
      },
    ]);
    // Two dollars on one share, then four shares of 102 with 0.5 each.
    expect(totalReturn('as-traded', 400, bars[1]!)).toBeCloseTo((2 + 4 * 102.5) / 400 - 1, 12);
    expect(warnings).toHaveLength(2);
  });

  test('carries a split-adjusted dividend unchanged', async () => {
    const source = csvSource({ path: file(long), basis: 'split-adjusted' });
    const { bars } = await source.fetchBars('SPY', '2024-01-04', '2024-01-04', whenever);
    expect(bars[0]).toMatchObject({ dividend: 2.5, splitRatio: 4 });
  });

  test('may be in any order and case', async () => {
    const path = file('Date,Close,Symbol\n2024-01-03,2,B\n2024-01-02,1,B\n2024-01-02,3,A\n');
    const { bars } = await csvSource({ path, basis: 'as-traded' }).fetchBars(
      'B',
      '2024-01-01',
      '2024-01-31',
      whenever,
    );
    expect(bars.map(({ close }) => close)).toEqual([1, 2]);
  });
});

describe('a file', () => {
  test('is read at the first question, and again when it has changed', async () => {
    const path = join(folder, 'later.csv');
    const source = csvSource({ path, basis: 'as-traded' });
    await expect(source.fetchBars('SPY', '2024-01-01', '2024-01-31', whenever)).rejects.toMatchObject({
      kind: 'network',
    });
    writeFileSync(path, wide);
    expect((await source.fetchBars('SPY', '2024-01-01', '2024-01-31', whenever)).bars).toHaveLength(3);
    writeFileSync(path, `${wide}2024-01-05,467.9,96.5\n`);
    expect((await source.fetchBars('SPY', '2024-01-01', '2024-01-31', whenever)).bars).toHaveLength(4);
  });

  test('that lacks the symbol says which it has', async () => {
    const path = file(wide);
    const error = await csvSource({ path, basis: 'as-traded' })
      .fetchBars('GLD', '2024-01-01', '2024-01-31', whenever)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({
      kind: 'unknown-symbol',
      symbol: 'GLD',
      message: `${path} has no GLD; it has SPY, TLT`,
    });
  });
});

const form = 'a first column date and one column for each symbol, or the columns symbol,date,close';
const amount = 'a number not below 0, or nothing where there is none';
const quotes = 'quotes around the whole value, and "" for a quote in it';

describe('a bad file is refused by line and column', () => {
  test.each([
    ['', 'line 1 is empty; expected the names of the columns'],
    ['date,SPY\n', 'line 2 is missing; expected at least one row of prices'],
    ['time,SPY\n2024-01-02,1\n', `line 1 begins with the column time; expected ${form}`],
    ['date\n2024-01-02\n', `line 1 has no column after the date; expected ${form}`],
    [
      'date,close,volume\n2024-01-02,1,2\n',
      `line 1 has the column close among the symbols; expected ${form}`,
    ],
    ['Date,Price,Vol.\n2024-01-02,1,2\n', `line 1 has the column Price among the symbols; expected ${form}`],
    [
      'Date,Last,Open,High,Low\n2024-01-02,1,2,3,4\n',
      `line 1 has open, high and low, as a file of one symbol without its name; expected ${form}`,
    ],
    ['date,SPY,\n2024-01-02,1,2\n', 'line 1 has no name for column 3; expected one for each column'],
    ['date,SPY,SPY\n2024-01-02,1,2\n', 'line 1 names SPY twice; expected each column once'],
    ['date,"SPY"x\n2024-01-02,1\n', `line 1 has a quote amid value 2; expected ${quotes}`],
    ['date,SPY\n2024-01-02,1\n2024-01-03,1"2"\n', `line 3 has a quote amid value 2; expected ${quotes}`],
    [
      'date,SPY\n2024-01-02,"1\n2024-01-03,2\n',
      'line 2 opens a quote that never closes; expected a quote at the end of each quoted value',
    ],
    ['"da\r\nte",SPY\r\n2024-01-02,1\r\n', `line 1 begins with the column da\r\nte; expected ${form}`],
    [
      'symbol,date,close\r\n"A\r\nB",2024-01-02,1\r\n\r\n"A\nC",2024-01-02,x\r\n',
      `line 5 has "x" in the column close; expected ${amount}`,
    ],
    ['date,SPY\n2024-01-02,1,2\n', 'line 2 has 3 values; expected 2, as many as the header'],
    [
      'date,SPY\n2023-02-29,1\n',
      'line 2 has "2023-02-29" in the column date; expected a date like 2024-12-31',
    ],
    [
      'date,SPY\n2024-01-02,1\n\n2024-01-02,2\n',
      'line 4 repeats the date 2024-01-02; expected one row a day, or the same prices in each',
    ],
    ['date,SPY\n2024-01-02,x\n', `line 2 has "x" in the column SPY; expected ${amount}`],
    ['date,SPY\nnull,1\n', 'line 2 has "null" in the column date; expected a date like 2024-12-31'],
    ['date,SPY\n2024-01-02,-1\n', `line 2 has "-1" in the column SPY; expected ${amount}`],
    ['date,SPY\n2024-01-02,0x10\n', `line 2 has "0x10" in the column SPY; expected ${amount}`],
    ['date,SPY\n2024-01-02,1e999\n', `line 2 has "1e999" in the column SPY; expected ${amount}`],
    ['date,SPY\n2024-01-02,Infinity\n', `line 2 has "Infinity" in the column SPY; expected ${amount}`],
    [
      'date,SPY\n2024-01-02,0\n',
      'line 2 has "0" in the column SPY; expected a number above 0, or nothing where there is none',
    ],
    ['symbol,date\nSPY,2024-01-02\n', 'line 1 has no column close; expected symbol,date,close at least'],
    [
      'symbol,date,close,colour\nSPY,2024-01-02,1,red\n',
      'line 1 has an unknown column colour; expected symbol,date,open,high,low,close,adj_close,volume,dividend,capital_gain,split,currency,observed',
    ],
    ['symbol,date,close\n,2024-01-02,1\n', 'line 2 has no symbol; expected one in the column symbol'],
    [
      'symbol,date,close\nA,2024-01-02,1\nA,2024-01-02,2\n',
      'line 3 repeats A on 2024-01-02; expected one row a day, or the same values in each',
    ],
    [
      'symbol,date,close,split\nA,2024-01-02,1,-2\n',
      'line 2 has "-2" in the column split; expected the new shares for an old one, such as 4 or 4:1, or nothing where there is none',
    ],
    [
      'symbol,date,close,dividend\nA,2024-01-02,1,-0.5\n',
      `line 2 has "-0.5" in the column dividend; expected ${amount}`,
    ],
  ])('%j', async (content, message) => {
    const path = file(content);
    const asked = csvSource({ path, basis: 'as-traded' }).fetchBars(
      'SPY',
      '2024-01-01',
      '2024-01-31',
      whenever,
    );
    await expect(asked).rejects.toMatchObject({ kind: 'schema', message: `${path}, ${message}` });
  });

  test('and so is one whose line never ends', () => {
    const path = file(`date,SPY\n2024-01-02,${','.repeat(2 ** 20)}`);
    expect(() => readWidePrices(path).value).toThrow(
      `${path}, line 2 is longer than ${2 ** 20} bytes; expected a CSV file with one row a line`,
    );
  });

  test('and so is one too long, once unpacked too, before it fills the memory', () => {
    const before = process.memoryUsage().arrayBuffers;
    const bomb = gzipSync(Buffer.alloc(2 ** 29, 'date,SPY\n'), { level: 1 });
    expect(bomb.length).toBeLessThan(4 * 2 ** 20);
    const path = file(bomb);
    expect(() => readWidePrices(path).value).toThrow(
      `the file ${path} is too long; expected at most 128 MiB of prices, unpacked: is it the right file?`,
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 28);
  });

  test('and so is one that is not there, a folder, or broken gzip', () => {
    expect(() => readWidePrices(join(folder, 'none.csv')).value).toThrow(
      'is not there; expected a CSV file of prices',
    );
    expect(() => readWidePrices(folder).value).toThrow('cannot be read (EISDIR)');
    expect(() => readWidePrices(file(gzipSync(wide).subarray(0, 30)))).toThrow('cannot be read');
  });
});

describe('the bundled prices', () => {
  test('are 20 stocks and the index over ten years, none missing, gzip or not', () => {
    const table = readWidePrices(bundledPrices).value;
    expect([table.dates.length, table.symbols.length]).toEqual([2516, 21]);
    expect([table.dates[0], table.dates.at(-1), table.symbols.at(-1)]).toEqual([
      '2013-01-02',
      '2022-12-28',
      '^GSPC',
    ]);
    expect(table.values.every((column) => column.every((price) => price > 0))).toBe(true);
    expect(readWidePrices(file(gunzipSync(readFileSync(bundledPrices)))).value).toEqual(table);
  });
});
