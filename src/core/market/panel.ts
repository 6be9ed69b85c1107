import type { Session } from '../calendar/session.ts';
import { UnusableDataError } from '../unusable-data-error.ts';
import { type Bar, type PriceBasis, totalReturn } from './bar.ts';

/**
 * Total-return index levels, sessions by symbols; NaN where a symbol has no close.
 * A total-return close is its own level; others accumulate forward from 1 at a symbol's first close. Either way a
 * later bar never moves an earlier level.
 * `upTo` is the only way to cut a panel by time: the holder of a panel cannot see past its last session.
 */
export class PricePanel {
  readonly sessions: readonly Session[];
  readonly symbols: readonly string[];
  /** level[symbol index][session index] */
  readonly levels: readonly Float64Array[];

  constructor(sessions: readonly Session[], symbols: readonly string[], levels: readonly Float64Array[]) {
    if (levels.length !== symbols.length || levels.some((column) => column.length !== sessions.length))
      throw new Error(
        `a panel of ${symbols.length} symbols and ${sessions.length} sessions needs as many levels`,
      );
    this.sessions = sessions;
    this.symbols = symbols;
    this.levels = levels;
  }

  get lastSession(): Session {
    const last = this.sessions[this.sessions.length - 1];
    if (last === undefined) throw new Error('the price panel is empty: ingest prices first');
    return last;
  }

  /** The panel as it was known at the close of `session`. */
  upTo(session: Session): PricePanel {
    let count = this.sessions.length;
    while (count > 0 && this.sessions[count - 1]! > session) count -= 1;
    return new PricePanel(
      this.sessions.slice(0, count),
      this.symbols,
      this.levels.map((column) => column.slice(0, count)),
    );
  }

  /** The panel's last `count` sessions (all of them when it has fewer). */
  last(count: number): PricePanel {
    const from = Math.max(0, this.sessions.length - count);
    return new PricePanel(
      this.sessions.slice(from),
      this.symbols,
      this.levels.map((column) => column.slice(from)),
    );
  }

  /** The same sessions for `symbols`, in that order; an unknown symbol is an error. */
  select(symbols: readonly string[]): PricePanel {
    return new PricePanel(
      this.sessions,
      symbols,
      symbols.map((symbol) => this.column(symbol)),
    );
  }

  /** Levels of one symbol over all sessions. */
  column(symbol: string): Float64Array {
    const index = this.symbols.indexOf(symbol);
    if (index < 0)
      throw new UnusableDataError(
        `no symbol ${symbol} in the price panel, which holds ${this.symbols.join(', ')}`,
      );
    return this.levels[index]!;
  }
}

/**
 * Builds a panel from bars in any order. `basis` tells each symbol's price basis.
 * Rows are `sessions`; a bar on another date (a weekend close of a 7-day market) moves the level of the next session.
 */
export function panelFromBars(
  bars: readonly Bar[],
  sessions: readonly Session[],
  symbols: readonly string[],
  basis: (symbol: string) => PriceBasis,
): PricePanel {
  const bySymbol = new Map<string, Bar[]>(symbols.map((symbol) => [symbol, []]));
  for (const bar of bars) bySymbol.get(bar.symbol)?.push(bar);
  const levels = symbols.map((symbol) => levelsOf(bySymbol.get(symbol)!, sessions, basis(symbol)));
  return new PricePanel(sessions, symbols, levels);
}

function levelsOf(bars: Bar[], sessions: readonly Session[], basis: PriceBasis): Float64Array {
  const levels = new Float64Array(sessions.length).fill(Number.NaN);
  const ordered = bars.toSorted((a, b) => (a.session < b.session ? -1 : a.session > b.session ? 1 : 0));
  let level = Number.NaN;
  let previous: Bar | undefined;
  let next = 0;
  for (let row = 0; row < sessions.length; row += 1) {
    let fresh = false;
    while (next < ordered.length && ordered[next]!.session <= sessions[row]!) {
      const bar = ordered[next]!;
      if (basis === 'total-return') level = bar.close;
      else level = previous ? level * (1 + totalReturn(basis, previous.close, bar)) : 1;
      previous = bar;
      fresh = true;
      next += 1;
    }
    if (fresh) levels[row] = level;
  }
  return levels;
}
