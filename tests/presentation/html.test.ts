import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escaped, html } from '../../src/presentation/html.ts';

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#96': '`' };
const unescaped = (text: string) =>
  text.replace(/&(amp|lt|gt|quot|#39|#96);/g, (_, name: string) => entities[name]!);

test('whatever text comes in, no markup comes out, and the text can be read back', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('<', '>', '"', "'", '`', '&', '&lt;', ''),
      (text, sign) => {
        const made = html`<p title="${text + sign}">${[sign, text]}</p>`.toString();
        const [, attribute, content] = /^<p title="([^"<>'`]*)">([^"<>'`]*)<\/p>$/.exec(made)!;
        expect(unescaped(attribute!)).toBe(text + sign);
        expect(unescaped(content!)).toBe(sign + text);
      },
    ),
  );
});

test('markup made by the template is not escaped again, nothing is made of null', () => {
  expect(html`<ul>${[html`<li>${1}</li>`, html`<li>${'a & b'}</li>`]}${null}</ul>`.toString()).toBe(
    '<ul><li>1</li><li>a &amp; b</li></ul>',
  );
  expect(escaped(`<a href="x">'&\``)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#96;');
  expect(escaped('</style>')).toBe('&lt;/style&gt;');
});
