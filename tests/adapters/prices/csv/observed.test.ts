import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { csvSource } from '../../../../src/adapters/prices/csv/csv.ts';
import type { Fetched } from '../../../../src/adapters/prices/source.ts';

const folder = mkdtempSync(join(tmpdir(), 'observed-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function sourceWith(rows: string, header = 'symbol,date,close,dividend,split,observed') {
  files += 1;
  const path = join(folder, `${files}.csv`);
  writeFileSync(path, `${header}\n${rows}`);
  return csvSource({ path, basis: 'as-traded' });
}

const at = (instant: string) => Date.parse(instant);
const closesOf = ({ bars }: Fetched) => bars.map(({ session, close }) => [session, close]);

describe('a file that says when its rows were known', () => {
  const source = sourceWith(`AAA,2024-01-02,100,,,
AAA,2024-01-03,10,,,2024-01-03T22:00:00Z
AAA,2024-01-03,101,,,2024-01-04T12:00:00-05:00
AAA,2024-01-04,102,,,2024-01-04T22:00:00Z
AAA,2024-01-04,,,,2024-01-05 08:00:00Z
AAA,2024-01-04,103,,,2024-01-08T08:00:00Z
BBB,2024-01-05,50,,,2024-01-05T22:00:00Z
`);
  const askedAt = (instant: string) => source.fetchBars('AAA', '2024-01-01', '2024-01-31', at(instant));

  test.each([
    ['2024-01-01T23:00:00Z', []],
    ['2024-01-02T22:00:00Z', [['2024-01-02', 100]]],
    ['2024-01-03T21:59:59Z', [['2024-01-02', 100]]],
    [
      '2024-01-03T22:00:00Z',
      [
        ['2024-01-02', 100],
        ['2024-01-03', 10],
      ],
    ],
    [
      '2024-01-04T22:00:00Z',
      [
        ['2024-01-02', 100],
        ['2024-01-03', 101],
        ['2024-01-04', 102],
      ],
    ],
    [
      '2024-01-06T00:00:00Z',
      [
        ['2024-01-02', 100],
        ['2024-01-03', 101],
      ],
    ],
    [
      '2024-01-09T00:00:00Z',
      [
        ['2024-01-02', 100],
        ['2024-01-03', 101],
        ['2024-01-04', 103],
      ],
    ],
  ])('answers at %s what was known then: corrected, withdrawn, told again', async (instant, closes) => {
    expect(closesOf(await askedAt(instant))).toEqual(closes);
  });

  test('reaches as far as any of its symbols did, and its revision changes with what is known of the symbol', async () => {
    const instants = [
      '2024-01-02T22:00:00Z',
      '2024-01-03T23:00:00Z',
      '2024-01-04T18:00:00Z',
      '2024-01-05T23:00:00Z',
    ];
    const answers = await Promise.all(instants.map(askedAt));
    expect(answers.map(({ through }) => through)).toEqual([
      '2024-01-02',
      '2024-01-03',
      '2024-01-03',
      '2024-01-05',
    ]);
    expect(new Set(answers.map(({ revision }) => revision)).size).toBe(4);
    // What is learnt of another symbol is no news of this one.
    const before = await askedAt('2024-01-05T21:00:00Z');
    expect((await askedAt('2024-01-05T23:00:00Z')).revision).toBe(before.revision);
  });
});

test('an event waits for the next price that is known', async () => {
  const source = sourceWith(`AAA,2024-01-02,100,,,
AAA,2024-01-03,,2,,
AAA,2024-01-04,50,1,2,2024-01-05T00:00:00Z
`);
  const early = await source.fetchBars('AAA', '2024-01-03', '2024-01-04', at('2024-01-04T23:00:00Z'));
  expect(early.bars).toEqual([]);
  const late = await source.fetchBars('AAA', '2024-01-04', '2024-01-04', at('2024-01-05T00:00:00Z'));
  expect(late.bars).toMatchObject([{ close: 50, dividend: 2, splitRatio: 2 }]);
});

test('a file without the column is known by its dates, and its revision changes with its rows alone', async () => {
  const rows = 'AAA,2024-01-02,1,,\nAAA,2024-01-03,2,,\n';
  const header = 'symbol,date,close,dividend,split';
  const source = sourceWith(rows, header);
  const asked = (instant: string) => source.fetchBars('AAA', '2024-01-01', '2024-01-31', at(instant));
  const early = await asked('2024-01-02T22:00:00Z');
  expect([closesOf(early), early.through]).toEqual([[['2024-01-02', 1]], '2024-01-02']);
  const late = await asked('2024-01-03T22:00:00Z');
  expect(late.revision).toBe(early.revision);
  const changed = sourceWith(rows.replace('02,1,', '02,1.01,'), header);
  const other = await changed.fetchBars('AAA', '2024-01-01', '2024-01-31', at('2024-01-03T22:00:00Z'));
  expect(other.revision).not.toBe(late.revision);
});

test.each([
  [
    'AAA,2024-01-02,1,,,2024-01-02\n',
    /line 2 has "2024-01-02" in the column observed; expected an instant with its zone/,
  ],
  ['AAA,2024-01-02,1,,,2024-01-02T22:00:00\n', /expected an instant with its zone like 2024-12-31T22:15:00Z/],
  ['AAA,2024-01-02,1,,,2024-02-30T22:00:00Z\n', /expected an instant with its zone/],
  ['AAA,2024-01-03,1,,,2024-01-02T22:00:00Z\n', /expected an instant on or after its own date 2024-01-03/],
  ['AAA,2024-01-02,,1.5,,2024-01-02T22:00:00Z\n', /line 2 has no close and an event/],
  [
    'AAA,2024-01-02,1,,,2024-01-02T22:00:00Z\nAAA,2024-01-02,2,,,2024-01-02T22:00:00Z\n',
    /line 3 repeats AAA on 2024-01-02/,
  ],
])('%j is refused', async (rows, sentence) => {
  await expect(sourceWith(rows).fetchBars('AAA', '2024-01-01', '2024-01-31', 0)).rejects.toThrow(sentence);
});

test('what is known at an instant is, for every day, the newest row known by then', async () => {
  const row = fc.record({
    day: fc.integer({ min: 2, max: 9 }),
    close: fc.option(fc.integer({ min: 1, max: 99 }), { nil: null, freq: 4 }),
    hours: fc.integer({ min: 0, max: 400 }),
  });
  const unique = { selector: (one: { day: number; hours: number }) => `${one.day} ${one.hours}` };
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(row, { minLength: 1, maxLength: 25, ...unique }),
      fc.integer({ min: 0, max: 500 }),
      fc.integer({ min: 2, max: 9 }),
      async (rows, askedHours, from) => {
        const start = at('2024-01-02T00:00:00Z');
        const known = rows.map((one) => ({
          ...one,
          observed: at(`2024-01-0${one.day}T00:00:00Z`) + one.hours * 3_600_000,
        }));
        const lines = known.map(
          ({ day, close, observed }) =>
            `AAA,2024-01-0${day},${close ?? ''},,,${new Date(observed).toISOString()}`,
        );
        const asked = start + askedHours * 3_600_000;
        const answer = await sourceWith(lines.join('\n')).fetchBars(
          'AAA',
          `2024-01-0${from}`,
          '2024-01-31',
          asked,
        );
        const expected = [2, 3, 4, 5, 6, 7, 8, 9].flatMap((day) => {
          const mine = known.filter((one) => one.day === day && one.observed <= asked && day >= from);
          const newest = mine.sort((a, b) => b.observed - a.observed)[0];
          return newest?.close ? [[`2024-01-0${day}`, newest.close]] : [];
        });
        expect(closesOf(answer)).toEqual(expected);
      },
    ),
    { numRuns: 150, seed: 3 },
  );
});
