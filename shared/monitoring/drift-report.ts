import * as z from 'zod';
import { type Reason, reasonSchema } from '../evaluation/reason.ts';
import { howMany } from '../report/how-many.ts';
import type { Baseline, BaselineColumn, ColumnProfile } from './baseline.ts';
import { tableTests } from './categorical-drift.ts';
import { LEAST_CHUNKS } from './chunk-limit.ts';
import { chunkDistances, countsOf, type DriftKeyName } from './column-distances.ts';
import {
  type ColumnFinding,
  chunkLimits,
  DETECTION,
  type Detection,
  detectColumnDrift,
  driftKeySchema,
} from './detector.ts';
import { histogramDistances } from './distances.ts';
import { kolmogorovTest } from './two-samples.ts';
import type { WindowProfile } from './window-profiler.ts';

const share = z.number().min(0).max(1);

/** What a window showed of one column. */
export const columnDriftSchema = z.strictObject({
  name: z.string(),
  /** `left_out`: a function of time. */
  outcome: z.enum(['drift', 'no_drift', 'insufficient_data', 'left_out']),
  /** Whether its drift alone is drift of the data set. */
  important: z.boolean(),
  /** Its share of what the model makes of all features, 0 to 1; null where nobody knows, and of predictions. */
  importance: share.nullable().default(null),
  drifted: z.boolean(),
  /** The largest of value by limit; 1 and more is drift. */
  severity: z.number().nullable(),
  keys: z.strictObject({
    jensen_shannon: driftKeySchema.optional(),
    wasserstein: driftKeySchema.optional(),
    nulls: driftKeySchema.optional(),
    out_of_range: driftKeySchema.optional(),
    unseen: driftKeySchema.optional(),
  }),
  /** How many stretches of the baseline the chunk limit comes from. */
  chunks: z.int().min(0),
  rows: z.int().min(0),
  nullShare: share.nullable(),
  /** Reported, never decided by: fixed thresholds on these alarm at the wrong size of window. */
  psi: z.number().nullable(),
  ks: z.strictObject({ statistic: z.number(), p: share }).nullable(),
  chiSquare: z.strictObject({ statistic: z.number(), degrees: z.int(), p: share }).nullable(),
  /** The smallest drift this window could have shown; null where it could show none. */
  minimumDetectable: z
    .strictObject({
      /** Jensen-Shannon distance, base 2. */
      distance: z.number(),
      /** Shift of the mean, in the baseline's standard deviations; null for categories. */
      meanShift: z.number().nullable(),
      nullShare: z.number(),
    })
    .nullable(),
});
export type ColumnDrift = z.infer<typeof columnDriftSchema>;

/** What a window showed. */
export const driftReportSchema = z.strictObject({
  outcome: z.enum(['measured', 'insufficient_data']),
  /** 1 and more is drift of the data set; null with insufficient data. */
  score: z.number().nullable(),
  drifted: z.array(z.string()).readonly(),
  features: z.array(columnDriftSchema).readonly(),
  predictions: z.array(columnDriftSchema).readonly(),
  reasons: z.array(reasonSchema).readonly(),
});
export type DriftReport = z.infer<typeof driftReportSchema>;

/** A baseline and a window taken against it. */
export interface Watched {
  readonly baseline: Baseline;
  readonly window: WindowProfile;
}

/** How drift is looked for. */
export interface DriftOptions extends Omit<Detection, 'columns'> {
  /** How many windows' rows were added up to have enough; 1 unless told otherwise. */
  readonly windows?: number;
}

/** This share of the features, drifting together, is drift of the data set, however unimportant each is. */
const MANY = 0.3;

/**
 * Whether a feature alone makes drift of the data set: where the model makes as much of it as of the average feature that is
 * watched, so that at least one does. One whose importance nobody knows does.
 */
function importantIn({ columns }: Baseline): (column: BaselineColumn) => boolean {
  const known = columns.flatMap(({ data, importance }) =>
    data === null || importance === undefined ? [] : [importance],
  );
  const average = known.reduce((sum, importance) => sum + importance, 0) / Math.max(known.length, 1);
  return ({ importance }) => importance === undefined || importance >= average;
}

type Reported = Pick<ColumnDrift, 'psi' | 'ks' | 'chiSquare'>;

function reported(data: ColumnProfile, window: ColumnProfile): Reported {
  const [reference, current] = [countsOf(data), countsOf(window)];
  const withOther = ({ counts, outside }: typeof reference): number[] =>
    data.kind === 'category' ? [...Array.from(counts), outside] : Array.from(counts);
  const [before, now] = [withOther(reference), withOther(current)];
  const distances = histogramDistances(before, now);
  if (distances === null) return { psi: null, ks: null, chiSquare: null };
  const [n, m] = [reference.rows - reference.nulls, current.rows - current.nulls];
  if (data.kind === 'number') {
    let [gap, statistic] = [0, 0];
    for (const [bin, count] of before.entries()) {
      gap += count / n - (now[bin] ?? 0) / m;
      statistic = Math.max(statistic, Math.abs(gap));
    }
    return { psi: distances.psi, ks: kolmogorovTest(Math.min(statistic, 1), n, m), chiSquare: null };
  }
  const came = before.flatMap((count, at) => (count + (now[at] ?? 0) > 0 ? [at] : []));
  const tests = tableTests([came.map((at) => before[at] ?? 0), came.map((at) => now[at] ?? 0)]);
  return {
    psi: distances.psi,
    ks: null,
    chiSquare: tests && { ...tests.chiSquare, degrees: tests.degrees },
  };
}

function minimumDetectable({ keys }: ColumnFinding): ColumnDrift['minimumDetectable'] {
  const { jensen_shannon: distance, wasserstein, nulls } = keys;
  if (distance === undefined || nulls === undefined) return null;
  // A shift of all values by so much is a Wasserstein distance of so much.
  return { distance: distance.limit, meanShift: wasserstein?.limit ?? null, nullShare: nulls.limit };
}

/** Which columns of a baseline are watched: functions of time are not. */
const watchedColumns = ({ columns }: Baseline): number => columns.filter(({ data }) => data !== null).length;

/** Judges the columns of windows against one baseline. */
function columnsDetector(
  baseline: Baseline,
  important: (column: BaselineColumn) => boolean,
  detection: Detection,
  windows: number,
): (window: WindowProfile) => readonly ColumnDrift[] {
  const { chunkStarts: starts, windowMs } = baseline;
  const leastRows = detection.minRows ?? DETECTION.minRows;
  const columns = baseline.columns.map((column) => {
    const chunks = chunkDistances(column, { starts, windowMs, leastRows }, windows);
    return { column, chunks: chunks.length, limits: chunkLimits(chunks) };
  });
  return (window) => {
    const found = new Map(window.columns.map(({ name, data }) => [name, data]));
    return columns.map(({ column, chunks, limits }): ColumnDrift => {
      const { name, data } = column;
      const nothing = { psi: null, ks: null, chiSquare: null, minimumDetectable: null };
      if (data === null) {
        const empty = {
          important: false,
          importance: column.importance ?? null,
          drifted: false,
          severity: null,
          keys: {},
          rows: 0,
          nullShare: null,
        };
        return { name, outcome: 'left_out', ...empty, chunks, ...nothing };
      }
      const current = found.get(name);
      if (current === undefined) throw new RangeError(`the window has no column ${name}`);
      const finding = detectColumnDrift(column, current, limits, detection);
      const { rows, nulls } = current.profile;
      return {
        name,
        outcome: finding.outcome,
        important: important(column),
        importance: column.importance ?? null,
        drifted: finding.outcome === 'drift',
        severity: finding.severity,
        keys: finding.keys,
        chunks,
        rows,
        nullShare: rows === 0 ? null : nulls / rows,
        ...reported(data, current),
        minimumDetectable: minimumDetectable(finding),
      };
    });
  };
}

const severityOf = ({ severity }: ColumnDrift): number => severity ?? 0;

/** The severity that as many features reach as are many. */
function severityOfMany(features: readonly ColumnDrift[]): number {
  const watched = features.filter(({ outcome }) => outcome !== 'left_out');
  const many = Math.max(Math.ceil(MANY * watched.length), 1);
  return watched.map(severityOf).sort((a, b) => b - a)[many - 1] ?? 0;
}

const MEANT: Readonly<Record<DriftKeyName, string>> = {
  jensen_shannon: 'Jensen-Shannon distance',
  wasserstein: 'Wasserstein distance in standard deviations',
  nulls: 'change of the share of missing values',
  out_of_range: 'share of values outside the range',
  unseen: 'share of unseen values',
};

const figure = (value: number): string => String(Number(value.toPrecision(3)));

function reasonsFor(column: ColumnDrift, what: string): readonly Reason[] {
  return Object.entries(MEANT).flatMap(([key, meant]): readonly Reason[] => {
    const found = Object.entries(column.keys).find(([name]) => name === key)?.[1];
    if (!found?.drifted) return [];
    const { value, limit } = found;
    return [
      {
        code: `${what}_drift`,
        message: `${column.name}: ${meant} ${figure(value)}, limit ${figure(limit)}`,
        metric: `${column.name}.${key}`,
        value,
        limit,
      },
    ];
  });
}

function fewChunks(features: readonly ColumnDrift[]): readonly Reason[] {
  const chunks = features.filter(({ outcome }) => outcome !== 'left_out').map((column) => column.chunks);
  const most = chunks.reduce((largest, some) => Math.max(largest, some), 0);
  if (chunks.length === 0 || most >= LEAST_CHUNKS) return [];
  const message = `the baseline holds ${most} windows of this length, ${LEAST_CHUNKS} are needed to know how windows differ by themselves: expect alarms of no meaning`;
  return [{ code: 'few_chunks', message, value: most, limit: LEAST_CHUNKS }];
}

/** That nobody knows what matters is said: each feature counts alone then. */
function withoutImportance(features: readonly ColumnDrift[]): readonly Reason[] {
  const watched = features.filter(({ outcome }) => outcome !== 'left_out');
  if (watched.length === 0 || watched.some(({ importance }) => importance !== null)) return [];
  const message = 'how much the model makes of each feature is not known: drift of any one counts as drift of the data';
  return [{ code: 'importance_unknown', message }];
}

/** Baselines of a model's features and, where it has been scored, of its predictions. */
export interface Baselines {
  readonly features: Baseline;
  readonly predictions: Baseline | null;
}

/** Profiles of one window, taken against the baselines. */
export interface Windows {
  readonly features: WindowProfile;
  readonly predictions: WindowProfile | null;
}

/**
 * Begins to judge windows against baselines: what the chunks say is worked out once.
 * @throws RangeError where a window was not taken against its baseline
 */
export function driftDetector(
  { features, predictions }: Baselines,
  { windows = 1, ...options }: DriftOptions = {},
): (window: Windows) => DriftReport {
  const ofFeatures = watchedColumns(features);
  const ofPredictions = predictions === null ? 0 : watchedColumns(predictions);
  const detection = { ...options, columns: Math.max(ofFeatures + ofPredictions, 1) };
  const detectFeatures = columnsDetector(features, importantIn(features), detection, windows);
  const detectPredictions = predictions && columnsDetector(predictions, () => true, detection, windows);
  return (window) => {
    if ((window.predictions === null) !== (detectPredictions === null)) {
      throw new RangeError('predictions need a baseline and a window');
    }
    const columns = detectFeatures(window.features);
    const scores = window.predictions && detectPredictions ? detectPredictions(window.predictions) : [];
    return concluded(columns, scores, window.features.rows, options.minRows ?? DETECTION.minRows);
  };
}

function concluded(
  features: readonly ColumnDrift[],
  predictions: readonly ColumnDrift[],
  rows: number,
  minRows: number,
): DriftReport {
  const all = [...features, ...predictions];
  const few = fewChunks(features);
  if (!all.some(({ severity }) => severity !== null)) {
    const message = `${howMany(rows, 'row')} cannot show drift; this is no sign that there is none`;
    const reasons = [{ code: 'insufficient_data', message, value: rows, limit: minRows }, ...few];
    return { outcome: 'insufficient_data', score: null, drifted: [], features, predictions, reasons };
  }
  const alone = all.filter(({ important }) => important).map(severityOf);
  return {
    outcome: 'measured',
    score: alone.reduce((most, severity) => Math.max(most, severity), severityOfMany(features)),
    drifted: all.filter(({ drifted }) => drifted).map(({ name }) => name),
    features,
    predictions,
    reasons: [
      ...features.flatMap((column) => reasonsFor(column, 'feature')),
      ...predictions.flatMap((column) => reasonsFor(column, 'prediction')),
      ...few,
      ...withoutImportance(features),
    ],
  };
}

/**
 * Whether a window drifted. One important feature, the predictions, or three features in ten are drift of the data set;
 * the score says how far: 1 is the limit. Alarm when two of three consecutive windows reach it: a single day is a storm, not
 * drift (docs/drift.md).
 * @throws RangeError where a window was not taken against its baseline
 */
export function detectDrift(
  { features, predictions }: { readonly features: Watched; readonly predictions: Watched | null },
  options: DriftOptions = {},
): DriftReport {
  const detect = driftDetector({ features: features.baseline, predictions: predictions?.baseline ?? null }, options);
  return detect({ features: features.window, predictions: predictions?.window ?? null });
}
