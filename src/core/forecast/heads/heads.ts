import type { Head } from './head.ts';
import { meanReturn } from './mean-return.ts';
import type { HeadName } from './names.ts';

/** Every head; nothing else lists them but their names. */
export const heads: Record<HeadName, Head> = { 'mean-return': meanReturn };
