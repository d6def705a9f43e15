/** Work on many things at once, and not on all of them. */

/** As many reads of S3 at once as its client has sockets for, with some left (50 by default). Source: AWS SDK for JavaScript v3, "Configuring maxSockets". */
const AT_ONCE = 32;

/**
 * Maps items by an asynchronous function, at most `limit` of them at once; results in the order of the items. The first
 * failure fails the whole, and nothing more is begun after it.
 */
export async function boundedMap<T, R>(
  items: readonly T[],
  map: (item: T) => Promise<R>,
  limit = AT_ONCE,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      if (failed) return;
      try {
        results[index] = await map(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
