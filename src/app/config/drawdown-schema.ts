import { z } from 'zod';
import { numberFrom, wholeNumber } from '../../core/schema-numbers.ts';
import { ratio, symbol } from './fields.ts';

const cashProxySymbol = symbol
  .nullable()
  .default(null)
  .describe('one of symbols that stands in for cash; null: cash');

const reentry = {
  reducedExposureRatio: ratio.default(0.5).describe('exposure when reduced, and at the first step back'),
  cooldownSessions: wholeNumber(0, 1000).default(21).describe('halted lasts this long at least, and'),
  reentryRatio: ratio.default(0.1).describe("until the shadow portfolio's loss is inside this,"),
  recoveryRatio: ratio
    .default(0.5)
    .describe('or it has regained this share of its fall from mark to trough,'),
  haltSessionsMax: wholeNumber(1, 5000)
    .nullable()
    .default(63)
    .describe('or so many sessions have passed; null: it waits for the shadow portfolio alone'),
  recoverySteps: wholeNumber(1, 20)
    .default(2)
    .describe('steps from reducedExposureRatio to full exposure, the first at re-entry, the last'),
  recoverySessions: wholeNumber(0, 1000).default(21).describe('so many sessions after it'),
  cashProxySymbol,
};

/** Losses are measured from the high-water mark of net NAV. */
export const drawdownSchema = z.discriminatedUnion(
  'method',
  [
    z
      .strictObject({
        method: z.literal('states').default('states'),
        softRatio: ratio.default(0.1).describe('at this loss from the mark, exposure is reduced'),
        hardRatio: ratio.default(0.2).describe('at this loss everything goes to cash'),
        restoreRatio: ratio.default(0.05).describe('reduced ends once the loss is inside this'),
        ...reentry,
      })
      .refine(
        (d) => d.restoreRatio < d.softRatio && d.softRatio < d.hardRatio,
        'expected restoreRatio < softRatio < hardRatio',
      ),
    z.strictObject({
      method: z.literal('cushion'),
      drawdownRatioMax: numberFrom(0.01, 1).default(0.2).describe('D: at this loss exposure is none'),
      multiple: numberFrom(0.1, 20).default(2).describe('k in exposure = min(1, k (1 - loss / D))'),
      stepRatio: numberFrom(0.01, 1).default(0.1).describe('a smaller move of exposure waits for the month'),
      ...reentry,
    }),
  ],
  'expected states or cushion',
);
