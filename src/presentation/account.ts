import type { Session } from '../core/calendar/session.ts';
import type { Uninvested } from '../views/account.ts';

/** Whether holdings are real: told by a broker and since when, or worked out from decisions alone. */
export function holdingsKind(importedOn: Session | null): string {
  return importedOn === null ? 'simulated' : `imported on ${importedOn}`;
}

/** Why nothing was held for months, and what decides past ones. */
export function uninvestedSentence({ from, to, monthEnds }: Uninvested): string {
  const count = monthEnds === 1 ? '1 month end' : `${monthEnds} month ends`;
  return `not invested from ${from} to ${to}: ${count} before the first start ${monthEnds === 1 ? 'was' : 'were'} not decided; \`rebalanced replay\` decides past months in a database of its own`;
}
