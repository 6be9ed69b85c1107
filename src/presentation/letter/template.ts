import type { Markup } from './markup.ts';
import { colours, fonts } from './style.ts';

const section = (inner: string, padding: string) => `
  <mj-section background-color="${colours.paper}" padding="${padding}">${inner}</mj-section>`;
const column = (inner: string) => `<mj-column>${inner}</mj-column>`;
const tile = (index: number) => `
  <mj-column width="25%" vertical-align="top">
    <mj-text padding="0 6px 0 0" font-size="11px" line-height="15px" color="${colours.muted}">{{label${index}}}</mj-text>
    <mj-text padding="2px 6px 0 0" font-size="17px" line-height="22px" font-weight="600">{{value${index}}}</mj-text>
  </mj-column>`;
const block = (name: string, inner: string) =>
  `<mj-raw><!-- block:${name} --></mj-raw>${inner}<mj-raw><!-- end:${name} --></mj-raw>`;

/** The frame of every letter. `{{slots}}` take Markup; a `block` is left out when the letter has nothing for it. */
const frame = `
<mjml lang="en">
  <mj-head>
    <mj-title>{{title}}</mj-title>
    <mj-preview>{{preview}}</mj-preview>
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
      column(`
        <mj-text font-size="12px" line-height="16px" letter-spacing="0.6px" color="${colours.muted}">{{kicker}}</mj-text>
        <mj-text padding="6px 0 0" font-family="${fonts.serif}" font-size="25px" line-height="32px">{{headline}}</mj-text>
        <mj-text padding="8px 0 0" color="${colours.muted}">{{dateline}}</mj-text>`),
      '26px 24px 0',
    )}
    ${block('notices', section(column('<mj-table>{{notices}}</mj-table>'), '18px 24px 0'))}
    ${section(`<mj-group>${[0, 1, 2, 3].map(tile).join('')}</mj-group>`, '22px 24px 0')}
    ${section(column('<mj-text>{{why}}</mj-text>'), '20px 24px 0')}
    ${block('weights', section(column('<mj-table>{{weights}}</mj-table>'), '24px 24px 0'))}
    ${section(column('<mj-table>{{facts}}</mj-table>'), '2px 24px 0')}
    ${block('notes', section(column('<mj-text>{{notes}}</mj-text>'), '24px 24px 0'))}
    ${section(
      column(
        `<mj-text font-size="11px" line-height="17px" color="${colours.muted}" padding="0">{{smallPrint}}</mj-text>`,
      ),
      '26px 24px 28px',
    )}
    <mj-section padding="0 0 20px"></mj-section>
  </mj-body>
</mjml>`;

let compiled: Promise<string> | undefined;

/** The frame as HTML, compiled by MJML once per process (it loads slowly, so only when a letter is written). */
async function compile(): Promise<string> {
  const { default: mjml } = await import('mjml');
  // MJML would otherwise fetch web fonts by the names of the stack: a letter loads nothing from anywhere.
  const { html } = await mjml(frame, { validationLevel: 'strict', fonts: {} });
  return html.replace(/\n\s+/g, '\n').trim();
}

/**
 * The frame filled in one pass, so nothing in a value is read as a slot again. Blocks not in `shown` are left out.
 * An Error names a slot without a value.
 */
export async function fill(slots: Record<string, Markup>, shown: ReadonlySet<string>): Promise<string> {
  compiled ??= compile();
  const html = await compiled;
  return html
    .replace(/<!-- block:(\w+) -->([\s\S]*?)<!-- end:\1 -->\n?/g, (_, name: string, inner: string) =>
      shown.has(name) ? inner : '',
    )
    .replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
      const value = slots[name];
      if (value === undefined)
        throw new Error(`the letter's frame asks for {{${name}}}, which was not given`);
      return value.markup;
    });
}
