import { countPending, settleCutOff, settleLetter, takeLetter } from '../adapters/postgres/letter-rows.ts';
import { completeSlot, NotReadyError, type TaskRun } from './task.ts';

/**
 * Sends the frozen letters of a decision. A letter whose fate is unknown, because the connection or the process ended
 * after its text was handed over, is shown as ambiguous and never repeated by itself.
 */
export async function deliver(run: TaskRun): Promise<void> {
  const { database, slot, now, services } = run;
  const { mailer, log } = services;
  const { from } = run.portfolio.letter;
  const { portfolio, session } = slot;
  const cutOff = await settleCutOff(
    database,
    portfolio,
    session,
    mailer.kind === 'folder' ? 'pending' : 'ambiguous',
    now,
  );
  if (cutOff > 0 && mailer.kind === 'smtp')
    log.warn({ portfolio, session, letters: cutOff }, 'letters may or may not have left');
  let refused: string | null = null;
  for (;;) {
    const letter = await takeLetter(database, portfolio, session);
    if (!letter) break;
    const result = await mailer.send({ ...letter, from, to: letter.recipient });
    if (result.outcome === 'refused' && !result.permanent) {
      await settleLetter(database, letter.letterId, 'pending', result.error, now);
      refused = result.error;
      break;
    }
    const error = result.outcome === 'sent' ? null : result.error;
    await settleLetter(database, letter.letterId, result.outcome, error, now);
    if (error)
      log.error({ portfolio, session, outcome: result.outcome, error }, 'letter not known to have arrived');
  }
  if (refused !== null)
    throw new NotReadyError(`the mail server did not take the letter of ${session}: ${refused}`);
  await completeSlot(run, async (sql) => {
    if ((await countPending(sql, portfolio, session)) > 0)
      throw new NotReadyError(`letters of ${session} are still to be sent`);
  });
}
