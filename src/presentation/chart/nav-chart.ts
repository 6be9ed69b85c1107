import type { NavPoint } from '../../views/status.ts';
import { decimal } from '../format.ts';
import { html, type Markup } from '../html.ts';
import { type Axis, sessionTicks, valueAxis } from './axis.ts';

export type ChartSize = { width: number; height: number };

const left = 44;
const right = 10;
const top = 10;
const bottom = 24;

const lines = ['shadow', 'gross', 'net'] as const;

/**
 * Net asset value over the sessions as an inline SVG, styled by the page: classes `net`, `gross`, `shadow`, `grid`.
 * Points are spaced by session, not by date. The axis is logarithmic where the values span more than a factor of four.
 */
export function navChart(points: readonly NavPoint[], size: ChartSize): Markup {
  if (points.length === 0) return html`<p class="none">No valuation yet.</p>`;
  const { width, height } = size;
  const axis = valueAxis(
    points.flatMap((point) => lines.map((line) => point[line])),
    height - bottom,
    top,
    Math.floor(height / 44),
  );
  const x = (index: number) => left + (index / Math.max(1, points.length - 1)) * (width - left - right);
  const first = points[0]!;
  const last = points.at(-1)!;
  const summary = `Net asset value from ${first.session} to ${last.session}: net ${decimal(last.net, 3)}, gross ${decimal(last.gross, 3)}, without drawdown limits ${decimal(last.shadow, 3)}`;
  return html`<svg class="nav" viewBox="0 0 ${width} ${height}" role="img" aria-label="${summary}">
${grid(axis, width)}
${sessionLabels(points, x, size)}
${area(points, x, axis, height - bottom)}
${lines.map((line) => html`<path class="${line}" d="${path(points, (point) => point[line], x, axis)}"/>`)}
<circle class="now" cx="${tenth(x(points.length - 1))}" cy="${tenth(axis.at(last.net))}" r="3"/>
</svg>`;
}

/** One decimal of a drawing unit is finer than a screen shows. */
const tenth = (length: number) => Number(length.toFixed(1));

type X = (index: number) => number;

function path(points: readonly NavPoint[], value: (point: NavPoint) => number, x: X, axis: Axis): string {
  return points
    .map((point, i) => `${i === 0 ? 'M' : 'L'}${tenth(x(i))} ${tenth(axis.at(value(point)))}`)
    .join('');
}

function area(points: readonly NavPoint[], x: X, axis: Axis, floor: number): Markup {
  const line = path(points, (point) => point.net, x, axis);
  return html`<path class="area" d="${line}L${tenth(x(points.length - 1))} ${floor}L${tenth(x(0))} ${floor}Z"/>`;
}

function grid(axis: Axis, width: number): Markup[] {
  const distinct = (digits: number) =>
    axis.ticks.every((tick) => Math.abs(Number(tick.toFixed(digits)) / tick - 1) < 1e-9);
  const digits = [1, 2, 3, 4, 5].find(distinct) ?? 6;
  return axis.ticks.map((tick) => {
    const y = tenth(axis.at(tick));
    return html`<line class="grid" x1="${left}" x2="${width - right}" y1="${y}" y2="${y}"/><text class="end" x="${left - 8}" y="${y + 3.5}">${decimal(tick, digits)}</text>`;
  });
}

function sessionLabels(points: readonly NavPoint[], x: X, { width, height }: ChartSize): Markup[] {
  const ticks = sessionTicks(
    points.map((point) => point.session),
    Math.floor(width / 80),
  );
  return ticks.map(({ index, label }) => {
    const at = x(index);
    const anchor = at < left + 18 ? 'start' : at > width - right - 18 ? 'end' : 'middle';
    return html`<text class="${anchor}" x="${tenth(at)}" y="${height - 7}">${label}</text>`;
  });
}
