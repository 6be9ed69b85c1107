import type { DecisionStatus, LetterStatus, ModelStatus, SourceStatus } from '../../views/status.ts';
import { basisPoints, decimal, percent } from '../format.ts';
import { html, type Markup } from '../html.ts';
import { minute } from '../instant.ts';
import { badge } from './badge.ts';

const decisionsShownMax = 12;
const sourcesShownMax = 12;

/** A column: its heading, what a row shows in it, and whether that is a number. */
type Column<Row> = { heading: string; cell: (row: Row) => string | number | Markup; number?: true };

/** A table whose first column names its rows. */
function table<Row>(
  title: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  none: string,
): Markup {
  if (rows.length === 0) return html`<section><h2>${title}</h2><p class="none">${none}</p></section>`;
  const align = ({ number }: Column<Row>) => (number ? html` class="number"` : null);
  const [first, ...others] = columns;
  return html`<section><h2>${title}</h2><div class="scroll"><table><thead><tr>${columns.map((column) => html`<th scope="col"${align(column)}>${column.heading}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr><th scope="row">${first!.cell(row)}</th>${others.map((column) => html`<td${align(column)}>${column.cell(row)}</td>`)}</tr>\n`)}</tbody></table></div></section>`;
}

/** The newest decisions first. */
export function decisionTable(decisions: readonly DecisionStatus[]): Markup {
  const columns: Column<DecisionStatus>[] = [
    { heading: 'Session', cell: (row) => row.session },
    { heading: 'Portfolio', cell: (row) => row.portfolio },
    { heading: 'Reason', cell: (row) => row.reason },
    { heading: 'Fallback level', cell: (row) => badge(row.fallbackLevel) },
    { heading: 'Drawdown', cell: (row) => badge(row.drawdownState) },
    { heading: 'Turnover', cell: (row) => percent(row.turnoverOneWay), number: true },
    { heading: 'Estimated', cell: (row) => basisPoints(row.costRatio), number: true },
    {
      heading: 'Charged',
      cell: (row) => (row.chargedCostRatio === null ? '–' : basisPoints(row.chargedCostRatio)),
      number: true,
    },
    { heading: 'Cash', cell: (row) => percent(row.weights.CASH ?? 0), number: true },
  ];
  return table('Decisions', columns, decisions.slice(-decisionsShownMax).reverse(), 'None yet.');
}

export function modelTable(models: readonly ModelStatus[]): Markup {
  const columns: Column<ModelStatus>[] = [
    { heading: 'Portfolio', cell: (row) => row.portfolio },
    { heading: 'Trained on', cell: (row) => row.trainedOn },
    { heading: 'Backend', cell: (row) => `${row.backend} ${row.backendVersion}` },
    {
      heading: 'Model',
      cell: (row) =>
        html`<code title="${row.modelId}">${row.modelId.replace('sha256:', '').slice(0, 12)}</code>`,
    },
    { heading: 'Age, sessions', cell: (row) => row.ageSessions, number: true },
    { heading: 'Epochs', cell: (row) => row.epochs, number: true },
    { heading: 'Took', cell: (row) => `${decimal(row.trainingSeconds, 1)} s`, number: true },
    { heading: 'Loss', cell: (row) => row.validationLoss.toPrecision(4), number: true },
    { heading: 'Naive loss', cell: (row) => row.naiveValidationLoss.toPrecision(4), number: true },
  ];
  return table('Models', columns, models, 'None trained yet.');
}

export function letterTable(letters: readonly LetterStatus[]): Markup {
  const columns: Column<LetterStatus>[] = [
    { heading: 'Portfolio', cell: (row) => row.portfolio },
    { heading: 'Sent', cell: (row) => row.sent, number: true },
    { heading: 'Waiting', cell: (row) => row.pending + row.sending, number: true },
    { heading: 'Ambiguous', cell: (row) => row.ambiguous, number: true },
    { heading: 'Refused', cell: (row) => row.refused, number: true },
    { heading: 'Last error', cell: (row) => html`<span class="note">${row.lastError ?? '–'}</span>` },
  ];
  return table('Letters', columns, letters, 'None yet.');
}

/** Failing ones come first in the snapshot, so the cut leaves them in. */
export function sourceTable(sources: readonly SourceStatus[]): Markup {
  const columns: Column<SourceStatus>[] = [
    { heading: 'Symbol', cell: (row) => row.symbol },
    { heading: 'Source', cell: (row) => row.source },
    { heading: 'Newest bar', cell: (row) => row.newestSession ?? '–' },
    { heading: 'Last success, UTC', cell: (row) => minute(row.lastSuccessAt) },
    { heading: 'Gaps', cell: (row) => row.gaps, number: true },
    { heading: 'Restated', cell: (row) => row.restatements, number: true },
    {
      heading: 'Failures in a row',
      cell: (row) => (row.failuresInARow > 0 ? html`<span class="critical">${row.failuresInARow}</span>` : 0),
      number: true,
    },
    { heading: 'Last failure', cell: lastFailure },
  ];
  const made = table('Sources', columns, sources.slice(0, sourcesShownMax), 'Nothing fetched yet.');
  const left = sources.length - sourcesShownMax;
  return left > 0
    ? html`${made}<p class="quiet more">${left} more symbols are in /api/status; those that fail are listed first.</p>`
    : made;
}

function lastFailure({ lastFailure }: SourceStatus): string | Markup {
  if (lastFailure === null) return '–';
  return html`<span class="note">${minute(lastFailure.at)} UTC, ${lastFailure.kind}: ${lastFailure.message}</span>`;
}
