import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../../src/adapters/postgres/database.ts';
import { readStatus } from '../../../../src/adapters/postgres/views/status.ts';
import type { NextSlots } from '../../../../src/views/metrics.ts';
import { testDatabase } from '../../../support/database.ts';
import { insertManyDecisions } from '../../../support/many-decisions.ts';
import { insertRows } from './rows.ts';

const now = Date.parse('2024-03-05T12:00:00Z');
const portfolios = [{ portfolio: 'core', source: 'file', symbols: ['SPY', 'GLD'] }];

const database = openDatabase(await testDatabase(), { connectionsMax: 2 });
afterAll(() => database.close());

test('an empty database has an empty status', async () => {
  expect(await readStatus(database, { now })).toEqual({
    asOf: '2024-03-05T12:00:00.000Z',
    backend: null,
    backendVersion: null,
    portfolios: [],
    models: [],
    letters: [],
    sources: [],
    decisions: [],
  });
});

describe('with rows', () => {
  beforeAll(() => insertRows(database));

  test('decisions are listed ascending, each with its weights and cash, which sum to 1', async () => {
    const { decisions } = await readStatus(database, { now });
    expect(decisions.map(({ session, reason, fallbackLevel }) => [session, reason, fallbackLevel])).toEqual([
      ['2024-01-31', 'monthly', 'full'],
      ['2024-02-29', 'drawdown', 'signal-off'],
    ]);
    expect(decisions[1]).toMatchObject({
      weights: { GLD: 0.25, SPY: 0.25, CASH: 0.5 },
      chargedCostRatio: null,
    });
    expect(decisions[0]!.chargedCostRatio).toBe(0.0009765625);
    for (const { weights } of decisions) {
      expect(Object.keys(weights).at(-1)).toBe('CASH');
      expect(Math.abs(Object.values(weights).reduce((a, b) => a + b) - 1)).toBeLessThanOrEqual(1e-9);
    }
  });

  test('weights keep every digit', async () => {
    const exact = [0.1 + 0.2, 1 / 3, Number.EPSILON];
    const { rows } = await database.query<{ weights: unknown }>(
      `select json_object_agg(place, w::rebalanced.finite) as weights
       from unnest($1::float8[]) with ordinality as t (w, place)`,
      [exact],
    );
    expect(Object.values(rows[0]!.weights as Record<string, number>)).toEqual(exact);
  });

  test('the newest model says what it was trained on', async () => {
    const { backend, backendVersion, models } = await readStatus(database, { now });
    expect([backend, backendVersion]).toEqual(['tensorflow', '2.21.0']);
    expect(models).toHaveLength(1);
    expect(models[0]).toMatchObject({
      trainedOn: '2024-02-28',
      trainedAt: '2024-02-28T22:30:00.000Z',
      ageSessions: 2,
    });
  });

  test('a portfolio tells targets beside what is held, by symbol, cash last', async () => {
    const [core] = (await readStatus(database, { now, portfolios })).portfolios;
    expect(core!.lines).toEqual([
      { symbol: 'GLD', before: 0.25, target: 0.25, held: 0.25 },
      { symbol: 'SPY', before: 0.5, target: 0.25, held: 0.375 },
      { symbol: 'CASH', before: 0.25, target: 0.5, held: 0.375 },
    ]);
    expect(core!.valuation).toEqual({
      session: '2024-03-01',
      navGross: 1.125,
      navNet: 1,
      navShadow: 1.375,
      driftOneWay: 0.03125,
      drawdownState: 'reduced',
      drawdownRatio: 0.125,
      highWaterMark: 1.125,
    });
    expect(core!.lastDecision!.session).toBe('2024-02-29');
    expect(core!.navHistory.map(({ session, net }) => [session, net])).toEqual([
      ['2024-02-29', 1.125],
      ['2024-03-01', 1],
    ]);
  });

  test('holdings as imported stand in for the computed ones', async () => {
    await database.query(
      `insert into rebalanced.imported_holdings values
         ('core', '2024-03-01', 'TLT', 0.875, 10, '2024-03-02T00:00:00Z'), ('core', '2024-03-01', 'CASH', 0.125, null, '2024-03-02T00:00:00Z')`,
    );
    const [core] = (await readStatus(database, { now, portfolios })).portfolios;
    await database.query('delete from rebalanced.imported_holdings');
    expect(core!.lines.map(({ symbol, target, held }) => [symbol, target, held])).toEqual([
      ['GLD', 0.25, 0],
      ['SPY', 0.25, 0],
      ['TLT', 0, 0.875],
      ['CASH', 0.5, 0.125],
    ]);
    // from the decision the computed drift was measured from: 0.25 of each symbol
    expect(core).toMatchObject({ importedOn: '2024-03-01', valuation: { driftOneWay: 0.6875 } });
  });

  test('the last that was told of a session counts, and what was not configured is not said to be worth anything', async () => {
    await database.query(
      `insert into rebalanced.imported_holdings values
         ('core', '2024-03-01', 'SPY', 1, null, '2024-03-02T00:00:00Z', null, 'import'),
         ('core', '2024-03-01', 'CASH', 0, null, '2024-03-02T00:00:00Z', null, 'import'),
         ('core', '2024-03-01', 'GLD', 0.25, null, '2024-03-02T00:00:01Z', null, 'flow'),
         ('core', '2024-03-01', 'CASH', 0.75, null, '2024-03-02T00:00:01Z', null, 'flow')`,
    );
    const [core] = (await readStatus(database, { now, portfolios })).portfolios;
    await database.query('delete from rebalanced.imported_holdings');
    expect(core!.lines.map(({ symbol, held }) => [symbol, held])).toEqual([
      ['GLD', 0.25],
      ['SPY', 0],
      ['CASH', 0.75],
    ]);
    expect(core).toMatchObject({ worth: null, uninvested: null, valuation: { driftOneWay: 0.125 } });
  });

  test('worth is what was configured, carried by NAV, or what was told since; a late start is told by the calendar', async () => {
    const told = async () => (await readStatus(database, { now, portfolios, pastMonths })).portfolios[0]!;
    const pastMonths = (...asked: unknown[]) => {
      expect(asked).toEqual(['core', Date.parse('2024-02-20T00:00:00Z'), '2024-01-02']);
      return ['2024-01-31'];
    };
    await database.query(
      `update rebalanced.configs set body = '{"portfolioValue":50000,"currency":"CHF"}' where hash = 'c1'`,
    );
    await database.query(
      `update rebalanced.portfolios set registered_at = '2024-02-20T00:00:00Z' where portfolio = 'core'`,
    );
    expect(await told()).toMatchObject({
      worth: { amount: 50_000, currency: 'CHF' },
      importedOn: null,
      uninvested: { from: '2024-01-02', to: '2024-01-31', monthEnds: 1 },
    });
    await database.query(
      `insert into rebalanced.imported_holdings values
         ('core', '2024-02-29', 'SPY', 0.5, 10, '2024-03-01T00:00:00Z', 450),
         ('core', '2024-02-29', 'CASH', 0.5, 4500, '2024-03-01T00:00:00Z', null)`,
    );
    const imported = await told();
    await database.query('delete from rebalanced.imported_holdings');
    await database.query(`update rebalanced.configs set body = '{}' where hash = 'c1'`);
    await database.query(`update rebalanced.portfolios set registered_at = null`);
    expect(imported).toMatchObject({ worth: { amount: 8000, currency: 'CHF' }, importedOn: '2024-02-29' });
  });

  test('the next work is the earliest open slot of a task, else the next of the calendar', async () => {
    const asked: unknown[] = [];
    const nextSlots: NextSlots = (portfolio, after) => {
      asked.push([portfolio, after]);
      return (['ingest', 'retrain'] as const).map((task, i) => ({
        task,
        portfolio,
        session: '2024-03-06',
        reason: null,
        dueAt: Date.parse('2024-03-06T21:45:00Z') + i,
        deadlineAt: Date.parse('2024-03-07T03:45:00Z'),
      }));
    };
    const [core] = (await readStatus(database, { now, portfolios, nextSlots })).portfolios;
    expect(asked).toEqual([['core', '2024-03-05']]);
    expect(core!.nextSlots).toMatchObject([
      {
        task: 'ingest',
        session: '2024-03-04',
        state: 'queued',
        open: 2,
        deadlineAt: '2024-03-04T23:30:00.000Z',
      },
      { task: 'retrain', session: '2024-03-06', state: 'upcoming', open: 0 },
    ]);
  });

  test('failing sources come first, with their last error', async () => {
    const { sources } = await readStatus(database, { now, portfolios });
    expect(sources.map(({ symbol, failuresInARow }) => [symbol, failuresInARow])).toEqual([
      ['GLD', 3],
      ['SPY', 0],
    ]);
    expect(sources[0]).toMatchObject({
      newestSession: '2024-02-29',
      gaps: 1,
      lastFailure: { at: '2024-03-01T22:00:00.000Z', kind: 'network', message: 'no route to host' },
    });
    expect(sources[1]!.lastFailure).toBeNull();
  });

  test('letters are counted by state', async () => {
    const { letters } = await readStatus(database, { now, portfolios });
    expect(letters).toEqual([
      {
        portfolio: 'core',
        sent: 1,
        pending: 1,
        sending: 1,
        ambiguous: 1,
        refused: 0,
        lastError: 'connection lost after DATA',
      },
    ]);
  });

  test('portfolios that are not asked for are left out', async () => {
    expect((await readStatus(database, { now })).portfolios.map((p) => p.portfolio)).toEqual([
      'core',
      'retired',
    ]);
    const others = await readStatus(database, {
      now,
      portfolios: [{ portfolio: 'retired', source: 'file', symbols: [] }],
    });
    expect(others).toMatchObject({
      decisions: [],
      models: [],
      sources: [],
      portfolios: [{ portfolio: 'retired', lines: [] }],
    });
  });
});

describe('with many decisions', () => {
  const asked = [{ portfolio: 'many', source: 'file', symbols: [] }];
  const read = async (decisions?: number | 'all') => {
    const status = await readStatus(database, {
      now,
      portfolios: asked,
      ...(decisions === undefined ? {} : { decisions }),
    });
    return {
      ...status.portfolios[0]!,
      listed: status.decisions.map((d) => [d.session, d.revision] as const),
    };
  };
  beforeAll(async () => {
    await insertManyDecisions(database, 'many', 40, ['SPY', 'GLD']); // and two revisions of the last
    await insertManyDecisions(database, 'other', 2, ['SPY']);
  });

  test('the newest 24 are listed, ascending, and all are counted', async () => {
    const { listed, decisionsMade, lastDecision } = await read();
    expect(listed).toHaveLength(24);
    expect(listed[0]).toEqual(['2000-01-21', 0]);
    expect(listed.slice(-4)).toEqual([
      ['2000-02-10', 0],
      ['2000-02-11', 0],
      ['2000-02-11', 1],
      ['2000-02-11', 2],
    ]);
    expect(decisionsMade).toBe(42);
    expect(lastDecision).toMatchObject({
      session: '2000-02-11',
      revision: 2,
      weights: { SPY: 0.25, CASH: 0.5 },
    });
  });

  test.each([[1], [7], [42], [100]])('of %d asked for, the newest are listed', async (count) => {
    const { listed } = await read('all');
    expect(listed).toHaveLength(42);
    expect((await read(count)).listed).toEqual(listed.slice(-count));
  });

  test('each portfolio has its own newest ones', async () => {
    const { decisions, portfolios: all } = await readStatus(database, { now, decisions: 3 });
    for (const name of ['many', 'other']) {
      const own = decisions.filter(({ portfolio }) => portfolio === name);
      expect(own.map(({ revision }) => revision)).toEqual([0, 1, 2]);
      expect(all.find(({ portfolio }) => portfolio === name)!.lastDecision).toEqual(own.at(-1));
    }
  });

  test.each([[0], [-1], [1.5], [Number.NaN]])('%d decisions are refused', async (count) => {
    await expect(read(count)).rejects.toThrow(/^decisions is .*; expected a whole number above 0, or 'all'$/);
  });
});

test.each([
  [1, 520],
  [500, 520],
  [521, 520],
  [1000, 520],
  [1041, 520],
  [2000, 10],
])(
  'a history of %d sessions is thinned to at most %d points, the first and the last kept',
  async (sessions, navPointsMax) => {
    await database.query(
      `insert into rebalanced.configs values ('c2', '{}', '2024-01-01T00:00:00Z') on conflict do nothing`,
    );
    const name = `long${sessions}-${navPointsMax}`;
    await database.query(`insert into rebalanced.portfolios values ($1, 'c2', '2000-01-03')`, [name]);
    await database.query(
      `insert into rebalanced.valuation_vintages
     select $1, date '2000-01-03' + i, 1, 1 + i / 1024.0, 1, 0, 0, 0, 'normal', 0, 1 + i / 1024.0, '{}', null, now()
     from generate_series(0, $2::integer - 1) as i`,
      [name, sessions],
    );
    const asked = [{ portfolio: name, source: 'file', symbols: [] }];
    const [status] = (await readStatus(database, { now, portfolios: asked, navPointsMax })).portfolios;
    const history = status!.navHistory;
    expect(history.length).toBeLessThanOrEqual(navPointsMax);
    expect(history.length).toBeGreaterThanOrEqual(Math.min(sessions, navPointsMax / 2));
    expect(history[0]!.net).toBe(1);
    expect(history.at(-1)!.net).toBe(1 + (sessions - 1) / 1024);
    expect(history.map((p) => p.session)).toEqual([...new Set(history.map((p) => p.session))].sort());
  },
);
