import type { Session } from '../calendar/session.ts';
import { percent } from '../percent.ts';
import { PricePanel } from './panel.ts';

export type QualityOptions = {
  /** longest gap, in sessions, that the last level may fill */
  fillSessionsMax: number;
  /** largest part of the window's sessions without a close of their own, 0 to 1 */
  missingRatioMax: number;
  /** the panel's last sessions that the decision reads; gaps before them drop nothing */
  windowSessions: number;
  /** least sessions since the first close */
  historySessionsMin: number;
};

/** What was done to one symbol, and why. */
export type QualityNote = {
  symbol: string;
  /**
   * `filled` gaps closed; `dropped` too many or too long gaps, or no price; `excluded` too young; `shortened` used, with
   * less of the covariance window than others; `unforecast` unknown to the forecast
   */
  kind: 'filled' | 'dropped' | 'excluded' | 'shortened' | 'unforecast';
  /**
   * filled: levels filled; dropped: sessions missing or at fault; excluded: sessions of history; shortened: returns;
   * unforecast: 0
   */
  sessions: number;
  firstSession?: Session;
  lastSession?: Session;
  reason: string;
};

export type CleanPanel = {
  panel: PricePanel;
  /** sessions since the first close of each kept symbol, so that a forecast of a young one can be shrunk */
  historySessions: number[];
  notes: QualityNote[];
};

type Verdict = { levels: Float64Array; historySessions: number; note: QualityNote | null; kept: boolean };

/**
 * The panel's symbols that are fit for a decision at its last session, with sparse gaps filled by the level before.
 * Filling goes forward only and stops at `fillSessionsMax`, so a level never depends on a later one. A symbol is
 * excluded while young, and dropped where the window misses too much or holds a gap beyond the limit, at its end
 * too. A kept symbol has a level at every session of the window since its first close.
 * Throws a RangeError on options that cannot be.
 */
export function cleanPanel(panel: PricePanel, options: QualityOptions): CleanPanel {
  checkOptions(options);
  const verdicts = panel.symbols.map((symbol, index) =>
    judge(symbol, panel.levels[index]!, panel.sessions, options),
  );
  const kept = panel.symbols.flatMap((symbol, index) =>
    verdicts[index]!.kept ? [{ symbol, ...verdicts[index]! }] : [],
  );
  return {
    panel: new PricePanel(
      panel.sessions,
      kept.map(({ symbol }) => symbol),
      kept.map(({ levels }) => levels),
    ),
    historySessions: kept.map(({ historySessions }) => historySessions),
    notes: verdicts.flatMap(({ note }) => (note ? [note] : [])),
  };
}

function judge(
  symbol: string,
  levels: Float64Array,
  sessions: readonly Session[],
  options: QualityOptions,
): Verdict {
  const rows = levels.length;
  const firstRow = levels.findIndex((level) => !Number.isNaN(level));
  const historySessions = firstRow < 0 ? 0 : rows - firstRow;
  const refuse = (
    kind: 'dropped' | 'excluded',
    faulty: readonly number[],
    count: number,
    reason: string,
  ): Verdict => ({
    levels,
    historySessions,
    note: { symbol, kind, sessions: count, ...span(sessions, faulty), reason },
    kept: false,
  });

  if (firstRow < 0) return refuse('excluded', [], 0, 'no close at all');
  const unsound = rowsWhere(levels, firstRow, (level) => level <= 0 || level === Number.POSITIVE_INFINITY);
  if (unsound.length > 0)
    return refuse(
      'dropped',
      unsound,
      unsound.length,
      `level ${levels[unsound[0]!]}, expected a finite one above 0`,
    );
  if (historySessions < options.historySessionsMin) {
    const reason = `${historySessions} sessions since its first close, fewer than ${options.historySessionsMin}`;
    return refuse('excluded', [firstRow, rows - 1], historySessions, reason);
  }

  const windowRow = Math.max(firstRow, rows - options.windowSessions);
  const missing = rowsWhere(levels, windowRow, Number.isNaN);
  const missingRatio = missing.length / (rows - windowRow);
  if (missingRatio > options.missingRatioMax) {
    const reason = `${percent(missingRatio)} of the window is missing, more than ${percent(options.missingRatioMax)}`;
    return refuse('dropped', missing, missing.length, reason);
  }
  const { filled, filledRows } = fillForward(levels, options.fillSessionsMax);
  const open = rowsWhere(filled, windowRow, Number.isNaN);
  if (open.length > 0) {
    const [from, to] = gapAround(levels, open[0]!);
    const where = to === rows - 1 ? 'no close any more for' : 'a gap of';
    const reason = `${where} ${to - from + 1} sessions, more than ${options.fillSessionsMax} may be filled`;
    return refuse('dropped', [from, to], to - from + 1, reason);
  }
  const note: QualityNote | null =
    filledRows.length === 0
      ? null
      : {
          symbol,
          kind: 'filled',
          sessions: filledRows.length,
          ...span(sessions, filledRows),
          reason: `${filledRows.length} missing closes filled with the last level before them`,
        };
  return { levels: filled, historySessions, note, kept: true };
}

/** Gaps filled with the level before them, each gap's first `limit` sessions at most. */
function fillForward(levels: Float64Array, limit: number): { filled: Float64Array; filledRows: number[] } {
  const filled = levels.slice();
  const filledRows: number[] = [];
  let last = Number.NaN;
  let age = 0;
  for (let row = 0; row < filled.length; row += 1) {
    const level = filled[row]!;
    age = Number.isNaN(level) ? age + 1 : 0;
    if (age === 0) last = level;
    else if (age <= limit && !Number.isNaN(last)) {
      filled[row] = last;
      filledRows.push(row);
    }
  }
  return { filled, filledRows };
}

/** First and last row of the run of missing levels around `row`. */
function gapAround(levels: Float64Array, row: number): [from: number, to: number] {
  let from = row;
  let to = row;
  while (from > 0 && Number.isNaN(levels[from - 1])) from -= 1;
  while (to + 1 < levels.length && Number.isNaN(levels[to + 1])) to += 1;
  return [from, to];
}

function rowsWhere(levels: Float64Array, from: number, test: (level: number) => boolean): number[] {
  const rows: number[] = [];
  for (let row = from; row < levels.length; row += 1) if (test(levels[row]!)) rows.push(row);
  return rows;
}

function span(
  sessions: readonly Session[],
  rows: readonly number[],
): { firstSession?: Session; lastSession?: Session } {
  if (rows.length === 0) return {};
  return { firstSession: sessions[rows[0]!]!, lastSession: sessions[rows.at(-1)!]! };
}

function checkOptions(options: QualityOptions): void {
  const { fillSessionsMax, missingRatioMax, windowSessions, historySessionsMin } = options;
  if (!Number.isInteger(fillSessionsMax) || fillSessionsMax < 0)
    throw new RangeError(`fillSessionsMax is ${fillSessionsMax}, expected a whole number from 0`);
  if (!(missingRatioMax >= 0 && missingRatioMax <= 1))
    throw new RangeError(`missingRatioMax is ${missingRatioMax}, expected a number from 0 to 1`);
  for (const [name, value] of Object.entries({ windowSessions, historySessionsMin }))
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(`${name} is ${value}, expected a whole number from 1`);
}
