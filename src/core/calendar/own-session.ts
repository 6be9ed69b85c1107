import type { Calendar } from './calendar.ts';
import type { Session } from './session.ts';

/**
 * The newest session of `own` whose close is known at the close of `session`, a session of `of`; null where it had none
 * since the session before, so that there is nothing to wait for.
 */
export function ownSession(own: Calendar, of: Calendar, session: Session): Session | null {
  if (own === of) return session;
  const closeAt = of.closeAt(session);
  let newest = own.isSession(session) ? session : own.previous(session);
  while (own.closeAt(newest) > closeAt) newest = own.previous(newest);
  return own.closeAt(newest) > of.closeAt(of.previous(session)) ? newest : null;
}
