import type { Session } from '../../core/calendar/session.ts';
import type { Artefact } from '../../core/forecast/artefact.ts';
import type { Sql } from './database.ts';

/** Stores the model of a training session. Storing the row is its promotion: one statement, all or nothing. */
export async function saveModel(
  sql: Sql,
  portfolio: string,
  session: Session,
  artefact: Artefact,
  trained: { seconds: number; at: string },
): Promise<void> {
  await sql.query(
    `insert into rebalanced.models
       (model_id, portfolio, session, artefact, backend, backend_version, note, seed, epochs, validation_loss,
        naive_validation_loss, training_seconds, trained_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      artefact.id,
      portfolio,
      session,
      JSON.stringify(artefact),
      artefact.backend,
      artefact.backendVersion,
      artefact.note,
      artefact.seed,
      artefact.epochs,
      artefact.validationLoss,
      artefact.naiveValidationLoss.zero,
      trained.seconds,
      trained.at,
    ],
  );
}

/** The newest model trained at or before `session`; its artefact still has to be checked by its reader. */
export async function newestModel(
  sql: Sql,
  portfolio: string,
  session: Session,
): Promise<{ modelId: string; artefact: string } | null> {
  const { rows } = await sql.query<{ modelId: string; artefact: string }>(
    `select model_id as "modelId", artefact from rebalanced.models
     where portfolio = $1 and session <= $2 order by session desc limit 1`,
    [portfolio, session],
  );
  return rows[0] ?? null;
}

/** What a letter says about the model behind a forecast. */
export async function modelInUse(
  sql: Sql,
  portfolio: string,
  modelId: string,
): Promise<{ id: string; backend: string; backendVersion: string; trainedOn: Session } | null> {
  const { rows } = await sql.query<{
    id: string;
    backend: string;
    backendVersion: string;
    trainedOn: Session;
  }>(
    `select model_id as id, backend, backend_version as "backendVersion", session as "trainedOn"
     from rebalanced.models where portfolio = $1 and model_id = $2 order by session desc limit 1`,
    [portfolio, modelId],
  );
  return rows[0] ?? null;
}
