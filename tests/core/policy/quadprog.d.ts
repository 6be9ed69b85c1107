/** The part of quadprog's interface that the oracle uses; every array starts at index 1. */
declare module 'quadprog' {
  export function solveQP(
    matrix: number[][],
    linear: number[],
    constraints: number[][],
    limits: number[],
    equalities: number,
  ): { solution: number[]; message: string };
}
