import type { Session } from '../../../core/calendar/session.ts';
import type { Bar } from '../../../core/market/bar.ts';

/** Yahoo rounds dividends and adjusted closes; a real disagreement is a dividend left out, doubled or misplaced. */
const differenceMax = 0.002;

/**
 * Compares bars with Yahoo's own adjusted closes, which scale the past by 1 - dividend / previous close.
 * They are used for nothing else. Returns one warning or none;
 * a session without an adjusted close (null: unknown, not 0) is not compared.
 */
export function crossCheck(
  symbol: string,
  bars: readonly Bar[],
  adjustedClose: (session: Session) => number | null,
): string | null {
  const found: string[] = [];
  for (let index = 1; index < bars.length; index += 1) {
    const [previous, bar] = [bars[index - 1]!, bars[index]!];
    const before = adjustedClose(previous.session);
    const after = adjustedClose(bar.session);
    if (before === null || after === null || before <= 0 || after <= 0) continue;
    const ours = bar.close / (previous.close - bar.dividend);
    const difference = after / before / ours - 1;
    if (Math.abs(difference) > differenceMax)
      found.push(`${bar.session} by ${(100 * difference).toFixed(2)} %`);
  }
  if (found.length === 0) return null;
  const more = found.length > 3 ? ` and ${found.length - 3} more` : '';
  return `${symbol}: Yahoo's adjusted closes disagree with its closes and events on ${found.slice(0, 3).join(', ')}${more}`;
}
