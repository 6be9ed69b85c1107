import type { Session } from '../calendar/session.ts';
import { percent } from '../percent.ts';
import { type Bar, type PriceBasis, totalReturn } from './bar.ts';

/** Something about a source's bar that cannot be, or that looks like a fault of the source. */
export type BarNote = {
  symbol: string;
  session: Session;
  /**
   * `value` a number that cannot be; `repeated` two bars of one session;
   * `dividend-without-fall` a large dividend the price did not follow; `large-dividend` one it did (often a spin-off);
   * `like-split` a jump the size of a split; `like-unit` one of about 100 (pence for pounds); `jump` a leap of neither size;
   * `adjusted` the vendor's adjusted closes tell another return; `unit` a currency or unit that is not the one expected.
   */
  kind:
    | 'value'
    | 'repeated'
    | 'dividend-without-fall'
    | 'large-dividend'
    | 'like-split'
    | 'like-unit'
    | 'jump'
    | 'adjusted'
    | 'unit';
  reason: string;
};

/** 3 for 2 is left out: over 386 stocks and 12 years each of the 11 days that looked like one was a true move. */
const splitRatios = [2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 50];
/** How far a split-like jump may be from the ratio itself: an ordinary day's return. */
const splitToleranceRatio = 0.04;
const unitFactors = { least: 80, most: 125 };
const jumpFactorMin = 4;
const dividendRatioMin = 0.1;

/**
 * Notes on bars in any order, of one source and price basis. A `value` note is certain; the others are suspicions,
 * which a true crash can raise too, so they ask for a second source and refuse nothing by themselves.
 */
export function checkBars(bars: readonly Bar[], basis: PriceBasis): BarNote[] {
  const notes: BarNote[] = [];
  const ordered = bars.toSorted((a, b) => order(a.symbol, b.symbol) || order(a.session, b.session));
  let previous: Bar | undefined;
  for (const bar of ordered) {
    const add = (found: Suspicion): void => {
      notes.push({ symbol: bar.symbol, session: bar.session, ...found });
    };
    if (previous?.symbol !== bar.symbol) previous = undefined;
    if (previous?.session === bar.session)
      add({
        kind: 'repeated',
        reason: `closes ${previous.close} and ${bar.close}, expected one bar a session`,
      });
    const impossible = impossibleValues(bar);
    for (const reason of impossible) add({ kind: 'value', reason });
    if (impossible.length > 0) continue;
    const found = previous && suspicion(previous, bar, basis);
    if (found) add(found);
    previous = bar;
  }
  return notes;
}

type Suspicion = Pick<BarNote, 'kind' | 'reason'>;
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function impossibleValues({ close, dividend, splitRatio }: Bar): string[] {
  const reasons: string[] = [];
  if (!(close > 0 && Number.isFinite(close))) reasons.push(`close ${close}, expected a price above 0`);
  if (!(dividend >= 0 && Number.isFinite(dividend))) reasons.push(`dividend ${dividend}, expected 0 or more`);
  if (!(splitRatio > 0 && Number.isFinite(splitRatio)))
    reasons.push(`split ratio ${splitRatio}, expected a number above 0 (1 when none)`);
  return reasons;
}

function suspicion(previous: Bar, bar: Bar, basis: PriceBasis): Suspicion | null {
  const factor = 1 + totalReturn(basis, previous.close, bar);
  const since = `${factor.toPrecision(4)} times the close of ${previous.session}`;
  const dividendRatio = dividendInOldShares(basis, bar) / previous.close;
  if (dividendRatio >= dividendRatioMin) {
    const paid = `a dividend of ${bar.dividend} is ${percent(dividendRatio, 0)} of the close before`;
    if (factor > 1 + dividendRatio / 2)
      return { kind: 'dividend-without-fall', reason: `${paid}, and the price did not fall with it` };
    if (factor >= 1 / jumpFactorMin) return { kind: 'large-dividend', reason: paid };
  }
  const size = Math.max(factor, 1 / factor);
  if (size >= unitFactors.least && size <= unitFactors.most)
    return { kind: 'like-unit', reason: `${since}: another unit, such as pence for pounds?` };
  const ratio = splitRatios.find((candidate) => Math.abs(Math.log(size / candidate)) <= splitToleranceRatio);
  if (ratio !== undefined) {
    const recorded =
      bar.splitRatio === 1 ? 'no split is recorded' : `the recorded split is ${bar.splitRatio}`;
    const record = basis === 'total-return' ? 'the source says closes hold splits' : recorded;
    return {
      kind: 'like-split',
      reason: `${since}, like a split of ${factor < 1 ? ratio : `1/${ratio}`}; ${record}`,
    };
  }
  return size >= jumpFactorMin ? { kind: 'jump', reason: `${since} in one session` } : null;
}

/** Cash of the session per share held before it. */
function dividendInOldShares(basis: PriceBasis, bar: Bar): number {
  if (basis === 'total-return') return 0;
  return basis === 'as-traded' ? bar.splitRatio * bar.dividend : bar.dividend;
}

export type AdjustedDifference = {
  session: Session;
  /** total return since the last session the vendor has, from closes and events, and from the vendor's closes */
  derivedReturn: number;
  vendorReturn: number;
  differenceBps: number;
};

export type AdjustedCrossCheck = {
  /** returns compared */
  compared: number;
  /** sessions for which the vendor gives no positive close, and what it gives: null is no price, and so is 0 */
  unanswered: { session: Session; found: number | null }[];
  differences: AdjustedDifference[];
};

/**
 * Total returns of one symbol's bars against a vendor's adjusted closes; lists those further apart than the tolerance.
 * A vendor either adds the dividend to the close, (c + d) / p, as totalReturn does, or takes it off the close before,
 * c / (p - d) (CRSP's and Yahoo's factor); they differ by about d r / p, so the nearer one is compared. Where the
 * vendor has no close, the next return spans the gap. Throws a RangeError on bars of several symbols.
 */
export function crossCheckAdjusted(
  bars: readonly Bar[],
  basis: PriceBasis,
  vendorAdjusted: ReadonlyMap<Session, number | null>,
  toleranceBps: number,
): AdjustedCrossCheck {
  const unknownSymbol = bars.find(({ symbol }) => symbol !== bars[0]!.symbol);
  if (unknownSymbol)
    throw new RangeError(`bars of ${bars[0]!.symbol} and ${unknownSymbol.symbol}, expected one symbol`);
  const result: AdjustedCrossCheck = { compared: 0, unanswered: [], differences: [] };
  let previous: Bar | undefined;
  let vendorBefore: number | undefined;
  let added = 1;
  let takenOff = 1;
  for (const bar of bars.toSorted((a, b) => order(a.session, b.session))) {
    if (previous) {
      added *= 1 + totalReturn(basis, previous.close, bar);
      takenOff *= takenOffFactor(basis, previous.close, bar);
    }
    previous = bar;
    const vendor = vendorAdjusted.get(bar.session) ?? null;
    if (vendor === null || !(vendor > 0)) {
      result.unanswered.push({ session: bar.session, found: vendor });
      continue;
    }
    if (vendorBefore !== undefined) {
      result.compared += 1;
      const vendorFactor = vendor / vendorBefore;
      const nearer = Math.abs(takenOff - vendorFactor) < Math.abs(added - vendorFactor) ? takenOff : added;
      const differenceBps = (nearer - vendorFactor) * 10_000;
      if (!(Math.abs(differenceBps) <= toleranceBps))
        result.differences.push({
          session: bar.session,
          derivedReturn: nearer - 1,
          vendorReturn: vendorFactor - 1,
          differenceBps,
        });
    }
    vendorBefore = vendor;
    added = 1;
    takenOff = 1;
  }
  return result;
}

function takenOffFactor(basis: PriceBasis, previousClose: number, bar: Bar): number {
  const shares = basis === 'as-traded' ? bar.splitRatio : 1;
  return (shares * bar.close) / (previousClose - dividendInOldShares(basis, bar));
}
