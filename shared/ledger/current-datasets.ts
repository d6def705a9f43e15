import type { Arrival, Dataset } from './facts.ts';

/** What of an arrival says which dataset a key means. */
export type Delivery = Pick<Arrival, 'upload' | 'receivedAt' | 'outcome' | 'dataset'>;

/**
 * The datasets that some key of the data bucket means now, oldest first: a new version of a key supersedes the old one,
 * even where it brings bytes back that were there before, and a dataset counts as long as one key means it. A folder's
 * key is its `_SUCCESS`. What was rejected supersedes nothing. Of two deliveries of a key in one moment both count, for
 * nobody can tell which came last. A dataset whose arrival is not recorded (yet) counts.
 *
 * @param rejected Datasets that the rules in force reject, whatever earlier rules said of them.
 */
export const currentDatasets = <T extends { readonly dataset: Dataset }>(
  accepted: readonly T[],
  deliveries: readonly Delivery[],
  rejected: ReadonlySet<string>,
): T[] => {
  const claims = deliveries.flatMap(({ upload, receivedAt, outcome, dataset }) =>
    dataset !== undefined && (outcome === 'accepted' || outcome === 'repeated') && !rejected.has(dataset)
      ? [{ key: `${upload.bucket}/${upload.key}`, at: Date.parse(receivedAt), dataset }]
      : [],
  );
  const latest = new Map<string, number>();
  for (const { key, at } of claims) latest.set(key, Math.max(latest.get(key) ?? at, at));
  const claimed = new Set(claims.map(({ dataset }) => dataset));
  const meant = new Set(claims.filter(({ key, at }) => latest.get(key) === at).map(({ dataset }) => dataset));
  const received = ({ dataset }: T) => Date.parse(dataset.receivedAt);
  return accepted
    .filter(({ dataset: { dataset } }) => meant.has(dataset) || !claimed.has(dataset))
    .toSorted((a, b) => received(a) - received(b) || (a.dataset.dataset < b.dataset.dataset ? -1 : 1));
};
