/** What parts whole numbers from their decimals in a file, and the cell that told it; null where none had to. */
export type NumberStyle = { decimal: '.' | ','; toldBy: string | null };

/** How spreadsheets, pandas, R and vendors write that there is no number. */
const noNumber = /^(null|none|nan|nil|#?n\/?a|#n\/a n\/a|n\.a\.|[-–—]{1,3}|\.)?$/i;

const plain = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Spaces and apostrophes that part thousands, whatever the decimal sign is. */
const thinGroups = "[ '’\\u00a0\\u2009\\u202f]";

const patternOf = (decimal: string, thousands: string) =>
  new RegExp(
    `^(\\d+|[1-9]\\d{0,2}(${thousands}|${thinGroups})\\d{3}(\\2\\d{3})*)?(${decimal}\\d*)?(e[+-]?\\d+)?$`,
    'i',
  );
const patterns = { '.': patternOf('\\.', ','), ',': patternOf(',', '\\.') };

const currencies = new Set([...Intl.supportedValuesOf('currency'), 'GBX', 'GBp', 'ZAc', 'ILA']);
const currencyBefore = /^((?:[A-Z]{1,2})?[$€£¥₹₩]|[A-Z]{3}|GBp|ZAc)\s*(?=[-+−.,\d])/;
const currencyAfter = /(?<=[.,\d])\s*([$€£¥₹₩]|[A-Z]{3}|GBp|ZAc)$/;

const codes: Record<string, string> = { '€': 'EUR', '£': 'GBP', '₹': 'INR', '₩': 'KRW', US$: 'USD' };

/** The code of what stands beside a number; null where that may be of several currencies, as $ may. */
export function currencyCode(written: string | null): string | null {
  if (written === null) return null;
  return codes[written] ?? (/^[A-Za-z]{3}$/.test(written) ? written : null);
}

/** A cell taken apart: its number (null: it says there is none), its currency and whether it is per cent. */
export type WrittenNumber = { value: number | null; currency: string | null; isPercent: boolean };

const nothing: WrittenNumber = { value: null, currency: null, isPercent: false };

/** The number of a cell that is written as programs write it; undefined for every other, which most files have none of. */
export function plainNumber(text: string, decimal: '.' | ','): number | undefined {
  if (decimal !== '.' || !plain.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/**
 * The number a cell writes, in any of the spellings of spreadsheets: thousands parted, a currency before or after it,
 * per cent, a minus behind it or the brackets of accountants. Undefined where it is no number: 0x10, 1_000, Infinity.
 */
export function readNumber(text: string, { decimal }: NumberStyle): WrittenNumber | undefined {
  const value = plainNumber(text, decimal);
  if (value !== undefined) return { value, currency: null, isPercent: false };
  if (text === '' || noNumber.test(text)) return nothing;
  return takenApart(text, decimal);
}

function takenApart(text: string, decimal: '.' | ','): WrittenNumber | undefined {
  let rest = text;
  let currency: string | null = null;
  const signs: string[] = [];
  const strip = (pattern: RegExp): string | undefined => {
    const found = pattern.exec(rest);
    if (found) rest = rest.replace(pattern, '').trim();
    return found?.[1];
  };
  const inBrackets = strip(/^(\()(?=.*\)$)/) !== undefined;
  if (inBrackets) rest = rest.slice(0, -1).trim();
  const isPercent = strip(/(%)$/) !== undefined;
  // A minus may stand before the currency or behind it.
  for (let i = 0; i < 2; i += 1) {
    const sign = strip(/^([-+−])/);
    if (sign) signs.push(sign);
    const before = strip(currencyBefore);
    if (before) currency = before;
  }
  const after = strip(currencyAfter);
  const behind = strip(/(?<=[\d.,])\s*([-−])$/);
  if (behind) signs.push(behind);
  if ((after && currency) || signs.length > 1 || (inBrackets && signs.length > 0)) return undefined;
  currency ??= after ?? null;
  if (currency !== null && /^[A-Za-z]{3}$/.test(currency) && !currencies.has(currency)) return undefined;
  if (!/\d/.test(rest) || !patterns[decimal].test(rest)) return undefined;
  const digits = rest.replace(new RegExp(`${thinGroups}|${decimal === '.' ? ',' : '\\.'}`, 'g'), '');
  const size = Number(digits.replace(',', '.'));
  if (!Number.isFinite(size)) return undefined;
  const isNegative = inBrackets || (signs.length > 0 && signs[0] !== '+');
  return { value: isNegative ? -size : size, currency, isPercent };
}

/** What a cell tells of the decimal sign: it is a point, a comma, either (a point or a comma that may part thousands). */
export type DecimalHint = '.' | ',' | 'either' | null;

/** What one cell tells of the decimal sign of its file; null where it tells nothing. */
export function decimalHint(text: string): DecimalHint {
  const found = /^[^\d.,]*([\d.,]+)(e[+-]?\d+)?[^\d.,]*$/i.exec(
    text.replace(new RegExp(thinGroups, 'g'), ''),
  );
  if (!found) return null;
  const [, digits = '', exponent] = found;
  const points = digits.split('.').length - 1;
  const commas = digits.split(',').length - 1;
  if (points === 0 && commas === 0) return null;
  const other = (sign: '.' | ',') => (sign === '.' ? ',' : '.');
  const last = digits.lastIndexOf('.') > digits.lastIndexOf(',') ? '.' : ',';
  if (points > 0 && commas > 0) return patterns[last].test(digits) ? last : null;
  if (points + commas > 1) return patterns[other(last)].test(digits) ? other(last) : null;
  const [whole = '', decimals = ''] = digits.split(last);
  const mayBeGroups = decimals.length === 3 && /^[1-9]\d{0,2}$/.test(whole) && exponent === undefined;
  return mayBeGroups ? 'either' : last;
}
