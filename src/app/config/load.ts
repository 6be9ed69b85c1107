import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { Calendar } from '../../core/calendar/calendar.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import type { ModelSpec } from '../../core/forecast/model-spec.ts';
import type { PortfolioPolicy } from '../../core/policy/policy.ts';
import { list } from '../../presentation/format.ts';
import { UserError } from '../user-error.ts';
import { neededSymbols } from './feasible-limits.ts';
import { type Config, configSchema, delistingDefaults, type PortfolioConfig } from './schema.ts';
import { parseYaml, type YamlFile } from './yaml.ts';

/** Reads, checks and completes a configuration file. Relative paths in it are taken from its own folder. */
export function loadConfig(path: string): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new UserError(
      `cannot read the configuration ${path}: expected a YAML file there (--config FILE names another)`,
    );
  }
  const yaml = parseYaml(path, text);
  const parsed = configSchema.safeParse(yaml.data);
  if (!parsed.success) throw new UserError(explain(path, yaml, parsed.error));
  return { ...parsed.data, sources: fromFolder(parsed.data.sources, dirname(resolve(path))) };
}

/** What a portfolio's limits leave no room for, though it is no fault: an asset that must never be dropped. */
export function limitWarnings({ drawdown, ...portfolio }: PortfolioConfig): string[] {
  const cashProxySymbol = drawdown?.cashProxySymbol ?? null;
  const needed = neededSymbols({ ...portfolio, cashProxySymbol });
  if (needed.length === 0) return [];
  const any = needed.length === 1 ? needed[0]! : `any of ${list(needed)}`;
  return [
    `${portfolio.id}: without ${any}, as when its data are unfit, the limits cannot be met and the last good weights are kept; wider bounds would leave room`,
  ];
}

function fromFolder(sources: Config['sources'], folder: string): Config['sources'] {
  return Object.fromEntries(
    Object.entries(sources).map(([name, source]) => [
      name,
      source.kind === 'file' ? { ...source, path: resolve(folder, source.path) } : source,
    ]),
  );
}

function explain(path: string, yaml: YamlFile, error: z.ZodError): string {
  const issue = error.issues[0]!;
  const where = issue.path.reduce<string>(
    (name, key) =>
      typeof key === 'number' ? `${name}[${key}]` : name ? `${name}.${String(key)}` : String(key),
    '',
  );
  return `${path}: ${where || 'the file'}: ${issue.message.replace(/^Invalid input: /, '')}${yaml.explain(issue)}`;
}

/**
 * All of a portfolio's configuration that reaches its decisions, as one canonical text, and its address. Of its source
 * that is what its closes mean, not where they are fetched.
 */
export function portfolioBody(
  portfolio: PortfolioConfig,
  sources: Config['sources'],
): { body: string; hash: string } {
  const { inception: _, letter: __, orders: ___, source: name, fx, delisting, ...decisive } = portfolio;
  const source = sources[name]!;
  const { kind } = source;
  const meaning = source.kind === 'file' ? { name, kind, basis: source.basis } : { name, kind };
  // A portfolio of one currency has the address it had before there were others.
  const rates = Object.keys(fx).length > 0 ? { fx } : {};
  // So has one that leaves delistings at their defaults.
  const ends = isDeepStrictEqual(delisting, delistingDefaults) ? {} : { delisting };
  const body = canonicalJson({ ...decisive, ...rates, ...ends, source: meaning });
  return { body, hash: createHash('sha256').update(body).digest('hex') };
}

/** The policy the core decides by, on the portfolio's calendar. */
export function policyOf(portfolio: PortfolioConfig, { sessionsPerYear }: Calendar): PortfolioPolicy {
  const { bySymbol, ...base } = portfolio.costs;
  const { method, ...allocatorOptions } = portfolio.allocator;
  return {
    portfolio: portfolio.id,
    symbols: portfolio.symbols,
    sessionsPerYear,
    allocator: method,
    allocatorOptions,
    covariance: portfolio.covariance.estimator,
    covarianceLookbackSessions: portfolio.covariance.lookbackSessions,
    signalScale: portfolio.signalScale,
    modelExpirySessions: expiryOf(portfolio),
    bounds: portfolio.bounds,
    boundsBySymbol: portfolio.boundsBySymbol,
    cashRatio: portfolio.cashRatio,
    cash: portfolio.cash,
    riskFreeRatePerYear: portfolio.riskFreeRatePerYear,
    groups: Object.entries(portfolio.groups).map(([name, group]) => ({ name, ...group })),
    grossExposureMax: portfolio.grossExposureMax,
    volatilityTarget: portfolio.volatilityTarget,
    cashProxySymbol: portfolio.drawdown?.cashProxySymbol ?? null,
    turnoverOneWayMax: portfolio.turnoverOneWayMax,
    noTradeBandRatio: portfolio.noTradeBandRatio,
    tradeRatio: portfolio.tradeRatio,
    costs: { base, bySymbol, portfolioValue: portfolio.portfolioValue },
    drawdown: portfolio.drawdown,
    delisting: portfolio.delisting,
    quality: portfolio.quality,
  };
}

/** What the portfolio's forecasts are made by; null where it has no forecaster. */
export function forecasterOf({ forecaster }: PortfolioConfig): ModelSpec | null {
  if (forecaster?.kind !== 'network') return forecaster;
  const { heads, stepSessions: _, expirySessions: __, ...network } = forecaster;
  return { ...network, head: heads[0]! };
}

/** Sessions after which a model is too old; a naive forecast is made again each time and is never older than that. */
function expiryOf({ forecaster }: PortfolioConfig): number {
  if (forecaster === null) return 0;
  return forecaster.kind === 'network' ? forecaster.expirySessions : 1;
}
