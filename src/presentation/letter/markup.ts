/** HTML that may be written as it is. Only `html` makes it, so text from outside is escaped wherever it is put. */
export type Markup = { readonly markup: string };

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Text made safe inside an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => entities[character]!);
}

type Value = string | number | Markup | readonly Markup[];

/** A template tag: every value is escaped unless it is Markup already. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return { markup: strings.reduce((made, part, index) => made + written(values[index - 1]!) + part) };
}

/** Pieces one after another. */
export function join(pieces: readonly Markup[]): Markup {
  return { markup: pieces.map((piece) => piece.markup).join('') };
}

function written(value: Value): string {
  if (typeof value === 'object') return 'markup' in value ? value.markup : join(value).markup;
  return escapeHtml(String(value));
}

/**
 * One line of text: control characters, line breaks and marks that turn the reading direction become spaces,
 * so that a value from outside can neither forge a line of the letter nor a mail header.
 */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu, ' ')
    .replace(/ +/g, ' ')
    .trim();
}

/** A copy of plain data with every string in it made one line. */
export function inOneLine<T>(value: T): T {
  if (typeof value === 'string') return oneLine(value) as T;
  if (Array.isArray(value)) return value.map(inOneLine) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inOneLine(part)])) as T;
}
