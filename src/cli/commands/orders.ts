import { Command } from 'commander';
import { type OrderSheet, readOrders } from '../../app/queries/orders.ts';
import { portfolioIn, type Session } from '../../app/queries/subject.ts';
import { UserError } from '../../app/user-error.ts';
import {
  asOfOption,
  type Common,
  type Format,
  formatOption,
  portfolioOption,
  withContext,
  withStore,
} from '../options.ts';
import { printCsv } from '../output/csv.ts';
import { printTable } from '../output/table.ts';

type Options = Common & { portfolio?: string; asOf?: Session; value?: string; format: Format };

export function ordersCommand(): Command {
  return withStore(new Command('orders'))
    .description('the orders that carry out the newest decision, or the one in force at a date')
    .addOption(portfolioOption())
    .addOption(asOfOption())
    .option(
      '--value <money>',
      "the account's value (default: configured portfolio value times net asset value)",
    )
    .addOption(formatOption())
    .action(async (options: Options) =>
      withContext(options, async (context) => {
        const asked = {
          asOf: options.asOf ?? null,
          value: options.value === undefined ? null : money(options.value),
        };
        print(
          options.format,
          await readOrders(context, portfolioIn(context.config, options.portfolio), asked),
        );
      }),
    );
}

function money(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new UserError(`--value is ${text}; expected an amount above 0`);
  return value;
}

function print(format: Format, sheet: OrderSheet): void {
  const { portfolio, decidedAt, executeFrom, orders } = sheet;
  if (format === 'json') console.log(JSON.stringify(sheet, null, 2));
  else if (format === 'csv')
    printCsv(
      ['portfolio', 'decided_at', 'execute_from', 'symbol', 'side', 'quantity', 'reference_price', 'value'],
      orders.map((o) => [
        portfolio,
        decidedAt,
        executeFrom,
        o.symbol,
        o.side,
        o.quantity,
        o.referencePrice,
        o.value,
      ]),
    );
  else printSheet(sheet);
}

function printSheet({
  portfolio,
  decidedAt,
  executeFrom,
  netAssetValue,
  orders,
  cashAfter,
  left,
}: OrderSheet): void {
  console.log(
    `${portfolio}: orders of ${decidedAt}, not before ${executeFrom}, for ${netAssetValue.toFixed(2)}\n`,
  );
  printTable(
    ['symbol', 'side', 'quantity', 'price', 'value'],
    orders.map((o) => [
      o.symbol,
      o.side,
      String(Math.round(o.quantity * 1e6) / 1e6),
      o.referencePrice.toFixed(2),
      o.value.toFixed(2),
    ]),
  );
  console.log(`\ncash afterwards: ${cashAfter.toFixed(2)}`);
  for (const { symbol, reason } of left) console.log(`no order for ${symbol}: ${reason}`);
}
