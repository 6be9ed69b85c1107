import type { PricePanel } from '../market/panel.ts';

/**
 * Sessions of prices `lastReturns` is given, live and in walk-forward alike: an asset that stops trading is held until
 * the next monthly decision drops it, and whenever it trades again, its whole move must be found.
 */
export const lastReturnSessions = 64;

/**
 * Each symbol's simple total return over the panel's last session: its level there against its last level before.
 * A symbol without a close at the last session has earned nothing yet: 0. Its next close carries the whole move.
 */
export function lastReturns(panel: PricePanel): number[] {
  const row = panel.sessions.length - 1;
  return panel.levels.map((column) => {
    const now = column[row]!;
    if (Number.isNaN(now)) return 0;
    for (let back = row - 1; back >= 0; back -= 1)
      if (!Number.isNaN(column[back]!)) return now / column[back]! - 1;
    return 0;
  });
}
