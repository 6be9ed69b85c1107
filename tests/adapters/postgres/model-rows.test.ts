import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../src/adapters/postgres/database.ts';
import { readDecisions } from '../../../src/adapters/postgres/decision-rows.ts';
import { knownMigrations } from '../../../src/adapters/postgres/migrate.ts';
import { championModel, promoteModel, saveModel } from '../../../src/adapters/postgres/model-rows.ts';
import { projectRoot } from '../../../src/app/project.ts';
import { trainingRequest } from '../../../src/core/forecast/training-request.ts';
import { simulatedPanel, smallSpec } from '../../core/forecast/simulated-prices.ts';
import { testDatabase } from '../../support/database.ts';
import { untrainedArtefact } from '../../support/trainer.ts';

let database: Database;
beforeAll(async () => {
  database = openDatabase(await testDatabase(), { connectionsMax: 1 });
});
afterAll(() => database.close());

const insertPortfolio = () =>
  database.query(
    `insert into rebalanced.configs values ('c', '{}', '2024-01-01T00:00:00Z');
     insert into rebalanced.portfolios values ('core', 'c', '2024-01-02')`,
  );

describe('the champion', () => {
  const panel = simulatedPanel(['AAA', 'BBB'], 200);
  const artefact = (seed: number) =>
    untrainedArtefact(trainingRequest(panel, ['AAA', 'BBB'], smallSpec({ training: { seed } })));
  const save = (seed: number, session: string) =>
    saveModel(database, 'core', session, artefact(seed), {
      seconds: 1,
      at: Date.parse(`${session}T22:00:00Z`),
    });
  const champion = async (session: string) =>
    (await championModel(database, 'core', 'mean-return', session))?.modelId ?? null;

  beforeAll(insertPortfolio);
  beforeEach(() => database.query('delete from rebalanced.model_roles; delete from rebalanced.models'));

  test('is no model before it is promoted', async () => {
    await save(1, '2024-01-31');
    expect(await champion('2024-12-31')).toBeNull();
  });

  test('as of a session is the one promoted by then, whatever is promoted later', async () => {
    const first = await save(1, '2024-01-31');
    const second = await save(2, '2024-01-31'); // two models of one session
    await promoteModel(database, first, {
      since: '2024-01-31',
      at: Date.parse('2024-01-31T22:00:00Z'),
      reason: 'trained',
    });
    await promoteModel(database, second, {
      since: '2024-03-28',
      at: Date.parse('2024-03-28T22:00:00Z'),
      reason: 'better',
    });
    expect(await champion('2024-01-30')).toBeNull();
    expect(await champion('2024-03-27')).toBe(first.modelId);
    expect(await champion('2024-03-28')).toBe(second.modelId);
    await promoteModel(database, first, {
      since: '2024-03-28',
      at: Date.parse('2024-03-28T23:00:00Z'),
      reason: 'worse',
    });
    expect(await champion('2024-03-28')).toBe(first.modelId);
    expect(await champion('2024-03-27')).toBe(first.modelId);
    const { rows } = await database.query('select model_id, reason from rebalanced.champions');
    expect(rows).toEqual([{ model_id: first.modelId, reason: 'worse' }]);
  });

  test('was trained before it reigns, is one at an instant, and is a model that is stored', async () => {
    const model = await save(1, '2024-01-31');
    const role = { since: '2024-01-31', at: Date.parse('2024-01-31T22:00:00Z'), reason: 'trained' };
    await expect(promoteModel(database, model, { ...role, since: '2024-01-30' })).rejects.toThrow(
      'model_roles_since',
    );
    await promoteModel(database, model, role);
    const other = await save(2, '2024-01-31');
    await expect(promoteModel(database, other, role)).rejects.toThrow('model_roles_one_champion');
    await expect(
      promoteModel(database, { ...model, modelId: 'sha256:none' }, { ...role, since: '2024-02-01' }),
    ).rejects.toThrow('model_roles_model');
  });

  test('keeps the autocorrelation of its inputs', async () => {
    await save(1, '2024-01-31');
    const { rows } = await database.query<{ inputs: Record<string, number> }>(
      'select input_lag1_autocorrelation as inputs from rebalanced.models',
    );
    expect(Object.keys(rows[0]!.inputs)).toEqual(['return1:AAA', 'return1:BBB']);
    for (const value of Object.values(rows[0]!.inputs)) expect(Math.abs(value)).toBeLessThan(0.4);
  });
});

describe('a database of the version before', () => {
  const modelId = `sha256:${'a'.repeat(64)}`;
  const forecast = `{"forecast":{"asOf":"2024-01-31","horizonSessions":21,"meanLogReturn":[0.1,-1e-7],"modelId":"${modelId}","symbols":["AAA","BBB"]},"reason":null,"trainedOn":"2024-01-02"}`;
  const none = '{"forecast":null,"reason":"no model has been trained yet","trainedOn":null}';

  beforeAll(async () => {
    await database.query('drop schema rebalanced cascade');
    const apply = (name: string) =>
      database.query(readFileSync(join(projectRoot, 'migrations', `${name}.sql`), 'utf8'));
    const names = knownMigrations();
    const at = names.indexOf('0006_models');
    for (const name of names.slice(0, at)) await apply(name);
    await insertPortfolio();
    await database.query(
      `insert into rebalanced.models (model_id, portfolio, session, artefact, backend, backend_version, seed, epochs,
         validation_loss, naive_validation_loss, training_seconds, trained_at)
       values ('${modelId}', 'core', '2024-01-02', '{}', 'wasm', '4', 1, 2, 0.5, 0.5, 3, '2024-01-02T23:00:00Z')`,
    );
    for (const [session, text] of [
      ['2024-01-31', forecast],
      ['2024-02-29', none],
    ])
      await database.transaction((sql) =>
        sql.query(
          `insert into rebalanced.decisions (portfolio, session, revision, reason, allocator, fallback_level,
             cash_weight, turnover_one_way, turnover_two_way, cost_ratio, signal_scale, exposure_ratio, drawdown_state,
             config_hash, code_version, vintage, body, forecast, decided_at)
           values ('core', $1, 0, 'monthly', 'equal', 'full', 1, 0, 0, 0, 0, 1, 'normal', 'c', '0',
             '2024-01-31T22:00:00Z', '{}', $2, '2024-01-31T22:00:00Z')`,
          [session, text],
        ),
      );
    for (const name of names.slice(at)) await apply(name);
  });

  test('keeps its models, champions since their own session', async () => {
    expect(await championModel(database, 'core', 'mean-return', '2024-01-01')).toBeNull();
    expect(await championModel(database, 'core', 'mean-return', '2024-01-02')).toEqual({
      modelId,
      artefact: '{}',
    });
    const { rows } = await database.query('select kind, head, reason from rebalanced.champions');
    expect(rows).toEqual([{ kind: 'network', head: 'mean-return', reason: 'migrated' }]);
  });

  test('keeps the forecasts of its decisions, to the last digit', async () => {
    const stored = await readDecisions(database, 'core');
    expect(stored.map(({ forecastResult }) => forecastResult)).toEqual([
      {
        forecast: {
          asOf: '2024-01-31',
          symbols: ['AAA', 'BBB'],
          horizonSessions: 21,
          modelIds: { 'mean-return': modelId },
          mean: { values: [0.1, -1e-7], unit: 'log-return-per-session' },
        },
        trainedOn: '2024-01-02',
        reason: null,
      },
      { forecast: null, trainedOn: null, reason: 'no model has been trained yet' },
    ]);
  });
});

describe('a model of another kind', () => {
  const insert = (kind: string, backend: string | null) =>
    database.query(
      `insert into rebalanced.models (model_id, portfolio, session, kind, head, artefact, backend, backend_version,
         seed, epochs, validation_loss, naive_validation_loss, training_seconds, trained_at)
       values ($1, 'core', '2024-01-03', $2, 'mean-return', '{}', $3, $3, $4::bigint, $4::integer, 0.5, 0.5, 3, '2024-01-03T23:00:00Z')`,
      [`sha256:${'b'.repeat(64)}`, kind, backend, backend === null ? null : 1],
    );

  test('needs no backend, and a network does', async () => {
    await expect(insert('network', null)).rejects.toThrow('models_network');
    await expect(insert('arima', 'wasm')).rejects.toThrow('models_network');
    await insert('arima', null);
  });
});
