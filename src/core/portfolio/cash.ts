/** What cash earns: a rate, or where `proxySymbol` is set the returns of that priced symbol, which is not traded. */
export type CashTerms = { ratePerYear: number; proxySymbol: string | null };

/** Simple return per session that compounds to `ratePerYear` over a year. */
export const ratePerSession = (ratePerYear: number, sessionsPerYear: number): number =>
  (1 + ratePerYear) ** (1 / sessionsPerYear) - 1;
