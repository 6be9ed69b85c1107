import { z } from 'zod';
import { symbolPattern } from '../../core/market/bar.ts';
import { cashSymbol } from '../../core/portfolio/holdings.ts';
import { numberFrom } from '../../core/schema-numbers.ts';

// Fields that several sections of the configuration have.

export const ratio = numberFrom(0, 1);
export const symbol = z
  .string()
  .regex(symbolPattern, 'expected a symbol: 1 to 20 of A-Z 0-9 . ^ = -')
  .refine((name) => name !== cashSymbol, `${cashSymbol} means cash itself; expected another symbol`);
