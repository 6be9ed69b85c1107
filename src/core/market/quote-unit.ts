/** What a price is quoted in: so many of it are one unit of the currency. */
export type QuoteUnit = { currency: string; unitsPerCurrency: number };

/**
 * Codes of minor units that prices are quoted in. ISO 4217 has none; these are in use beside it (Wikipedia, "ISO 4217",
 * unofficial codes for minor units of currency, with the spellings of vendors). Yahoo is known for GBp, ILA, ZAc, KWF
 * and, for grain and meat futures, USX. The Kuwaiti dinar alone has 1000 fils.
 */
const minorUnits: Readonly<Record<string, QuoteUnit>> = {
  ...minor('GBP', 100, ['GBp', 'GBX', 'GBx']), // London, pence
  ...minor('ILS', 100, ['ILA', 'ILa', 'ILX', 'ILs']), // Tel Aviv, agorot
  ...minor('ZAR', 100, ['ZAc', 'ZAC', 'ZAX', 'ZAx', 'ZAr']), // Johannesburg, cents
  ...minor('USD', 100, ['USX', 'USx', 'USc', 'USd']), // Chicago, cents
  ...minor('EUR', 100, ['EUX', 'EUx', 'EUc']),
  ...minor('AUD', 100, ['AUX', 'AUx', 'AUc']),
  ...minor('CAD', 100, ['CAX', 'CAx', 'CAc']),
  ...minor('NZD', 100, ['NZX', 'NZx', 'NZc']),
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
