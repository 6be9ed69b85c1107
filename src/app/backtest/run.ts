import type { Logger } from 'pino';
import { SourceError } from '../../adapters/prices/source.ts';
import { dayMs } from '../../core/calendar/milliseconds.ts';
import type { Session } from '../../core/calendar/session.ts';
import { CurrencyError } from '../../core/market/currency.ts';
import type { Config, PortfolioConfig } from '../config/schema.ts';
import type { Environment } from '../config/secrets.ts';
import { sourceOf, wirePortfolio } from '../portfolios.ts';
import { untilStopped } from '../stop-signal.ts';
import { trainerOf, trainingPool } from '../training/trainer.ts';
import { UserError } from '../user-error.ts';
import { backtest, type Measured } from './backtest.ts';

/**
 * Backtests a configured portfolio with its own prices and trainings, from `from` (null: its configured inception) to
 * `to` (null: yesterday), and returns the first session walked and the measures, equal weight second. Throws a
 * UserError where the dates are none to walk between, or there are no prices.
 */
export async function runBacktest(
  config: Config,
  chosen: PortfolioConfig,
  options: { from: Session | null; to: Session | null; env: Environment; log: Logger },
): Promise<{ first: Session; results: Measured[] }> {
  const { env, log } = options;
  const from = options.from ?? chosen.inception;
  if (from === null)
    throw new UserError(`${chosen.id} has no inception in its configuration; expected --from DATE`);
  const to = options.to ?? new Date(Date.now() - dayMs).toISOString().slice(0, 10);
  if (to <= from) throw new UserError(`the walk ends on ${to} and begins on ${from}; expected a later end`);
  const portfolio = wirePortfolio(config, chosen, sourceOf(config.sources[chosen.source]!, log), from);
  const pool = trainingPool(config, env, log);
  try {
    const results = await untilStopped(
      () => backtest(portfolio, trainerOf(pool), to),
      () => void pool.close(),
    );
    return { first: portfolio.plan.inception, results };
  } catch (error) {
    if (error instanceof CurrencyError) throw new UserError(error.message);
    throw error instanceof SourceError ? new UserError(`no prices: ${error.message}`) : error;
  } finally {
    await pool.close();
  }
}
