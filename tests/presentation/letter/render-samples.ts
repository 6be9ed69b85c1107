/**
 * Writes sample letters to a folder, to be looked at in a browser or a mail client:
 * `node tests/presentation/letter/render-samples.ts FOLDER`
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderLetter } from '../../../src/presentation/letter/letter.ts';
import { drawdownContent, firstContent, holdContent, largeContent, monthlyContent } from './samples.ts';

const folder = process.argv[2];
if (folder === undefined) {
  console.error('usage: node tests/presentation/letter/render-samples.ts FOLDER');
  process.exit(2);
}
const samples = {
  monthly: monthlyContent(),
  first: firstContent(),
  drawdown: drawdownContent(),
  hold: holdContent(),
  large: largeContent(120),
};
await mkdir(folder, { recursive: true });
for (const [name, content] of Object.entries(samples)) {
  const { subject, text, html } = await renderLetter(content);
  await writeFile(join(folder, `${name}.html`), html);
  await writeFile(join(folder, `${name}.txt`), `Subject: ${subject}\n\n${text}`);
}
