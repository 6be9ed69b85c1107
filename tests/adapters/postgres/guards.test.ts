import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase, type Sql } from '../../../src/adapters/postgres/database.ts';
import { testDatabase } from '../../support/database.ts';

// The database refuses by itself what must never be stored, whatever the code above it does, and names the rule.

let database: Database;
beforeAll(async () => {
  database = openDatabase(await testDatabase(), { connectionsMax: 1 });
  await database.query(`insert into rebalanced.configs values ('c', '{}', '2024-01-01T00:00:00Z')`);
  await database.query(`insert into rebalanced.portfolios values ('core', 'c', '2024-01-02')`);
});
afterAll(() => database.close());

/** Rows that are all right; a test changes one value of one of them. */
const bar = {
  source: 'file',
  symbol: 'SPY',
  session: '2024-01-31',
  close: '500',
  dividend: '0',
  split_ratio: '1',
  basis: 'total-return',
  observed_at: '2024-01-31T22:00:00Z',
};
const slot = {
  task: 'rebalance',
  portfolio: 'core',
  session: '2024-01-31',
  due_at: '2024-01-31T22:00:00Z',
  deadline_at: '2024-02-01T22:00:00Z',
  reason: 'monthly',
  state: 'waiting',
};
const decision = {
  portfolio: 'core',
  session: '2024-01-31',
  revision: '0',
  reason: 'monthly',
  allocator: 'equal',
  fallback_level: 'full',
  cash_weight: '0.25',
  turnover_one_way: '0.375',
  turnover_two_way: '0.75',
  cost_ratio: '0.001',
  signal_scale: '0',
  exposure_ratio: '1',
  drawdown_state: 'normal',
  config_hash: 'c',
  code_version: '0',
  vintage: '2024-01-31T22:00:00Z',
  body: '{}',
  forecast: '{}',
  decided_at: '2024-01-31T22:00:00Z',
};
const target = {
  symbol: 'SPY',
  weight: '0.75',
  held: '0',
  trade: '0.75',
  lower_bound: '0',
  upper_bound: '1',
  cost_ratio: '0.001',
};
const fill = {
  session: '2024-02-01',
  turnover_one_way: '0.375',
  turnover_two_way: '0.75',
  cost_ratio: '0.001',
};
const valuation = {
  portfolio: 'core',
  session: '2024-01-31',
  nav_gross: '1',
  nav_net: '1',
  nav_shadow: '1',
  return_gross: '0',
  return_net: '0',
  drift_one_way: '0',
  drawdown_state: 'normal',
  drawdown_ratio: '0',
  high_water_mark: '1',
  drawdown: '{}',
  valued_at: '2024-01-31T22:00:00Z',
};
const holding = {
  portfolio: 'core',
  session: '2024-01-31',
  strategy: 'live',
  symbol: 'SPY',
  weight: '1',
  valued_at: valuation.valued_at,
};
const imported = {
  portfolio: 'core',
  session: '2024-01-31',
  symbol: 'CASH',
  weight: '1',
  quantity: '500',
  imported_at: '2024-01-31T22:00:00Z',
};
const flow = {
  portfolio: 'core',
  session: '2024-01-31',
  amount: '500',
  kind: 'deposit',
  recorded_at: '2024-01-31T22:00:00Z',
};
const letter = {
  portfolio: 'core',
  session: '2024-01-31',
  recipient: 'a@example.org',
  message_id: '<1@example.org>',
  subject: 's',
  message: 'm',
  state: 'pending',
  queued_at: '2024-01-31T22:00:00Z',
};

type Values = Record<string, string | number | null>;

async function insert(sql: Sql, table: string, row: Values, returning = ''): Promise<Values | undefined> {
  const names = Object.keys(row);
  const places = names.map((_, i) => `$${i + 1}`);
  const { rows } = await sql.query<Values>(
    `insert into rebalanced.${table} (${names.join(', ')}) values (${places.join(', ')}) ${returning}`,
    Object.values(row),
  );
  return rows[0];
}

/** A decision with its targets, its fill and its letter; each part may be changed, or given several times. */
type Whole = { decision?: Values; targets?: Values[]; fill?: Values; letters?: Values[] };

async function decide(sql: Sql, changes: Whole = {}): Promise<void> {
  const row = await insert(sql, 'decisions', { ...decision, ...changes.decision }, 'returning decision_id');
  const decision_id = row!.decision_id!;
  for (const changed of changes.targets ?? [{}])
    await insert(sql, 'targets', { decision_id, ...target, ...changed });
  if (changes.fill) await insert(sql, 'fills', { decision_id, ...fill, ...changes.fill });
  for (const changed of changes.letters ?? [])
    await insert(sql, 'letters', { decision_id, ...letter, ...changed });
}

class Undo extends Error {}

/** Runs everything to the commit's own checks, and takes it back. */
async function attempt(work: (sql: Sql) => Promise<void>): Promise<void> {
  const running = database.transaction(async (sql) => {
    await work(sql);
    await sql.query('set constraints all immediate');
    throw new Undo();
  });
  await running.catch((error) => {
    if (!(error instanceof Undo)) throw error;
  });
}

const refused = (work: (sql: Sql) => Promise<unknown>, constraint: string) =>
  expect(attempt(async (sql) => void (await work(sql)))).rejects.toMatchObject({ constraint });

test('rows that are all right are taken', async () => {
  await attempt(async (sql) => {
    await insert(sql, 'bars', bar);
    await insert(sql, 'slots', slot);
    await decide(sql, { fill: {}, letters: [{}] });
    await insert(sql, 'valuation_vintages', valuation);
    await insert(sql, 'holding_vintages', holding);
    await insert(sql, 'imported_holdings', imported);
    await insert(sql, 'imported_holdings', { ...imported, imported_at: '2024-01-31T22:00:00.001Z' });
    await insert(sql, 'flows', flow);
  });
});

describe('no number that is none', () => {
  const notNumbers = ['NaN', 'Infinity', '-Infinity'];
  const places: [string, (value: string) => (sql: Sql) => Promise<unknown>][] = [
    ['bars.close', (close) => (sql) => insert(sql, 'bars', { ...bar, close })],
    ['bars.volume', (volume) => (sql) => insert(sql, 'bars', { ...bar, volume })],
    ['decisions.cash_weight', (cash_weight) => (sql) => decide(sql, { decision: { cash_weight } })],
    ['decisions.cost_ratio', (cost_ratio) => (sql) => decide(sql, { decision: { cost_ratio } })],
    ['targets.weight', (weight) => (sql) => decide(sql, { targets: [{ weight, trade: weight }] })],
    ['targets.upper_bound', (upper_bound) => (sql) => decide(sql, { targets: [{ upper_bound }] })],
    ['targets.forecast', (forecast) => (sql) => decide(sql, { targets: [{ forecast }] })],
    ['fills.cost_ratio', (cost_ratio) => (sql) => decide(sql, { fill: { cost_ratio } })],
    [
      'valuations.nav_net',
      (nav_net) => (sql) => insert(sql, 'valuation_vintages', { ...valuation, nav_net }),
    ],
    [
      'holdings.weight',
      (weight) => async (sql) => {
        await insert(sql, 'valuation_vintages', valuation);
        await insert(sql, 'holding_vintages', { ...holding, weight });
      },
    ],
  ];
  test.each(places)('%s', async (_, place) => {
    for (const value of notNumbers) await refused(place(value), 'finite_is_a_number');
  });
});

describe('bars', () => {
  test.each([
    ['a symbol in small letters', { symbol: 'spy' }, 'bars_symbol'],
    ['a symbol with a slash', { symbol: 'BRK/B' }, 'bars_symbol'],
    ['an empty symbol', { symbol: '' }, 'bars_symbol'],
    ['a symbol that is too long', { symbol: 'A'.repeat(21) }, 'bars_symbol'],
    ['a close of 0', { close: '0' }, 'bars_close_positive'],
    ['a negative dividend', { dividend: '-0.1' }, 'bars_dividend_not_negative'],
    ['a split of 0', { split_ratio: '0' }, 'bars_split_positive'],
    ['an unknown basis', { basis: 'adjusted' }, 'bars_basis'],
    ['superseded before it was seen', { superseded_at: '2024-01-31T21:00:00Z' }, 'bars_superseded_later'],
  ])('%s', async (_, change, constraint) => {
    await refused((sql) => insert(sql, 'bars', { ...bar, ...change }), constraint);
  });

  test('two that are both current', async () => {
    await refused(async (sql) => {
      await insert(sql, 'bars', bar);
      await insert(sql, 'bars', { ...bar, observed_at: '2024-02-01T22:00:00Z' });
    }, 'bars_current');
  });
});

describe('weights', () => {
  test.each<[string, Whole]>([
    ['below 1 in total', { decision: { cash_weight: '0.24' } }],
    ['above 1 in total', { decision: { cash_weight: '0.26' } }],
    ['off by a millionth', { decision: { cash_weight: '0.250001' } }],
    ['without any asset', { targets: [] }],
    ['counted twice', { targets: [{}, { symbol: 'TLT' }] }],
  ])('%s', async (_, change) => {
    await refused((sql) => decide(sql, change), 'targets_sum_to_one');
  });

  test('are summed at the commit, however they come to be', async () => {
    await refused(async (sql) => {
      await decide(sql);
      await sql.query('set constraints all immediate');
      await sql.query('update rebalanced.targets set weight = 0.7, trade = 0.7');
    }, 'targets_sum_to_one');
  });

  test.each([
    ['above their bound', { weight: '0.75', trade: '0.75', upper_bound: '0.7' }, 'targets_in_bounds'],
    ['below their bound', { lower_bound: '0.8' }, 'targets_in_bounds'],
    ['with a trade that leads elsewhere', { trade: '0.7' }, 'targets_trade'],
    ['at a negative cost', { cost_ratio: '-0.001' }, 'targets_cost'],
  ])('%s', async (_, change, constraint) => {
    await refused((sql) => decide(sql, { targets: [change] }), constraint);
  });

  test('of one symbol twice', async () => {
    await refused((sql) => decide(sql, { targets: [{}, {}] }), 'targets_key');
  });
});

describe('decisions', () => {
  test.each([
    ['a second of the same revision', { reason: 'manual' }, 'decisions_once'],
    ['a second monthly one of the session', { revision: '1' }, 'decisions_one_scheduled'],
  ])('%s', async (_, change, constraint) => {
    await refused(async (sql) => {
      await decide(sql);
      await decide(sql, { decision: change });
    }, constraint);
  });

  test.each([
    ['for another reason', { reason: 'boredom' }, 'decisions_reason'],
    ['on an unknown fallback level', { fallback_level: 'guess' }, 'decisions_fallback_level'],
    ['in an unknown drawdown state', { drawdown_state: 'worried' }, 'decisions_state'],
    ['at a negative cost', { cost_ratio: '-0.001' }, 'decisions_cost'],
    ['whose two turnovers disagree', { turnover_two_way: '0.7' }, 'decisions_turnover'],
    ['of negative turnover', { turnover_one_way: '-0.1', turnover_two_way: '-0.2' }, 'decisions_turnover'],
    ['that trusts a signal more than wholly', { signal_scale: '1.5' }, 'decisions_scale'],
    ['exposed more than wholly', { exposure_ratio: '1.5' }, 'decisions_scale'],
    ['of a portfolio nobody configured', { portfolio: 'other' }, 'decisions_portfolio'],
    ['by a configuration nobody stored', { config_hash: 'x' }, 'decisions_config'],
  ])('%s', async (_, change, constraint) => {
    await refused((sql) => decide(sql, { decision: change }), constraint);
  });

  test.each([
    ['charged a negative cost', { cost_ratio: '-0.001' }, 'fills_cost'],
    ['filled with turnovers that disagree', { turnover_two_way: '0.7' }, 'fills_turnover'],
  ])('%s', async (_, change, constraint) => {
    await refused((sql) => decide(sql, { fill: change }), constraint);
  });
});

describe('slots, valuations and letters', () => {
  test.each([
    ['a decision without a reason', { reason: null }, 'slots_reason'],
    ['a reason where none belongs', { task: 'ingest' }, 'slots_reason'],
    ['an unknown task', { task: 'dream', reason: null }, 'slots_task'],
    ['an unknown state', { state: 'lost' }, 'slots_state'],
    ['done without an end', { state: 'done' }, 'slots_finished'],
    ['a deadline before it is due', { deadline_at: '2024-01-31T21:00:00Z' }, 'slots_deadline_after_due'],
  ])('%s', async (_, change, constraint) => {
    await refused((sql) => insert(sql, 'slots', { ...slot, ...change }), constraint);
  });

  test.each([
    ['a net asset value of 0', { nav_net: '0' }, 'valuations_positive'],
    ['a mark below the value', { high_water_mark: '0.9' }, 'valuations_mark'],
    ['a negative drawdown', { drawdown_ratio: '-0.1' }, 'valuations_mark'],
    ['an unknown drawdown state', { drawdown_state: 'worried' }, 'valuations_state'],
  ])('%s', async (_, change, constraint) => {
    await refused((sql) => insert(sql, 'valuation_vintages', { ...valuation, ...change }), constraint);
  });

  test('a second letter of a decision to the same reader', async () => {
    const twice: Values[] = [{}, { message_id: '<2@example.org>' }];
    await refused((sql) => decide(sql, { letters: twice }), 'letters_once');
  });

  test('a letter that was sent, without an end', async () => {
    await refused((sql) => decide(sql, { letters: [{ state: 'sent' }] }), 'letters_finished');
  });

  test('a portfolio whose name could be mistaken for something else', async () => {
    await refused(
      (sql) => insert(sql, 'portfolios', { portfolio: 'a b', config_hash: 'c', inception: '2024-01-02' }),
      'portfolios_name',
    );
  });
});

describe('accounts', () => {
  test.each([
    ['a deposit of nothing', { amount: '0' }, 'flows_amount'],
    ['a deposit that takes', { amount: '-500' }, 'flows_amount'],
    ['a withdrawal that brings', { kind: 'withdrawal' }, 'flows_amount'],
    ['money of another kind', { kind: 'gift', amount: '-5' }, 'flows_kind'],
    ['an amount that is no number', { amount: 'NaN' }, 'finite_is_a_number'],
    ['money of a portfolio nobody configured', { portfolio: 'other' }, 'flows_portfolio'],
  ])('%s', async (_, change, constraint) => {
    await refused((sql) => insert(sql, 'flows', { ...flow, ...change }), constraint);
  });

  test.each<[string, Values, string]>([
    ['a report that does not sum to 1', { weight: '0.9' }, 'imported_holdings_sum_to_one'],
    ['a price of 0', { price: '0' }, 'imported_holdings_price'],
    ['a price of no quantity', { price: '10', quantity: null }, 'imported_holdings_price'],
    ['told by nobody known', { told_by: 'rumour', quantity: null }, 'imported_holdings_told_by'],
    ['a flow that counts shares', { told_by: 'flow' }, 'imported_holdings_flow'],
  ])('%s', async (_, change, constraint) => {
    await refused(async (sql) => {
      await insert(sql, 'valuation_vintages', valuation);
      await insert(sql, 'imported_holdings', { ...imported, ...change });
    }, constraint);
  });

  test('of several reports of a session each sums to 1 by itself', async () => {
    await refused(async (sql) => {
      await insert(sql, 'valuation_vintages', valuation);
      await insert(sql, 'imported_holdings', { ...imported, weight: '0.5' });
      await insert(sql, 'imported_holdings', {
        ...imported,
        weight: '0.5',
        imported_at: '2024-01-31T23:00:00Z',
      });
    }, 'imported_holdings_sum_to_one');
  });
});
