import type { LetterContent } from './content.ts';
import { type DrawdownNotice, noticePage } from './drawdown-notice.ts';
import { htmlOf } from './html.ts';
import { inOneLine } from './markup.ts';
import { type Page, pageOf } from './page.ts';
import { textOf } from './text.ts';

export type { LetterContent } from './content.ts';
export type { DrawdownNotice } from './drawdown-notice.ts';

/**
 * The letter of one decision: subject, plain text, and HTML for mail clients. It reads no clock, so the same content
 * gives the same letter. Text from outside (symbols, reasons, notes) is kept on one line, and escaped in the HTML.
 */
export async function renderLetter(
  content: LetterContent,
): Promise<{ subject: string; text: string; html: string }> {
  return written(pageOf(inOneLine(content)));
}

/** The letter that tells of a drawdown state which asked for no decision. */
export async function renderDrawdownNotice(
  content: DrawdownNotice,
): Promise<{ subject: string; text: string; html: string }> {
  return written(noticePage(inOneLine(content)));
}

async function written(page: Page): Promise<{ subject: string; text: string; html: string }> {
  return { subject: page.subject, text: textOf(page), html: await htmlOf(page) };
}
