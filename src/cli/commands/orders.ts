import { Command } from 'commander';
import {
  type OrdersAbout,
  type OrdersAnswer,
  readOrders,
  readWeightOrders,
  type WeightsAnswer,
} from '../../app/queries/orders.ts';
import { portfolioIn, type Session } from '../../app/queries/subject.ts';
import { UserError } from '../../app/user-error.ts';
import { holdingsKind } from '../../presentation/account.ts';
import { percent } from '../../presentation/format.ts';
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

type Options = Common & {
  portfolio?: string;
  asOf?: Session;
  value?: string;
  weightsOnly?: boolean;
  format: Format;
};

export function ordersCommand(): Command {
  return withStore(new Command('orders'))
    .description('the orders that carry out the newest decision, or the one in force at a date')
    .addOption(portfolioOption())
    .addOption(asOfOption())
    .option(
      '--value <money>',
      "the account's value (default: as imported and carried on, else configured value times net asset value)",
    )
    .option('--weights-only', 'weights and money instead of shares, where closes are total-return')
    .addOption(formatOption())
    .action(async (options: Options) =>
      withContext(options, async (context) => {
        const portfolio = portfolioIn(context.config, options.portfolio);
        const question = {
          asOf: options.asOf ?? null,
          value: options.value === undefined ? null : money(options.value),
          now: Date.now(),
        };
        if (options.weightsOnly)
          printWeights(options.format, await readWeightOrders(context, portfolio, question));
        else print(options.format, await readOrders(context, portfolio, question));
      }),
    );
}

function money(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new UserError(`--value is ${text}; expected an amount above 0`);
  return value;
}

function print(format: Format, sheet: OrdersAnswer): void {
  const { portfolio, decidedAt, executeFrom, orders } = sheet;
  warnOfPastFill(sheet);
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

function printSheet(sheet: OrdersAnswer): void {
  console.log(`${heading(sheet)}\n`);
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

function printWeights(format: Format, answer: WeightsAnswer): void {
  const { portfolio, decidedAt, executeFrom, trades } = answer;
  warnOfPastFill(answer);
  if (format === 'json') console.log(JSON.stringify(answer, null, 2));
  else if (format === 'csv')
    printCsv(
      ['portfolio', 'decided_at', 'execute_from', 'symbol', 'side', 'held', 'target', 'trade', 'value'],
      trades.map((t) => [
        portfolio,
        decidedAt,
        executeFrom,
        t.symbol,
        t.side,
        t.held,
        t.target,
        t.trade,
        t.value,
      ]),
    );
  else {
    console.log(`${heading(answer)}, weights only\n`);
    printTable(
      ['symbol', 'side', 'held', 'target', 'trade', 'value'],
      trades.map((t) => [
        t.symbol,
        t.side,
        ...[t.held, t.target, t.trade].map((weight) => percent(weight, 2)),
        t.value.toFixed(2),
      ]),
    );
  }
}

type Headed = OrdersAbout & Pick<OrdersAnswer, 'portfolio' | 'decidedAt' | 'executeFrom' | 'netAssetValue'>;

const heading = ({ portfolio, decidedAt, executeFrom, netAssetValue, importedOn }: Headed) =>
  `${portfolio}: orders of ${decidedAt}, not before ${executeFrom}, for ${netAssetValue.toFixed(2)}, holdings ${holdingsKind(importedOn)}`;

/** On standard error, so that what reads the orders from a file is not disturbed, and whoever runs it is told. */
function warnOfPastFill({ isFillPast, decidedAt, executeFrom }: Headed): void {
  if (isFillPast)
    process.stderr.write(
      `rebalanced: the decision of ${decidedAt} was to be filled at the close of ${executeFrom}, which has passed; these orders are history, not to be placed\n`,
    );
}
