import { trueMinus } from '../format.ts';
import { html, join, type Markup } from './markup.ts';
import type { Page } from './page.ts';
import type { Section } from './sections.ts';
import type { Notice } from './sentences.ts';
import { colours, styles } from './style.ts';
import { fill } from './template.ts';
import { weightTable } from './weight-table.ts';

/** The page as an HTML document that loads nothing from anywhere and runs no script. */
export function htmlOf(page: Page): Promise<string> {
  const tiles = page.tiles.flatMap(({ label, value }, index) => [
    [`label${index}`, html`${label}`],
    [`value${index}`, html`${trueMinus(value)}`],
  ]);
  const slots: Record<string, Markup> = {
    title: html`${page.subject}`,
    preview: html`${page.why[0] ?? ''} ${page.dateline}`,
    kicker: html`${page.kicker}`,
    headline: html`${page.headline}`,
    dateline: html`${page.dateline}`,
    notices: join(page.notices.map(notice)),
    why: html`${page.why.map(trueMinus).join(' ')}`,
    weights: weightTable(page),
    facts: join(page.sections.map(factRows)),
    notes: notes(page.notes),
    smallPrint: smallPrint(page),
    ...Object.fromEntries(tiles),
  };
  const shown = new Set<string>();
  if (page.notices.length > 0) shown.add('notices');
  if (page.rows.length > 0) shown.add('weights');
  if (page.notes.length > 0) shown.add('notes');
  return fill(slots, shown);
}

function notice({ title, text }: Notice, index: number): Markup {
  const gap =
    index === 0 ? [] : [html`<tr><td style="height:6px;line-height:6px;font-size:1px;">&nbsp;</td></tr>`];
  return html`${gap}
<tr><td style="padding:12px 14px;background:${colours.noticeGround};border-left:3px solid ${colours.noticeLine};"><strong>${title}</strong> ${text}</td></tr>`;
}

function factRows({ title, facts }: Section): Markup {
  const rows = facts.map(
    ({ label, value }) => html`
<tr><td style="${styles.rule}padding:6px 12px 6px 0;color:${colours.muted};vertical-align:top;">${label}</td>
<td align="right" style="${styles.rule}padding:6px 0;text-align:right;font-variant-numeric:tabular-nums;vertical-align:top;">${trueMinus(value)}</td></tr>`,
  );
  return html`
<tr><td colspan="2" style="${styles.title}padding:24px 0 8px;">${title}</td></tr>${rows}`;
}

function notes(lines: readonly string[]): Markup {
  const each = lines.map(
    (line) => html`
<div style="${styles.rule}padding:6px 0;">${trueMinus(line)}</div>`,
  );
  return html`<div style="${styles.title}padding:0 0 8px;">Limits and notes</div>${each}`;
}

function smallPrint({ smallPrint: lines, statusUrl }: Page): Markup {
  const link =
    statusUrl === null
      ? []
      : [html`<a href="${statusUrl}" style="color:${colours.accent};">Status of the portfolio</a>`];
  return join(
    [...link, ...lines.map((line) => html`${line}`)].map(
      (line) => html`
<p style="margin:0 0 8px;">${line}</p>`,
    ),
  );
}
