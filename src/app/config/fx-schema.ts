import { z } from 'zod';
import { type FxPairs, fxPairNamed } from '../../core/market/currency.ts';
import { quoteUnit } from '../../core/market/quote-unit.ts';
import { symbol } from './fields.ts';

/** A currency by its ISO 4217 code; a minor unit's is none, for prices are stored in the major one. */
export const currencySchema = z
  .string()
  .regex(/^[A-Z]{3}$/, 'expected a currency like USD')
  .refine((code) => (quoteUnit(code)?.unitsPerCurrency ?? 1) === 1, {
    error: ({ input }) =>
      `expected a currency, got ${input}, a minor unit of ${quoteUnit(String(input))?.currency}`,
  });

/** A series by a name that says what it is, as Yahoo's does; or by any name, said beside it. */
const seriesSchema = z.union(
  [symbol, z.strictObject({ symbol, base: currencySchema, quote: currencySchema })],
  'expected a pair such as GBPUSD=X, or { symbol: NAME, base: GBP, quote: USD }',
);

export const fxSchema = z
  .record(z.string(), seriesSchema)
  .default({})
  .describe(
    "for each other currency that symbols are quoted in, the source's series of rates between it and the portfolio's",
  )
  .transform((entries, context): FxPairs => {
    const pairs = Object.entries(entries).map(([currency, series]) => {
      const refuse = (message: string) => context.addIssue({ code: 'custom', path: [currency], message });
      const known = currencySchema.safeParse(currency);
      if (!known.success) refuse(known.error.issues[0]!.message);
      const pair = typeof series === 'string' ? fxPairNamed(series) : series;
      if (pair === null)
        refuse(`expected a pair such as GBPUSD=X, or { symbol: ${series}, base: GBP, quote: USD }`);
      return [currency, pair];
    });
    return Object.fromEntries(pairs);
  });

/** Each pair joins its currency with the portfolio's. */
export function checkFx(
  fx: FxPairs,
  home: string,
  refuse: (path: PropertyKey[], message: string) => void,
): void {
  for (const [currency, { symbol, base, quote }] of Object.entries(fx))
    if (currency === home)
      refuse(['fx', currency], `expected another currency than ${home}, which is the portfolio's own`);
    else if ([base, quote].sort().join() !== [currency, home].sort().join())
      refuse(
        ['fx', currency],
        `expected a pair of ${currency} and ${home}, such as ${currency}${home}=X; ${symbol} is ${quote} for one ${base}`,
      );
}
