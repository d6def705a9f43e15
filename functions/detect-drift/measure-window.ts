/** Holds what a model was asked and answered in one window against its baseline. */
import { boundedMap } from '../../shared/data/bounded-map.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import { CapacityError, NotFoundError } from '../../shared/errors.ts';
import type { Reason } from '../../shared/evaluation/reason.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import type { Baseline } from '../../shared/monitoring/baseline.ts';
import { type CaptureProblem, type CaptureShape, captureBatches, emptyTally } from '../../shared/monitoring/capture.ts';
import { type DriftMeasurement, driftFactSchema, windowProfilesSchema } from '../../shared/monitoring/drift-fact.ts';
import { type DriftReport, detectDrift } from '../../shared/monitoring/drift-report.ts';
import type { ModelColumns } from '../../shared/monitoring/model-columns.ts';
import { type WindowCollector, windowCollector } from '../../shared/monitoring/window-profile.ts';
import { mergeWindowProfiles, type WindowProfile } from '../../shared/monitoring/window-profiler.ts';
import { captureFolders, hourAfter, type Window, windowName, windowText } from '../../shared/monitoring/windows.ts';

/** Large files are read side by side: each holds a block of text and the columns read from it. */
const LARGE_AT_ONCE = 4;
/** What `predict` captures of a serverless endpoint is a file a request: fetched whole, many at once. */
const SMALL_BYTES = 256 * 1024;
/** So many windows before one are added to it where it has too few rows. */
const MOST_WINDOWS = 30;

/** What windows are held against, and how they are read. */
export interface Reference {
  readonly features: Baseline;
  /** Null where nobody knows what was answered to the rows of the baseline. */
  readonly predictions: Baseline | null;
  readonly columns: ModelColumns;
  readonly classes: readonly string[] | null;
  readonly shape: CaptureShape;
}

/** A model in service, and how it is watched. */
export interface Watched {
  readonly model: string;
  /** The run that answers; of an endpoint from elsewhere the watch. */
  readonly run: string;
  /** What came before it was asked of another. */
  readonly since: string;
  readonly definition: PublishedDefinition['definition'];
  /** Percent of the requests that are captured; null where nobody knows. */
  readonly sampling: number | null;
  /** The bucket capture lies in. */
  readonly captured: Pick<ObjectStore, 'list' | 'get' | 'open'>;
  /** The folders in which capture has one for each hour. */
  readonly folders: () => Promise<readonly string[]>;
  /** Or why there is none. */
  readonly reference: () => Promise<Reference | { readonly missing: string }>;
  /** What is never measured of it. */
  readonly unmeasured: readonly Reason[];
}

interface CaptureFile {
  readonly key: string;
  readonly sizeBytes: number;
  /** In the folder after the window: what cannot be read there is the next window's. */
  readonly isAfter: boolean;
}

/** The capture files that hold a window. */
async function captureFiles({ captured, folders }: Watched, window: Window) {
  const files: CaptureFile[] = [];
  const after = hourAfter(window);
  for (const below of await folders()) {
    for (const folder of [...captureFolders(window), after]) {
      for await (const { key, sizeBytes } of captured.list(`${below}${folder}`)) {
        files.push({ key, sizeBytes, isAfter: folder === after });
      }
    }
  }
  return files;
}

/** Files are read side by side, and what is wrong with them is told in their order. */
const inOrder = (problems: readonly CaptureProblem[]): CaptureProblem[] =>
  problems.toSorted((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));

type Counts = DriftMeasurement['counts'];

const countsOf = (files: readonly CaptureFile[], collector?: WindowCollector): Counts => ({
  files: files.length,
  bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  records: 0,
  rows: 0,
  duplicates: 0,
  unchecked: 0,
  outside: 0,
  ...collector?.counts,
  probes: collector?.tally.probes ?? 0,
  unreadable: collector?.tally.unreadable ?? 0,
});

/** The profiles of rows that are held against a baseline together. */
interface Profiles {
  readonly features: WindowProfile;
  readonly predictions: WindowProfile | null;
}

const merged = (a: Profiles, b: Profiles): Profiles => ({
  features: mergeWindowProfiles(a.features, b.features),
  predictions:
    a.predictions === null || b.predictions === null ? null : mergeWindowProfiles(a.predictions, b.predictions),
});

/** What is measured against one run's baseline, and over how many windows. */
interface Measured {
  readonly report: DriftReport;
  readonly windows: number;
  readonly startMs: number;
  readonly rows: number;
}

/** Measures the windows of models. */
export const windowMeasurer = (ledger: Ledger) => {
  const read = async (
    store: Watched['captured'],
    files: readonly CaptureFile[],
    collector: WindowCollector,
    shape: CaptureShape,
  ): Promise<void> => {
    const take = async ({ key, isAfter }: CaptureFile, source: AsyncIterable<Uint8Array> | Uint8Array) => {
      const tally = isAfter ? emptyTally() : collector.tally;
      for await (const batch of captureBatches(source, key, shape, tally)) collector.take(batch);
    };
    const isSmall = ({ sizeBytes }: CaptureFile): boolean => sizeBytes <= SMALL_BYTES;
    await boundedMap(files.filter(isSmall), async (file) => {
      const object = await store.get(file.key);
      if (object === undefined) throw new NotFoundError(`${file.key} was listed and is not there`);
      await take(file, object.body);
    });
    const large = files.filter((file) => !isSmall(file));
    await boundedMap(large, async (file) => take(file, (await store.open(file.key)).body), LARGE_AT_ONCE);
  };

  /**
   * Adds the windows before, while they had too few rows as well, until there are enough.
   * @throws CapacityError while the window before has no fact: what came of it decides what is added.
   */
  const accumulated = async (
    { model, run, since, definition }: Watched,
    { startMs, endMs }: Window,
    own: Profiles,
    measure: (profiles: Profiles, windows: number) => DriftReport,
    isPatient: boolean,
  ): Promise<Measured> => {
    const windowMs = definition.monitoring.window;
    let profiles = own;
    let best: Measured = { report: measure(own, 1), windows: 1, startMs, rows: own.features.rows };
    for (let back = 1; best.report.outcome === 'insufficient_data' && back < MOST_WINDOWS; back += 1) {
      const before = { startMs: startMs - back * windowMs, endMs: endMs - back * windowMs };
      if (before.endMs <= Date.parse(since)) break;
      const fact = await ledger.find(driftFactSchema, keys.drift(model, windowName(before)));
      if (fact === undefined && isPatient) {
        throw new CapacityError(`the window ${windowName(before)} of ${model} has not been looked at yet`);
      }
      const known = fact && [fact, ...fact.earlier].find((one) => one.run === run);
      if (known?.outcome === 'no_traffic') continue;
      if (known?.outcome !== 'insufficient_data' || known.profileKey === null) break;
      const { features, predictions } = await ledger.read(windowProfilesSchema, known.profileKey);
      profiles = merged(profiles, { features, predictions });
      const windows = back + 1;
      best = { report: measure(profiles, windows), windows, startMs: before.startMs, rows: profiles.features.rows };
    }
    return best;
  };

  /**
   * @param isPatient Whether a window before that was not looked at yet is waited for.
   */
  return async (watched: Watched, window: Window, isPatient: boolean): Promise<DriftMeasurement> => {
    const { model, run, definition, sampling, captured, unmeasured } = watched;
    const files = await captureFiles(watched, window);
    const nothing: DriftMeasurement = {
      run,
      outcome: 'no_traffic',
      score: null,
      drifted: [],
      reasons: [],
      counts: countsOf(files),
      unreadable: { codes: {}, first: [] },
      sampling,
      measured: { windows: 1, start: windowText(window).start, rows: 0 },
      report: null,
      profileKey: null,
    };
    const noTraffic = {
      code: 'no_traffic',
      message: 'no request was captured in the window; this is no sign that there is no drift',
    };
    if (files.length === 0) return { ...nothing, reasons: [noTraffic] };
    const reference = await watched.reference();
    if ('missing' in reference) {
      return { ...nothing, outcome: 'error', reasons: [{ code: 'no_baseline', message: reference.missing }] };
    }
    const { features, predictions, columns: input, classes, shape } = reference;
    const collector = windowCollector(window, input, classes, features, predictions);
    await read(captured, files, collector, shape);

    const { counts, tally } = collector;
    const found: DriftMeasurement = {
      ...nothing,
      counts: countsOf(files, collector),
      unreadable: { codes: tally.codes, first: inOrder(tally.problems) },
      measured: { ...nothing.measured, rows: counts.rows },
    };
    const unreadable = {
      code: 'unreadable_records',
      message: `${tally.unreadable} captured records could not be read: ${Object.entries(tally.codes)
        .map(([code, count]) => `${count} ${code}`)
        .join(', ')}`,
      value: tally.unreadable,
    };
    const aside = tally.unreadable > 0 ? [unreadable] : [];
    // A window with more bad than good is an error, not a result.
    if (tally.unreadable > counts.records) return { ...found, outcome: 'error', reasons: aside };
    if (counts.records === 0) return { ...found, reasons: [noTraffic, ...aside] };

    const own: Profiles = { features: collector.features(), predictions: collector.predictions() };
    const profileKey = keys.windowProfile(model, windowName(window), run);
    const asText = { model, run, window: windowText(window) };
    const stands = await ledger.record(windowProfilesSchema, profileKey, { ...asText, ...own });
    const { threshold, min_rows: minRows } = definition.monitoring.drift ?? {};
    const options = {
      ...(threshold !== undefined && { threshold }),
      ...(minRows !== undefined && { minRows }),
    };
    const measure = (profiles: Profiles, windows: number): DriftReport =>
      detectDrift(
        {
          features: { baseline: features, window: profiles.features },
          predictions:
            predictions && profiles.predictions ? { baseline: predictions, window: profiles.predictions } : null,
        },
        { ...options, windows },
      );
    const { report, windows, startMs, rows } = await accumulated(watched, window, stands, measure, isPatient);
    const { outcome, score, drifted, reasons, ...columns } = report;
    const added = {
      code: 'windows_added',
      message: `the window had too few rows: ${windows} windows were added up`,
      value: windows,
    };
    return {
      ...found,
      outcome,
      score,
      drifted,
      reasons: [...reasons, ...(windows > 1 ? [added] : []), ...unmeasured, ...aside],
      measured: { windows, start: new Date(startMs).toISOString(), rows },
      report: columns,
      profileKey,
    };
  };
};
