import { percent, signedPercent, trueMinus } from '../format.ts';
import { html, type Markup } from '../html.ts';
import type { Page } from './page.ts';
import { colours, styles } from './style.ts';
import { tradeText } from './text.ts';
import type { WeightRow } from './weight-rows.ts';

/** The table of weights: each asset with two bars, what is held and what shall be. */
export function weightTable({ rows, weightsNote }: Page): Markup {
  const sizes = rows
    .filter((row) => row.kind !== 'rest')
    .flatMap((row) => [Math.abs(row.held), Math.abs(row.target)])
    .filter(Number.isFinite);
  const widest = Math.max(1e-9, ...sizes);
  const note =
    weightsNote === null
      ? []
      : [
          html`<tr><td colspan="4" style="${styles.rule}${styles.small}padding:8px 0 0;">${weightsNote}</td></tr>`,
        ];
  return html`<thead><tr><th scope="col" align="left" style="${styles.title}padding:0 0 8px;text-align:left;">Weights</th>
${head('Old', colours.faded)}${head('New', colours.accent)}${head('Trade', null)}</tr></thead>
<tbody>${rows.map((row) => weightRow(row, widest))}${note}</tbody>`;
}

/** A column's head, with the colour of its bar in front. */
function head(text: string, colour: string | null): Markup {
  const mark = colour === null ? [] : [html`<span style="color:${colour};">&#9632;</span> `];
  return html`<th scope="col" align="right" style="${styles.title}${styles.figure}padding:0 0 8px 12px;">${mark}${text}</th>`;
}

function weightRow(row: WeightRow, widest: number): Markup {
  const forecast =
    row.forecast === null
      ? []
      : [
          html`<div style="${styles.small}padding-top:4px;">forecast ${trueMinus(signedPercent(row.forecast))}</div>`,
        ];
  const trade = tradeText(row);
  return html`
<tr><td width="52%" style="${styles.rule}padding:9px 0;width:52%;vertical-align:top;">
<div style="font-weight:600;word-break:break-word;padding-bottom:2px;">${row.label}</div>
${bars(row, widest)}${forecast}</td>
${cell(percent(row.held), `color:${colours.muted};`)}${cell(percent(row.target), 'font-weight:600;')}${cell(trade === '-' ? '–' : trade, `color:${tradeColour(row, trade)};`)}</tr>`;
}

function cell(text: string, style: string): Markup {
  return html`<td align="right" style="${styles.rule}${styles.figure}padding:9px 0 9px 12px;${style}">${trueMinus(text)}</td>`;
}

function tradeColour(row: WeightRow, trade: string): string {
  if (row.kind === 'cash' || !/[1-9]/.test(trade)) return colours.muted;
  return row.trade > 0 ? colours.buy : colours.sell;
}

function bars({ kind, held, target }: WeightRow, widest: number): Markup[] {
  if (kind === 'rest') return [];
  return [
    bar(held, widest, colours.faded),
    bar(target, widest, kind === 'cash' ? colours.muted : colours.accent),
  ];
}

/** A bar of table cells, as mail clients strip drawings; a short position has the colour of a sale. */
function bar(weight: number, widest: number, colour: string): Markup {
  const share = Number.isFinite(weight) ? Math.min(100, (100 * Math.abs(weight)) / widest) : 0;
  const cells = [
    ...(share >= 0.05 ? [barCell(share, weight < 0 ? colours.sell : colour)] : []),
    ...(share < 99.95 ? [barCell(100 - share, colours.paper)] : []),
  ];
  return html`<table role="presentation" aria-hidden="true" width="100%" cellpadding="0" cellspacing="0" border="0" style="width:100%;table-layout:fixed;margin-top:2px;"><tr>${cells}</tr></table>`;
}

function barCell(share: number, ground: string): Markup {
  const width = `${share.toFixed(1)}%`;
  return html`<td width="${width}" style="width:${width};height:4px;line-height:4px;font-size:1px;padding:0;background:${ground};">&nbsp;</td>`;
}
