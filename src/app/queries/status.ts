import type { Sql } from '../../adapters/postgres/database.ts';
import { readStatus as readRows, type StatusOptions } from '../../adapters/postgres/views/status.ts';
import { pastMonths } from '../../core/schedule/past-months.ts';
import type { StatusSnapshot } from '../../views/status.ts';
import type { Config } from '../config/schema.ts';
import { planOf } from '../portfolios.ts';

export type { StatusSnapshot } from '../../views/status.ts';

/**
 * What is decided, held, due and wrong, as the rows tell it, retired portfolios among them; the configured calendars tell
 * which months were past deciding at the first start.
 */
export function readStatus(
  sql: Sql,
  config: Config,
  options: Pick<StatusOptions, 'now' | 'decisions'>,
): Promise<StatusSnapshot> {
  const months = (id: string, registeredAt: number, inception: string) => {
    const portfolio = config.portfolios.find((one) => one.id === id);
    return portfolio ? pastMonths(planOf(config, portfolio, inception), registeredAt) : [];
  };
  return readRows(sql, { ...options, pastMonths: months });
}
