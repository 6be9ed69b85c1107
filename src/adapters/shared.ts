/** Callers that come while one call is under way share its outcome, so that many callers are one load. */
export function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | null = null;
  return () => {
    underWay ??= Promise.resolve()
      .then(work)
      .finally(() => {
        underWay = null;
      });
    return underWay;
  };
}
