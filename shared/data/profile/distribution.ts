/** What is read from the counts of a column of numbers: quantiles and a histogram. */

import type { ValueCounts } from './distinct.ts';
import { bucketRange } from './quantile-sketch.ts';
import type { NumberCounts } from './working.ts';

/** Values of a column in ascending order: each by itself where they were counted, else by bucket. */
export interface Spread {
  readonly spans: readonly Span[];
  readonly rows: number;
  readonly min: number;
  readonly max: number;
  /** Whether all values are whole numbers. */
  readonly whole: boolean;
}

interface Span {
  readonly low: number;
  readonly high: number;
  readonly rows: number;
}

/** Counts per bin. A bin holds its lower edge. Where a column was not counted value by value, a negative value on an edge is in the bin below it. */
export interface Histogram {
  /** One more than there are bins. */
  readonly edges: number[];
  readonly counts: number[];
  /** Values outside the bins: far from where most are. */
  readonly below: number;
  readonly above: number;
}

/** Null where nothing was measured. */
export function spreadOf(
  { min, max, buckets }: NumberCounts,
  counts: ValueCounts | null,
  whole: boolean,
): Spread | null {
  if (min === null || max === null) return null;
  const spans: Span[] = [];
  // Counted values may be beyond measure, and then stand in no bucket.
  for (const [value, rows] of counts ?? [])
    if (typeof value === 'number' && value >= min && value <= max) spans.push({ low: value, high: value, rows });
  if (counts === null)
    for (const [key, rows] of buckets) {
      const [low, high] = bucketRange(key);
      spans.push({ low, high, rows });
    }
  return { spans, rows: spans.reduce((sum, { rows }) => sum + rows, 0), min, max, whole };
}

/** The value with `permille` thousandths of the rows at or below it: the middle of its bucket where values were not counted. */
export function quantileOf({ spans, rows, min, max, whole }: Spread, permille: number): number {
  const rank = Math.max(1, Math.ceil((rows * permille) / 1000));
  let [passed, found] = [0, 0];
  for (const { low, high, rows: here } of spans) {
    found = (low + high) / 2;
    passed += here;
    if (passed >= rank) break;
  }
  return Math.min(Math.max(whole ? Math.trunc(found) : found, min), max) + 0;
}

const MOST_BINS = 24;
/** How far beyond the first and the last hundredth the bins reach, as a share of what lies between. */
const REACH = 0.5;

/** The decimal power and the digit of the round step that cuts a range into at most {@link MOST_BINS}: 1, 2 or 5 times ten to a power. */
function roundStep(range: number): { readonly times: number; readonly power: number } {
  const [digits = '1', power = '0'] = (range / MOST_BINS).toExponential().split('e');
  const times = [1, 2, 5].find((candidate) => Number(digits) <= candidate);
  return times === undefined ? { times: 1, power: Number(power) + 1 } : { times, power: Number(power) };
}

/** Round edges from below `low` to above `high`. Decimal powers are read from text, which every machine rounds alike. */
function roundEdges(low: number, high: number, whole: boolean): number[] {
  let { times, power } = roundStep(high - low);
  if (whole && power < 0) [times, power] = [1, 0];
  // Bins of one whole number have it in their middle.
  const shift = whole && times === 1 && power === 0 ? 0.5 : 0;
  const scale = Number(`1e${Math.abs(power)}`);
  const at = (n: number): number => (power < 0 ? (n * times) / scale : n * times * scale) - shift + 0;
  const step = power < 0 ? times / scale : times * scale;
  const edges: number[] = [];
  for (let n = Math.floor((low + shift) / step); edges.length <= MOST_BINS + 2; n += 1) {
    edges.push(at(n));
    if (at(n) > high) break;
  }
  return edges;
}

/** Edges none of which cuts through a bucket: moved to its nearer end where it would, the outermost outwards. */
function uncut(spans: readonly Span[], edges: readonly number[]): number[] {
  const moved = edges.map((edge, at) => {
    const cut = spans.find(({ low, high }) => low < edge && edge < high);
    if (cut === undefined) return edge;
    if (at === 0) return cut.low;
    if (at === edges.length - 1) return cut.high;
    return edge - cut.low < cut.high - edge ? cut.low : cut.high;
  });
  return [...new Set(moved)];
}

/** A histogram of at most some 25 bins over where most values lie; null where there is but one value. */
export function histogramOf(spread: Spread): Histogram | null {
  const { spans, min, max, whole } = spread;
  if (min === max) return null;
  const [first, last] = [quantileOf(spread, 10), quantileOf(spread, 990)];
  const reach = (last - first) * REACH;
  const few = whole && max - min < MOST_BINS;
  const [low, high] = few || first === last ? [min, max] : [Math.max(min, first - reach), Math.min(max, last + reach)];
  if (!Number.isFinite(high - low) || high - low === 0) return null;
  const edges = uncut(spans, roundEdges(low, high, whole));
  const counts = new Array<number>(Math.max(edges.length - 1, 0)).fill(0);
  let [below, above, bin] = [0, 0, 0];
  for (const { low: from, high: to, rows } of spans) {
    // A value on an edge is above it, a bucket that ends there below.
    const isBelow = (edge: number): boolean => (from === to ? from < edge : to <= edge);
    while (bin < edges.length && !isBelow(edges[bin] ?? 0)) bin += 1;
    if (bin === 0) below += rows;
    else if (bin === edges.length) above += rows;
    else counts[bin - 1] = (counts[bin - 1] ?? 0) + rows;
  }
  return { edges, counts, below, above };
}
