// Several daemons may export the same rows, so every query takes them together (max by ...).

/** A metric of the chosen portfolio, over all daemons. */
export const of = (metric: string, by: string[] = [], matchers: string[] = []) =>
  `max by (${['portfolio', ...by].join(', ')}) (${metric}{${['portfolio="$portfolio"', ...matchers].join(', ')}})`;
export const bySymbol = (metric: string) => `max by (symbol) (${metric}{portfolio="$portfolio"})`;
