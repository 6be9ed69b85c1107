import type { LetterContent } from '../../views/letter.ts';
import { htmlOf } from './html.ts';
import { inOneLine } from './one-line.ts';
import { pageOf } from './page.ts';
import { textOf } from './text.ts';

export type { LetterContent } from '../../views/letter.ts';

/**
 * The letter of one decision: subject, plain text, and HTML for mail clients. It reads no clock, so the same content
 * gives the same letter. Text from outside (symbols, reasons, notes) is kept on one line, and escaped in the HTML.
 */
export async function renderLetter(
  content: LetterContent,
): Promise<{ subject: string; text: string; html: string }> {
  const page = pageOf(inOneLine(content));
  return { subject: page.subject, text: textOf(page), html: await htmlOf(page) };
}
