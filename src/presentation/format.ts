const notKnown = 'not known';

/** `value` with `digits` decimals, thousands grouped, and never a negative zero; `not known` when it is not finite. */
export function decimal(value: number, digits: number): string {
  if (!Number.isFinite(value)) return notKnown;
  const [whole, fraction] = Math.abs(value).toFixed(digits).split('.');
  const text = [whole!.replace(/\B(?=(\d{3})+$)/g, ','), fraction].filter(Boolean).join('.');
  return value < 0 && /[1-9]/.test(text) ? `-${text}` : text;
}

/**
 * A ratio as a percentage, as the field writes it: 0.1234 is `12.3%`, with two decimals `12.34%`. One decimal is for
 * reading (letter, status page), two are for comparing (tables of the command line). HTML gets `trueMinus`.
 */
export function percent(ratio: number, digits = 1): string {
  return Number.isFinite(ratio) ? `${decimal(100 * ratio, digits)}%` : notKnown;
}

/** Like `percent`, with a plus sign on what rounds to more than nothing. */
export function signedPercent(ratio: number): string {
  const text = percent(ratio);
  return /[1-9]/.test(text) && ratio > 0 ? `+${text}` : text;
}

/** A ratio in basis points, one decimal below 100: 0.00032 is `3.2 bps`. What is not zero never reads as zero. */
export function basisPoints(ratio: number): string {
  if (!Number.isFinite(ratio)) return notKnown;
  const points = ratio * 1e4;
  if (points === 0) return '0 bps';
  if (Math.abs(points) < 0.05) return points > 0 ? 'less than 0.1 bps' : 'between -0.1 and 0 bps';
  return `${decimal(points, Math.abs(points) < 99.95 ? 1 : 0)} bps`;
}

/** Figures with a true minus sign, as wide as a plus, for HTML; dates and names with hyphens stay as they are. */
export function trueMinus(text: string): string {
  return text.replace(/(?<![\w.-])-(?=\d)/g, '\u2212');
}

/** An amount with its currency in front, cents below a thousand: `USD 12.34`, `USD 1,234`. */
export function money(amount: number, currency: string): string {
  return `${currency} ${decimal(amount, Math.abs(amount) < 999.995 ? 2 : 0)}`;
}

/** `2024-01-31` as `31 January 2024`; text that is no date stays as it is. */
export function longDate(session: string): string {
  return dateText(session, { day: 'numeric', month: 'long', year: 'numeric' });
}

/** `2024-01-31` as `Wednesday 31 January 2024`. */
export function weekdayDate(session: string): string {
  const weekday = dateText(session, { weekday: 'long' });
  return weekday === session ? session : `${weekday} ${longDate(session)}`;
}

function dateText(session: string, format: Intl.DateTimeFormatOptions): string {
  const date = new Date(`${session}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return session;
  return new Intl.DateTimeFormat('en-GB', { ...format, timeZone: 'UTC' }).format(date);
}

/** `a`, `a and b`, `a, b and c`, and `a, b, c and 4 more` where more than `limit` + 1 would have to be named. */
export function list(names: readonly string[], limit = 8): string {
  const shown = names.length > limit + 1 ? names.slice(0, limit) : [...names];
  if (shown.length < names.length) shown.push(`${names.length - limit} more`);
  if (shown.length < 2) return shown.join('');
  return `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
