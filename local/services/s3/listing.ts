/** One page of a listing: prefix, delimiter, and where to go on. */
import type { KeyOrder } from './key-order.ts';

/** What a page is asked for. */
export interface ListingRequest {
  readonly prefix: string;
  readonly delimiter: string;
  /** Only what comes after this: a key, or a common prefix of the page before (all keys under it are skipped then). */
  readonly after: string;
  /** Rows of the key `after` that pages before told; all of them by default. */
  readonly toldOfAfter?: number;
  readonly max: number;
}

export interface Page<Row> {
  readonly rows: Row[];
  readonly commonPrefixes: string[];
  readonly truncated: boolean;
  /** The key of the last row or the last common prefix, whichever ended the page: `after` of the next one. */
  readonly last: string | undefined;
}

const startOf = (order: KeyOrder, { prefix, delimiter, after, toldOfAfter }: ListingRequest): number => {
  if (after === '') return order.from(prefix);
  // A page that ended with a common prefix: its keys lie after it in the order and are not to be told again.
  const isCommonPrefix =
    delimiter !== '' && after.length > prefix.length && after.startsWith(prefix) && after.endsWith(delimiter);
  if (isCommonPrefix) return order.afterPrefix(after);
  return Math.max(order.from(prefix), toldOfAfter === undefined ? order.after(after) : order.from(after));
};

/**
 * @param rowsOf What a key has to list: its object, its versions, or nothing when it is deleted.
 * @returns At most `max` rows and common prefixes together. A page may end between two rows of a key.
 */
export const listPage = <Row>(
  order: KeyOrder,
  request: ListingRequest,
  rowsOf: (key: string) => readonly Row[],
): Page<Row> => {
  const { prefix, delimiter, after, toldOfAfter = 0, max } = request;
  const rows: Row[] = [];
  const commonPrefixes: string[] = [];
  let last: string | undefined;
  const isFull = () => rows.length + commonPrefixes.length >= max;
  const page = (truncated: boolean): Page<Row> => ({ rows, commonPrefixes, truncated: truncated && max > 0, last });

  let at = startOf(order, request);
  for (let key = order.keys[at]; key?.startsWith(prefix); key = order.keys[at]) {
    const own = rowsOf(key).slice(key === after ? toldOfAfter : 0);
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (own.length > 0 && cut >= 0) {
      if (isFull()) return page(true);
      // A start inside a folder still rolls up what is left of the folder (assumed).
      last = key.slice(0, cut + delimiter.length);
      commonPrefixes.push(last);
      at = order.afterPrefix(last);
      continue;
    }
    for (const row of own) {
      if (isFull()) return page(true);
      rows.push(row);
      last = key;
    }
    at++;
  }
  return page(false);
};
