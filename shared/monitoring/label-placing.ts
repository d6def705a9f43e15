/** Labels that name no hour, or a key instead of an id, are placed at the predictions they are about. */
import { hourFolder } from './inference-id.ts';
import type { Prediction } from './key-index.ts';
import { type LabelProblem, LabelProblems } from './label-problems.ts';
import { CLOCK_SKEW_MS, type LabelsRead, type ReadLabel } from './labels.ts';
import type { Window } from './windows.ts';

/** The predictions made in an interval, by what labels name them by: those that are wanted, and all of each. */
export type FindPredictions = (
  wanted: ReadonlySet<string>,
  within: Window,
) => Promise<ReadonlyMap<string, readonly Prediction[]>>;

/** Labels by the hour of their prediction and by its id, and what was left out on the way. */
export interface PlacedLabels {
  readonly labels: number;
  readonly hours: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly problems: readonly LabelProblem[];
  readonly counts: Readonly<Record<string, number>>;
}

export interface Placing {
  /** Whether what names the labels of an hour is a key, and no id yet. */
  readonly isKeyed: boolean;
  /** When the file came. */
  readonly arrivedMs: number;
  /** Predictions without an hour are looked for so far back. */
  readonly lookBackMs: number;
  readonly find: FindPredictions;
}

const HOUR_MS = 3_600_000;

/** The first moment of an hour `2001/01/25/10`. */
export const startOfHour = (hour: string): number =>
  Date.parse(`${hour.slice(0, 10).replaceAll('/', '-')}T${hour.slice(11)}:00:00Z`);

/**
 * Places labels. Nothing is guessed: what no prediction has is `unknown_prediction`, and what several have is
 * `ambiguous`; of two labels that turn out to be of one prediction and differ, neither counts.
 */
export async function placeLabels(
  read: LabelsRead,
  { isKeyed, arrivedMs, lookBackMs, find }: Placing,
): Promise<PlacedLabels> {
  const problems = new LabelProblems();
  problems.addAll(read.problems, read.counts);
  const placed = new Map<string, Map<string, ReadLabel | null>>();
  const put = (hour: string, id: string, label: ReadLabel): void => {
    const labels = placed.get(hour) ?? new Map<string, ReadLabel | null>();
    placed.set(hour, labels);
    const known = labels.get(id);
    if (known === undefined) labels.set(id, label);
    else if (known?.text !== label.text) {
      problems.add('contradictory', 'the file gives the same prediction another label before', label.line);
      labels.set(id, null);
    }
  };
  const seek = async (labels: ReadonlyMap<string, ReadLabel>, within: Window, where: string): Promise<void> => {
    if (labels.size === 0) return;
    const found = await find(new Set(labels.keys()), within);
    for (const [name, label] of labels) {
      const [prediction, ...others] = (found.get(name) ?? []).filter(
        ({ atMs }) => atMs >= within.startMs && atMs < within.endMs,
      );
      if (prediction === undefined) {
        problems.add('unknown_prediction', `no prediction ${where} is the one the label is about`, label.line);
      } else if (others.length > 0) {
        problems.add('ambiguous', `several predictions ${where} may be the one the label is about`, label.line);
      } else put(hourFolder(prediction.atMs), prediction.id, label);
    }
  };
  for (const [hour, labels] of read.hours) {
    if (!isKeyed) for (const [id, label] of labels) put(hour, id, label);
    else {
      const startMs = startOfHour(hour);
      await seek(labels, { startMs, endMs: startMs + HOUR_MS }, 'of the hour that is named');
    }
  }
  const before = { startMs: arrivedMs - lookBackMs, endMs: arrivedMs + CLOCK_SKEW_MS };
  await seek(read.unplaced, before, `since ${new Date(before.startMs).toISOString()}`);

  const hours = new Map<string, Map<string, string>>();
  let count = 0;
  for (const [hour, labels] of [...placed].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const agreed = new Map([...labels].flatMap(([id, label]) => (label === null ? [] : [[id, label.text] as const])));
    if (agreed.size > 0) hours.set(hour, agreed);
    count += agreed.size;
  }
  return { labels: count, hours, problems: problems.list(), counts: problems.counts() };
}
