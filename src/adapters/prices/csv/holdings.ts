import type { ReportedLine } from '../../../core/accounting/imported-holdings.ts';
import { Cells, refuseCell, textOf } from './cells.ts';
import { type HoldingField, holdingField, holdingMeanings } from './holding-columns.ts';
import { type HoldingsOf, type HoldingsReport, type ReportLine, reportOf } from './holdings-report.ts';
import { currencyCode } from './numbers.ts';
import type { Recognised } from './recognised.ts';
import { refuseLine } from './records.ts';
import { SymbolIndex } from './symbols.ts';
import { type CsvReader, type CsvRow, isUnnamed, type Layout, type Recogniser, readTable } from './table.ts';

/** A portfolio has hundreds of symbols and a line for each, so this is room for a broker's every column. */
const holdings = { content: 'holdings', bytesMax: 1024 ** 2 };

/**
 * Reads a broker's report: a table with a column of symbols and one of quantities or weights, among whatever others.
 * Lots of a symbol are summed, lines of totals left out, rounded weights scaled. A symbol that is not listed is held at 0
 * only where the report says that it is whole: by its cash, by weights that sum to 1, by a total that agrees, or by its
 * owner's word. The whole file is read before anything is returned: the first wrong line is a SourceError.
 */
export function readHoldings(
  path: string,
  of: HoldingsOf,
): { lines: ReportedLine[]; recognised: Recognised } {
  const { value, recognised } = readTable(path, holdings, holdingsRecogniser(of));
  return { lines: value, recognised };
}

type Places = Record<HoldingField, number>;

function holdingsRecogniser(of: HoldingsOf): Recogniser<ReportedLine[]> {
  return { layoutAt: (rows, at) => layoutAt(rows[at]!, of), refuse };
}

function refuse(first: CsvRow): never {
  refuseLine(first, `has the columns ${first.cells.join(', ')}`, 'symbol,quantity or symbol,weight');
}

function layoutAt(header: CsvRow, of: HoldingsOf): Layout<ReportedLine[]> | null {
  const fields = header.cells.map(holdingField);
  // Shares are what is held; the weights beside them are the broker's own reckoning.
  const held = fields.includes('quantity') ? 'quantity' : 'weight';
  const place = (field: HoldingField): number => {
    const index = fields.indexOf(field);
    const other = fields.indexOf(field, index + 1);
    const isDecisive = field === 'symbol' || field === held;
    if (index >= 0 && other > index && isDecisive)
      refuseLine(header, `has both ${header.cells[index]} and ${header.cells[other]}`, `one column ${field}`);
    return index;
  };
  if (!fields.includes('symbol') || !fields.includes(held)) return null;
  const places: Places = {
    symbol: place('symbol'),
    quantity: place('quantity'),
    weight: held === 'weight' ? place('weight') : -1,
    price: place('price'),
    value: place('value'),
    currency: place('currency'),
    account: place('account'),
    side: place('side'),
  };
  const read = new Set(Object.values(places));
  const columns = header.cells.map((name, index) => {
    const field = read.has(index) ? fields[index] : undefined;
    return { name, meaning: field ? holdingMeanings[field] : 'not read' };
  });
  const { quantity, weight, price, value } = places;
  return {
    content: quantity >= 0 ? 'quantities' : 'weights',
    header: header.cells.map((name, index) => (index === 0 && isUnnamed(name) ? '#' : name)),
    headerRows: 1,
    columns,
    numbers: [quantity, weight, price, value].filter((index) => index >= 0),
    dates: [],
    leavesOut: isRemark,
    begin: (spelling) => holdingsReader(places, new Cells(spelling), of),
  };
}

/** Words below a report, in a line of their own. */
function isRemark({ cells }: CsvRow): boolean {
  const [text = '', ...others] = cells.filter((cell) => cell !== '');
  return others.length === 0 && text.length > 20 && text.includes(' ');
}

const totalWords = /^(account |grand |portfolio )?(sub-?)?totals?\b|^(gesamt|summe)\b/i;

function holdingsReader(places: Places, cells: Cells, of: HoldingsOf): CsvReader<ReportedLine[]> {
  const { cashSymbol, portfolio } = of;
  const known = new SymbolIndex<string>();
  for (const symbol of of.symbols) known.set(symbol, symbol);
  const report: HoldingsReport = { byWeight: places.quantity < 0, lines: [], total: null, first: null };
  const accounts = new Set<string>();
  return {
    take(row) {
      report.first ??= row;
      const text = textOf(row, places.symbol);
      const label = text === '' ? (row.cells.find((cell) => cell !== '') ?? '') : text;
      if (totalWords.test(label)) {
        if (report.total) refuseLine(row, 'is a second line of totals', 'the lines of one account');
        report.total = { row, ...amountsOf(row, places, cells) };
        return;
      }
      if (report.total)
        refuseLine(row, `comes after the total of line ${report.total.row.line}`, 'the lines of one account');
      if (/^(short|sold|sell|s)$/i.test(textOf(row, places.side)))
        refuseCell(row, places.side, 'a side that is long: write what is sold short with a minus');
      accounts.add(textOf(row, places.account));
      if (accounts.size > 1)
        refuseLine(row, `is of another account (${[...accounts].join(', ')})`, 'the lines of one account');
      const isCash = known.get(text) === undefined && isCashLine(row, label, places, of);
      const symbol = isCash ? cashSymbol : known.get(text);
      const line: ReportLine = {
        row,
        symbol: symbol ?? text,
        text: label,
        isCash,
        ...amountsOf(row, places, cells),
      };
      if (symbol === undefined) {
        if (line.quantity === 0) return;
        refuseCell(row, places.symbol, `one of ${portfolio}: ${[...of.symbols, cashSymbol].join(', ')}`);
      }
      if (isCash) checkCurrency(row, textOf(row, places.currency) || currencyCode(cells.currency), of);
      const held = report.byWeight ? places.weight : places.quantity;
      const isTold =
        (isCash && line.value !== null) || (report.byWeight ? line.weight : line.quantity) !== null;
      if (!isTold) refuseCell(row, held, 'a number');
      report.lines.push(line);
    },
    finish: () => reportOf(report, of, cells.currency),
  };
}

function amountsOf(row: CsvRow, places: Places, cells: Cells) {
  const optional = (index: number) => (index < 0 ? null : cells.number(row, index));
  const share = places.weight < 0 ? { value: null, isPercent: false } : cells.share(row, places.weight);
  return {
    quantity: optional(places.quantity),
    price: optional(places.price),
    value: optional(places.value),
    weight: share.value,
    isPercent: share.isPercent,
  };
}

/** Cash is called so, or by the portfolio's currency. */
function isCashLine(
  row: CsvRow,
  text: string,
  places: Places,
  { cashSymbol, currency }: HoldingsOf,
): boolean {
  const name = text.toUpperCase();
  if (name === cashSymbol || name === currency || name === '$$$' || name === 'US DOLLAR') return true;
  if (/^\$?CASH([ .(&_-].*)?$/.test(name)) {
    const other = /\b[A-Z]{3}\b/.exec(name.replace(/CASH|AND|USD CASH/g, ''))?.[0];
    if (other && other !== currency && currencyCode(other) && isCurrency(other))
      refuseCell(row, places.symbol, `cash in ${currency}, the portfolio's currency`);
    return true;
  }
  return new RegExp(`^${currency}[ .-]CASH$`).test(name);
}

const isCurrency = (code: string) => Intl.supportedValuesOf('currency').includes(code);

function checkCurrency(row: CsvRow, found: string | null, { currency }: HoldingsOf): void {
  if (found !== null && found !== currency)
    refuseLine(row, `has cash in ${found}`, `cash in ${currency}, the portfolio's currency`);
}
