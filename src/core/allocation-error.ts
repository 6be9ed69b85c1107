/** Why an allocator could not answer; the fallback chain reads it to choose the next level. */
export type AllocationFailure =
  | 'bad-input' // sizes that do not fit each other, or an option out of its range
  | 'not-finite' // a NaN or an infinity in the returns, the covariance, the signal or the mean
  | 'too-few-sessions' // fewer rows than the estimate needs
  | 'all-flat' // no asset has any variance, so risk says nothing
  | 'infeasible' // no weights meet the bounds and limits
  | 'no-positive-mean' // no feasible portfolio earns more than the risk-free rate
  | 'no-convergence'; // the solver gave up before its tolerance

/** An allocator's refusal: `reason` for the fallback chain, the message for people. */
export class AllocationError extends Error {
  readonly reason: AllocationFailure;

  constructor(reason: AllocationFailure, message: string) {
    super(message);
    this.name = 'AllocationError';
    this.reason = reason;
  }
}
