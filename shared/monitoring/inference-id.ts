/** What an inference id says by itself: when it was given, and which row of its request it means. */
export interface NamedInference {
  /** The id the request was sent with. */
  readonly request: string;
  /** Of a request with several rows, which one; null: the whole request. */
  readonly row: number | null;
  /** Epoch milliseconds of its second. */
  readonly atMs: number;
}

const FORM = /^\d{8}T\d{6}Z-[0-9a-f]{16}(?:\.\d{1,6})?$/;
/** How long the id of a request is; what is behind it names a row. */
const REQUEST = '20010125T101500Z-0123456789abcdef'.length;
const ZERO = '0'.charCodeAt(0);
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Reads `20010125T101500Z-<16 hex>`, with `.<row>` behind it for one of several rows; undefined for any other id. */
export function parseInferenceId(id: string): NamedInference | undefined {
  if (!FORM.test(id)) return undefined;
  const two = (at: number): number => (id.charCodeAt(at) - ZERO) * 10 + id.charCodeAt(at + 1) - ZERO;
  const [year, month, day] = [two(0) * 100 + two(2), two(4), two(6)];
  const [hour, minute, second] = [two(9), two(11), two(13)];
  const isLeap = month === 2 && ((year % 4 === 0) !== (year % 100 === 0)) !== (year % 400 === 0);
  const days = (DAYS[month - 1] ?? 0) + (isLeap ? 1 : 0);
  if (day < 1 || day > days || hour > 23 || minute > 59 || second > 59) return undefined;
  const atMs = Date.UTC(year, month - 1, day, hour, minute, second);
  if (id.length === REQUEST) return { request: id, row: null, atMs };
  return { request: id.slice(0, REQUEST), row: Number(id.slice(REQUEST + 1)), atMs };
}

/** The UTC hour a moment lies in, as capture folders have it: `2001/01/25/10`. */
export const hourFolder = (atMs: number): string =>
  new Date(atMs).toISOString().slice(0, 13).replaceAll('-', '/').replace('T', '/');
