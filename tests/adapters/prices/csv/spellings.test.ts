import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { readPrices } from '../../../../src/adapters/prices/csv/csv.ts';
import { SourceError } from '../../../../src/adapters/prices/source.ts';
import { calendarByName } from '../../../../src/core/calendar/calendars.ts';

// The same closes in whatever spelling come back as the same numbers, or are refused; never as other numbers. Where
// nothing is ambiguous they must come back.

const folder = mkdtempSync(join(tmpdir(), 'spellings-'));
afterAll(() => rmSync(folder, { recursive: true }));

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

const dateStyles = {
  iso: (y, m, d) => `${y}-${m}-${d}`,
  midnight: (y, m, d) => `${y}-${m}-${d} 00:00:00-05:00`,
  instant: (y, m, d) => `${y}-${m}-${d}T00:00:00.000Z`,
  slashed: (y, m, d) => `${y}/${m}/${d}`,
  compact: (y, m, d) => `${y}${m}${d}`,
  points: (y, m, d) => `${d}.${m}.${y}`,
  pointsTime: (y, m, d) => `${d}.${m}.${y} 00:00`,
  named: (y, m, d) => `${d}-${months[Number(m) - 1]}-${y}`,
  spoken: (y, m, d) => `${months[Number(m) - 1]} ${Number(d)}, ${y}`,
  american: (y, m, d) => `${Number(m)}/${Number(d)}/${y}`,
  british: (y, m, d) => `${d}/${m}/${y}`,
  closeTime: (y, m, d) => `${m}/${d}/${y} 16:00:00`,
} satisfies Record<string, (y: string, m: string, d: string) => string>;
const orderNeeded = ['american', 'british', 'closeTime'];

const spelling = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  decimal: fc.constantFrom<'.' | ','>('.', ','),
  thousands: fc.constantFrom('', 'other', ' ', "'", '\u00a0', '\u202f'),
  decimals: fc.constantFrom<'two' | 'as many as needed' | 'exponent'>('two', 'as many as needed', 'exponent'),
  date: fc.constantFrom(...(Object.keys(dateStyles) as (keyof typeof dateStyles)[])),
  dateName: fc.constantFrom('date', 'Date', 'Datum', 'DATE', 'Trade Date'),
  encoding: fc.constantFrom('utf8', 'utf8 mark', 'utf16le', 'utf16le mark', 'utf16be', 'utf16be mark'),
  isQuoted: fc.boolean(),
  isNewestFirst: fc.boolean(),
  isNumbered: fc.boolean(),
  lineEnd: fc.constantFrom('\n', '\r\n'),
  before: fc.constantFrom('', '# a remark\n', 'Account: X1\nPrices as of,2024-01-31\n\n', '\n\n'),
  currency: fc.constantFrom<[string, string]>(['', ''], ['$', ''], ['€ ', ''], ['', ' EUR'], ['USD ', '']),
  none: fc.constantFrom('', 'NaN', 'null', 'N/A', '-', '#N/A'),
  form: fc.constantFrom('wide', 'long', 'by symbol'),
  isLowerCase: fc.boolean(),
});
type Spelling = typeof spelling extends fc.Arbitrary<infer T> ? T : never;

function write(closes: (number | null)[][], sessions: string[], how: Spelling): Buffer {
  const symbols = closes.map((_, i) => (how.isLowerCase ? `s${i}` : `S${i}`));
  const cell = (text: string) => (how.isQuoted || text.includes(how.delimiter) ? `"${text}"` : text);
  const number = (close: number | null) => (close === null ? how.none : spelled(close, how));
  const date = (session: string) => {
    const [y, m, d] = session.split('-') as [string, string, string];
    return dateStyles[how.date](y, m, d);
  };
  const days = [...sessions.keys()];
  if (how.isNewestFirst) days.reverse();
  const wide = days.map((t) => [date(sessions[t]!), ...closes.map((column) => number(column[t]!))]);
  let rows: string[][];
  if (how.form === 'long')
    rows = [
      ['Ticker', how.dateName, 'Close'],
      ...days.flatMap((t) =>
        closes.map((column, i) => [symbols[i]!, date(sessions[t]!), number(column[t]!)]),
      ),
    ];
  else if (how.form === 'wide') rows = [[how.dateName, ...symbols], ...wide];
  else
    rows = [
      ['Price', ...symbols.map(() => 'Close')],
      ['Ticker', ...symbols],
      ['Date', ...symbols.map(() => '')],
      ...wide,
    ];
  if (how.isNumbered && how.form !== 'by symbol')
    rows = rows.map((row, index) => [index === 0 ? '' : `${index - 1}`, ...row]);
  const text = (how.before + rows.map((row) => row.map(cell).join(how.delimiter)).join('\n')).replaceAll(
    '\n',
    how.lineEnd,
  );
  return encoded(`${text}${how.lineEnd}`, how.encoding);
}

function spelled(close: number, { decimal, thousands, decimals, currency }: Spelling): string {
  const digits =
    decimals === 'two' ? close.toFixed(2) : decimals === 'exponent' ? close.toExponential() : `${close}`;
  const [whole = '', ...rest] = digits.split('.');
  const separator = thousands === 'other' ? (decimal === '.' ? ',' : '.') : thousands;
  const grouped = decimals === 'exponent' ? whole : whole.replace(/\B(?=(\d{3})+$)/g, separator);
  return `${currency[0]}${[grouped, ...rest].join(decimal)}${currency[1]}`;
}

function encoded(text: string, encoding: string): Buffer {
  const marked = encoding.endsWith('mark') ? `\uFEFF${text}` : text;
  if (encoding.startsWith('utf8')) return Buffer.from(marked);
  const little = Buffer.from(marked, 'utf16le');
  return encoding.startsWith('utf16be') ? little.swap16() : little;
}

const calendar = calendarByName('XNYS');
const close = fc
  .tuple(fc.integer({ min: 1, max: 99_999_999 }), fc.integer({ min: 0, max: 4 }))
  .map(([digits, places]) => Number(`${digits}e-${places}`));

const situation = fc.record({
  // A fortnight has a day above the twelfth somewhere; three days need not.
  count: fc.constantFrom(3, 15),
  first: fc.constantFrom('2023-12-20', '2024-01-02', '2024-02-01', '2024-05-31'),
  closes: fc.array(fc.array(close, { minLength: 15, maxLength: 15 }), { minLength: 1, maxLength: 3 }),
  holes: fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 14 })), {
    maxLength: 2,
  }),
  how: spelling,
});

test('are read as the numbers they were written from, or refused', () => {
  const path = join(folder, 'prices.csv');
  let refused = 0;
  fc.assert(
    fc.property(situation, ({ count, first, closes, holes, how }) => {
      const sessions = calendar.sessions(first, '2024-12-31').slice(0, count);
      const values: (number | null)[][] = closes.map((column) =>
        column
          .slice(0, count)
          .map((value) => (how.decimals === 'two' ? Number(value.toFixed(2)) || 1 : value)),
      );
      for (const [i, t] of holes) if (values[i]?.[t] !== undefined) values[i][t] = null;
      writeFileSync(path, write(values, sessions, how));
      const days = sessions.map((session) => Number(session.slice(8)));
      const isPlain =
        how.decimals === 'two' && !(orderNeeded.includes(how.date) && days.every((day) => day <= 12));
      let series: ReturnType<typeof readPrices>['value'];
      try {
        series = readPrices(path, 'total-return').value;
      } catch (error) {
        expect(error).toBeInstanceOf(SourceError);
        expect((error as SourceError).message).toMatch(/, line \d+ .*; expected /);
        if (isPlain) throw error;
        refused += 1;
        return;
      }
      for (const [i, column] of values.entries()) {
        const read = series.rowsOf(`S${i}`)!.rows.filter((row) => row.close !== null);
        const written = column.flatMap((value, t) => (value === null ? [] : [[sessions[t], value]]));
        expect(read.map((row) => [row.session, row.close])).toEqual(written);
      }
    }),
    { numRuns: 600, seed: 8 },
  );
  expect(refused).toBeLessThan(60);
});
