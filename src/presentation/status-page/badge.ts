import type { FallbackLevel } from '../../core/policy/decision.ts';
import type { DrawdownState } from '../../core/portfolio/drawdown.ts';
import type { SlotStatus } from '../../views/status.ts';
import { html, type Markup } from '../html.ts';

type State = FallbackLevel | DrawdownState | SlotStatus['state'] | 'overdue';

const weights: Record<State, 'ok' | 'warning' | 'critical'> = {
  full: 'ok',
  'signal-off': 'warning',
  'previous-covariance': 'warning',
  'last-good': 'critical',
  hold: 'critical',
  normal: 'ok',
  reduced: 'warning',
  halted: 'critical',
  recovering: 'warning',
  upcoming: 'ok',
  waiting: 'ok',
  queued: 'warning',
  overdue: 'critical',
};

/** A state as text, marked only where it is not the ok one; so is a row's that this version does not know. */
export function badge(state: State): Markup {
  return html`<span class="${weights[state] ?? 'warning'}">${state}</span>`;
}
