/**
 * Whether monitoring proposes a run: one pure decision over evidence. Declining is a good answer: a model is not made
 * better by the same data, by data that broken upstreams delivered, or by a third try at what was rejected twice.
 */

import type { Reason } from '../evaluation/reason.ts';
import { REJECTIONS_THAT_PAUSE } from '../ledger/rejections.ts';
import { howMany } from '../report/how-many.ts';

/** What asks for a decision, in order of trust. */
export const RETRAINING_KINDS = ['quality', 'age', 'drift'] as const;
export type RetrainingKind = (typeof RETRAINING_KINDS)[number];

/** What a measured window showed of the inputs. */
export interface DriftSeen {
  readonly end: string;
  /** The largest distance over its limit; null where it was not said. */
  readonly score: number | null;
  readonly drifted: readonly string[];
}

/** What a measured window's labels showed. */
export interface QualitySeen {
  readonly end: string;
  readonly metric: string;
  readonly value: number | null;
  /** How much worse than at the promotion, and the least it is with 95% confidence. */
  readonly drop: { readonly value: number; readonly low: number } | null;
  readonly margin: number;
  readonly degraded: boolean;
}

export interface RetrainingEvidence {
  readonly trigger: RetrainingKind;
  /** What the definition lets start a run. */
  readonly on: readonly string[];
  /** Measured windows that the model in service answered, the newest first, no more than an alarm looks at. */
  readonly drift: readonly DriftSeen[];
  readonly quality: readonly QualitySeen[];
  /** The end of the newest window, where more of it was bad than good. */
  readonly unreadable: string | null;
  /** How many windows must show it. */
  readonly windowsNeeded: number;
  /** Since the data of the model in service was chosen. */
  readonly ageMs: number;
  readonly maxAgeMs: number;
  /** Rows with labels that are accepted and that no run has taken. */
  readonly newLabels: number;
  readonly minNewLabels: number;
  /** The newest dataset, where the rules in force reject it. */
  readonly rejectedDataset: string | null;
  /** Candidates that were rejected in a row under the definition in force. */
  readonly rejections: number;
}

export interface RetrainingDecision {
  /** `investigate`: something is wrong that training cannot mend; a person is to look. */
  readonly proposal: 'retrain' | 'decline' | 'investigate';
  /** What was seen, then what stands against a run; codes name the cause. */
  readonly reasons: readonly Reason[];
}

const DAY_MS = 86_400_000;

/** Drift that enough windows show. One alone, however far, is as a rule a stormy day: docs/drift.md. */
function driftSeen({ drift, windowsNeeded }: RetrainingEvidence): Reason[] {
  const drifted = drift.filter(({ score }) => (score ?? 0) >= 1);
  const worst = Math.max(0, ...drifted.map(({ score }) => score ?? 0));
  if (drifted.length < windowsNeeded) return [];
  const names = [...new Set(drifted.flatMap((one) => one.drifted))];
  const shown = names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
  const what = names.length > 0 ? ` (${shown})` : '';
  return [
    {
      code: 'drift',
      message: `${drifted.length} of the last ${howMany(drift.length, 'window')} drifted${what}, at most ${worst.toFixed(2)} times the limit`,
      value: worst,
      limit: 1,
    },
  ];
}

/** A loss that enough windows with labels show. */
function lossSeen({ quality, windowsNeeded }: RetrainingEvidence): Reason[] {
  const degraded = quality.filter((window) => window.degraded);
  const [newest] = degraded;
  if (newest === undefined || degraded.length < windowsNeeded) return [];
  const { metric, value, drop, margin } = newest;
  const by = drop === null ? '' : `, by ${drop.value.toFixed(4)} and at least ${drop.low.toFixed(4)} in the newest`;
  return [
    {
      code: 'quality',
      message: `${metric} was worse than at the promotion by more than ${margin} in ${degraded.length} of the last ${howMany(quality.length, 'window')} with labels${by}`,
      metric,
      value: drop?.low ?? value,
      limit: margin,
    },
  ];
}

function ageSeen({ ageMs, maxAgeMs }: RetrainingEvidence): Reason[] {
  if (ageMs < maxAgeMs) return [];
  const [days, limit] = [ageMs / DAY_MS, maxAgeMs / DAY_MS];
  return [
    {
      code: 'max_age',
      message: `the model in service was trained ${days.toFixed(1)} days ago; ${limit} are allowed`,
      value: days,
      limit,
    },
  ];
}

/** Data that must not be learned from, because something upstream is broken. */
function brokenData({ rejectedDataset, unreadable }: RetrainingEvidence): Reason[] {
  return [
    ...(rejectedDataset === null
      ? []
      : [
          {
            code: 'data_rejected',
            message: `the newest dataset, ${rejectedDataset}, was rejected: what is wrong upstream must not be learned`,
          },
        ]),
    ...(unreadable === null
      ? []
      : [
          {
            code: 'window_error',
            message: `the newest window, to ${unreadable}, could not be read: more of it was bad than good`,
          },
        ]),
  ];
}

function lackOfLabels({ newLabels, minNewLabels }: RetrainingEvidence): Reason[] {
  if (newLabels >= minNewLabels && newLabels > 0) return [];
  const message =
    newLabels === 0
      ? 'no data is accepted that no run has taken: the same data cannot make a better model'
      : `${howMany(newLabels, 'new row')} with labels; ${minNewLabels} are asked for`;
  return [
    { code: newLabels === 0 ? 'no_new_data' : 'too_few_new_labels', message, value: newLabels, limit: minNewLabels },
  ];
}

const paused = ({ rejections }: RetrainingEvidence): Reason[] =>
  rejections < REJECTIONS_THAT_PAUSE ? [] : [pauseReason(rejections)];

/** Why no run starts by itself any more, and what ends that. */
export const pauseReason = (rejections: number): Reason => ({
  code: 'paused',
  message: `the last ${rejections} candidates were rejected: no run starts by itself until one that is asked for ends otherwise, or another definition is published`,
  value: rejections,
  limit: REJECTIONS_THAT_PAUSE,
});

/** Proposes a run, or says why not. The same evidence gives the same proposal. */
export function decideRetraining(evidence: RetrainingEvidence): RetrainingDecision {
  const { trigger, on } = evidence;
  const seen = { quality: lossSeen(evidence), age: ageSeen(evidence), drift: driftSeen(evidence) };
  if (seen[trigger].length === 0) {
    const message = {
      quality: 'no such loss shows in the windows of the model in service that have their labels',
      age: 'the model in service is younger than retraining.max_age',
      drift: 'no such drift shows in the windows of the model in service',
    }[trigger];
    return { proposal: 'decline', reasons: [{ code: 'not_confirmed', message }] };
  }
  const causes = RETRAINING_KINDS.flatMap((kind) => seen[kind]);
  const unwanted: Reason[] = on.includes(trigger)
    ? []
    : [{ code: 'not_wanted', message: `retraining.on does not name ${trigger}` }];
  const broken = brokenData(evidence);
  const against = [...broken, ...unwanted, ...paused(evidence), ...lackOfLabels(evidence)];
  if (against.length === 0) return { proposal: 'retrain', reasons: causes };
  // Age alone says nothing of the model; drift, a loss or broken data do.
  const isHarmless = trigger === 'age' && causes.length === 1 && broken.length === 0;
  return { proposal: isHarmless ? 'decline' : 'investigate', reasons: [...causes, ...against] };
}
