import { isoInstant } from '../../core/calendar/instant.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { Artefact } from '../../core/forecast/artefact.ts';
import type { HeadName } from '../../core/forecast/heads/names.ts';
import type { Sql } from './database.ts';

/** What names one stored model; `session` is the last of its training window. */
export type ModelKey = { portfolio: string; session: Session; head: HeadName; modelId: string };

/** Stores the model of a training session. No decision reads it before it is promoted. */
export async function saveModel(
  sql: Sql,
  portfolio: string,
  session: Session,
  artefact: Artefact,
  trained: { seconds: number; at: number },
): Promise<ModelKey> {
  const { kind, head } = artefact.spec;
  await sql.query(
    `insert into rebalanced.models
       (model_id, portfolio, session, kind, head, artefact, backend, backend_version, note, seed, epochs,
        validation_loss, naive_validation_loss, input_lag1_autocorrelation, training_seconds, trained_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    [
      artefact.id,
      portfolio,
      session,
      kind,
      head,
      JSON.stringify(artefact),
      artefact.backend,
      artefact.backendVersion,
      artefact.note,
      artefact.seed,
      artefact.epochs,
      artefact.validationLoss,
      artefact.naiveValidationLoss.zero,
      JSON.stringify(artefact.inputLag1Autocorrelation),
      trained.seconds,
      isoInstant(trained.at),
    ],
  );
  return { portfolio, session, head, modelId: artefact.id };
}

/** Makes a model the champion of its portfolio and head, the one decisions read, from the session `since` on. */
export async function promoteModel(
  sql: Sql,
  { portfolio, session, head, modelId }: ModelKey,
  { since, at, reason }: { since: Session; at: number; reason: string },
): Promise<void> {
  await sql.query(
    `insert into rebalanced.model_roles (portfolio, head, role, session, model_id, since_session, since_at, reason)
     values ($1, $2, 'champion', $3, $4, $5, $6, $7)`,
    [portfolio, head, session, modelId, since, isoInstant(at), reason],
  );
}

/** The champion as of `session`; its artefact still has to be checked by its reader. Null before the first. */
export async function championModel(
  sql: Sql,
  portfolio: string,
  head: HeadName,
  session: Session,
): Promise<{ modelId: string; artefact: string } | null> {
  const { rows } = await sql.query<{ modelId: string; artefact: string }>(
    `select model_id as "modelId", artefact
     from rebalanced.model_roles join rebalanced.models using (portfolio, session, head, model_id)
     where portfolio = $1 and head = $2 and role = 'champion' and since_session <= $3
     order by since_session desc, since_at desc limit 1`,
    [portfolio, head, session],
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
    `select model_id as id, coalesce(backend, 'none') as backend,
       coalesce(backend_version, 'none') as "backendVersion", session as "trainedOn"
     from rebalanced.models where portfolio = $1 and model_id = $2 order by session desc limit 1`,
    [portfolio, modelId],
  );
  return rows[0] ?? null;
}
