import type { WeightLine } from '../../views/status.ts';
import { percent, trueMinus } from '../format.ts';
import { html, type Markup } from '../html.ts';

const shownMax = 16;

/** Weights as rows of bars: before the newest decision, what it wants, and a mark for what is held now. */
export function weightBars(lines: readonly WeightLine[]): Markup {
  if (lines.length === 0) return html`<p class="none">No decision yet.</p>`;
  const widest = Math.max(...lines.flatMap((line) => [line.before, line.target, line.held ?? 0]), 0.01);
  const { shown, rest } = largest(lines);
  return html`<table class="weights">
<thead><tr><th scope="col">Symbol</th><th class="bars" scope="col"><span class="key old">before</span> <span class="key new">target</span> <span class="key held">held now</span></th><th scope="col">Target</th><th scope="col">Held</th></tr></thead>
<tbody>${shown.map((line) => row(line, widest))}${rest.length > 0 ? restRow(rest) : null}</tbody>
</table>`;
}

/** With many assets, those that matter most, in their own order; cash always. */
function largest(lines: readonly WeightLine[]): { shown: WeightLine[]; rest: WeightLine[] } {
  const weight = (line: WeightLine) => Math.max(line.target, line.held ?? 0, line.before);
  const order = lines.filter((line) => line.symbol !== 'CASH').sort((a, b) => weight(b) - weight(a));
  const left = new Set(order.slice(shownMax));
  return { shown: lines.filter((line) => !left.has(line)), rest: [...left] };
}

const figure = (weight: number) => trueMinus(percent(weight));

function row(line: WeightLine, widest: number): Markup {
  return html`<tr><th scope="row">${line.symbol}</th><td class="bars">${bars(line, widest)}</td><td>${figure(line.target)}</td><td>${line.held === null ? '–' : figure(line.held)}</td></tr>
`;
}

function restRow(rest: readonly WeightLine[]): Markup {
  const sum = (value: (line: WeightLine) => number) =>
    figure(rest.reduce((total, line) => total + value(line), 0));
  return html`<tr class="rest"><th scope="row">${rest.length} more</th><td class="bars"></td><td>${sum((line) => line.target)}</td><td>${sum((line) => line.held ?? 0)}</td></tr>
`;
}

function bars({ before, target, held }: WeightLine, widest: number): Markup {
  const length = (weight: number) => Number(((Math.max(0, weight) / widest) * 100).toFixed(2));
  const mark = held === null ? null : length(held);
  return html`<svg class="bar" viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true"><rect class="old" y="1" width="${length(before)}" height="5"/><rect class="new" y="7" width="${length(target)}" height="8"/>${
    mark === null ? null : html`<line class="held" x1="${mark}" x2="${mark}" y1="5" y2="16"/>`
  }</svg>`;
}
