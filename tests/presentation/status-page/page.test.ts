import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { issues } from '../../../src/presentation/status-page/issues.ts';
import { statusPage, unavailablePage } from '../../../src/presentation/status-page/page.ts';
import { styleHash } from '../../../src/presentation/status-page/style.ts';
import type { PortfolioStatus, StatusSnapshot } from '../../../src/views/status.ts';
import { decision, portfolio, snapshot } from './snapshot.ts';

const withPortfolio = (change: Partial<PortfolioStatus>): StatusSnapshot => ({
  ...snapshot,
  portfolios: [{ ...portfolio, ...change }],
});

/** Every text of a snapshot, replaced. */
function hostile<T>(part: T, text: string): T {
  if (typeof part === 'string') return text as T;
  if (Array.isArray(part)) return part.map((item) => hostile(item, text)) as T;
  if (part === null || typeof part !== 'object') return part;
  return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, hostile(item, text)])) as T;
}

test('the page tells the figures of a portfolio', () => {
  const page = statusPage(snapshot);
  for (const text of [
    'core',
    '+4.0%',
    '+5.0%',
    '1.3%',
    '2024-02-29',
    'monthly',
    '4.2 bps',
    '4.1 bps',
    'tensorflow 2.21.0',
    'SPY',
  ])
    expect(page).toContain(text);
  expect(page).toContain('Everything is in time and in order.');
});

test('it says what the account is worth, whether its holdings are real, and what was not decided', () => {
  expect(statusPage(snapshot)).toContain('holdings simulated');
  expect(statusPage(snapshot)).toContain('USD 104,000');
  const imported = withPortfolio({ importedOn: '2024-02-12', worth: null });
  expect(statusPage(imported)).toContain('holdings imported on 2024-02-12');
  expect(statusPage(imported)).not.toContain('USD');
  const uninvested = { from: '2023-10-02', to: '2024-02-29', monthEnds: 4 };
  const late = withPortfolio({ uninvested });
  expect(issues(late)).toEqual([
    'core: not invested from 2023-10-02 to 2024-02-29: 4 month ends before the first start were not decided; `rebalanced replay` decides past months in a database of its own.',
  ]);
  expect(issues(withPortfolio({ uninvested, decisionsMade: 4 }))).toEqual([]);
  expect(statusPage(late)).toContain('not invested before 2024-02-29');
});

test('it says what corrected prices have changed, until a decision is made', () => {
  const restatement = {
    valuedAt: '2024-03-01T22:45:00.000Z',
    fromSession: '2024-02-20',
    effectBps: 31.4,
    stateBefore: 'reduced',
    stateAfter: 'normal',
    reason: 'prices of GLD were restated',
  } as const;
  expect(issues(withPortfolio({ restatement }))).toEqual([
    'core: Net asset value was restated by +31.4 basis points from 20 February 2024 on (prices of GLD were restated); the drawdown state is normal, not reduced.',
  ]);
  expect(
    issues(withPortfolio({ restatement: { ...restatement, valuedAt: '2024-02-29T22:44:00.000Z' } })),
  ).toEqual([]);
});

test('it is one document: nothing is fetched, nothing is run, and its style is the one its policy allows', () => {
  for (const page of [statusPage(snapshot), unavailablePage()]) {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|url\(|@import|style="| on\w+=|https?:/i);
    const [, css] = /<style>([\s\S]*?)<\/style>/.exec(page)!;
    expect(styleHash).toBe(`sha256-${createHash('sha256').update(css!).digest('base64')}`);
    expect(page).toContain('http-equiv="refresh"');
    expect(page).toContain('prefers-color-scheme: dark');
  }
});

test('hostile text anywhere in the snapshot stays text', () => {
  const text = `"><script>alert('x')</script>`;
  const page = statusPage(
    hostile(
      {
        ...snapshot,
        sources: [
          { ...snapshot.sources[0]!, failuresInARow: 2, lastFailure: { at: '', kind: '', message: '' } },
        ],
      },
      text,
    ),
  );
  expect(page).not.toContain('<script');
  expect(page).not.toContain(`"><`.concat('script'));
  expect(page).toContain('&lt;script&gt;');
  expect(page.match(/<(\w+)/g)!.map((tag) => tag.slice(1))).toEqual(
    expect.not.arrayContaining(['script', 'img', 'iframe', 'object']),
  );
});

test('elements are closed in the order they are opened', () => {
  const open: string[] = [];
  const empty = new Set(['meta', 'line', 'path', 'circle', 'rect']);
  for (const [, close, name] of statusPage(snapshot).matchAll(/<(\/?)([a-z][a-z0-9]*)/g)) {
    if (empty.has(name!)) continue;
    if (close) expect(open.pop()).toBe(name);
    else open.push(name!);
  }
  expect(open).toEqual([]);
});

test.each<[string, StatusSnapshot]>([
  [
    'no portfolio',
    {
      ...snapshot,
      portfolios: [],
      models: [],
      letters: [],
      sources: [],
      decisions: [],
      backend: null,
      backendVersion: null,
    },
  ],
  [
    'no valuation and no decision',
    withPortfolio({ valuation: null, lines: [], lastDecision: null, nextSlots: [], navHistory: [] }),
  ],
  [
    'a decision before the first valuation',
    withPortfolio({ valuation: null, lines: portfolio.lines.map((line) => ({ ...line, held: null })) }),
  ],
  [
    'nothing held',
    withPortfolio({ lines: portfolio.lines.map((line) => ({ ...line, before: 0, target: 0, held: 0 })) }),
  ],
])('with %s the page is whole', (_, changed) => {
  const page = statusPage(changed);
  expect(page).not.toMatch(/NaN|Infinity|undefined|null/);
  expect(page).toContain('</html>');
});

test('of many assets the largest are shown, and cash; the rest is summed', () => {
  const lines = Array.from({ length: 100 }, (_, i) => ({
    symbol: `S${i}`,
    before: 0,
    target: i / 10_000,
    held: i / 10_000,
  }));
  const page = statusPage(
    withPortfolio({ lines: [...lines, { symbol: 'CASH', before: 1, target: 0, held: 0 }] }),
  );
  expect(page).toContain('>S99<');
  expect(page).not.toContain('>S50<');
  expect(page).toContain('84 more');
  expect(page).toContain('>CASH<');
});

describe('what to look at', () => {
  const slot = portfolio.nextSlots[0]!;
  test.each<[string, StatusSnapshot, RegExp]>([
    [
      'an overdue slot',
      withPortfolio({
        nextSlots: [
          {
            ...slot,
            deadlineAt: '2024-03-02T09:59:59.999Z',
            state: 'waiting',
            open: 3,
            lastError: 'no route',
          },
        ],
      }),
      /ingest of 2024-03-04 is overdue, with 2 more behind it \(no route\)/,
    ],
    [
      'a drawdown',
      withPortfolio({ valuation: { ...portfolio.valuation!, drawdownState: 'halted' } }),
      /drawdown state is halted/,
    ],
    [
      'a lower fallback level',
      withPortfolio({ lastDecision: { ...decision, fallbackLevel: 'hold', fallbackReason: 'no prices' } }),
      /fallback level hold \(no prices\)/,
    ],
    [
      'a market without a Sharpe ratio',
      withPortfolio({ lastDecision: { ...decision, fallbackReason: 'full: nothing earns' } }),
      /decision of 2024-02-29 took the least variance \(full: nothing earns\)/,
    ],
    [
      'a fault of the program',
      withPortfolio({
        lastDecision: {
          ...decision,
          fallbackLevel: 'hold',
          fallbackReason: 'of undefined',
          programFaults: 1,
        },
      }),
      /decision of 2024-02-29 met a fault of the program and holds what was held \(of undefined\)/,
    ],
    [
      'a failing source',
      {
        ...snapshot,
        sources: [
          {
            ...snapshot.sources[0]!,
            failuresInARow: 1,
            lastFailure: { at: '', kind: 'throttled', message: '' },
          },
        ],
      },
      /yahoo fails for SPY: throttled/,
    ],
    [
      'an ambiguous letter',
      { ...snapshot, letters: [{ ...snapshot.letters[0]!, ambiguous: 1 }] },
      /not known whether one letter arrived/,
    ],
    [
      'a refused letter',
      { ...snapshot, letters: [{ ...snapshot.letters[0]!, refused: 2 }] },
      /refused 2 letters/,
    ],
    ['the fallback', { ...snapshot, models: [{ ...snapshot.models[0]!, backend: 'wasm' }] }, /WebAssembly/],
  ])('%s is told in one sentence', (_, changed, expected) => {
    const told = issues(changed);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(expected);
    expect(statusPage(changed)).toContain('To look at');
  });

  test('a deadline that is just reached is not overdue yet', () => {
    expect(issues(withPortfolio({ nextSlots: [{ ...slot, deadlineAt: snapshot.asOf }] }))).toEqual([]);
  });
});
