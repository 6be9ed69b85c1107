import { percent, signedPercent } from '../format.ts';
import type { Page } from './page.ts';
import type { Fact } from './sections.ts';
import type { WeightRow } from './weight-rows.ts';

const columns = 72;

/** The page as plain text, 72 columns wide. */
export function textOf(page: Page): string {
  const blocks = [
    `${page.kicker.toUpperCase()}\n${wrap(page.headline)}\n\n${wrap(page.dateline)}`,
    ...page.notices.map(({ title, text }) => wrap(`${title} ${text}`, '! ')),
    titled('Why', page.why.map((line) => wrap(line)).join('\n')),
    ...(page.rows.length > 0 ? [titled('Weights', weights(page))] : []),
    ...page.sections.map(({ title, facts }) => titled(title, factLines(facts))),
  ];
  if (page.notes.length > 0)
    blocks.push(titled('Limits and notes', page.notes.map((note) => wrap(note, '- ')).join('\n')));
  if (page.statusUrl !== null) blocks.push(`Status: ${page.statusUrl}`);
  blocks.push(`${'-'.repeat(columns)}\n${page.smallPrint.map((line) => wrap(line)).join('\n')}`);
  return `${blocks.join('\n\n')}\n`;
}

function titled(title: string, body: string): string {
  return `${title}\n${'-'.repeat(title.length)}\n${body}`;
}

function weights({ rows, weightsNote }: Page): string {
  const withForecast = rows.some((row) => row.forecast !== null);
  const head = ['', 'Old', 'New', 'Trade', ...(withForecast ? ['Forecast'] : [])];
  const cells = rows.map((row) => [
    row.label,
    percent(row.held),
    percent(row.target),
    tradeText(row),
    ...(withForecast ? [row.forecast === null ? '' : signedPercent(row.forecast)] : []),
  ]);
  const table = [head, ...cells];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, ...(weightsNote === null ? [] : ['', wrap(weightsNote)])].join('\n');
}

/** A trade with its sign; a dash where nothing at all is traded. */
export function tradeText(row: WeightRow): string {
  return Math.abs(row.trade) < 1e-12 ? '-' : signedPercent(row.trade);
}

function factLines(facts: readonly Fact[]): string {
  const width = Math.max(...facts.map(({ label }) => label.length));
  return facts.map(({ label, value }) => `${label.padEnd(width)}  ${value}`).join('\n');
}

/** Breaks a paragraph at spaces; `lead` starts its first line, and the others are indented as far. */
function wrap(paragraph: string, lead = ''): string {
  const indent = ' '.repeat(lead.length);
  const lines = [lead];
  for (const word of paragraph.split(' ')) {
    const last = lines.length - 1;
    const line = lines[last]!;
    const fresh = line === lead || line === indent;
    if (!fresh && line.length + 1 + word.length > columns) lines.push(indent + word);
    else lines[last] = fresh ? line + word : `${line} ${word}`;
  }
  return lines.join('\n');
}
