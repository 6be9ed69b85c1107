/** Prices or a forecast that nothing can be decided from; the decision steps down a fallback level. */
export class UnusableDataError extends Error {
  override name = 'UnusableDataError';
}
