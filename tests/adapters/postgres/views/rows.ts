import type { Database, Sql } from '../../../../src/adapters/postgres/database.ts';

/** Two decisions, their fills, valuations, slots, letters and sources of the portfolio `core`; numbers are exact in binary. */
export async function insertRows(database: Database): Promise<void> {
  await database.transaction(async (sql) => {
    await sql.query(`insert into rebalanced.configs values ('c1', '{}', '2024-01-01T00:00:00Z')`);
    await sql.query(
      `insert into rebalanced.portfolios values ('core', 'c1', '2024-01-02'), ('retired', 'c1', '2020-01-02')`,
    );
    await insertMarket(sql);
    await insertSlots(sql);
    await insertModels(sql);
    await insertDecision(sql, {
      session: '2024-01-31',
      reason: 'monthly',
      fallbackLevel: 'full',
      spy: 0.5,
      gld: 0.25,
      held: [0, 0],
    });
    await insertDecision(sql, {
      session: '2024-02-29',
      reason: 'drawdown',
      fallbackLevel: 'signal-off',
      fallbackReason: 'the model has expired',
      spy: 0.25,
      gld: 0.25,
      held: [0.5, 0.25],
    });
    await sql.query(
      `insert into rebalanced.fills select decision_id, session + 1, turnover_one_way, turnover_two_way, 0.0009765625
       from rebalanced.decisions where session = '2024-01-31'`,
    );
    await insertValuations(sql);
    await insertLetters(sql);
  });
}

async function insertMarket(sql: Sql): Promise<void> {
  const bar = (symbol: string, session: string, close: number, observed: string, superseded = 'null') =>
    `('file', '${symbol}', '${session}', ${close}, 0, 1, 'total-return', '${observed}', ${superseded})`;
  await sql.query(
    `insert into rebalanced.bars (source, symbol, session, close, dividend, split_ratio, basis, observed_at, superseded_at)
     values ${[
       bar('SPY', '2024-02-29', 500, '2024-02-29T22:00:00Z'),
       bar('SPY', '2024-03-01', 505, '2024-03-01T22:00:00Z', `'2024-03-02T08:00:00Z'`),
       bar('SPY', '2024-03-01', 504, '2024-03-02T08:00:00Z'),
       bar('GLD', '2024-02-29', 180, '2024-02-29T22:00:00Z'),
       // withdrawn by the source: not known any more
       bar('GLD', '2024-03-01', 181, '2024-03-01T22:00:00Z', `'2024-03-02T08:00:00Z'`),
     ].join(', ')}`,
  );
  await sql.query(
    `insert into rebalanced.gaps values ('file', 'GLD', '2024-03-01', 'withdrawn', '2024-03-02T08:00:00Z')`,
  );
  await sql.query(
    `insert into rebalanced.sources values
       ('file', 'SPY', '2024-03-01T22:00:00Z', null, null, null, 0, 1),
       ('file', 'GLD', '2024-02-29T22:00:00Z', '2024-03-01T22:00:00Z', 'network', 'no route to host', 3, 0),
       ('file', 'OLD', '2020-02-29T22:00:00Z', '2020-03-01T22:00:00Z', 'delisted', 'gone', 900, 0)`,
  );
}

async function insertSlots(sql: Sql): Promise<void> {
  const slot = (task: string, session: string, state: string, portfolio = 'core') => {
    const reason = task === 'rebalance' ? `'monthly'` : 'null';
    const finished = state === 'done' || state === 'missed' ? `'${session}T23:00:00Z'` : 'null';
    return `('${task}', '${portfolio}', '${session}', '${session}T21:45:00Z', '${session}T23:30:00Z', ${reason}, '${state}', ${finished})`;
  };
  await sql.query(
    `insert into rebalanced.slots (task, portfolio, session, due_at, deadline_at, reason, state, finished_at) values
     ${[
       slot('ingest', '2024-02-29', 'done'),
       slot('ingest', '2024-03-01', 'done'),
       slot('ingest', '2024-03-04', 'queued'),
       slot('ingest', '2024-03-05', 'waiting'),
       slot('revalue', '2024-03-01', 'done'),
       slot('rebalance', '2024-01-31', 'done'),
       slot('rebalance', '2024-02-29', 'missed'),
       slot('ingest', '2020-03-05', 'waiting', 'retired'),
     ].join(', ')}`,
  );
}

async function insertModels(sql: Sql): Promise<void> {
  const model = (session: string, backend: string, version: string, loss: number) =>
    `('sha256:' || repeat('${backend === 'wasm' ? 'a' : 'b'}', 64), 'core', '${session}', 'network', 'mean-return', '{"return1:SPY": 0.125, "return1:GLD": null}', '{}', '${backend}', '${version}', 7, 12, ${loss}, 0.5, 8.5, '${session}T22:30:00Z')`;
  await sql.query(
    `insert into rebalanced.models (model_id, portfolio, session, kind, head, input_lag1_autocorrelation, artefact, backend, backend_version, seed, epochs,
       validation_loss, naive_validation_loss, training_seconds, trained_at)
     values ${model('2024-01-02', 'wasm', '4.22.0', 0.75)}, ${model('2024-02-28', 'tensorflow', '2.21.0', 0.25)}`,
  );
  await sql.query(
    `insert into rebalanced.model_roles
     select portfolio, head, 'champion', session, model_id, session, trained_at, 'trained' from rebalanced.models`,
  );
}

type DecisionSeed = {
  session: string;
  reason: string;
  fallbackLevel: string;
  fallbackReason?: string;
  spy: number;
  gld: number;
  held: [number, number];
};

async function insertDecision(
  sql: Sql,
  { session, reason, fallbackLevel, fallbackReason, spy, gld, held }: DecisionSeed,
): Promise<void> {
  const twoWay = Math.abs(spy - held[0]) + Math.abs(gld - held[1]);
  const { rows } = await sql.query<{ id: number }>(
    `insert into rebalanced.decisions (portfolio, session, revision, reason, allocator, fallback_level, fallback_reason, cash_weight,
       turnover_one_way, turnover_two_way, cost_ratio, signal_scale, exposure_ratio, drawdown_state, model_id,
       config_hash, code_version, vintage, body, forecast, decided_at)
     values ('core', $1, 0, $2, 'signal-inverse-vol', $3, $4, $5, $6, $7, 0.00048828125, 0.5, 0.75, 'reduced',
       'sha256:' || repeat('b', 64), 'c1', '0.1.0', $8, '{}', '{}', $8) returning decision_id as id`,
    [
      session,
      reason,
      fallbackLevel,
      fallbackReason ?? null,
      1 - spy - gld,
      twoWay / 2,
      twoWay,
      `${session}T22:45:00Z`,
    ],
  );
  await sql.query(
    `insert into rebalanced.targets
     select $1::bigint, symbol, weight, held, weight - held, 0, 1, forecast, 0.0001
     from (values ('SPY', $2::float8, $4::float8, 0.001), ('GLD', $3, $5, null)) as line (symbol, weight, held, forecast)`,
    [rows[0]!.id, spy, gld, ...held],
  );
}

async function insertValuations(sql: Sql): Promise<void> {
  await sql.query(
    `insert into rebalanced.valuation_vintages values
       ('core', '2024-02-29', 1.25, 1.125, 1.5, 0, 0, 0.0625, 'normal', 0, 1.125, '{}', null, '2024-02-29T22:00:00Z'),
       ('core', '2024-03-01', 1.125, 1, 1.375, 0, 0, 0.03125, 'reduced', 0.125, 1.125, '{}', null, '2024-03-01T22:00:00Z')`,
  );
  await sql.query(
    `insert into rebalanced.holding_vintages values
       ('core', '2024-02-29', 'live', 'SPY', 0.75, '2024-02-29T22:00:00Z'),
       ('core', '2024-02-29', 'live', 'CASH', 0.25, '2024-02-29T22:00:00Z'),
       ('core', '2024-03-01', 'live', 'SPY', 0.375, '2024-03-01T22:00:00Z'),
       ('core', '2024-03-01', 'live', 'GLD', 0.25, '2024-03-01T22:00:00Z'),
       ('core', '2024-03-01', 'live', 'CASH', 0.375, '2024-03-01T22:00:00Z'),
       ('core', '2024-03-01', 'shadow', 'SPY', 1, '2024-03-01T22:00:00Z'),
       ('core', '2024-03-01', 'shadow', 'CASH', 0, '2024-03-01T22:00:00Z')`,
  );
}

async function insertLetters(sql: Sql): Promise<void> {
  const letter = (recipient: string, state: string, queuedAt: string, finishedAt: string) =>
    `select decision_id, portfolio, session, '${recipient}', '<' || decision_id || '.${recipient}>', 'Rebalance', ''::bytea, '${state}',
       ${state === 'sent' ? 'null' : `'connection lost after DATA'`}, timestamptz '${queuedAt}', ${finishedAt}::timestamptz
     from rebalanced.decisions where session = '2024-02-29'`;
  await sql.query(
    `insert into rebalanced.letters (decision_id, portfolio, session, recipient, message_id, subject, message, state, last_error,
       queued_at, finished_at)
     ${[
       letter('a@example.org', 'sent', '2024-03-01T00:00:00Z', `'2024-03-01T00:01:00Z'`),
       letter('b@example.org', 'ambiguous', '2024-03-01T00:00:00Z', `'2024-03-01T00:02:00Z'`),
       letter('c@example.org', 'pending', '2024-03-01T00:00:00Z', 'null'),
       letter('d@example.org', 'sending', '2024-02-29T23:00:00Z', 'null'),
     ].join(' union all ')}`,
  );
}
