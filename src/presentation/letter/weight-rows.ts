import type { Decision } from '../../core/policy/decision.ts';

const forecastSessions = 21;

/** Mail clients cut a message near 100 kB, so a large portfolio shows its largest trades and sums up the rest. */
const rowsMax = 30;

/** One row of the table of weights; ratios of net asset value. */
export type WeightRow = {
  label: string;
  kind: 'asset' | 'rest' | 'cash';
  held: number;
  target: number;
  trade: number;
  /** the forecast carried over `forecastSessions`, a simple return; null where none was used */
  forecast: number | null;
};

/** The assets in the order of the decision, and cash. */
export function weightRows(decision: Decision): WeightRow[] {
  const assets = decision.lines.map(
    (line): WeightRow => ({
      label: line.symbol,
      kind: 'asset',
      held: line.held,
      target: line.target,
      trade: line.trade,
      forecast: line.forecast === null ? null : Math.expm1(forecastSessions * line.forecast),
    }),
  );
  const { held, target } = decision.cash;
  const cash: WeightRow = { label: 'Cash', kind: 'cash', held, target, trade: target - held, forecast: null };
  if (assets.length <= rowsMax) return [...assets, cash];
  const ordered = assets.toSorted((a, b) => Math.abs(b.trade) - Math.abs(a.trade));
  const rest = ordered.slice(rowsMax);
  const sum = (part: (row: WeightRow) => number) => rest.reduce((total, row) => total + part(row), 0);
  const others: WeightRow = {
    label: `${rest.length} others, net`,
    kind: 'rest',
    held: sum((row) => row.held),
    target: sum((row) => row.target),
    trade: sum((row) => row.trade),
    forecast: null,
  };
  return [...ordered.slice(0, rowsMax), others, cash];
}

/** What the reader must know to read the rows; null where nothing. */
export function weightsNote(rows: readonly WeightRow[]): string | null {
  const notes: string[] = [];
  if (rows.some((row) => row.forecast !== null))
    notes.push(
      `Forecasts are mean daily returns carried over ${forecastSessions} sessions: estimates, often wrong.`,
    );
  if (rows.some((row) => row.kind === 'rest'))
    notes.push(`The ${rowsMax} largest trades are shown. All lines: rebalanced targets.`);
  return notes.length === 0 ? null : notes.join(' ');
}
