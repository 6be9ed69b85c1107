import { describe, expect, test } from 'vitest';
import { SourceError } from '../../../../src/adapters/prices/source.ts';
import { from, plainSeries, sessions, to, yahooBench } from '../../../support/yahoo-bench.ts';
import { randomFaultKinds } from '../../../support/yahoo-simulator-faults.ts';

const bench = yahooBench();

/** What so many fetches of SPY answer, by the sum of closes or the failure; of another symbol before each, if any. */
async function ask(
  count: number,
  { other, timeoutMs = 10_000 }: { other?: string; timeoutMs?: number } = {},
) {
  const answers: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const source = bench.source({ attemptsMax: 1, timeoutMs });
    if (other) await source.fetchBars(other, from, to).catch(() => {});
    answers.push(
      await source.fetchBars('SPY', from, to).then(
        ({ bars }) => String(bars.reduce((sum, { close }) => sum + close, 0)),
        (error) => (error instanceof SourceError ? error.kind : Promise.reject(error)),
      ),
    );
  }
  return answers;
}

describe('faults by chance', () => {
  test('meet the given share of requests, the same ones for the same seed', async () => {
    const faults = { seed: 3, rate: 0.3, kinds: ['cut-body', 'wrong-price', 'missing-rows'] as const };
    bench.simulator.setRandomFaults(faults);
    const first = await ask(60);
    const met = bench.simulator.chanced.map(({ kind }) => kind);
    bench.simulator.setRandomFaults(faults);
    expect(await ask(60, { other: 'TLT' })).toEqual(first); // whatever other symbols meet
    expect(met.length).toBeGreaterThan(8);
    expect(met.length).toBeLessThan(30);
    bench.simulator.setRandomFaults({ ...faults, seed: 4 });
    expect(await ask(60)).not.toEqual(first);
  });

  test('of absurd numbers get into no bar', async () => {
    bench.simulator.setRandomFaults({ seed: 2, rate: 1, kinds: ['absurd-number'] });
    const closeOf = new Map(sessions.map((session, i) => [session, plainSeries().closes[i]]));
    for (let i = 0; i < 60; i += 1) {
      const { bars, doubts } = await bench.source().fetchBars('SPY', sessions[0]!, sessions.at(-1)!);
      for (const bar of bars)
        expect(bar).toMatchObject({ close: closeOf.get(bar.session), dividend: 0, splitRatio: 1 });
      expect(bars.length + doubts.length).toBeGreaterThanOrEqual(59);
    }
  });

  test('are of every kind, and end when they are told to', async () => {
    bench.simulator.setRandomFaults({ seed: 1, rate: 1 });
    await ask(80, { timeoutMs: 60 });
    expect(new Set(bench.simulator.chanced.map(({ kind }) => kind))).toEqual(new Set(randomFaultKinds));
    bench.simulator.setRandomFaults(null);
    const closes = plainSeries().closes.slice(20, 50) as number[];
    expect(await ask(1)).toEqual([String(closes.reduce((sum, close) => sum + close, 0))]);
  });
});
