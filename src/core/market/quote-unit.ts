/** What a price is quoted in: so many of it are one unit of the currency. */
export type QuoteUnit = { currency: string; unitsPerCurrency: number };

/**
 * Codes of the minor units that exchanges quote in. ISO 4217 has none; Yahoo writes GBp, ILA, ZAc, KWF and, for grain and
 * meat futures, USX, and other vendors write the same units as beside them. A code that is not here is not guessed at:
 * three capitals are a currency of their own, which nothing converts unless it is configured.
 */
const minorUnits: Readonly<Record<string, QuoteUnit>> = {
  ...minor('GBP', 100, ['GBp', 'GBX', 'GBx']), // London, pence
  ...minor('ILS', 100, ['ILA', 'ILa', 'ILs']), // Tel Aviv, agorot
  ...minor('ZAR', 100, ['ZAc', 'ZAC', 'ZAX', 'ZAr']), // Johannesburg, cents
  ...minor('USD', 100, ['USX', 'USx', 'USc']), // Chicago, cents
  ...minor('KWD', 1000, ['KWF', 'KWf']), // Kuwait, fils
};

function minor(currency: string, unitsPerCurrency: number, codes: readonly string[]) {
  return Object.fromEntries(codes.map((code) => [code, { currency, unitsPerCurrency }]));
}

/**
 * The currency (ISO 4217) behind a quote's code, and how many of the quoted units it has; null for a code that is
 * neither three capitals nor a known minor unit, for then nobody can say what a price of it is worth.
 */
export function quoteUnit(code: string): QuoteUnit | null {
  if (Object.hasOwn(minorUnits, code)) return minorUnits[code]!;
  return /^[A-Z]{3}$/.test(code) ? { currency: code, unitsPerCurrency: 1 } : null;
}
