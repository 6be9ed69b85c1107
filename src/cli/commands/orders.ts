import { Command, Option } from 'commander';
import { readBars } from '../../adapters/postgres/bar-rows.ts';
import { newestDecision } from '../../adapters/postgres/decision-rows.ts';
import { newestValuation } from '../../adapters/postgres/valuation-rows.ts';
import { UserError } from '../../app/user-error.ts';
import { type OrderSheet, ordersFor } from '../../core/accounting/orders.ts';
import { addDays, type Session } from '../../core/calendar/session.ts';
import { type Common, dateArgument, portfolioIn, withContext, withStore } from '../options.ts';
import { printTable } from '../output/table.ts';

type Options = Common & {
  portfolio?: string;
  asOf?: Session;
  value?: string;
  format: 'table' | 'csv' | 'json';
};

/** Calendar days looked back for a close, so that an old one is named rather than missing. */
const lookBackDays = 30;

export function ordersCommand(): Command {
  return withStore(new Command('orders'))
    .description('the orders that carry out the newest decision, or the one in force at a date')
    .option('-p, --portfolio <id>', 'portfolio (default: the only one)')
    .option('--as-of <date>', 'the newest decision made at or before this date', dateArgument)
    .option(
      '--value <money>',
      "the account's value (default: configured portfolio value times net asset value)",
    )
    .addOption(
      new Option('--format <format>', 'how to print them').choices(['table', 'csv', 'json']).default('table'),
    )
    .action(async (options: Options) =>
      withContext(options, async ({ config, database, ...context }) => {
        const chosen = portfolioIn(config, options.portfolio);
        const portfolio = context.portfolio(chosen.id);
        const { portfolio: id, symbols } = portfolio.policy;
        const found = await newestDecision(database, id, options.asOf ?? '9999-12-31');
        if (!found)
          throw new UserError(`${id} has no decision yet; expected one made by the daemon or the demo`);
        const { decision } = found;
        const to = decision.asOf;
        const valuation = await newestValuation(database, id, to, symbols);
        const bars = await readBars(database, {
          source: portfolio.sourceName,
          symbols,
          from: addDays(to, -lookBackDays),
          to,
          vintage: decision.inputs.vintage,
        });
        const prices = new Map(bars.map((bar) => [bar.symbol, bar])); // ascending: the last one stays
        const value =
          options.value === undefined ? portfolio.portfolioValue * valuation!.navNet : money(options.value);
        try {
          print(
            options.format,
            ordersFor(decision, prices, value, portfolio.plan.calendar.next(to), chosen.orders),
          );
        } catch (error) {
          throw error instanceof RangeError ? new UserError(error.message) : error;
        }
      }),
    );
}

function money(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new UserError(`--value is ${text}; expected an amount above 0`);
  return value;
}

function print(format: Options['format'], sheet: OrderSheet): void {
  if (format === 'json') {
    console.log(JSON.stringify(sheet, null, 2));
    return;
  }
  if (format === 'csv') {
    console.log('portfolio,decided_at,execute_from,symbol,side,quantity,reference_price,value');
    for (const o of sheet.orders)
      console.log(
        [
          sheet.portfolio,
          sheet.decidedAt,
          sheet.executeFrom,
          o.symbol,
          o.side,
          o.quantity,
          o.referencePrice,
          o.value,
        ].join(','),
      );
    return;
  }
  console.log(
    `${sheet.portfolio}: orders of ${sheet.decidedAt}, not before ${sheet.executeFrom}, for ${sheet.netAssetValue.toFixed(2)}\n`,
  );
  printTable(
    ['symbol', 'side', 'quantity', 'price', 'value'],
    sheet.orders.map((o) => [
      o.symbol,
      o.side,
      String(Math.round(o.quantity * 1e6) / 1e6),
      o.referencePrice.toFixed(2),
      o.value.toFixed(2),
    ]),
  );
  console.log(`\ncash afterwards: ${sheet.cashAfter.toFixed(2)}`);
  for (const { symbol, reason } of sheet.left) console.log(`no order for ${symbol}: ${reason}`);
}
