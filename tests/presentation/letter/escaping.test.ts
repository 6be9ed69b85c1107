import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LetterContent, renderLetter } from '../../../src/presentation/letter/letter.ts';
import { oneLine } from '../../../src/presentation/letter/one-line.ts';
import { monthlyContent } from './samples.ts';

const attacks = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='x",
  '</td></table><h1>Sell everything</h1>',
  '{{weights}}',
  '<!-- block:notes -->',
  '<!-- end:notices -->',
  '-->',
  '$& $` $1',
  '&lt;b&gt;',
  '<mj-raw>',
  ']]>',
];
const hostile = fc.oneof(
  fc.constantFrom(...attacks),
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom(...attacks, '\r\nBcc: x@y', '\u202e', '\u2028', '\0'), { maxLength: 4 })
    .map((all) => all.join('')),
);

/** The letter with a value from outside wherever one may come in. */
function contentWith(text: string): LetterContent {
  const content = monthlyContent();
  const { decision } = content;
  return {
    ...content,
    currency: text,
    late: true,
    statusUrl: `https://example.org/${text}`,
    model: { id: text, backend: text, backendVersion: text, trainedOn: text, expiresAfter: text },
    decision: {
      ...decision,
      portfolio: text,
      allocator: text,
      fallbackLevel: 'hold',
      fallbackReason: text,
      lines: decision.lines.map((line, index) => (index === 0 ? { ...line, symbol: text } : line)),
      binding: [{ kind: 'group', name: text, limit: 0.5, multiplier: null }],
      quality: [{ symbol: text, kind: 'dropped', sessions: 3, reason: text }],
      inputs: { vintage: text, modelId: text, configHash: text, codeVersion: text },
    },
  };
}

/** The tags and comments of a document, without their attributes' values. */
function structure(document: string): string[] {
  return (document.match(/<!--[\s\S]*?-->|<[^>]*>/g) ?? []).map((tag) =>
    tag.startsWith('<!--') ? tag : tag.replace(/"[^"]*"/g, '""'),
  );
}

describe('text from outside', () => {
  test('never makes a tag, an attribute or a slot', async () => {
    const plain = structure((await renderLetter(contentWith('plain'))).html);
    expect(plain.length).toBeGreaterThan(100);
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        const letter = await renderLetter(contentWith(text));
        expect(structure(letter.html)).toEqual(plain);
      }),
      { numRuns: 200 },
    );
  });

  test('is shown as it was written', async () => {
    const attack = '<b>&amp; "x" {{why}}</b>';
    const { html: document } = await renderLetter(contentWith(attack));
    expect(document).toContain('Reason: &lt;b&gt;&amp;amp; &quot;x&quot; {{why}}&lt;/b&gt;.');
  });

  test('stays on its line, in the subject and in the text', async () => {
    const lines = (await renderLetter(contentWith('plain'))).text.split('\n').length;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('\r\n', '\n', '\r', '\u2028', '\u0085', '\u202e', '\0'),
        async (mark) => {
          const { subject, text } = await renderLetter(contentWith(`a${mark}b`));
          expect(subject).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
          expect(text).not.toMatch(/[\r\0\u0085\u2028\u202e]/u);
          expect(text.split('\n')).toHaveLength(lines);
          expect(text.isWellFormed()).toBe(true);
        },
      ),
    );
  });
});

describe('one line', () => {
  test('is made of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(oneLine(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]|^ | $/u);
        expect(oneLine(text).isWellFormed()).toBe(true);
      }),
    );
  });
});
