import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvLines } from '../../../src/cli/output/csv.ts';

test('numbers keep every digit, null is an empty field, and nothing plain is quoted', () => {
  expect(
    csvLines(
      ['symbol', 'weight'],
      [
        ['BRK.B', 0.1 + 0.2],
        ['CASH', null],
      ],
    ),
  ).toEqual(['symbol,weight', 'BRK.B,0.30000000000000004', 'CASH,']);
});

test.each([
  ['a,b', '"a,b"'],
  ['say "when"', '"say ""when"""'],
  ['two\nlines', '"two\nlines"'],
  [' core', '" core"'],
])('%j is quoted as %s', (text, field) => {
  expect(csvLines(['id'], [[text]])[1]).toBe(field);
});

test('any text reads back as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 5 }), (row) => {
      expect(fields(csvLines(row, [])[0]!)).toEqual(row);
    }),
  );
});

/** The fields of one record, read by the rules of RFC 4180. */
function fields(record: string): string[] {
  return [...`,${record}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!,
  );
}
