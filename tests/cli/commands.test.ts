import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DecisionRow, readDecisions } from '../../src/adapters/postgres/decision-rows.ts';
import { replay } from '../../src/app/replay/replay.ts';
import { newYorkCalendar } from '../../src/core/calendar/new-york.ts';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import { newestClosed } from '../../src/core/schedule/plan.ts';
import { command } from '../support/command.ts';
import { commandHere } from '../support/command-here.ts';
import { portfolioInput, testContext, testSymbols } from '../support/context.ts';
import { testDatabase } from '../support/database.ts';
import { memorySource } from '../support/memory-source.ts';

// A portfolio of the last weeks, replayed up to the session before the newest one: commands run on the real clock.
const calendar = newYorkCalendar();
const newest = newestClosed({ calendar, graceMinutes: 45, inception: calendar.first }, Date.now())!;
const sessions = calendar.sessions(`${Number(newest.slice(0, 4)) - 1}${newest.slice(4, 8)}01`, newest);
const valued = sessions.at(-2)!;
const portfolio = portfolioInput({
  id: 'live',
  inception: sessions.at(-45)!,
  historyStart: sessions.at(-110)!,
});

let folder: string;
let configFile: string;
let env: Record<string, string>;
let decisions: DecisionRow[];
let replayTo: (last: string) => Promise<DecisionRow[]>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rebalanced-commands-'));
  const { closes } = memorySource(testSymbols, portfolio.historyStart!, newest);
  const rows = sessions
    .filter((session) => session >= portfolio.historyStart!)
    .map((session) => [session, ...testSymbols.map((symbol) => closes.get(symbol)!.get(session))].join(','));
  await writeFile(join(folder, 'prices.csv'), `date,${testSymbols.join(',')}\n${rows.join('\n')}\n`);
  const path = join(folder, 'prices.csv');
  const sources = { prices: { kind: 'file' as const, path, basis: 'total-return' as const } };
  const mail = { folder: join(folder, 'letters') };
  configFile = join(folder, 'config.yaml');
  await writeFile(configFile, JSON.stringify({ portfolios: [portfolio], sources, mail }));
  const url = await testDatabase();
  env = { DATABASE_URL: url, LOG_LEVEL: 'silent' };
  replayTo = async (last) => {
    await using context = await testContext(url, { portfolios: [portfolio], config: { sources, mail } });
    await replay(context, last, () => {});
    return readDecisions(context.database, 'live');
  };
  decisions = await replayTo(valued);
});
afterAll(() => rm(folder, { recursive: true }));

const here = (...args: string[]) => commandHere([...args, '--config', configFile], env);
const process = (...args: string[]) => command([...args, '--config', configFile], env);

/** What is printed of a decision's own fields; the command may print more beside them. */
function storedPart(output: string, decision: object): string {
  const printed = JSON.parse(output) as Record<string, unknown>;
  return canonicalJson(Object.fromEntries(Object.keys(decision).map((key) => [key, printed[key]])));
}

describe('rebalance --dry-run', () => {
  test('gives every stored decision again, byte for byte, and the same bytes twice', async () => {
    expect(decisions.length).toBeGreaterThanOrEqual(1);
    for (const { decision } of decisions) {
      const { code, output } = await here('rebalance', '--as-of', decision.asOf, '--dry-run');
      expect(code).toBe(0);
      expect(storedPart(output, decision)).toBe(canonicalJson(decision));
      const { weights } = JSON.parse(output) as { weights: Record<string, number> };
      expect(Object.keys(weights)).toEqual([...testSymbols, 'CASH'].sort());
      expect(Math.abs(Object.values(weights).reduce((a, b) => a + b) - 1)).toBeLessThanOrEqual(1e-9);
    }
    const { decision } = decisions.at(-1)!;
    const args = ['rebalance', '--as-of', decision.asOf, '--dry-run'];
    const [once, again] = [await process(...args), await here(...args)];
    expect([once.code, once.output]).toEqual([0, again.output]);
  });

  test('of a session without a decision proposes one, the same twice, and stores nothing', async () => {
    const made = decisions.map(({ decision }) => decision.asOf);
    const undecided = sessions.findLast((session) => session <= valued && !made.includes(session))!;
    const first = await here('rebalance', '--as-of', undecided, '--dry-run');
    expect(first.code).toBe(0);
    expect(JSON.parse(first.output)).toMatchObject({ asOf: undecided, reason: 'manual' });
    expect((await here('rebalance', '--as-of', undecided, '--dry-run')).output).toBe(first.output);
    expect((await here('targets', '--format', 'json')).output).toContain(decisions.at(-1)!.decision.asOf);
  });

  test('of a session that is none, or lies outside, says which there are', async () => {
    const weekend = '2024-06-01';
    expect((await here('rebalance', '--as-of', weekend, '--dry-run')).errors).toMatch(
      new RegExp(
        `--as-of ${weekend} is outside live's valued sessions; expected ${portfolio.inception} to ${valued}`,
      ),
    );
    const holiday = calendar
      .sessions(portfolio.inception!, valued)
      .map((session) => new Date(Date.parse(session) + 86_400_000).toISOString().slice(0, 10))
      .find((date) => date < valued && !calendar.isSession(date))!;
    const { code, errors } = await here('rebalance', '--as-of', holiday, '--dry-run');
    expect(code).toBe(2);
    expect(errors).toMatch(new RegExp(`--as-of ${holiday} is no XNYS session; the one before is \\d{4}-`));
  });
});

describe('what was decided', () => {
  test('as CSV: a header, a line for each symbol, and cash; weights sum to 1', async () => {
    const { code, output } = await process('targets', '--format', 'csv');
    expect(code).toBe(0);
    const [header, ...lines] = output.trim().split('\n');
    expect(header).toBe('portfolio,session,symbol,weight,held,trade');
    expect(lines.map((line) => line.split(',')[2])).toEqual([...testSymbols, 'CASH']);
    const sum = lines.reduce((total, line) => total + Number(line.split(',')[3]), 0);
    expect(Math.abs(sum - 1)).toBeLessThanOrEqual(1e-9);
  });

  test('as JSON and as a table, the newest or the one in force at a date', async () => {
    const stored = decisions.at(-1)!.decision;
    const { output } = await here('targets', '--format', 'json', '--portfolio', 'live');
    const told = JSON.parse(output);
    expect(told).toMatchObject({ portfolio: 'live', session: stored.asOf, reason: stored.reason });
    expect(told.targets.map((row: { weight: number }) => row.weight)).toEqual([
      ...stored.lines.map((line) => line.target),
      stored.cash.target,
    ]);
    expect(told.targets.map((row: { held: number }) => row.held)).toEqual([
      ...stored.lines.map((line) => line.held),
      stored.cash.held,
    ]);
    expect(told.decidedAt).toBe(decisions.at(-1)!.decidedAt);
    expect((await here('targets', '--as-of', stored.asOf)).output).toContain(`targets of ${stored.asOf}`);
    const early = await here('targets', '--as-of', '2000-01-03');
    expect([early.code, early.errors]).toEqual([
      2,
      expect.stringMatching(/live has no decision at or before 2000-01-03; expected one/),
    ]);
  });

  test('in the status, with every decision in its JSON', async () => {
    const { code, output } = await process('status', '--json');
    expect(code).toBe(0);
    const status = JSON.parse(output);
    expect(status.decisions.map((d: { session: string }) => d.session).sort()).toEqual(
      decisions.map(({ decision }) => decision.asOf),
    );
    expect((await here('status')).output).toContain(`live: ${decisions.length} decision`);
  });
});

describe('work by hand', () => {
  test('migrate finds nothing to do', async () => {
    expect(await command(['migrate'], env)).toMatchObject({
      code: 0,
      output: 'Nothing to do: the database is up to date.\n',
    });
  });

  test('retrain is refused where there is no network', async () => {
    const { code, errors } = await here('retrain');
    expect([code, errors]).toEqual([
      2,
      'rebalanced: live has no forecaster in its configuration, so there is nothing to train\n',
    ]);
  });

  test('rebalance decides at the newest valued session only, while its fill is to come, and its revision is what targets tell', async () => {
    const earlier = sessions.at(-5)!;
    const late = await here('rebalance');
    expect([late.code, late.output]).toEqual([2, '']);
    expect(late.errors).toMatch(`the close of ${newest}, has passed`);
    await replayTo(newest);
    expect(await here('rebalance', '--as-of', earlier)).toMatchObject({
      code: 2,
      errors: expect.stringMatching(
        `--as-of ${earlier} is already filled by later sessions; expected ${newest}`,
      ),
    });
    const { code, output } = await process('rebalance');
    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({ asOf: newest, reason: 'manual' });
    expect(JSON.parse((await here('targets', '--format', 'json')).output)).toMatchObject({
      session: newest,
      reason: 'manual',
    });
  });

  test('ingest fetches what is due and tells how far prices reach', async () => {
    const { code, output } = await process('ingest');
    expect(output).toBe(testSymbols.map((symbol) => `live ${symbol}: prices up to ${newest}\n`).join(''));
    expect(code).toBe(0);
  });

  test('backtest walks the same policy forward beside equal weight, without a database', async () => {
    const { code, output } = await commandHere(
      ['backtest', '--config', configFile, '--to', valued, '--json'],
      {
        DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
      },
    );
    expect(code).toBe(0);
    const results = JSON.parse(output);
    expect(results.map((result: { name: string }) => result.name)).toEqual([
      'inverse-vol',
      expect.stringMatching(/^equal/),
    ]);
    const monthly = decisions.filter(({ decision }) => decision.reason === 'monthly');
    expect(results[0].decisions).toBe(monthly.length);
  });
});
