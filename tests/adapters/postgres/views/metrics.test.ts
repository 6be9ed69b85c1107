import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMetrics } from '../../../../src/adapters/metrics/metrics.ts';
import { openDatabase } from '../../../../src/adapters/postgres/database.ts';
import { createMetricsReader } from '../../../../src/adapters/postgres/views/metrics.ts';
import type { NextSlots, WatchedPortfolio } from '../../../../src/views/metrics.ts';
import { testDatabase } from '../../../support/database.ts';
import { samplesOf } from '../../metrics/exposition.ts';
import { insertRows } from './rows.ts';

const seconds = (iso: string) => Date.parse(iso) / 1000;
const build = { version: '0.1.0', backend: 'tensorflow', backendVersion: '2.21.0' };
const core: WatchedPortfolio = {
  portfolio: 'core',
  source: 'file',
  symbols: ['SPY', 'GLD'],
  drawdownLimits: { softRatio: 0.125, hardRatio: 0.25 },
};
const fresh: WatchedPortfolio = {
  portfolio: 'fresh',
  source: 'file',
  symbols: ['VNQ'],
  drawdownLimits: null,
};

const nextSlots: NextSlots = (portfolio, after) =>
  (['ingest', 'revalue', 'rebalance'] as const).map((task) => ({
    task,
    portfolio,
    session: after ?? '2024-01-02',
    reason: task === 'rebalance' ? 'monthly' : null,
    dueAt: 0,
    deadlineAt: Date.parse(`${after ?? '2024-01-02'}T00:00:00Z`) + 1000,
  }));

const database = openDatabase(await testDatabase(), { connectionsMax: 2 });
afterAll(() => database.close());

async function scrape(portfolios: WatchedPortfolio[], wallClock: (() => number) | null = null) {
  const reader = createMetricsReader(database, { portfolios, nextSlots, wallClock });
  return samplesOf(await createMetrics({ reader, build }).scrape());
}

describe('a fresh database', () => {
  test('known label sets start at 0, what nothing is known of is absent', async () => {
    const samples = await scrape([fresh]);
    expect(samples.get('rebalanced_database_up')).toBe(1);
    expect(samples.get('rebalanced_slots{portfolio="fresh",state="missed",task="rebalance"}')).toBe(0);
    expect(samples.get('rebalanced_decisions_total{portfolio="fresh",reason="monthly"}')).toBe(0);
    expect(samples.get('rebalanced_drawdown_state{portfolio="fresh",state="halted"}')).toBe(0);
    expect(samples.get('rebalanced_decision_fallback_level{level="hold",portfolio="fresh"}')).toBe(0);
    expect(samples.get('rebalanced_decision_program_faults_total{portfolio="fresh"}')).toBe(0);
    expect(samples.has('rebalanced_decision_fault{portfolio="fresh"}')).toBe(false);
    expect(samples.get('rebalanced_letters{portfolio="fresh",state="ambiguous"}')).toBe(0);
    expect(samples.get('rebalanced_source_failures_in_a_row{source="file",symbol="VNQ"}')).toBe(0);
    expect(samples.get('rebalanced_source_reachable{source="file"}')).toBe(1);
    expect(
      samples.get('rebalanced_bars_newest_session_timestamp_seconds{portfolio="fresh",symbol="VNQ"}'),
    ).toBe(0);
    expect(
      samples.get('rebalanced_task_last_success_timestamp_seconds{portfolio="fresh",task="ingest"}'),
    ).toBe(0);
    expect(samples.get('rebalanced_task_deadline_timestamp_seconds{portfolio="fresh",task="ingest"}')).toBe(
      seconds('2024-01-02T00:00:01Z'),
    );
    const names = [...samples.keys()].map((key) => key.split('{')[0]);
    for (const absent of [
      'rebalanced_nav',
      'rebalanced_drawdown_ratio',
      'rebalanced_drawdown_limit_ratio',
      'rebalanced_model_info',
      'rebalanced_letter_oldest_unsent_timestamp_seconds',
      'rebalanced_clock_skew_seconds',
      'rebalanced_bars_expected_session_timestamp_seconds',
    ])
      expect(names).not.toContain(absent);
  });
});

describe('a database with rows', () => {
  beforeAll(() => insertRows(database));

  test.each([
    ['rebalanced_build_info{backend="tensorflow",backend_version="2.21.0",version="0.1.0"}', 1],
    [
      'rebalanced_task_last_success_timestamp_seconds{portfolio="core",task="ingest"}',
      seconds('2024-03-01T23:00:00Z'),
    ],
    [
      'rebalanced_task_last_missed_timestamp_seconds{portfolio="core",task="rebalance"}',
      seconds('2024-02-29T23:00:00Z'),
    ],
    ['rebalanced_task_last_missed_timestamp_seconds{portfolio="core",task="ingest"}', 0],
    // the earliest open slot
    [
      'rebalanced_task_deadline_timestamp_seconds{portfolio="core",task="ingest"}',
      seconds('2024-03-04T23:30:00Z'),
    ],
    // no open slot: the next one after the newest planned session
    [
      'rebalanced_task_deadline_timestamp_seconds{portfolio="core",task="revalue"}',
      seconds('2024-03-05T00:00:01Z'),
    ],
    ['rebalanced_task_deadline_timestamp_seconds{portfolio="core",task="retrain"}', undefined],
    ['rebalanced_slots{portfolio="core",state="done",task="ingest"}', 2],
    ['rebalanced_slots{portfolio="core",state="queued",task="ingest"}', 1],
    ['rebalanced_slots{portfolio="core",state="waiting",task="ingest"}', 1],
    ['rebalanced_slots{portfolio="core",state="missed",task="rebalance"}', 1],
    // a corrected bar counts, a withdrawn one does not
    [
      'rebalanced_bars_newest_session_timestamp_seconds{portfolio="core",symbol="SPY"}',
      seconds('2024-03-01T00:00:00Z'),
    ],
    [
      'rebalanced_bars_newest_session_timestamp_seconds{portfolio="core",symbol="GLD"}',
      seconds('2024-02-29T00:00:00Z'),
    ],
    ['rebalanced_bars_expected_session_timestamp_seconds{portfolio="core"}', seconds('2024-03-01T00:00:00Z')],
    ['rebalanced_source_failures_in_a_row{source="file",symbol="GLD"}', 3],
    [
      'rebalanced_source_last_success_timestamp_seconds{source="file",symbol="SPY"}',
      seconds('2024-03-01T22:00:00Z'),
    ],
    ['rebalanced_source_reachable{source="file"}', 1],
    ['rebalanced_restatements_total{source="file",symbol="SPY"}', 1],
    ['rebalanced_gaps{source="file",symbol="GLD"}', 1],
    ['rebalanced_weight_target_ratio{portfolio="core",symbol="SPY"}', 0.25],
    ['rebalanced_weight_target_ratio{portfolio="core",symbol="CASH"}', 0.5],
    ['rebalanced_weight_held_ratio{portfolio="core",symbol="SPY"}', 0.375],
    ['rebalanced_weight_held_ratio{portfolio="core",symbol="CASH"}', 0.375],
    ['rebalanced_drift_one_way_ratio{portfolio="core"}', 0.03125],
    ['rebalanced_nav{kind="gross",portfolio="core"}', 1.125],
    ['rebalanced_nav{kind="net",portfolio="core"}', 1],
    ['rebalanced_nav{kind="shadow",portfolio="core"}', 1.375],
    ['rebalanced_high_water_mark{portfolio="core"}', 1.125],
    ['rebalanced_drawdown_ratio{portfolio="core"}', 0.125],
    ['rebalanced_drawdown_limit_ratio{limit="hard",portfolio="core"}', 0.25],
    ['rebalanced_drawdown_state{portfolio="core",state="reduced"}', 1],
    ['rebalanced_drawdown_state{portfolio="core",state="normal"}', 0],
    ['rebalanced_valuation_session_timestamp_seconds{portfolio="core"}', seconds('2024-03-01T00:00:00Z')],
    ['rebalanced_decisions_total{portfolio="core",reason="monthly"}', 1],
    ['rebalanced_decisions_total{portfolio="core",reason="drawdown"}', 1],
    ['rebalanced_decisions_total{portfolio="core",reason="manual"}', 0],
    ['rebalanced_decision_timestamp_seconds{portfolio="core"}', seconds('2024-02-29T22:45:00Z')],
    ['rebalanced_decision_session_timestamp_seconds{portfolio="core"}', seconds('2024-02-29T00:00:00Z')],
    ['rebalanced_decision_fallback_level{level="signal-off",portfolio="core"}', 1],
    ['rebalanced_decision_fallback_level{level="full",portfolio="core"}', 0],
    ['rebalanced_decision_fault{portfolio="core"}', 0],
    ['rebalanced_decision_program_faults_total{portfolio="core"}', 0],
    ['rebalanced_exposure_ratio{portfolio="core"}', 0.75],
    ['rebalanced_signal_scale_ratio{portfolio="core"}', 0.5],
    ['rebalanced_decision_turnover_one_way_ratio{portfolio="core"}', 0.125],
    ['rebalanced_decision_cost_ratio{portfolio="core"}', 0.00048828125],
    ['rebalanced_fill_cost_ratio{kind="estimated",portfolio="core"}', 0.00048828125],
    ['rebalanced_fill_cost_ratio{kind="charged",portfolio="core"}', 0.0009765625],
    ['rebalanced_fill_cost_ratio_total{kind="charged",portfolio="core"}', 0.0009765625],
    ['rebalanced_fill_turnover_one_way_ratio_total{portfolio="core"}', 0.375],
    ['rebalanced_model_info{backend="tensorflow",backend_version="2.21.0",portfolio="core"}', 1],
    ['rebalanced_model_trained_timestamp_seconds{portfolio="core"}', seconds('2024-02-28T22:30:00Z')],
    ['rebalanced_model_session_timestamp_seconds{portfolio="core"}', seconds('2024-02-28T00:00:00Z')],
    ['rebalanced_model_training_seconds{portfolio="core"}', 8.5],
    ['rebalanced_model_validation_loss{portfolio="core"}', 0.25],
    ['rebalanced_model_naive_validation_loss{portfolio="core"}', 0.5],
    ['rebalanced_model_input_autocorrelation{input="return1:SPY",portfolio="core"}', 0.125],
    ['rebalanced_letters{portfolio="core",state="pending"}', 1],
    ['rebalanced_letters{portfolio="core",state="ambiguous"}', 1],
    ['rebalanced_letters{portfolio="core",state="refused"}', 0],
    [
      'rebalanced_letter_newest_timestamp_seconds{portfolio="core",state="ambiguous"}',
      seconds('2024-03-01T00:02:00Z'),
    ],
    ['rebalanced_letter_newest_timestamp_seconds{portfolio="core",state="refused"}', 0],
    ['rebalanced_letter_oldest_unsent_timestamp_seconds{portfolio="core"}', seconds('2024-02-29T23:00:00Z')],
  ])('%s is %s', async (key, value) => {
    expect((await scrape([core])).get(key)).toBe(value);
  });

  test('what is not configured is left out, in every metric', async () => {
    const keys = [...(await scrape([core])).keys()].filter((key) => /retired|"OLD"/.test(key));
    expect(keys).toEqual([]);
  });

  test('a second portfolio does not borrow the rows of the first', async () => {
    const samples = await scrape([core, fresh]);
    expect(samples.get('rebalanced_decisions_total{portfolio="fresh",reason="monthly"}')).toBe(0);
    expect(samples.get('rebalanced_slots{portfolio="fresh",state="done",task="ingest"}')).toBe(0);
    expect([...samples.keys()].filter((key) => /rebalanced_(nav|weight)\w*\{.*"fresh"/.test(key))).toEqual(
      [],
    );
  });

  test('a source is out of reach when the last request of every symbol failed for its own reason', async () => {
    const only = (symbols: string[]): WatchedPortfolio => ({ ...core, symbols });
    const reachable = async (symbols: string[]) =>
      (await scrape([only(symbols)])).get('rebalanced_source_reachable{source="file"}');
    expect(await reachable(['GLD'])).toBe(0);
    expect(await reachable(['GLD', 'SPY'])).toBe(1);
    // a source that calls a symbol delisted has answered
    expect(await reachable(['GLD', 'OLD'])).toBe(1);
  });

  test('holdings as imported stand in for the computed ones', async () => {
    await database.query(
      `insert into rebalanced.imported_holdings values
         ('core', '2024-03-01', 'SPY', 0.875, 10, '2024-03-02T00:00:00Z'), ('core', '2024-03-01', 'CASH', 0.125, null, '2024-03-02T00:00:00Z')`,
    );
    const samples = await scrape([core]);
    const held = [...samples].filter(([key]) => key.startsWith('rebalanced_weight_held_ratio'));
    await database.query('delete from rebalanced.imported_holdings');
    // 0.875 of SPY and nothing of GLD, where 0.25 of each is wanted
    expect(samples.get('rebalanced_drift_one_way_ratio{portfolio="core"}')).toBe(0.4375);
    expect((await scrape([core])).get('rebalanced_drift_one_way_ratio{portfolio="core"}')).toBe(0.03125);
    expect(held).toEqual([
      ['rebalanced_weight_held_ratio{portfolio="core",symbol="CASH"}', 0.125],
      ['rebalanced_weight_held_ratio{portfolio="core",symbol="SPY"}', 0.875],
    ]);
  });

  test('the clock skew is system time less database time', async () => {
    const skew = async (offsetMs: number) =>
      (await scrape([core], () => Date.now() + offsetMs)).get('rebalanced_clock_skew_seconds')!;
    const base = await skew(0);
    expect(Math.abs(base)).toBeLessThan(1);
    expect((await skew(90_000)) - base).toBeGreaterThan(89);
    expect((await skew(-90_000)) - base).toBeLessThan(-89);
  });
});
