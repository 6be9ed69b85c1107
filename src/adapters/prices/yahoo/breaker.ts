import { minuteMs } from '../../../core/calendar/milliseconds.ts';

/**
 * Circuit breakers for the failures that concern a whole source, one circuit a class.
 * Pure: the time is passed in, each step returns a new state. Failures of one symbol never come here.
 */
export type BreakerKind = 'throttled' | 'consent' | 'network';

type Circuit =
  | { phase: 'closed'; failures: number }
  | { phase: 'open'; untilMs: number; pauseMs: number }
  /** One request is out to see whether the source is back; after `untilMs` another may go. */
  | { phase: 'probing'; untilMs: number; pauseMs: number };

export type Breaker = Readonly<Record<BreakerKind, Circuit>>;

/** How many failures in a row open a circuit, and for how long: each failed probe doubles the pause. */
export type BreakerPolicy = Readonly<
  Record<BreakerKind, { failuresMax: number; pauseFirstMs: number; pauseMaxMs: number }>
>;

export const defaultBreakerPolicy: BreakerPolicy = {
  throttled: { failuresMax: 1, pauseFirstMs: minuteMs, pauseMaxMs: 60 * minuteMs },
  consent: { failuresMax: 1, pauseFirstMs: 15 * minuteMs, pauseMaxMs: 360 * minuteMs },
  network: { failuresMax: 3, pauseFirstMs: minuteMs / 2, pauseMaxMs: 10 * minuteMs },
};

const kinds: readonly BreakerKind[] = ['throttled', 'consent', 'network'];
const closed: Circuit = { phase: 'closed', failures: 0 };

export const closedBreaker: Breaker = { throttled: closed, consent: closed, network: closed };

/** What keeps requests from going out at `nowMs`, if anything: the circuit that stays open longest. */
export function paused(breaker: Breaker, nowMs: number): { kind: BreakerKind; untilMs: number } | null {
  let longest: { kind: BreakerKind; untilMs: number } | null = null;
  for (const kind of kinds) {
    const circuit = breaker[kind];
    if (circuit.phase === 'closed' || circuit.untilMs <= nowMs) continue;
    if (longest === null || circuit.untilMs > longest.untilMs) longest = { kind, untilMs: circuit.untilMs };
  }
  return longest;
}

/** A request leaves at `nowMs`, which `paused` allowed: where a pause has run out, it is the probe. */
export function admitted(breaker: Breaker, nowMs: number): Breaker {
  return each(breaker, (circuit) =>
    circuit.phase === 'closed'
      ? circuit
      : { phase: 'probing', untilMs: nowMs + circuit.pauseMs, pauseMs: circuit.pauseMs },
  );
}

/** The source answered. A straggler's answer does not end a pause that began after it was asked. */
export function succeeded(breaker: Breaker): Breaker {
  return each(breaker, (circuit) => (circuit.phase === 'open' ? circuit : closed));
}

/** The source failed at `nowMs`; it is left alone for `retryAfterMs` when it said so, within the policy's limit. */
export function failed(
  breaker: Breaker,
  kind: BreakerKind,
  nowMs: number,
  policy: BreakerPolicy,
  retryAfterMs = 0,
): Breaker {
  const circuit = breaker[kind];
  const { failuresMax, pauseFirstMs, pauseMaxMs } = policy[kind];
  if (circuit.phase === 'closed' && circuit.failures + 1 < failuresMax)
    return { ...breaker, [kind]: { phase: 'closed', failures: circuit.failures + 1 } };
  const pauseMs =
    circuit.phase === 'closed'
      ? pauseFirstMs
      : circuit.phase === 'probing'
        ? Math.min(2 * circuit.pauseMs, pauseMaxMs)
        : circuit.pauseMs;
  const untilMs = nowMs + Math.max(pauseMs, Math.min(retryAfterMs, pauseMaxMs));
  const since = circuit.phase === 'open' ? circuit.untilMs : 0;
  return { ...breaker, [kind]: { phase: 'open', untilMs: Math.max(untilMs, since), pauseMs } };
}

function each(breaker: Breaker, step: (circuit: Circuit) => Circuit): Breaker {
  return {
    throttled: step(breaker.throttled),
    consent: step(breaker.consent),
    network: step(breaker.network),
  };
}
