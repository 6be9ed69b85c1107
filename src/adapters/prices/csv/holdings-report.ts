import type { ReportedLine } from '../../../core/accounting/imported-holdings.ts';
import { refuseLine } from './records.ts';
import type { CsvRow, Told } from './table.ts';

/** Whose report it is. */
export type HoldingsOf = {
  portfolio: string;
  /** of the portfolio, without cash */
  symbols: readonly string[];
  cashSymbol: string;
  currency: string;
  /** the owner says that what the file does not list is not held, cash included */
  isComplete: boolean;
};

type Amounts = {
  quantity: number | null;
  price: number | null;
  value: number | null;
  weight: number | null;
  isPercent: boolean;
};

/** One line of a broker's report. */
export type ReportLine = Amounts & {
  row: CsvRow;
  /** the portfolio's spelling */
  symbol: string;
  /** the file's spelling */
  text: string;
  isCash: boolean;
};

/** All lines of a report, none of which contradicts the portfolio by itself. */
export type HoldingsReport = {
  byWeight: boolean;
  lines: ReportLine[];
  total: (Amounts & { row: CsvRow }) | null;
  first: CsvRow | null;
};

/** Weights rounded by a broker sum to 1 within this, and to 100 within a hundred times it. */
const roundedSum = 0.01;
/** Sums to 1 within this are not worth a word. */
const exactSum = 1e-6;

/** What a report says is held, one line a symbol of the portfolio. */
export function reportOf(
  report: HoldingsReport,
  of: HoldingsOf,
  currency: string | null,
): { value: ReportedLine[]; told: Told } {
  const notes: string[] = [...respelled(report.lines)];
  const summed = report.byWeight ? weightsOf(report, of, notes) : quantitiesOf(report, of, notes);
  const unlisted = [...of.symbols, of.cashSymbol].filter((symbol) => !summed.has(symbol));
  if (!report.byWeight) checkWhole(report, of, summed, notes);
  if (unlisted.length > 0) notes.push(`not listed, taken as not held: ${unlisted.join(', ')}`);
  const reported = (symbol: string, value: number): ReportedLine =>
    report.byWeight ? { symbol, quantity: null, weight: value } : { symbol, quantity: value, weight: null };
  const value = [...summed, ...unlisted.map((symbol): [string, number] => [symbol, 0])].map(
    ([symbol, held]) => reported(symbol, held),
  );
  const told = {
    symbols: [...summed.keys()],
    dates: null,
    first: null,
    last: null,
    notes,
    warnings: [],
    currency,
  };
  return { value, told };
}

function respelled(lines: readonly ReportLine[]): string[] {
  const other = lines.filter(({ symbol, text }) => symbol !== text);
  if (other.length === 0) return [];
  const named = new Set(other.map(({ symbol, text }) => `${text} as ${symbol}`));
  return [`taken ${[...named].join(', ')}`];
}

function summedBy(
  lines: readonly ReportLine[],
  amountOf: (line: ReportLine) => number,
  notes: string[],
): Map<string, number> {
  const summed = new Map<string, number>();
  const lots = Map.groupBy(lines, ({ symbol }) => symbol);
  for (const [symbol, all] of lots) {
    summed.set(
      symbol,
      all.reduce((sum, line) => sum + amountOf(line), 0),
    );
    if (all.length > 1) notes.push(`${symbol}: the sum of its ${all.length} lines`);
  }
  return summed;
}

function quantitiesOf({ lines }: HoldingsReport, of: HoldingsOf, notes: string[]): Map<string, number> {
  for (const line of lines) if (line.isPercent) refuseLine(line.row, 'is per cent', 'a quantity');
  return summedBy(lines, (line) => (line.isCash ? moneyOf(line, of) : line.quantity!), notes);
}

/** Cash is money: its value where the report has one, else its quantity. Whatever else is told of it must agree. */
function moneyOf({ row, quantity, price, value }: ReportLine, { cashSymbol }: HoldingsOf): number {
  if (value === null) {
    if (price === null || isNear(price, 1)) return quantity!;
    if (isNear(quantity!, 1)) return price;
    refuseLine(row, `has ${quantity} at a price of ${price} for ${cashSymbol}`, 'one amount of money');
  }
  if (quantity !== null && !isNear(quantity * (price ?? 1), value) && !isNear(quantity, value))
    refuseLine(row, `has ${quantity} and a value of ${value} for ${cashSymbol}`, 'one amount of money');
  return value;
}

/** Refuses quantities of which it is not said that they are all there is: what was forgotten would be sold. */
function checkWhole(
  report: HoldingsReport,
  { cashSymbol, isComplete, currency }: HoldingsOf,
  summed: ReadonlyMap<string, number>,
  notes: string[],
): void {
  const agrees = checkTotal(report, notes);
  if (summed.has(cashSymbol) || isComplete || agrees) return;
  const at = report.lines.at(-1)?.row ?? report.first!;
  refuseLine(
    { path: at.path, line: at.line + 1 },
    `is missing: there is no line of ${cashSymbol}`,
    `${cashSymbol} and the money in ${currency} there, 0 where there is none; or --complete, which says that whatever is not listed is not held`,
  );
}

/** True where the report's total is that of its lines. One that is neither their value nor their quantity is only noted. */
function checkTotal({ lines, total }: HoldingsReport, notes: string[]): boolean {
  if (!total) return false;
  const { row, value, quantity } = total;
  const values = lines.map((line) => line.value);
  if (value !== null && values.every((one) => one !== null)) {
    const sum = values.reduce((all, one) => all + one, 0);
    const tolerance = 0.01 * (lines.length + 1);
    if (Math.abs(sum - value) > tolerance)
      refuseLine(
        row,
        `says a total value of ${value}, and its lines sum to ${sum}`,
        'all lines of the account',
      );
    notes.push(`line ${row.line}, the total value of ${value}: agrees with its lines`);
    return true;
  }
  const said = value ?? quantity;
  notes.push(`line ${row.line}, a total${said === null ? '' : ` of ${said}`}: left out`);
  return false;
}

function weightsOf(
  { lines, total, first }: HoldingsReport,
  of: HoldingsOf,
  notes: string[],
): Map<string, number> {
  const inPercent = lines.filter(({ isPercent, weight }) => isPercent || weight === 0).length;
  const signed = lines.some(({ isPercent }) => isPercent);
  if (signed && inPercent < lines.length) {
    const { row } = lines.find(({ isPercent, weight }) => !isPercent && weight !== 0)!;
    refuseLine(row, 'has a weight that is not per cent', 'all weights per cent, or none');
  }
  if (total) notes.push(`line ${total.row.line}, a total: left out`);
  const summed = summedBy(lines, ({ weight }) => weight!, notes);
  const sum = [...summed.values()].reduce((all, one) => all + one, 0);
  const isHundred = Math.abs(sum / 100 - 1) <= roundedSum;
  const unit = signed || isHundred ? 100 : 1;
  if (Math.abs(sum / unit - 1) > roundedSum) {
    refuseLine(
      (lines.at(-1)?.row ?? first)!,
      `ends the lines: the weights sum to ${signed ? `${sum}%` : sum}`,
      `1 with ${of.cashSymbol}, or 100 where they are per cent`,
    );
  }
  if (unit === 100) notes.push(`weights are per cent, and sum to ${rounded(sum)}`);
  const isExact = Math.abs(sum / unit - 1) <= exactSum;
  if (!isExact) notes.push(`rounded weights that sum to ${rounded(sum / unit)} are scaled to 1`);
  return new Map([...summed].map(([symbol, weight]) => [symbol, isExact ? weight / unit : weight / sum]));
}

const rounded = (value: number) => Number(value.toPrecision(8));

const isNear = (a: number, b: number) => Math.abs(a - b) <= 0.01 + 1e-9 * Math.abs(b);
