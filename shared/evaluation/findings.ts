import { counted, figureText } from './figure-text.ts';
import { type Metric, metricNamed, type Problem } from './metrics.ts';
import type { Reason } from './reason.ts';

/** Reasons by what they call for. */
export interface Findings {
  /** One is enough to reject. */
  readonly against: readonly Reason[];
  /** One is enough to hold. */
  readonly toPerson: readonly Reason[];
  readonly inFavour: readonly Reason[];
  /** What decides nothing and should be known. */
  readonly notes: readonly Reason[];
}

export const findings = (some: Partial<Findings> = {}): Findings => ({
  against: [],
  toPerson: [],
  inFavour: [],
  notes: [],
  ...some,
});

/** All of them, in their order. */
export const together = (some: readonly Findings[]): Findings => ({
  against: some.flatMap(({ against }) => against),
  toPerson: some.flatMap(({ toPerson }) => toPerson),
  inFavour: some.flatMap(({ inFavour }) => inFavour),
  notes: some.flatMap(({ notes }) => notes),
});

/** By how much `value` is better than `other`; below zero where it is worse. */
export const gainOver = (metric: Metric, value: number, other: number): number =>
  metric.direction === 'higher' ? value - other : other - value;

/** The figure that is worse than `other` by `margin`. */
export const worseBy = (metric: Metric, other: number, margin: number): number =>
  metric.direction === 'higher' ? other - margin : other + margin;

/** The metric, or why nothing can be held against it. */
export function metricOr(problem: Problem, name: string): Metric | Reason {
  const unknown = { code: 'unknown_metric', message: `${name} is not a metric of a ${problem} model`, metric: name };
  return metricNamed(problem, name) ?? unknown;
}

/** The size of a difference as a person reads it. */
export const sizeText = (difference: number): string => figureText(Math.abs(difference), 2);

const BLOCKS: ReadonlySet<string> = new Set(['hour', 'day', 'week', 'month']);

/** So many of what rows move together by: `6 days`, `412 values of customer`. */
export function clustersText(by: string, clusters: number): string {
  const noun = BLOCKS.has(by) ? by : 'value';
  const of = BLOCKS.has(by) ? '' : ` of ${by}`;
  return `${counted(clusters)} ${noun}${clusters === 1 ? '' : 's'}${of}`;
}

/** `95%`. */
export const confidenceText = (confidence: number): string => `${Number((confidence * 100).toFixed(2))}%`;
