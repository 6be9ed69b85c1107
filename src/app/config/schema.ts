import { z } from 'zod';
import { calendarNames } from '../../core/calendar/calendars.ts';
import { isIsoDate } from '../../core/calendar/session.ts';
import { headNames } from '../../core/forecast/heads/names.ts';
import { checkWindow, naiveSchema, networkSchema } from '../../core/forecast/model-spec.ts';
import { covarianceNames } from '../../core/risk/estimate-covariance.ts';
import { numberFrom, wholeNumber } from '../../core/schema-numbers.ts';
import { allocatorSchema, checkAllocator } from './allocator-schema.ts';
import { drawdownSchema } from './drawdown-schema.ts';
import { conflictOf } from './feasible-limits.ts';
import { ratio, symbol } from './fields.ts';
import { checkFx, currencySchema, fxSchema } from './fx-schema.ts';

const isoDate = z.string().refine(isIsoDate, 'expected a date like 2024-12-31');
/** An address, or `Name <address>`. A name with a comma would be two, so it stands in quotes. */
const mailbox = z
  .string()
  .refine(
    (text) =>
      z.email().safeParse(text.replace(/^(?:"[^"\\\p{Cc}]+"|[^<>@",;:\\()[\]\p{Cc}]+) <([^<>]+)>$/u, '$1'))
        .success,
    'expected an address such as name@example.org or Name <name@example.org>',
  );
const weight = z.number().min(-1).max(1);
const yearlyRate = numberFrom(-0.1, 1);
const boundsSchema = z
  .strictObject({ lower: weight.default(0), upper: weight.default(1) })
  .refine(({ lower, upper }) => lower <= upper, 'expected lower <= upper');
const ownBoundsSchema = z.strictObject({ lower: weight, upper: weight }).partial();
const costs = {
  commissionBps: z.number().min(0).max(1000).describe('commission, basis points of traded notional'),
  halfSpreadBps: z.number().min(0).max(1000).describe('half the bid-ask spread, basis points'),
  impactBps: z.number().min(0).max(10_000).describe('square-root impact of trading one average day'),
  averageDailyValue: z.number().positive().nullable().describe('average daily traded value'),
};

/** What the entries of single symbols leave out is the portfolio's own. */
function completed<Base extends object>(
  base: Base,
  entries: Record<string, { [Field in keyof Base]?: Base[Field] | undefined }>,
): Record<string, Base> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, own]) => [name, { ...base, ...own } as Base]),
  );
}

/** A section with every field at its default. */
const section = <S extends z.ZodRawShape>(shape: S) => {
  const object = z.strictObject(shape);
  return object.prefault({} as z.input<typeof object>);
};

/** A network as a ModelSpec, the heads wanted of it, and its rhythm; or a rule that needs no training. */
const forecasterSchema = z
  .discriminatedUnion(
    'kind',
    [
      z
        .strictObject({
          ...networkSchema.shape,
          heads: z
            .array(z.enum(headNames))
            .length(1, 'expected one head')
            .default([headNames[0]])
            .describe('what is forecast'),
          stepSessions: wholeNumber(1, 5000).default(63).describe('sessions from one training to the next'),
          expirySessions: wholeNumber(1, 5000).default(126).describe('an older model is not used'),
        })
        .superRefine(checkWindow),
      naiveSchema,
    ],
    'expected network or naive',
  )
  .describe('what forecasts; null for nothing');

const delistingSchema = section({
  afterSessions: wholeNumber(1, 60).default(10).describe('without a close, a holding is taken for delisted'),
  recoveryRatioBySymbol: z
    .record(symbol, ratio)
    .default({})
    .describe('share of its last close that a delisted holding is closed at; 1 where it is left out'),
});
export const delistingDefaults = delistingSchema.parse(undefined);

export const portfolioSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, 'expected 1 to 40 of a-z 0-9 _ -'),
    symbols: z
      .array(symbol)
      .min(1)
      .max(5000)
      .refine((all) => new Set(all).size === all.length, 'expected each symbol once'),
    source: z.string().describe('a name under sources'),
    calendar: z.enum(calendarNames).default('XNYS'),
    currency: currencySchema
      .default('USD')
      .describe('what the portfolio is kept in; its returns are in this currency'),
    fx: fxSchema,
    portfolioValue: z
      .number()
      .positive()
      .default(100_000)
      .describe('worth at inception in that currency, for impact and amounts, until holdings are imported'),
    inception: isoDate
      .nullable()
      .default(null)
      .describe('first session with slots; null: the newest one closed at the first start'),
    historyStart: isoDate.default('2015-01-01').describe('first session fetched'),
    coverageRatioMin: ratio
      .default(0.8)
      .describe('least share of symbols with a close to go on past the deadline'),
    belief: section({
      confirmMinutes: wholeNumber(1, 600)
        .default(15)
        .describe('a bar is final once it was read again, equal, so long after the first reading'),
      jumpRatio: ratio
        .default(0.15)
        .describe('a return beyond this and jumpVolatilities, without an event, is quarantined'),
      jumpVolatilities: z.number().positive().max(100).default(10).describe("of the symbol's own sessions"),
      staleSessionsMax: wholeNumber(3, 250).default(10).describe('so many equal closes in a row are noted'),
      quarantineSessionsMax: wholeNumber(0, 20)
        .default(3)
        .describe('a doubtful bar is accepted after so many sessions, and told; 0: at once'),
    }),
    allocator: allocatorSchema.prefault({}),
    groups: z
      .record(
        z.string().min(1),
        z
          .strictObject({
            symbols: z.array(symbol).min(1),
            lower: weight.default(0),
            upper: weight.default(1),
          })
          .refine(({ lower, upper }) => lower <= upper, 'expected lower <= upper'),
      )
      .default({})
      .describe("limits on the sum of some symbols' weights, by name"),
    grossExposureMax: z
      .number()
      .positive()
      .max(10)
      .nullable()
      .default(null)
      .describe('limit on the sum of absolute weights'),
    volatilityTarget: z
      .number()
      .positive()
      .max(5)
      .nullable()
      .default(null)
      .describe('ex-ante annualised volatility that exposure is scaled down to; null: none'),
    covariance: section({
      estimator: z.enum(covarianceNames).default('sample'),
      lookbackSessions: wholeNumber(20, 5000).default(504),
    }),
    signalScale: ratio.default(1).describe('0: the forecast is ignored; 1: fully trusted'),
    forecaster: forecasterSchema.nullable().default(null),
    rebalanceOn: z.enum(['first-session', 'last-session']).default('last-session').describe('of the month'),
    bounds: boundsSchema.prefault({}),
    boundsBySymbol: z
      .record(symbol, ownBoundsSchema)
      .default({})
      .describe('what is left out is as in bounds'),
    cashRatio: z.number().min(0).max(0.99).default(0),
    cash: section({
      ratePerYear: yearlyRate.default(0).describe('what cash earns, compounded over the sessions of a year'),
      proxySymbol: symbol
        .nullable()
        .default(null)
        .describe('or a symbol of the source whose returns cash earns; it is priced and not traded'),
    }),
    riskFreeRatePerYear: yearlyRate
      .nullable()
      .default(null)
      .describe('what Sharpe, Sortino and tangencies are measured from; null: what cash earns'),
    turnoverOneWayMax: z
      .number()
      .positive()
      .max(10)
      .nullable()
      .default(null)
      .describe('cap per decision; null: none'),
    noTradeBandRatio: ratio.default(0).describe('smaller one-way turnover is not traded'),
    tradeRatio: numberFrom(0.01, 1)
      .default(1)
      .describe('share of the way from holdings to targets that is traded; cuts of exposure go all of it'),
    costs: section({
      commissionBps: costs.commissionBps.default(1),
      halfSpreadBps: costs.halfSpreadBps.default(2),
      impactBps: costs.impactBps.default(0),
      averageDailyValue: costs.averageDailyValue.default(null),
      bySymbol: z
        .record(symbol, z.strictObject(costs).partial())
        .default({})
        .describe("what is left out is as in the portfolio's costs"),
    }),
    drawdown: drawdownSchema.nullable().default(null),
    delisting: delistingSchema,
    orders: section({
      wholeShares: z.boolean().default(true).describe('false: fractions'),
      minTradeValue: z.number().min(0).default(10).describe('smaller orders are not given'),
      cashBufferRatio: z.number().min(0).max(0.5).default(0.005).describe('kept uninvested by orders'),
      priceSource: z
        .string()
        .nullable()
        .default(null)
        .describe(
          'a name under sources whose closes are traded ones, where those of source are total-return',
        ),
    }),
    quality: section({
      fillSessionsMax: wholeNumber(0, 60).default(5),
      missingRatioMax: ratio.default(0.05),
      historySessionsMin: wholeNumber(2, 5000).default(504),
    }),
    letter: section({
      from: z.email().default('rebalanced@localhost.localdomain'),
      to: z.array(mailbox).min(1).default(['portfolio@localhost.localdomain']),
      statusUrl: z
        .url({ protocol: /^https?$/, error: 'expected an address such as https://example.org/' })
        .nullable()
        .default(null)
        .describe('where readers of the letter find the status page; null: no link'),
    }),
  })
  .transform(({ costs: { bySymbol, ...base }, ...p }) => ({
    ...p,
    boundsBySymbol: completed(p.bounds, p.boundsBySymbol),
    costs: { ...base, bySymbol: completed(base, bySymbol) },
  }))
  .superRefine((p, context) => {
    const refuse = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    const lowers = [p.bounds, ...Object.values(p.boundsBySymbol)].map(({ lower }) => lower);
    checkAllocator(p.allocator.method, { hasForecaster: p.forecaster !== null, lowers }, refuse);
    checkFx(p.fx, p.currency, refuse);
    const known = new Set(p.symbols);
    for (const [name, group] of Object.entries(p.groups))
      for (const member of group.symbols)
        if (!known.has(member))
          refuse(['groups', name, 'symbols'], `expected symbols of the portfolio, got ${member}`);
    for (const member of Object.keys(p.boundsBySymbol))
      if (!known.has(member)) refuse(['boundsBySymbol', member], 'expected a symbol of the portfolio');
    for (const [member, { lower, upper }] of Object.entries(p.boundsBySymbol))
      if (lower > upper)
        refuse(
          ['boundsBySymbol', member],
          `expected lower <= upper, got ${lower} and ${upper} (what it leaves out is as in bounds)`,
        );
    if (p.cash.proxySymbol !== null && p.cash.ratePerYear !== 0)
      refuse(
        ['cash'],
        `expected ratePerYear or proxySymbol, got ${p.cash.ratePerYear} and ${p.cash.proxySymbol}`,
      );
    const safe = p.drawdown?.cashProxySymbol ?? null;
    if (safe !== null && !known.has(safe))
      refuse(['drawdown', 'cashProxySymbol'], `expected one of the portfolio's symbols, got ${safe}`);
    const shortOfVolume = ({
      impactBps,
      averageDailyValue,
    }: {
      impactBps: number;
      averageDailyValue: number | null;
    }) => impactBps > 0 && averageDailyValue === null;
    if (shortOfVolume(p.costs))
      refuse(['costs', 'averageDailyValue'], 'expected a value, because impactBps is above 0');
    for (const [member, costs] of Object.entries(p.costs.bySymbol))
      if (shortOfVolume(costs))
        refuse(
          ['costs', 'bySymbol', member, 'averageDailyValue'],
          'expected a value, because impactBps is above 0',
        );
    const conflict = conflictOf({ ...p, cashProxySymbol: safe });
    if (conflict) refuse(conflict.path, conflict.message);
  });

const sourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('yahoo'),
    baseUrl: z.url().nullable().default(null).describe('another address to ask, for a mirror or a test'),
    timeoutSeconds: z.number().positive().max(300).default(20),
    requestsPerSecond: z.number().positive().max(50).default(2),
  }),
  z.strictObject({
    kind: z.literal('file'),
    path: z.string().min(1).describe('CSV or CSV.gz, relative to this file'),
    basis: z.enum(['as-traded', 'split-adjusted', 'total-return']),
  }),
]);

/** What is wrong with a source orders are to be priced by; null where nothing is. */
function priceSourceFault(
  name: string | null,
  sources: Record<string, z.output<typeof sourceSchema>>,
): string | null {
  if (name === null) return null;
  if (!Object.hasOwn(sources, name))
    return `expected a name under sources (${Object.keys(sources).join(', ')}), got ${name}`;
  const source = sources[name]!;
  if (source.kind === 'file' && source.basis === 'total-return')
    return `expected a source of traded closes (as-traded or split-adjusted), got ${name}, which is total-return`;
  return null;
}

export const configSchema = z
  .strictObject({
    portfolios: z
      .array(portfolioSchema)
      .min(1)
      .refine((all) => new Set(all.map((p) => p.id)).size === all.length, 'expected each id once'),
    sources: z.record(z.string(), sourceSchema).default({ yahoo: sourceSchema.parse({ kind: 'yahoo' }) }),
    schedule: section({
      cron: z.string().default('* * * * *').describe('how often node-cron ticks; slots decide what is due'),
      graceMinutes: z.number().min(0).max(600).default(45).describe('after the close, before a bar is final'),
      ingestDeadlineMinutes: z.number().min(1).max(2000).default(360),
      retrainDeadlineMinutes: z.number().min(1).max(2000).default(480),
      lateSessionsMax: wholeNumber(0, 20)
        .default(3)
        .describe('a missed monthly decision is made this late at most'),
    }),
    archive: section({
      retentionDays: wholeNumber(1, 3650)
        .default(90)
        .describe("how long a source's answers are kept as they came"),
    }),
    training: section({
      processes: wholeNumber(1, 16).default(1),
      deadlineMinutes: z.number().positive().max(600).default(30),
      memoryLimitMiB: wholeNumber(256, 65_536).default(2048),
    }),
    mail: section({
      smtpUrl: z
        .string()
        .regex(/^smtps?:\/\//, 'expected smtp://host:port or smtps://host:port')
        .nullable()
        .default(null),
      folder: z.string().default('letters').describe('where letters lie when there is no SMTP server'),
    }),
    server: section({ host: z.string().default('127.0.0.1'), port: wholeNumber(0, 65_535).default(9464) }),
  })
  .superRefine((config, context) => {
    config.portfolios.forEach((p, i) => {
      if (!Object.hasOwn(config.sources, p.source))
        context.addIssue({
          code: 'custom',
          path: ['portfolios', i, 'source'],
          message: `expected a name under sources (${Object.keys(config.sources).join(', ')}), got ${p.source}`,
        });
      const message = priceSourceFault(p.orders.priceSource, config.sources);
      if (message)
        context.addIssue({ code: 'custom', path: ['portfolios', i, 'orders', 'priceSource'], message });
    });
  });

export type Config = z.output<typeof configSchema>;
export type PortfolioConfig = Config['portfolios'][number];
export type SourceConfig = Config['sources'][string];
