import type { Session } from '../calendar/session.ts';
import { percent } from '../percent.ts';
import { type BarNote, checkBars } from './adjustments.ts';
import { type Bar, type PriceBasis, totalReturn } from './bar.ts';

export type BeliefTerms = {
  /** a return beyond both limits, without an event of its session, is doubted: of the symbol's own volatility ... */
  jumpVolatilities: number;
  /** ... and as a ratio */
  jumpRatio: number;
  /** so many equal closes in a row are noted */
  staleSessionsMax: number;
  /** a doubted bar is accepted after so many later sessions, and told */
  quarantineSessionsMax: number;
};

export type FindingRule = BarNote['kind'] | 'stale';

/** What is doubtful of one bar, and what was done with it. */
export type Finding = {
  symbol: string;
  session: Session;
  rule: FindingRule;
  reason: string;
  /** `quarantined` missing until it is believed; `noted` believed all the same; `refused` a number that cannot be */
  action: 'quarantined' | 'noted' | 'refused';
};

export type Verdict = {
  /** bars to be believed, ascending */
  believed: Bar[];
  /** bars to be kept apart, each with its finding */
  doubted: { bar: Bar; finding: Finding }[];
  /** what else is to be told */
  notes: Finding[];
};

/**
 * Of these neither a second reading nor a later price near the doubted one proves anything: a split that the source has not
 * told yet, or another unit, stays. They are believed once the event is told, or after so many sessions.
 */
const lasting: ReadonlySet<FindingRule> = new Set([
  'like-split',
  'like-unit',
  'unit',
  'dividend-without-fall',
]);

/** Returns before a bar that its volatility is told from, and the least of them. */
const volatilityReturns = { most: 60, least: 20 };

/**
 * Which bars of one symbol are believed. `series` is all that is known of it as the source tells it now, ascending, with
 * what is stored before it; only bars of `fresh` sessions are judged. Each is compared with the last believed one before
 * it: a jump that the next price does not take back is the market's, one that it takes back, or that is the newest price,
 * is doubted until so many sessions have passed. `isConfirmed` says that a doubted bar was read twice, apart in time.
 * `doubts` are the source's own.
 */
export function judgeBars(
  series: readonly Bar[],
  fresh: ReadonlySet<Session>,
  basis: PriceBasis,
  terms: BeliefTerms,
  doubts: readonly BarNote[],
  isConfirmed: (bar: Bar) => boolean,
): Verdict {
  const verdict: Verdict = { believed: [], doubted: [], notes: [] };
  const doubtAt = new Map(doubts.map((note) => [note.session, note]));
  const returns: number[] = [];
  let last: Bar | undefined;
  let equal = 1;
  let waiting: { bar: Bar; finding: Finding }[] = [];
  const believe = (bar: Bar): void => {
    if (last) remember(returns, totalReturn(basis, last.close, bar));
    equal = last?.close === bar.close ? equal + 1 : 1;
    if (fresh.has(bar.session)) {
      verdict.believed.push(bar);
      if (equal === terms.staleSessionsMax) verdict.notes.push(staleNote(bar, equal));
    }
    last = bar;
  };
  for (const bar of series) {
    const isFresh = fresh.has(bar.session);
    const found = isFresh ? suspicionOf(last, bar, basis, terms, returns, doubtAt.get(bar.session)) : null;
    if (found?.action === 'refused') {
      verdict.notes.push(found);
      continue;
    }
    if (found?.action === 'noted') verdict.notes.push(found);
    if (found?.action !== 'quarantined') {
      for (const spike of waiting) settle(spike, series, terms, verdict);
      waiting = [];
      believe(bar);
      continue;
    }
    const previous = waiting.at(-1);
    const stays =
      previous !== undefined &&
      !lasting.has(previous.finding.rule) &&
      suspicionOf(previous.bar, bar, basis, terms, returns, undefined)?.action !== 'quarantined';
    if (stays || (!lasting.has(found.rule) && isConfirmed(bar))) {
      for (const { bar: doubted, finding } of waiting) {
        verdict.notes.push({ ...finding, action: 'noted' });
        believe(doubted);
      }
      waiting = [];
      verdict.notes.push({ ...found, action: 'noted' });
      believe(bar);
    } else waiting.push({ bar, finding: found });
  }
  for (const { bar, finding } of waiting)
    if (isOld(bar, series, terms)) {
      verdict.notes.push({ ...finding, action: 'noted' });
      believe(bar);
    } else verdict.doubted.push({ bar, finding });
  verdict.believed.sort((a, b) => (a.session < b.session ? -1 : 1));
  return verdict;
}

/** A spike that the next price took back: believed and noted once it is old, kept apart while it may still be put right. */
function settle(
  spike: { bar: Bar; finding: Finding },
  series: readonly Bar[],
  terms: BeliefTerms,
  verdict: Verdict,
): void {
  if (!isOld(spike.bar, series, terms)) {
    verdict.doubted.push(spike);
    return;
  }
  verdict.believed.push(spike.bar);
  verdict.notes.push({ ...spike.finding, action: 'noted' });
}

/** True when so many later sessions are known that the source had its time to put the bar right. */
function isOld(bar: Bar, series: readonly Bar[], { quarantineSessionsMax }: BeliefTerms): boolean {
  let later = 0;
  for (let i = series.length - 1; i >= 0 && series[i]!.session > bar.session; i -= 1) later += 1;
  return later >= quarantineSessionsMax;
}

function suspicionOf(
  last: Bar | undefined,
  bar: Bar,
  basis: PriceBasis,
  terms: BeliefTerms,
  returns: readonly number[],
  doubt: BarNote | undefined,
): Finding | null {
  const notes = checkBars(last ? [last, bar] : [bar], basis).filter((note) => note.session === bar.session);
  const impossible = notes.find(({ kind }) => kind === 'value');
  const finding = (rule: FindingRule, reason: string, action: Finding['action']): Finding => ({
    symbol: bar.symbol,
    session: bar.session,
    rule,
    reason,
    action,
  });
  if (impossible) return finding('value', impossible.reason, 'refused');
  const [note] = notes;
  if (note && note.kind !== 'large-dividend') return finding(note.kind, note.reason, 'quarantined');
  const jump = last && jumpOf(last, bar, basis, terms, returns);
  if (jump) return finding('jump', jump, 'quarantined');
  if (doubt && doubt.kind !== 'value') return finding(doubt.kind, doubt.reason, 'quarantined');
  return note ? finding(note.kind, note.reason, 'noted') : null;
}

function jumpOf(
  last: Bar,
  bar: Bar,
  basis: PriceBasis,
  { jumpRatio, jumpVolatilities }: BeliefTerms,
  returns: readonly number[],
): string | null {
  if (bar.splitRatio !== 1 || bar.dividend > 0) return null;
  const earned = totalReturn(basis, last.close, bar);
  if (Math.abs(earned) < jumpRatio || returns.length < volatilityReturns.least) return null;
  const volatility = robustVolatility(returns);
  if (!(Math.abs(earned) > jumpVolatilities * volatility)) return null;
  return `${percent(earned)} since ${last.session} without an event, where a usual session moves it ${percent(volatility)}`;
}

/** Standard deviation as the median absolute return tells it (Hampel, 1974): a spike among them moves it little. */
function robustVolatility(returns: readonly number[]): number {
  const sizes = returns.map(Math.abs).sort((a, b) => a - b);
  return 1.4826 * sizes[sizes.length >> 1]!;
}

function remember(returns: number[], earned: number): void {
  returns.push(earned);
  if (returns.length > volatilityReturns.most) returns.shift();
}

const staleNote = ({ symbol, session, close }: Bar, equal: number): Finding => ({
  symbol,
  session,
  rule: 'stale',
  reason: `${equal} closes of ${close} in a row`,
  action: 'noted',
});
