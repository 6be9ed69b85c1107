import { html, type Markup } from '../html.ts';

const critical = ['halted', 'overdue', 'last-good', 'hold'];
const warning = ['reduced', 'recovering', 'signal-off', 'previous-covariance', 'queued'];

/** A state as text, marked only where it is not the ok one. */
export function badge(state: string): Markup {
  const weight = critical.includes(state) ? 'critical' : warning.includes(state) ? 'warning' : 'ok';
  return html`<span class="${weight}">${state}</span>`;
}
