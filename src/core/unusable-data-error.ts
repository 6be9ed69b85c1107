/** Prices, a stored model or a forecast that nothing can be decided from: a decision steps down a level. Any other error is a fault. */
export class UnusableDataError extends Error {
  override name = 'UnusableDataError';
}
