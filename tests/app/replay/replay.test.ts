import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../src/adapters/postgres/database.ts';
import { readDecisions } from '../../../src/adapters/postgres/decision-rows.ts';
import { projectRoot } from '../../../src/app/project.ts';
import { replay } from '../../../src/app/replay/replay.ts';
import { newYorkCalendar } from '../../../src/core/calendar/new-york.ts';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { recomputeDecision } from '../../../src/tasks/proposal.ts';
import { portfolioInput, smallForecaster, testContext } from '../../support/context.ts';
import { testDatabase } from '../../support/database.ts';
import { type PortfolioRows, portfolioRows } from '../../support/portfolio-rows.ts';

// A quarter of the bundled closes, with a network that trains in a moment but for real.
const symbols = ['AAPL', 'JNJ', 'KO', 'XOM'];
const inception = '2015-07-01';
const last = '2015-09-30';
const sessions = newYorkCalendar().sessions(inception, last).length;
const portfolio = portfolioInput({
  id: 'replayed',
  symbols,
  inception,
  historyStart: '2014-07-01',
  allocator: { method: 'signal-inverse-vol' },
  forecaster: { ...smallForecaster, training: { ...smallForecaster.training, windowSessions: 80 } },
  drawdown: { softRatio: 0.06, hardRatio: 0.2, restoreRatio: 0.03 },
});
const sources = {
  prices: {
    kind: 'file' as const,
    path: join(projectRoot, 'config/examples/prices/sp500-20.csv.gz'),
    basis: 'total-return' as const,
  },
};

let folder: string;
const urls: Record<string, string> = {};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rebalanced-replay-'));
  for (const name of ['alone', 'killed']) {
    urls[name] = await testDatabase();
    await mkdir(join(folder, name));
    const config = { portfolios: [portfolio], sources, mail: { folder: join(folder, name, 'letters') } };
    await writeFile(join(folder, name, 'config.yaml'), JSON.stringify(config));
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** Replays in a process of its own, which is killed before its statement number `fatal`, unless it ends before. */
async function run(name: string, fatal = 0): Promise<{ killed: boolean }> {
  const child = join(import.meta.dirname, 'replay-child.ts');
  const args = [child, join(folder, name, 'config.yaml'), urls[name]!, last, String(fatal)];
  const [code, signal] = await once(
    spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] }),
    'close',
  );
  if (signal !== 'SIGKILL') expect(code).toBe(0);
  return { killed: signal === 'SIGKILL' };
}

/** Statements to die at: in the middle of different tasks, of different sessions. */
const fatal = [83, 302, 611];

/** All rows that a replay determines: how long a training took is no part of them. */
async function rowsOf(database: Database): Promise<PortfolioRows> {
  const names = { id: 'replayed', sourceName: 'prices' } as Parameters<typeof portfolioRows>[1];
  const rows = await portfolioRows(database, names);
  return {
    ...rows,
    models: rows.models.map(({ training_seconds: _, ...row }) => row),
  };
}

describe('a replay', () => {
  test('killed again and again in the middle of something ends with the rows of one left alone', {
    timeout: 120_000,
  }, async () => {
    const oftenKilled = async () => {
      for (const at of fatal) expect(await run('killed', at)).toEqual({ killed: true });
      expect(await run('killed')).toEqual({ killed: false });
    };
    await Promise.all([run('alone'), oftenKilled()]);
    const databases = [urls.alone!, urls.killed!].map((url) => openDatabase(url, { connectionsMax: 1 }));
    const [alone, killed] = (await Promise.all(databases.map(rowsOf))) as [PortfolioRows, PortfolioRows];
    expect(killed).toEqual(alone);
    expect(alone.valuations).toHaveLength(sessions);
    expect(alone.models).toHaveLength(Math.ceil(sessions / smallForecaster.stepSessions));
    expect(alone.slots.every((slot) => slot.state === 'done')).toBe(true);
    expect(await readdir(join(folder, 'killed', 'letters'))).toEqual(
      await readdir(join(folder, 'alone', 'letters')),
    );
    await Promise.all(databases.map((database) => database.close()));
  });

  test("decides once at each month's end, on real forecasts, and sends a letter of each", async () => {
    const database = openDatabase(urls.alone!, { connectionsMax: 1 });
    const decisions = await readDecisions(database, 'replayed');
    const monthly = decisions.filter(({ decision }) => decision.reason === 'monthly');
    expect(monthly.map(({ decision }) => decision.asOf)).toEqual(['2015-07-31', '2015-08-31', '2015-09-30']);
    for (const { decision } of decisions) {
      const sum = decision.lines.reduce((total, line) => total + line.target, decision.cash.target);
      expect(Math.abs(sum - 1)).toBeLessThanOrEqual(1e-9);
      expect(decision.fallbackLevel).toBe('full');
    }
    expect(await readdir(join(folder, 'alone', 'letters'))).toHaveLength(decisions.length);
    await database.close();
  });

  test('can be decided again: each decision from its rows, bit for bit', async () => {
    await using context = await testContext(urls.alone!, { portfolios: [portfolio], config: { sources } });
    const [replayed] = context.portfolios;
    const decisions = await readDecisions(context.database, 'replayed');
    expect(decisions.length).toBeGreaterThanOrEqual(3);
    for (const stored of decisions) {
      const again = await recomputeDecision(
        context.database,
        { portfolio: replayed!, services: context.services },
        stored,
      );
      expect(canonicalJson(again)).toBe(canonicalJson(stored.decision));
    }
  });

  test('that is over does nothing more', async () => {
    await using context = await testContext(urls.alone!, { portfolios: [portfolio], config: { sources } });
    const before = await rowsOf(context.database);
    await replay(context, last, () => {});
    expect(await rowsOf(context.database)).toEqual(before);
  });
});

test('a replay that cannot go on says where it is stuck, and why', async () => {
  const prices = { ...sources.prices, path: join(folder, 'none.csv') };
  await using context = await testContext(urls.killed!, {
    portfolios: [
      { ...portfolio, id: 'stuck', forecaster: null, allocator: { method: 'equal' }, source: 'other' },
    ],
    config: { sources: { other: prices } },
  });
  await expect(replay(context, last, () => {})).rejects.toThrow(
    /^the replay is stuck at ingest of 2015-07-01: no bar of 2015-07-01 for .*none\.csv is not there/,
  );
});
