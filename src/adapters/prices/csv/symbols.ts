/** What two spellings of one symbol have in common: BRK.B, BRK-B, BRK/B and brk b are one. */
export function symbolKey(symbol: string): string {
  return symbol.toUpperCase().replace(/[./ ]/g, '-');
}

/** Symbols by whichever way they are spelled. */
export class SymbolIndex<T> {
  readonly #found = new Map<string, { symbol: string; value: T }>();

  /** The symbol another one cannot be told from, where there is one already. */
  clashOf(symbol: string): string | undefined {
    const found = this.#found.get(symbolKey(symbol));
    return found && found.symbol !== symbol ? found.symbol : undefined;
  }

  set(symbol: string, value: T): void {
    this.#found.set(symbolKey(symbol), { symbol, value });
  }

  get(symbol: string): T | undefined {
    return this.#found.get(symbolKey(symbol))?.value;
  }

  /** As the file writes them, in capitals. */
  get symbols(): string[] {
    return [...this.#found.values()].map(({ symbol }) => symbol);
  }
}
