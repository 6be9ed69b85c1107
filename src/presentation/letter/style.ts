import { Markup } from '../html.ts';

/** Dark on light, and few of them. */
export const colours = {
  ink: '#1c2430',
  muted: '#616b78',
  line: '#e3e6ea',
  paper: '#ffffff',
  ground: '#eef0f2',
  accent: '#24476f',
  faded: '#bcc5d0',
  buy: '#1f6b47',
  sell: '#9a3b2c',
  noticeGround: '#fdf3e1',
  noticeLine: '#c9821b',
} as const;

/** Inline styles, as mail clients drop style sheets. Each ends with a semicolon, so they may be put one after another. */
export const styles = {
  rule: `border-top:1px solid ${colours.line};`,
  title: `font-size:12px;line-height:16px;letter-spacing:0.6px;font-weight:600;color:${colours.muted};`,
  small: `font-size:12px;line-height:16px;color:${colours.muted};`,
  figure: 'text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;vertical-align:top;',
} as const;

/** Font stacks for an attribute in double quotes: markup, as their own quotes are to stay. */
export const fonts = {
  sans: new Markup("-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"),
  serif: new Markup("Georgia, 'Times New Roman', serif"),
} as const;
