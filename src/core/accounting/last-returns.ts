/**
 * Sessions within which `lastReturns` looks for prices, live and in walk-forward alike: an asset that stops trading is held
 * until it is taken for delisted, and if it trades again before, its whole move must be found.
 */
export const lastReturnSessions = 64;

/**
 * Each symbol's simple total return over the session at `row` of its levels: its level there against its last level before.
 * A symbol without a close at that session has earned nothing yet: 0. Its next close carries the whole move.
 */
export function lastReturns(levels: readonly Float64Array[], row: number): number[] {
  const first = Math.max(0, row + 1 - lastReturnSessions);
  return levels.map((column) => {
    const now = column[row]!;
    if (Number.isNaN(now)) return 0;
    for (let back = row - 1; back >= first; back -= 1)
      if (!Number.isNaN(column[back]!)) return now / column[back]! - 1;
    return 0;
  });
}
