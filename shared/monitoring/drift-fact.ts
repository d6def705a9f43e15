/** What is recorded of a closed window, `monitoring/<model>/<window>/drift.json`, and the profile beside it. */
import * as z from 'zod';

import { reasonSchema } from '../evaluation/reason.ts';
import { driftReportSchema } from './drift-report.ts';
import { windowProfileSchema } from './window-profiler.ts';

const count = z.int().min(0);
const interval = z.strictObject({ start: z.iso.datetime(), end: z.iso.datetime() });

/** Records of a window that could not be read, or were not counted. */
const countsSchema = z.strictObject({
  /** Capture files that were read. */
  files: count,
  bytes: count,
  /** Requests of the window, each once. */
  records: count,
  rows: count,
  /** Requests that were captured before under the same event id. */
  duplicates: count,
  /** Requests for which there was no memory left to look for duplicates. */
  unchecked: count,
  /** Requests of other windows in the same folders. */
  outside: count,
  /** Requests of Millrace's own probes. */
  probes: count,
  unreadable: count,
});

/** What came of one run's share of a window. */
const OUTCOMES = ['measured', 'insufficient_data', 'no_traffic', 'error'] as const;

const measurementSchema = z.strictObject({
  /** Whose model answered; `watch-<n>` of an endpoint that came from elsewhere, see `watches/<model>/<n>.json`. */
  run: z.string(),
  outcome: z.enum(OUTCOMES),
  /** 1 and more is drift, 2 and more alarms at once; null unless measured. */
  score: z.number().nullable(),
  drifted: z.array(z.string()).readonly(),
  /** Why it came to this; what could not be measured is said here too. */
  reasons: z.array(reasonSchema).readonly(),
  counts: countsSchema,
  /** Unreadable records by what is wrong with them, and the first of each file. */
  unreadable: z.strictObject({
    codes: z.record(z.string(), count),
    first: z.array(z.strictObject({ code: z.string(), message: z.string(), file: z.string(), line: z.int().min(1) })),
  }),
  /** Percent of the requests that were captured; null where nobody knows. */
  sampling: z.number().min(0).max(100).nullable(),
  /** The rows that were measured: those of this window and, where it had too few, of the ones before it. */
  measured: z.strictObject({ windows: count, start: z.iso.datetime(), rows: count }),
  /** Null where nothing was compared. */
  report: driftReportSchema.omit({ outcome: true, score: true, drifted: true, reasons: true }).nullable(),
  /** Where the profile of this window's own rows lies; null where it had none. */
  profileKey: z.string().nullable(),
});
export type DriftMeasurement = z.infer<typeof measurementSchema>;

/** One window of a model: of the champion at its end, and of those that answered in it before. */
export const driftFactSchema = measurementSchema.extend({
  model: z.string(),
  window: interval,
  earlier: z.array(measurementSchema).readonly(),
  measuredAt: z.iso.datetime(),
});
export type DriftFact = z.infer<typeof driftFactSchema>;

/** What the rows of one run in one window held. */
export const windowProfilesSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  window: interval,
  features: windowProfileSchema,
  /** Null where there was no baseline of answers. */
  predictions: windowProfileSchema.nullable(),
});

/** Up to which moment every closed window of a model has been answered; a pointer that only moves forward. */
export const watchedUntilSchema = z.strictObject({ model: z.string(), until: z.iso.datetime() });
