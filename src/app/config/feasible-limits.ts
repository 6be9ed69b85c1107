import { solve } from 'yalps';
import type { Bounds } from '../../core/policy/policy.ts';

/** The limits on a portfolio's weights, as configured; `boundsBySymbol` is complete. */
export type ConfiguredLimits = {
  symbols: readonly string[];
  bounds: Bounds;
  boundsBySymbol: Readonly<Record<string, Bounds>>;
  groups: Readonly<Record<string, Bounds & { symbols: readonly string[] }>>;
  grossExposureMax: number | null;
  cashRatio: number;
  cashProxySymbol: string | null;
};

/** Limits that no weights meet together: one sentence, and where the first of them stands. */
export type LimitConflict = { path: PropertyKey[]; message: string };

/**
 * Symbols that a linear programme need not tell apart: in the same groups, and their bounds on the same side of 0, so
 * that sums of their weights (and of absolute ones) may be anything their bounds sum to.
 */
type Block = {
  members: { symbol: string; bounds: Bounds }[];
  groups: string[];
  lower: number;
  upper: number;
};

type Row = { min?: number; max?: number };
/** One limit that may be left out to find those in conflict. */
type Limit = { row: string; side: 'lower' | 'upper'; value: Row; path: PropertyKey[]; block: Block | null };

/**
 * The smallest conflict among limits that no fully invested weights meet, with all symbols in the universe; null where
 * some do. A decision invests exactly 1 - cashRatio at full exposure, and less exposure only widens its limits.
 */
export function conflictOf(given: ConfiguredLimits): LimitConflict | null {
  const blocks = blocksOf(given);
  const limits = limitsOf(given, blocks);
  const budget = 1 - given.cashRatio;
  if (isFeasible(blocks, limits, budget)) return null;
  // Deletion filter (Chinneck and Dravnieks, 1991): what is left conflicts, and nothing of it can be left out.
  let conflict = limits;
  for (const limit of limits) {
    const without = conflict.filter((one) => one !== limit);
    if (!isFeasible(blocks, without, budget)) conflict = without;
  }
  const needsBudget = isFeasible(blocks, conflict, null);
  return { path: conflict[0]?.path ?? ['cashRatio'], message: inWords(conflict, given, needsBudget) };
}

/** The symbols without any one of which, dropped for its data, the limits could not be met. */
export function neededSymbols(given: ConfiguredLimits): string[] {
  const allocated = given.symbols.filter((symbol) => symbol !== given.cashProxySymbol);
  if (allocated.length < 2) return [];
  const known = new Map<string, boolean>();
  return allocated.filter((symbol) => {
    // Symbols of the same bounds and groups are as good as each other.
    const { lower, upper } = given.boundsBySymbol[symbol] ?? given.bounds;
    const kind = JSON.stringify([lower, upper, groupsOf(given, symbol)]);
    if (!known.has(kind))
      known.set(
        kind,
        conflictOf({ ...given, symbols: given.symbols.filter((one) => one !== symbol) }) !== null,
      );
    return known.get(kind);
  });
}

const groupsOf = ({ groups }: ConfiguredLimits, symbol: string): string[] =>
  Object.keys(groups).filter((name) => groups[name]!.symbols.includes(symbol));

function blocksOf(given: ConfiguredLimits): Block[] {
  const blocks = new Map<string, Block>();
  for (const symbol of given.symbols) {
    if (symbol === given.cashProxySymbol) continue;
    const bounds = given.boundsBySymbol[symbol] ?? given.bounds;
    const groups = groupsOf(given, symbol);
    const side = bounds.lower > 0 ? 'long' : bounds.upper < 0 ? 'short' : 'either';
    const key = JSON.stringify([side, groups]);
    const block = blocks.get(key) ?? { members: [], groups, lower: 0, upper: 0 };
    block.members.push({ symbol, bounds });
    block.lower += bounds.lower;
    block.upper += bounds.upper;
    blocks.set(key, block);
  }
  return [...blocks.values()];
}

/** Every limit but the budget, those first that an explanation does better without. */
function limitsOf(
  { groups, grossExposureMax, boundsBySymbol }: ConfiguredLimits,
  blocks: readonly Block[],
): Limit[] {
  const limits: Limit[] = [];
  if (grossExposureMax !== null)
    limits.push({
      row: 'gross',
      side: 'upper',
      value: { max: grossExposureMax },
      path: ['grossExposureMax'],
      block: null,
    });
  for (const [name, { lower, upper }] of Object.entries(groups)) {
    const at = { row: `group ${name}`, path: ['groups', name], block: null };
    limits.push(
      { ...at, side: 'lower', value: { min: lower } },
      { ...at, side: 'upper', value: { max: upper } },
    );
  }
  blocks.forEach((block, b) => {
    const own = block.members.find(({ symbol }) => boundsBySymbol[symbol]);
    const path = own ? ['boundsBySymbol', own.symbol] : ['bounds'];
    const at = { row: `block ${b}`, path, block };
    limits.push(
      { ...at, side: 'upper', value: { max: block.upper } },
      { ...at, side: 'lower', value: { min: block.lower } },
    );
  });
  return limits;
}

/** Whether some weights meet the limits; `budget` null: however much they sum to. */
function isFeasible(blocks: readonly Block[], limits: readonly Limit[], budget: number | null): boolean {
  const rows = new Map<string, Row | { equal: number }>();
  if (budget !== null) rows.set('total', { equal: budget });
  for (const { row, value } of limits) rows.set(row, { ...rows.get(row), ...value });
  const variables = blocks.flatMap((block, b) => {
    const sums = ['total', `block ${b}`, ...block.groups.map((name) => `group ${name}`)];
    const signed = (sign: 1 | -1) =>
      [`${sign} ${b}`, [...sums.map((row) => [row, sign] as const), ['gross', 1] as const]] as const;
    // A block that may be short has a part below 0 of its own.
    return block.lower < 0 ? [signed(1), signed(-1)] : [signed(1)];
  });
  return solve({ constraints: rows, variables }).status !== 'infeasible';
}

function inWords(conflict: readonly Limit[], given: ConfiguredLimits, needsBudget: boolean): string {
  const parts = [...boundsInWords(conflict, 'lower'), ...boundsInWords(conflict, 'upper')];
  for (const { row, side, value, block } of conflict) {
    if (block !== null) continue;
    const limit = side === 'lower' ? `at least ${value.min}` : `at most ${value.max}`;
    if (row === 'gross') parts.push(`the gross weight may be ${limit}`);
    else parts.push(`${row} ${side === 'lower' ? 'must' : 'may'} have ${limit}`);
  }
  const sides = new Set(conflict.map(({ side }) => side));
  const budget = figure(1 - given.cashRatio);
  const kept = given.cashRatio > 0 ? ` (cashRatio keeps ${given.cashRatio})` : '';
  if (needsBudget)
    parts.push(
      sides.has('lower') && !sides.has('upper')
        ? `at most ${budget} may be invested${kept}`
        : `${budget} must be invested${kept}`,
    );
  return `no weights meet these limits together: ${parts.join('; ')}`;
}

/** The bounds of one side in the conflict, equal ones counted. */
function boundsInWords(conflict: readonly Limit[], side: Limit['side']): string[] {
  const members = conflict.flatMap((limit) =>
    limit.side === side && limit.block ? limit.block.members : [],
  );
  if (members.length === 0) return [];
  const byValue = Map.groupBy(members, ({ bounds }) => bounds[side]);
  const parts = [...byValue].map(([value, same]) =>
    same.length === 1 ? `${value} of ${same[0]!.symbol}` : `${same.length} of ${value}`,
  );
  const sum = figure(members.reduce((total, { bounds }) => total + bounds[side], 0));
  if (byValue.size === 1 && members.length > 1)
    return [`${members.length} ${side} bounds of ${members[0]!.bounds[side]} sum to ${sum}`];
  if (members.length === 1) return [`the ${side} bound of ${members[0]!.symbol} is ${sum}`];
  return [`the ${side} bounds (${shown(parts)}) sum to ${sum}`];
}

const shown = (parts: readonly string[]) =>
  parts.length > 6 ? `${parts.slice(0, 6).join(', ')} and ${parts.length - 6} more` : parts.join(', ');

/** A sum without the digits that adding has made. */
const figure = (value: number) => Number(value.toPrecision(10));
