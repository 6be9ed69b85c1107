import type { Forecast } from '../forecast.ts';
import type { HeadName } from './names.ts';

/** Losses a network can be trained by; `networks/losses.ts` holds them on tensors. */
export type LossName = 'mean-squared-error';

/** The part of a forecast that one head fills. */
export type HeadForecast = Pick<
  Forecast,
  'mean' | 'volatility' | 'correlation' | 'stressProbability' | 'drawdownProbability'
>;

/**
 * One quantity that models forecast: what it is in the past (`target`), how far an answer is from it, and how answers
 * become a forecast. Levels are columns of one panel, one per asset; matrices are row-major [rows, outputs].
 */
export type Head = {
  name: HeadName;
  /** numbers a network answers for so many assets */
  outputs(assets: number): number;
  /** what came true after each row first .. last; NaN where the levels end before the horizon does */
  target(levels: readonly Float64Array[], horizonSessions: number, first: number, last: number): Float64Array;
  loss: LossName;
  /** the loss of one answer in plain arithmetic, in whatever units both are */
  score(answer: number, target: number): number;
  /** answers that need no network, by name, [outputs]: what is known at row `last` of a window from row `first` on */
  baselines(
    levels: readonly Float64Array[],
    first: number,
    last: number,
  ): { zero: number[]; historicalMean: number[] };
  /** answers in the target's units, for all assets in their order */
  toForecast(answers: number[]): HeadForecast;
};
