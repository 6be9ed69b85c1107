import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMetrics } from '../../../../src/adapters/metrics/metrics.ts';
import { openDatabase } from '../../../../src/adapters/postgres/database.ts';
import { newestDecision, saveDecision } from '../../../../src/adapters/postgres/decision-rows.ts';
import { createMetricsReader } from '../../../../src/adapters/postgres/views/metrics.ts';
import { readStatus } from '../../../../src/adapters/postgres/views/status.ts';
import { noForecast } from '../../../../src/core/forecast/forecast-result.ts';
import type { Decision } from '../../../../src/core/policy/decision.ts';
import { sampleDecision } from '../../../core/policy/samples.ts';
import { testDatabase } from '../../../support/database.ts';
import { samplesOf } from '../../metrics/exposition.ts';

const at = '2024-02-29T22:45:00.000Z';
const database = openDatabase(await testDatabase(), { connectionsMax: 2 });
afterAll(() => database.close());

beforeAll(async () => {
  await database.query(`insert into rebalanced.configs values ('sample', '{}', $1)`, [at]);
  await database.query(`insert into rebalanced.portfolios values ('sample', 'sample', '2024-01-02')`);
});

const plain = sampleDecision('2024-02-29', ['SPY', 'GLD'], [0.5, 0.25]);
const sound: Decision = { ...plain, inputs: { ...plain.inputs, vintage: at } };
const faulty: Decision = {
  ...sound,
  fallbackLevel: 'hold',
  fallbackReason: 'full: of undefined',
  fallbackAttempts: [{ level: 'full', outcome: 'failed', reason: 'of undefined', isFault: true }],
};
const save = (decision: Decision, revision: number) =>
  database.transaction((sql) =>
    saveDecision(sql, { ...decision, reason: 'manual' }, noForecast('none'), revision, Date.parse(at)),
  );

async function scraped() {
  const portfolios = [{ portfolio: 'sample', source: 'file', symbols: ['SPY', 'GLD'], drawdownLimits: null }];
  const reader = createMetricsReader(database, { portfolios, wallClock: null });
  const build = { version: '0', backend: 'none', backendVersion: '0' };
  const samples = samplesOf(await createMetrics({ reader, build }).scrape());
  return {
    newest: samples.get('rebalanced_decision_fault{portfolio="sample"}'),
    total: samples.get('rebalanced_decision_program_faults_total{portfolio="sample"}'),
  };
}

test('a fault of the program is a row, raises both metrics and shows in the status; a sound decision ends it', async () => {
  await save(sound, 0);
  expect(await scraped()).toEqual({ newest: 0, total: 0 });
  await save(faulty, 1);
  expect(await scraped()).toEqual({ newest: 1, total: 1 });
  const { decisions } = await readStatus(database, { now: Date.parse(at) });
  expect(decisions.map(({ programFaults }) => programFaults)).toEqual([0, 1]);
  expect((await newestDecision(database, 'sample', '2024-02-29'))?.decision.fallbackAttempts).toEqual(
    faulty.fallbackAttempts,
  );
  await save(sound, 2);
  expect(await scraped()).toEqual({ newest: 0, total: 1 });
});

test('a row cannot have met a fault and still trade on a level above holding', async () => {
  await expect(save({ ...faulty, fallbackLevel: 'signal-off' }, 3)).rejects.toThrow(
    'decisions_program_faults',
  );
});
