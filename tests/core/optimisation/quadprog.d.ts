declare module 'quadprog' {
  /** minimise x'Dx / 2 - d'x subject to A'x >= b, the first `meq` as equalities; arrays count from 1. */
  export function solveQP(
    D: number[][],
    d: number[],
    A: number[][],
    b: number[],
    meq?: number,
  ): { solution: number[]; message: string };
}
