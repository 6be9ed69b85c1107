/**
 * One line of text: control characters, line breaks and marks that turn the reading direction become spaces,
 * so that a value from outside can neither forge a line of the letter nor a mail header.
 */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu, ' ')
    .replace(/ +/g, ' ')
    .trim();
}

/** A copy of plain data with every string in it made one line. */
export function inOneLine<T>(value: T): T {
  if (typeof value === 'string') return oneLine(value) as T;
  if (Array.isArray(value)) return value.map(inOneLine) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inOneLine(part)])) as T;
}
