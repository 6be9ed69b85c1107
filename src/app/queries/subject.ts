import type { Config, PortfolioConfig } from '../config/schema.ts';
import { UserError } from '../user-error.ts';

// What every question names: a portfolio, and perhaps a date.
export { isIsoDate, type Session } from '../../core/calendar/session.ts';

/** The portfolio asked about: the one named, or the only one there is. Throws a UserError that lists what there is. */
export function portfolioIn(config: Config, named: string | undefined): PortfolioConfig {
  const ids = config.portfolios.map((portfolio) => portfolio.id);
  if (named === undefined && ids.length > 1)
    throw new UserError(`name a portfolio with --portfolio: ${ids.join(', ')}`);
  const found = config.portfolios.find((portfolio) => portfolio.id === (named ?? ids[0]));
  if (!found)
    throw new UserError(`no portfolio ${named} in the configuration; expected one of ${ids.join(', ')}`);
  return found;
}
