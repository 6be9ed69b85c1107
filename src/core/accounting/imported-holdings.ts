/** One line of a broker's report: shares, or a ready weight; cash is money, or a ready weight. */
export type ReportedLine = { symbol: string; quantity: number | null; weight: number | null };

/** A line as it is stored; `price` is what a quantity was valued at, null for cash, ready weights and what is not held. */
export type ImportedLine = { symbol: string; weight: number; quantity: number | null; price: number | null };

/** What a report says is held; `worth` in the portfolio's currency, null where it reports weights alone. */
export type ImportedHoldings = { worth: number | null; lines: ImportedLine[] };

/** What a report's lines are judged by. */
export type ImportTerms = {
  cashSymbol: string;
  /** the price a quantity is valued at, in the portfolio's currency; undefined where there is none */
  closeOf(symbol: string): number | undefined;
  /** whether the policy lets this symbol be held short */
  mayBeShort(symbol: string): boolean;
};

/**
 * Weights that sum to 1 from reported holdings, in the order given. Quantities are priced, cash counts as money. Throws
 * a RangeError that says which line is wrong, and what was expected.
 */
export function importedHoldings(lines: readonly ReportedLine[], terms: ImportTerms): ImportedHoldings {
  const byWeight = lines.every((line) => line.weight !== null);
  if (!byWeight && lines.some((line) => line.weight !== null))
    throw new RangeError(
      'some lines have a weight and some have a quantity; expected one or the other throughout',
    );
  const priced = lines.map((line) => pricedLine(line, byWeight, terms));
  const total = priced.reduce((sum, { value }) => sum + value, 0);
  if (!(total > 0)) throw new RangeError(`the holdings are worth ${total} in total; expected more than 0`);
  if (byWeight && Math.abs(total - 1) > 1e-6)
    throw new RangeError(`the weights sum to ${total}; expected 1 with ${terms.cashSymbol}`);
  return {
    worth: byWeight ? null : total,
    lines: priced.map(({ symbol, quantity, price, value }) => ({
      symbol,
      weight: value / total,
      quantity,
      price,
    })),
  };
}

function pricedLine({ symbol, quantity, weight }: ReportedLine, byWeight: boolean, terms: ImportTerms) {
  const reported = byWeight ? weight : quantity;
  if (reported === null || !Number.isFinite(reported))
    throw new RangeError(`${symbol} is reported as ${reported}; expected a number`);
  const isCash = symbol === terms.cashSymbol;
  if (reported < 0 && !isCash && !terms.mayBeShort(symbol))
    throw new RangeError(
      `${symbol} is reported as ${reported}, a short position, and the portfolio's bounds allow none; expected 0 or more, or a lower bound below 0`,
    );
  // What is not held needs no price.
  if (byWeight || isCash || reported === 0) return { symbol, quantity, price: null, value: reported };
  const price = terms.closeOf(symbol);
  if (!(price !== undefined && price > 0 && Number.isFinite(price)))
    throw new RangeError(`${symbol} has no price to value its quantity with; ingest first`);
  return { symbol, quantity, price, value: reported * price };
}
