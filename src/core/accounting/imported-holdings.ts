/** One line of a broker's report: shares, or a ready weight; cash is money, or a ready weight. */
export type ReportedLine = { symbol: string; quantity: number | null; weight: number | null };

/**
 * Weights that sum to 1 from reported holdings, in the order given. With quantities, `closeOf` prices each symbol and
 * cash counts as money. Throws a RangeError that says which line is wrong.
 */
export function importedWeights(
  lines: readonly ReportedLine[],
  cashSymbol: string,
  closeOf: (symbol: string) => number | undefined,
): { symbol: string; weight: number; quantity: number | null }[] {
  const byWeight = lines.every((line) => line.weight !== null);
  if (!byWeight && lines.some((line) => line.weight !== null))
    throw new RangeError(
      'some lines have a weight and some have a quantity; expected one or the other throughout',
    );
  const values = lines.map(({ symbol, quantity, weight }) => {
    const reported = byWeight ? weight : quantity;
    if (reported === null || !Number.isFinite(reported))
      throw new RangeError(`${symbol} is reported as ${reported}; expected a number`);
    // What is not held needs no price.
    if (byWeight || symbol === cashSymbol || reported === 0) return reported;
    const close = closeOf(symbol);
    if (!(close !== undefined && close > 0 && Number.isFinite(close)))
      throw new RangeError(`${symbol} has no price to value its quantity with; ingest first`);
    return reported * close;
  });
  const total = values.reduce((sum, value) => sum + value, 0);
  if (!(total > 0)) throw new RangeError(`the holdings are worth ${total} in total; expected more than 0`);
  if (byWeight && Math.abs(total - 1) > 1e-6)
    throw new RangeError(`the weights sum to ${total}; expected 1 with ${cashSymbol}`);
  return lines.map(({ symbol, quantity }, i) => ({ symbol, weight: values[i]! / total, quantity }));
}
