import { createRandom, type Random } from '../../src/core/numeric/random.ts';

/** What a request may meet by chance. `late-split` and `late-dividend`: this answer does not know the event yet. */
export const randomFaultKinds = [
  'throttled',
  'time-out',
  'cut-body',
  'consent-page',
  'wrong-price',
  'absurd-number',
  'unit-change',
  'duplicate-rows',
  'missing-rows',
  'late-split',
  'late-dividend',
] as const;
export type RandomFaultKind = (typeof randomFaultKinds)[number];

/** `rate` is the share of requests, 0 to 1, that meet a fault; `kinds` (all) are equally likely. */
export type RandomFaults = { seed: number; rate: number; kinds?: readonly RandomFaultKind[] };

export type RandomFault = { kind: RandomFaultKind; random: Random };

/** Says request by request what it meets. A symbol's n-th request meets the same whatever the others do. */
export function faultsByChance({ seed, rate, kinds = randomFaultKinds }: RandomFaults) {
  const counts = new Map<string, number>();
  return (symbol: string): RandomFault | null => {
    const count = counts.get(symbol) ?? 0;
    counts.set(symbol, count + 1);
    const random = createRandom(seed, streamOf(`${symbol} ${count}`));
    if (random.uniform() >= rate) return null;
    return { kind: kinds[Math.floor(random.uniform() * kinds.length)]!, random };
  };
}

/** FNV-1a, 32 bits. */
function streamOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

type Column = (number | null)[];

/** The part of a `chart.result[0]` that faults change. */
export type FaultyChart = {
  meta: { currency: string };
  timestamp?: number[];
  events?: Partial<Record<'dividends' | 'capitalGains' | 'splits', Record<string, object>>>;
  indicators: { quote: Record<string, Column>[]; adjclose?: { adjclose: Column }[] };
};

/** Makes one of the faults that lie in an answer's numbers. An answer without rows, or another kind, stays as it is. */
export function spoil(chart: FaultyChart, { kind, random }: RandomFault): void {
  const rows = chart.timestamp?.length ?? 0;
  if (rows === 0) return;
  const spoiler = spoilers[kind];
  // Mostly the newest days, which an ingest is after, and at times any other.
  const reach = random.uniform() < 0.7 ? Math.min(3, rows) : rows;
  spoiler?.(chart, rows - 1 - Math.floor(random.uniform() * reach), random);
}

const spoilers: Partial<Record<RandomFaultKind, (chart: FaultyChart, row: number, random: Random) => void>> =
  {
    'wrong-price'(chart, row, random) {
      const factor = [0.01, 0.1, 0.5, 0.9, 1.01, 1.3, 2, 10, 100][Math.floor(random.uniform() * 9)]!;
      const { close } = chart.indicators.quote[0]!;
      // Never twice the same, so that no second reading confirms it by chance.
      if (close?.[row]) close[row] = close[row] * factor * (1 + 1e-3 * random.uniform());
    },
    'absurd-number'(chart, row, random) {
      const date = chart.timestamp![row]!;
      const { close } = chart.indicators.quote[0]!;
      const events = chart.events ?? {};
      chart.events = events;
      const choice = Math.floor(random.uniform() * 6);
      if (choice < 4 && close) close[row] = [1e300, 2e9, -37.63, 0][choice]!;
      else if (choice === 4) events.dividends = { ...events.dividends, absurd: { date, amount: 1e9 } };
      else events.splits = { ...events.splits, absurd: { date, numerator: 1e6, denominator: 1 } };
    },
    // The label alone changes, or the numbers alone: consistent answers in another unit are no fault.
    'unit-change'(chart, _row, random) {
      if (random.uniform() < 0.5) chart.meta.currency = chart.meta.currency === 'GBp' ? 'GBP' : 'GBp';
      else
        for (const column of priceColumns(chart))
          for (const [i, price] of column.entries()) if (price !== null) column[i] = price * 100;
    },
    'duplicate-rows'(chart, row, random) {
      const factor = random.uniform() < 0.5 ? 1 : 1.02;
      chart.timestamp!.push(chart.timestamp![row]! + 60);
      for (const column of columns(chart)) column.push(column[row] === null ? null : column[row]! * factor);
    },
    'missing-rows'(chart, row, random) {
      const count = 1 + Math.floor(random.uniform() * 3);
      for (const column of [chart.timestamp!, ...columns(chart)]) column.splice(row, count);
    },
  };

function columns(chart: FaultyChart): Column[] {
  return [
    ...Object.values(chart.indicators.quote[0]!),
    ...(chart.indicators.adjclose ?? []).map((a) => a.adjclose),
  ];
}

function priceColumns(chart: FaultyChart): Column[] {
  const { volume: _, ...prices } = chart.indicators.quote[0]!;
  return [...Object.values(prices), ...(chart.indicators.adjclose ?? []).map((a) => a.adjclose)];
}
