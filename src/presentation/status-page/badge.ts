import { html, type Markup } from '../html.ts';

const grave = ['halted', 'overdue', 'last-good', 'hold'];
const notable = ['reduced', 'recovering', 'signal-off', 'previous-covariance', 'queued'];

/** A state as text, marked only where it is not the usual one. */
export function badge(state: string): Markup {
  const weight = grave.includes(state) ? 'grave' : notable.includes(state) ? 'notable' : 'usual';
  return html`<span class="${weight}">${state}</span>`;
}
