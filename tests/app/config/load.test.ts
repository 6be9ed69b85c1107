import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../../src/app/config/load.ts';

// What YAML makes of words is checked here where it is taken; what is refused lies in tests/cli/bad-configurations.

const folder = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function load(portfolios: string) {
  const path = join(folder, 'config.yaml');
  writeFileSync(
    path,
    `portfolios:\n${portfolios}sources:\n  closes: { kind: file, path: p.csv, basis: total-return }\n`,
  );
  return loadConfig(path).portfolios;
}

test('tickers that are words are text: quoted where YAML knows them, as they are where YAML 1.2 does not', () => {
  const [portfolio] = load(
    '  - { id: a, source: closes, symbols: ["TRUE", "NULL", \'1E5\', ON, NO, Y, OFF], allocator: { method: equal }, boundsBySymbol: { ON: { upper: 0.5 }, "1E5": { upper: 0.4 } } }\n',
  );
  expect(portfolio!.symbols).toEqual(['TRUE', 'NULL', '1E5', 'ON', 'NO', 'Y', 'OFF']);
  expect(portfolio!.boundsBySymbol).toMatchObject({ ON: { upper: 0.5 }, '1E5': { upper: 0.4 } });
});

test('a mapping is merged into another by <<, whose own entries win', () => {
  const portfolios = load(
    '  - &base\n    id: a\n    source: closes\n    symbols: [AAA]\n    allocator: { method: equal }\n    cashRatio: 0.1\n' +
      '  - <<: *base\n    id: b\n    cashRatio: 0.2\n',
  );
  expect(portfolios.map(({ id, symbols, cashRatio }) => [id, symbols, cashRatio])).toEqual([
    ['a', ['AAA'], 0.1],
    ['b', ['AAA'], 0.2],
  ]);
});

test('numbers may have an exponent, and addresses a name', () => {
  const [portfolio] = load(
    `  - { id: a, source: closes, symbols: [AAA], allocator: { method: equal }, portfolioValue: 2.5e5, letter: { to: ['Jane Doe <jane@example.org>', '"Doe, J." <j@example.org>'] } }\n`,
  );
  expect(portfolio!.portfolioValue).toBe(250_000);
  expect(portfolio!.letter.to).toEqual(['Jane Doe <jane@example.org>', '"Doe, J." <j@example.org>']);
});
