import { trueMinus } from '../format.ts';
import { html, type Markup } from '../html.ts';
import type { Page } from './page.ts';
import type { Fact, Section } from './sections.ts';
import type { Notice } from './sentences.ts';
import { colours, fonts, styles } from './style.ts';
import { weightTable } from './weight-table.ts';

/** The page as an HTML document that loads nothing from anywhere and runs no script. */
export async function htmlOf(page: Page): Promise<string> {
  // It loads slowly, so only when a letter is written.
  const { default: mjml } = await import('mjml');
  // MJML would otherwise fetch web fonts by the names of the stack: a letter loads nothing from anywhere.
  const { html: document } = await mjml(`${mjmlOf(page)}`, { validationLevel: 'strict', fonts: {} });
  return document.replace(/\n\s+/g, '\n').trim();
}

/** The whole letter in MJML: what it has nothing of is left out. */
function mjmlOf(page: Page): Markup {
  return html`
<mjml lang="en">
  <mj-head>
    <mj-title>${page.subject}</mj-title>
    <mj-preview>${page.why[0] ?? ''} ${page.dateline}</mj-preview>
    <mj-raw><meta name="color-scheme" content="light only"><meta name="format-detection" content="telephone=no,date=no"></mj-raw>
    <mj-attributes>
      <mj-all font-family="${fonts.sans}" />
      <mj-text font-size="14px" line-height="21px" color="${colours.ink}" padding="0" />
      <mj-table font-size="14px" line-height="20px" color="${colours.ink}" padding="0" />
    </mj-attributes>
  </mj-head>
  <mj-body width="600px" background-color="${colours.ground}">
    <mj-section padding="10px 0 0"></mj-section>
    <mj-section background-color="${colours.accent}" padding="0"><mj-column><mj-spacer height="4px" /></mj-column></mj-section>
    ${section(
      '26px 24px 0',
      html`
        <mj-text font-size="12px" line-height="16px" letter-spacing="0.6px" color="${colours.muted}">${page.kicker}</mj-text>
        <mj-text padding="6px 0 0" font-family="${fonts.serif}" font-size="25px" line-height="32px">${page.headline}</mj-text>
        <mj-text padding="8px 0 0" color="${colours.muted}">${page.dateline}</mj-text>`,
    )}
    ${page.notices.length > 0 ? section('18px 24px 0', html`<mj-table>${page.notices.map(notice)}</mj-table>`) : null}
    <mj-section background-color="${colours.paper}" padding="22px 24px 0"><mj-group>${page.tiles.map(tile)}</mj-group></mj-section>
    ${section('20px 24px 0', html`<mj-text>${page.why.map(trueMinus).join(' ')}</mj-text>`)}
    ${page.rows.length > 0 ? section('24px 24px 0', html`<mj-table>${weightTable(page)}</mj-table>`) : null}
    ${section('2px 24px 0', html`<mj-table>${page.sections.map(factRows)}</mj-table>`)}
    ${page.notes.length > 0 ? section('24px 24px 0', html`<mj-text>${notes(page.notes)}</mj-text>`) : null}
    ${section('26px 24px 28px', html`<mj-text font-size="11px" line-height="17px" color="${colours.muted}" padding="0">${smallPrint(page)}</mj-text>`)}
    <mj-section padding="0 0 20px"></mj-section>
  </mj-body>
</mjml>`;
}

function section(padding: string, inner: Markup): Markup {
  return html`
  <mj-section background-color="${colours.paper}" padding="${padding}"><mj-column>${inner}</mj-column></mj-section>`;
}

function tile({ label, value }: Fact): Markup {
  return html`
  <mj-column width="25%" vertical-align="top">
    <mj-text padding="0 6px 0 0" font-size="11px" line-height="15px" color="${colours.muted}">${label}</mj-text>
    <mj-text padding="2px 6px 0 0" font-size="17px" line-height="22px" font-weight="600">${trueMinus(value)}</mj-text>
  </mj-column>`;
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
  return html`${[...link, ...lines].map(
    (line) => html`
<p style="margin:0 0 8px;">${line}</p>`,
  )}`;
}
