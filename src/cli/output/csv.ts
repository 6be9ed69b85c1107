type Cell = string | number | null;

/** Lines of CSV: numbers with every digit, null as an empty field, quotes (RFC 4180) only where a reader needs them. */
export function csvLines(head: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  return [head, ...rows].map((row) => row.map(field).join(','));
}

export function printCsv(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  for (const line of csvLines(head, rows)) console.log(line);
}

function field(value: Cell): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
