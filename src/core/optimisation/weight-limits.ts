import { AllocationError } from '../allocation-error.ts';
import type { BoundedQp } from './bounded-qp.ts';
import type { ConstrainedQp, GroupLimit } from './constrained-qp.ts';

/** Least and greatest weight, one of each per asset. */
export type BoundVectors = { lower: readonly number[]; upper: readonly number[] };

/**
 * What trading away from `current` costs and how much of it is allowed. Costs are in basis points of the traded
 * notional; `impactBps` is the square-root impact of trading the whole portfolio's worth of the asset, so a trade of a
 * share d of the portfolio costs 1e-4 x (costBps x d + impactBps x d^1.5).
 */
export type TradingTerms = {
  current: readonly number[];
  costBps?: number | readonly number[] | undefined;
  impactBps?: number | readonly number[] | undefined;
  /** One-way: sum |w - current| / 2. */
  turnoverMax?: number | undefined;
};

/** Everything the weights must obey; the default is long-only and fully invested. */
export type WeightLimits = {
  bounds?: BoundVectors | undefined;
  groups?: readonly GroupLimit[] | undefined;
  /** Limit on sum |w|, for long/short. */
  grossExposureMax?: number | undefined;
  /** Sum of the weights; default 1 (less when the rest is cash outside the problem). */
  budget?: number | undefined;
  trading?: TradingTerms | undefined;
};

/** The rebalancing problem of an objective under limits; `costFactor` turns a cost into units of the objective. */
export function constrain(
  objective: Pick<BoundedQp, 'size' | 'matrix' | 'linear'>,
  limits: WeightLimits,
  costFactor: number,
): ConstrainedQp {
  const { size } = objective;
  const { bounds, trading } = limits;
  checkLimits(limits, size);
  const costs = (bps: number | readonly number[] | undefined): Float64Array =>
    Float64Array.from(
      { length: size },
      (_, i) => ((typeof bps === 'object' ? bps[i]! : (bps ?? 0)) * costFactor) / 1e4,
    );
  return {
    ...objective,
    lower: bounds ? Float64Array.from(bounds.lower) : new Float64Array(size),
    upper: bounds ? Float64Array.from(bounds.upper) : new Float64Array(size).fill(1),
    budget: limits.budget ?? 1,
    current: trading ? Float64Array.from(trading.current) : new Float64Array(size),
    proportional: costs(trading?.costBps),
    impact: costs(trading?.impactBps),
    turnoverMax: trading?.turnoverMax ?? Number.POSITIVE_INFINITY,
    grossExposureMax: limits.grossExposureMax ?? Number.POSITIVE_INFINITY,
    groups: limits.groups ?? [],
  };
}

function checkLimits(
  { bounds, trading, groups, grossExposureMax, budget }: WeightLimits,
  size: number,
): void {
  if (bounds) {
    checkNumbers('lower bound', bounds.lower, size);
    checkNumbers('upper bound', bounds.upper, size);
  }
  if (trading) {
    checkNumbers('current weight', trading.current, size);
    for (const [what, bps] of Object.entries({ costBps: trading.costBps, impactBps: trading.impactBps })) {
      const list = typeof bps === 'object' ? bps : new Array<number>(size).fill(bps ?? 0);
      checkNumbers(what, list, size);
      const negative = list.findIndex((cost) => cost < 0);
      if (negative >= 0) refuse(`${what} of asset ${negative} is ${list[negative]}, expected 0 or more.`);
    }
  }
  groups?.forEach(({ members, lower, upper }, g) => {
    const unknownSymbol = members.find((i) => !(Number.isInteger(i) && i >= 0 && i < size));
    if (unknownSymbol !== undefined)
      refuse(`Group ${g} names asset ${unknownSymbol}, expected 0 to ${size - 1}.`);
    if (!(lower <= upper))
      throw new AllocationError('infeasible', `Group ${g} allows ${lower} to ${upper}: nothing.`);
  });
  for (const [what, limit] of Object.entries({ grossExposureMax, turnoverMax: trading?.turnoverMax })) {
    if (limit !== undefined && !(limit >= 0)) refuse(`${what} is ${limit}, expected 0 or more.`);
  }
  if (budget !== undefined && !Number.isFinite(budget))
    refuse(`The budget is ${budget}, expected a finite number.`);
}

function checkNumbers(what: string, values: readonly number[], size: number): void {
  if (values.length !== size) refuse(`There are ${values.length} entries of ${what}, expected ${size}.`);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new AllocationError(
      'not-finite',
      `The ${what} of asset ${bad} is ${values[bad]}, expected a finite number.`,
    );
}

function refuse(message: string): never {
  throw new AllocationError('bad-input', message);
}
