import type { z } from 'zod';
import type { Multipliers } from '../optimisation/constrained-qp.ts';
import type { BoundVectors, WeightLimits } from '../optimisation/weight-limits.ts';
import type { Moments } from '../risk/moments.ts';

/** What an allocator weighs by; everything is in one order of assets and per session. */
export type AllocatorInput = {
  moments: Moments;
  /** forecast mean return, one per asset; there where the allocator needs a forecast */
  signal: readonly number[] | undefined;
  /** how far the signal is trusted, 0..1 */
  signalScale: number;
  /** read by allocators that optimise; default 0..1 */
  bounds: BoundVectors | undefined;
};

/** Optimal weights with the multipliers of the limits that hold them. */
export type Optimum = { weights: number[]; multipliers: Multipliers };

/** A policy's limits, and how many sessions a trade's cost is paid for. */
export type TradedLimits = WeightLimits & { horizonSessions?: number | undefined };

/** An allocator under its name, with what it takes: all that configuration, command line and policy know of it. */
export type Allocator<Name extends string, Shape extends z.ZodRawShape> = {
  name: Name;
  /** what a sentence calls it: `The weights come from TITLE.` */
  title: string;
  /** its own options with their ranges and defaults; others are none of its business */
  options: z.ZodObject<Shape>;
  needs: {
    /** whether the expected returns are read: history's where there is no forecast */
    mean(options: z.input<z.ZodObject<Shape>>): boolean;
    /** whether there are no weights without a forecast */
    forecast: boolean;
    /** whether bounds below 0 give short positions */
    shorts: boolean;
  };
  /** One finite weight per asset, summing to 1. Raises `AllocationError`. */
  weights(input: AllocatorInput, options: z.input<z.ZodObject<Shape>>): number[];
  /** The optimum under all of a policy's limits and trading costs, where the allocator can weigh them. */
  optimise?(moments: Moments, limits: TradedLimits, options: z.input<z.ZodObject<Shape>>): Optimum;
};

/** Keeps the name and the options of an allocator as narrow as they are written. */
export const defineAllocator = <const Name extends string, Shape extends z.ZodRawShape>(
  allocator: Allocator<Name, Shape>,
) => allocator;

/** What an allocator that weighs by risk alone needs. */
export const needsRiskOnly = { mean: () => false, forecast: false, shorts: false };

/** An optimum may be a rounding outside its bounds; what is stored and checked is not, and sums to 1. */
export function withinBounds(weights: ArrayLike<number>, bounds: BoundVectors | undefined): number[] {
  const lower = (i: number): number => bounds?.lower[i] ?? 0;
  const upper = (i: number): number => bounds?.upper[i] ?? 1;
  const inside = Array.from(weights, (weight, i) => Math.min(upper(i), Math.max(lower(i), weight)));
  const rest = 1 - inside.reduce((sum, weight) => sum + weight, 0);
  if (Math.abs(rest) < 1e-15 * inside.length) return inside;
  const roomy = inside.findIndex((weight, i) => weight + rest >= lower(i) && weight + rest <= upper(i));
  if (roomy >= 0) inside[roomy]! += rest;
  return inside;
}
