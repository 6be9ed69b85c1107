import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { readBars } from '../../adapters/postgres/bar-rows.ts';
import { decisionAt } from '../../adapters/postgres/decision-rows.ts';
import { cashSymbol, newestValuation, saveImportedHoldings } from '../../adapters/postgres/valuation-rows.ts';
import { refuseDuringReplay } from '../../app/replay/demo-claim.ts';
import { UserError } from '../../app/user-error.ts';
import { importedWeights, type ReportedLine } from '../../core/accounting/imported-holdings.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import { type Common, portfolioIn, withContext, withStore } from '../options.ts';
import { percent } from '../output/figures.ts';
import { printTable } from '../output/table.ts';

const farFuture = '9999-12-31';

export function holdingsCommand(): Command {
  return withStore(new Command('holdings'))
    .description('print what is held; or import what a broker says is held, to trade from that')
    .option('-p, --portfolio <id>', 'portfolio (default: the only one)')
    .option('--import <file>', `CSV: symbol,quantity or symbol,weight, with a line for ${cashSymbol}`)
    .action(async (options: Common & { portfolio?: string; import?: string }) =>
      withContext(options, async ({ config, database, ...context }) => {
        const portfolio = context.portfolio(portfolioIn(config, options.portfolio).id);
        const { portfolio: id, symbols } = portfolio.policy;
        const before = await newestValuation(database, id, farFuture, symbols);
        if (!before)
          throw new UserError(`${id} has not been valued yet, so nothing is held; run \`npm start\` first`);
        const { session } = before;
        if (options.import !== undefined) {
          if (options.demo) await refuseDuringReplay(database);
          if (await decisionAt(database, id, session))
            throw new UserError(
              `${id} was decided at ${session} from other holdings; expected the import before the decision, or after the next session`,
            );
          const lines = parse(options.import, portfolio);
          const window = { source: portfolio.sourceName, symbols, from: session, to: session, vintage: null };
          const closes = new Map((await readBars(database, window)).map((bar) => [bar.symbol, bar.close]));
          const weights = weigh(options.import, lines, closes);
          await database
            .transaction((sql) => saveImportedHoldings(sql, id, session, weights, new Date().toISOString()))
            .catch((error: { constraint?: string; message: string }) => {
              throw error.constraint === 'imported_holdings_key'
                ? new UserError(
                    `holdings of ${id} at ${session} were imported before; expected one import a session`,
                  )
                : error;
            });
        }
        const now = (await newestValuation(database, id, session, symbols))!;
        console.log(`${id}: held at the close of ${session}\n`);
        const rows = [
          ...symbols.map((symbol, i) => [symbol, now.live.weights[i]!] as const),
          [cashSymbol, now.live.cash] as const,
        ];
        printTable(
          ['symbol', 'weight'],
          rows.map(([symbol, weight]) => [symbol, percent(weight)]),
        );
      }),
    );
}

function weigh(file: string, lines: readonly ReportedLine[], closes: ReadonlyMap<string, number>) {
  try {
    return importedWeights(lines, cashSymbol, (symbol) => closes.get(symbol));
  } catch (error) {
    throw error instanceof RangeError ? new UserError(`${file}: ${error.message}`) : error;
  }
}

/** Reads the file whole before anything is written: the first wrong line ends it. */
function parse(file: string, { policy }: Portfolio): ReportedLine[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new UserError(`cannot read ${file}; expected a CSV file of holdings`);
  }
  const [head, ...rows] = text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((row) => row.trim());
  const kind = head === 'symbol,quantity' ? 'quantity' : head === 'symbol,weight' ? 'weight' : null;
  if (!kind)
    throw new UserError(`${file}:1: the header is "${head}"; expected symbol,quantity or symbol,weight`);
  const seen = new Set<string>();
  const lines: ReportedLine[] = [];
  for (const [i, row] of rows.entries()) {
    if (row === '') continue;
    const where = `${file}:${i + 2}`;
    const [symbol = '', number = '', ...more] = row.split(',').map((cell) => cell.trim());
    const value = number === '' ? Number.NaN : Number(number);
    if (more.length > 0 || !Number.isFinite(value))
      throw new UserError(`${where}: "${row}"; expected a symbol and a number`);
    if (symbol !== cashSymbol && !policy.symbols.includes(symbol))
      throw new UserError(
        `${where}: ${symbol} is not in ${policy.portfolio}; expected one of ${policy.symbols.join(', ')}, ${cashSymbol}`,
      );
    if (seen.has(symbol))
      throw new UserError(`${where}: ${symbol} is there twice; expected each symbol once`);
    seen.add(symbol);
    lines.push({
      symbol,
      quantity: kind === 'quantity' ? value : null,
      weight: kind === 'weight' ? value : null,
    });
  }
  for (const symbol of [...policy.symbols, cashSymbol])
    if (!seen.has(symbol))
      lines.push({ symbol, quantity: kind === 'quantity' ? 0 : null, weight: kind === 'weight' ? 0 : null });
  return lines;
}
