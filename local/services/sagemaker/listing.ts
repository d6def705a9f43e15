import { invalid } from './errors.ts';

/** What the List operations filter and sort by. */
export interface Listed {
  readonly name: string;
  readonly creationMs: number;
  readonly modifiedMs?: number;
  readonly status?: string;
  /** A tuning job's training jobs: the objective's last value. */
  readonly objective?: number;
}

/** A List request. Times are epoch milliseconds. */
export interface ListRequest {
  readonly NextToken?: string | undefined;
  readonly MaxResults?: number | undefined;
  readonly NameContains?: string | undefined;
  readonly CreationTimeAfter?: number | undefined;
  readonly CreationTimeBefore?: number | undefined;
  readonly LastModifiedTimeAfter?: number | undefined;
  readonly LastModifiedTimeBefore?: number | undefined;
  readonly StatusEquals?: string | undefined;
  readonly SortBy?: string | undefined;
  readonly SortOrder?: 'Ascending' | 'Descending' | undefined;
}

const DEFAULT_RESULTS = 10;

const within = (ms: number, afterMs: number | undefined, beforeMs: number | undefined) =>
  (afterMs === undefined || ms >= afterMs) && (beforeMs === undefined || ms < beforeMs);

const asksFor = (item: Listed, request: ListRequest) =>
  (request.NameContains === undefined || item.name.toLowerCase().includes(request.NameContains.toLowerCase())) &&
  (request.StatusEquals === undefined || item.status === request.StatusEquals) &&
  within(item.creationMs, request.CreationTimeAfter, request.CreationTimeBefore) &&
  within(item.modifiedMs ?? item.creationMs, request.LastModifiedTimeAfter, request.LastModifiedTimeBefore);

type Place = readonly [key: string | number, name: string];

const compare = (a: Place, b: Place) => {
  for (const at of [0, 1] as const) {
    if (a[at] < b[at]) return -1;
    if (a[at] > b[at]) return 1;
  }
  return 0;
};

const placeOf = (item: Listed, sortBy: string): Place => {
  if (sortBy === 'Name') return ['', item.name];
  if (sortBy === 'FinalObjectiveMetricValue') return [item.objective ?? 0, item.name];
  if (sortBy === 'Status') return [item.status ?? '', item.name];
  return [item.creationMs, item.name];
};

const encode = (place: Place) => Buffer.from(JSON.stringify(place)).toString('base64url');

const decode = (token: string): Place => {
  try {
    const [key, name]: unknown[] = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if ((typeof key === 'string' || typeof key === 'number') && typeof name === 'string') return [key, name];
  } catch {
    // Falls through to the same refusal as a token of another shape.
  }
  throw invalid(`Invalid NextToken: ${token}`);
};

/**
 * One page of a list: what the request asks for, sorted by creation time unless it says otherwise, ten at a time unless
 * it says otherwise (ListEndpoints, ListTransformJobs; *assumed* for the others). A page begins behind the last item of
 * the page before it, so nothing is left out or repeated when items come and go in between.
 *
 * @param order The order when the request has none: it differs from operation to operation.
 * @throws ServiceError `ValidationException` for a NextToken that is not one.
 */
export const listPage = <T extends Listed>(
  items: Iterable<T>,
  request: ListRequest,
  order: 'Ascending' | 'Descending',
): { page: T[]; nextToken?: string } => {
  const sortBy = request.SortBy ?? 'CreationTime';
  const sign = (request.SortOrder ?? order) === 'Ascending' ? 1 : -1;
  const behind = request.NextToken === undefined ? undefined : decode(request.NextToken);
  const sorted = [...items]
    .filter((item) => asksFor(item, request))
    .map((item) => ({ item, place: placeOf(item, sortBy) }))
    .sort((a, b) => sign * compare(a.place, b.place))
    .filter(({ place }) => behind === undefined || sign * compare(place, behind) > 0);
  const results = request.MaxResults ?? DEFAULT_RESULTS;
  const page = sorted.slice(0, results);
  const last = page.at(-1);
  return {
    page: page.map(({ item }) => item),
    ...(last && sorted.length > results ? { nextToken: encode(last.place) } : {}),
  };
};
