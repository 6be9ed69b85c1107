import { type Document, isMap, isScalar, LineCounter, type Pair, parseDocument, Scalar, visit } from 'yaml';
import type { z } from 'zod';
import { UserError } from '../user-error.ts';

/** A YAML file as data, and where each piece of it stands. */
export type YamlFile = {
  data: unknown;
  /** Says of a schema's issue what stands in the file there, on which line, and what to write instead. */
  explain(issue: z.core.$ZodIssue): string;
};

/**
 * Reads YAML 1.2, with merge keys (`<<`). A UserError with line and column where it is none, or where it would silently
 * mean something else: a key such as TRUE without quotes is a truth value, and 0,5 in braces two entries.
 */
export function parseYaml(path: string, text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true });
  const refuse = (offset: number | undefined, what: string): never => {
    const at = offset === undefined ? null : lines.linePos(offset);
    throw new UserError(`${path}${at ? `:${at.line}:${at.col}` : ''}: ${what}`);
  };
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken)
    refuse(
      broken.pos[0],
      `not YAML: ${broken.message.split('\n')[0]!.replace(/ at line .*$/, '')}${advice[broken.code] ?? ''}`,
    );
  visit(document, {
    Pair(_, pair) {
      const misread = keyMisread(pair);
      if (misread) refuse((pair.key as Scalar).range?.[0], misread);
    },
  });
  try {
    const data = document.toJS();
    return { data, explain: (issue) => explained(document, lines, issue) };
  } catch (error) {
    // Aliases without an anchor, merges of what is no mapping.
    return refuse(undefined, `not YAML: ${(error as Error).message}`);
  }
}

const advice: Partial<Record<string, string>> = {
  DUPLICATE_KEY: '; expected each key once: delete one of the two lines',
  TAB_AS_INDENT: '; expected spaces',
  BAD_SCALAR_START: '; a text that begins so needs quotes',
  TAG_RESOLVE_FAILED: '; a text that begins with ! needs quotes',
};

/** What is wrong with a key that is no text; null for one that is. */
function keyMisread({ key, value }: Pair): string | null {
  if (!isScalar(key) || typeof key.value === 'string' || isMergeKey(key)) return null;
  const source = key.source ?? String(key.value);
  const hasNothing = value === null || (isScalar(value) && value.value === null);
  if (typeof key.value === 'number' && hasNothing)
    return `has the number ${source} where a key is expected: in { } a comma ends an entry; write decimals with a point, such as 0.${source}`;
  return `has the key ${source} without quotes, which YAML reads as ${kindOf(key.value)}; write "${source}"`;
}

const isMergeKey = (key: Scalar) => key.source === '<<' || typeof key.value === 'symbol';

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  return typeof value === 'boolean' ? 'a truth value' : `the number ${value}`;
}

function explained(document: Document, lines: LineCounter, issue: z.core.$ZodIssue): string {
  const above = nodeAt(document, issue.path);
  const node = issue.code === 'unrecognized_keys' ? (keyNode(above, issue.keys[0]) ?? above) : above;
  const offset = (node as { range?: [number, number, number] | null } | undefined)?.range?.[0];
  if (offset === undefined) return '';
  const { line } = lines.linePos(offset);
  const hint = isScalar(node) ? hintOf(node, issue) : null;
  return hint === null ? ` (line ${line})` : `: line ${line} ${hint}`;
}

/** The node at a path, or the nearest one above it: a missing field has none. */
function nodeAt(document: Document, path: readonly PropertyKey[]): unknown {
  for (let length = path.length; length > 0; length -= 1) {
    const found = document.getIn(path.slice(0, length), true);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A key of a mapping itself, to say where it stands. */
function keyNode(node: unknown, name: string | undefined): unknown {
  return isMap(node)
    ? node.items.map(({ key }) => key).find((key) => isScalar(key) && key.value === name)
    : undefined;
}

/** What to write instead of a scalar that is not of the kind that was expected; null where there is nothing to add. */
function hintOf({ value, source = '', type }: Scalar, issue: z.core.$ZodIssue): string | null {
  if (issue.code !== 'invalid_type') return null;
  if (issue.expected === 'string' && type === Scalar.PLAIN && typeof value !== 'string')
    return `has ${source === '' ? 'nothing' : source} without quotes, which YAML reads as ${kindOf(value)}; write "${source}"`;
  if (issue.expected !== 'number' && issue.expected !== 'int') return null;
  const percent = /^\s*([+-]?\d+(?:[.,]\d+)?)\s*%\s*$/.exec(source);
  if (percent)
    return `has ${source}; write ${Number((Number(percent[1]!.replace(',', '.')) / 100).toPrecision(12))}`;
  if (/^[+-]?\d+,\d+$/.test(source) && !/,\d{3}$/.test(source))
    return `has ${source}; write decimals with a point: ${source.replace(',', '.')}`;
  if (/^[+-]?\d{1,3}([,_' ]\d{3})+$/.test(source))
    return `has ${source}; write it without signs between thousands: ${source.replace(/[,_' ]/g, '')}`;
  if (type !== Scalar.PLAIN && /^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(source))
    return `has "${source}" in quotes, which is a text; write it without`;
  return null;
}
