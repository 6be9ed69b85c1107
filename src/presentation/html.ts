/** Text that is markup already: made by `html`, or from a constant; anything else is escaped on its way into a page. */
export class Markup {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

type Part = Markup | string | number | null | readonly Part[];

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Text as it may stand in an element or in a quoted attribute. */
export function escaped(text: string): string {
  return text.replace(/[&<>"'`]/g, (sign) => entities[sign]!);
}

function render(part: Part): string {
  if (part instanceof Markup) return part.toString();
  if (part === null) return '';
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part));
  return part.map(render).join('');
}

/** A template whose every value is escaped, except markup made by this same template. Null is nothing; lists are joined. */
export function html(strings: TemplateStringsArray, ...values: Part[]): Markup {
  return new Markup(strings.reduce((made, text, i) => made + render(values[i - 1]!) + text));
}
