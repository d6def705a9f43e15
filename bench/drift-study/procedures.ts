import { type Baseline, buildBaseline, type Cells, type ColumnSpec } from '../../shared/monitoring/baseline.ts';
import { binCounts, DECILES, presentSorted, quantileEdges } from '../../shared/monitoring/bins.ts';
import { tableTests } from '../../shared/monitoring/categorical-drift.ts';
import { isCoded } from '../../shared/monitoring/category-profile.ts';
import { histogramDistances } from '../../shared/monitoring/distances.ts';
import { type DriftReport, driftDetector } from '../../shared/monitoring/drift-report.ts';
import { kolmogorovSmirnov, kolmogorovTest, wasserstein } from '../../shared/monitoring/two-samples.ts';
import { windowProfiler } from '../../shared/monitoring/window-profiler.ts';
import { baselineRows, DAY_MS, PREDICTIONS, type Window } from './streams.ts';

/** How the study's rivals decide: a column beyond the fixed threshold is drift of the window. */
export const PROCEDURES = [
  'Millrace',
  'Millrace, at once at 2',
  'without chunks',
  'PSI 0.1',
  'PSI 0.2',
  'KS p < 0.05',
  'Wasserstein 0.1',
] as const;
export type Procedure = (typeof PROCEDURES)[number];

/** The score of a window by each procedure, 1 and more being drift; null where it was not judged. */
export type Scores = Readonly<Record<Procedure, number | null>>;

/** What a window showed. */
export interface Judged {
  readonly date: string;
  readonly rows: number;
  readonly scores: Scores;
  readonly report: DriftReport;
}

const LEAST_DEVIATION = 0.001;
const LEAST_ROWS = 100;

/** Fixed thresholds on one column: PSI, the p of a test, and a distance. */
interface Figures {
  readonly psi: number;
  readonly p: number;
  readonly distance: number;
}

type Compare = (cells: Cells) => Figures | null;

/** Distinct values in order, with the share of the sample at or below each. */
interface Steps {
  readonly values: Float64Array;
  readonly shares: Float64Array;
}

function stepsOf(sorted: Float64Array): Steps {
  const ends: number[] = [];
  for (let at = 0; at < sorted.length; at += 1) if (sorted[at] !== sorted[at + 1]) ends.push(at);
  return {
    values: Float64Array.from(ends, (at) => sorted[at] ?? 0),
    shares: Float64Array.from(ends, (at) => (at + 1) / sorted.length),
  };
}

/** The largest gap of two distribution functions, and the area between them: a walk over distinct values only. */
function gapAndArea(a: Steps, b: Steps): { readonly gap: number; readonly area: number } {
  let [i, j, gap, area] = [0, 0, 0, 0];
  const next = (): number => Math.min(a.values[i] ?? Number.POSITIVE_INFINITY, b.values[j] ?? Number.POSITIVE_INFINITY);
  for (let value = next(); value !== Number.POSITIVE_INFINITY; ) {
    if (a.values[i] === value) i += 1;
    if (b.values[j] === value) j += 1;
    const apart = Math.abs((a.shares[i - 1] ?? 0) - (b.shares[j - 1] ?? 0));
    gap = Math.max(gap, apart);
    const after = next();
    if (after !== Number.POSITIVE_INFINITY) area += (after - value) * apart;
    value = after;
  }
  return { gap, area };
}

/** The study may differ from the product's own functions by so much. */
const TOLERANCE = 1e-9;

function ofNumbers(values: readonly Float64Array[]): Compare {
  const all = new Float64Array(values.reduce((sum, { length }) => sum + length, 0));
  let start = 0;
  for (const some of values) {
    all.set(some, start);
    start += some.length;
  }
  const reference = presentSorted(all);
  const steps = stepsOf(reference);
  const edges = quantileEdges(reference, DECILES);
  const counts = binCounts(edges, reference);
  const mean = reference.reduce((sum, value) => sum + value, 0) / reference.length;
  const deviation = Math.sqrt(reference.reduce((sum, value) => sum + (value - mean) ** 2, 0) / reference.length);
  let checked = false;
  return (cells) => {
    if (!(cells instanceof Float64Array)) return null;
    const current = presentSorted(cells);
    const distances = histogramDistances(counts, binCounts(edges, current));
    if (distances === null) return null;
    const { gap, area } = gapAndArea(steps, stepsOf(current));
    if (!checked) {
      const [ks, exact] = [kolmogorovSmirnov(reference, current), wasserstein(reference, current)];
      if (
        !(Math.abs(gap - (ks?.statistic ?? 0)) < TOLERANCE && Math.abs(area - (exact ?? 0)) < TOLERANCE * deviation)
      ) {
        throw new Error(`the study finds ${gap} and ${area}, the product ${ks?.statistic} and ${exact}`);
      }
      checked = true;
    }
    const { p } = kolmogorovTest(gap, reference.length, current.length);
    return { psi: distances.psi, p, distance: area / Math.max(deviation, LEAST_DEVIATION) };
  };
}

function countsByName(cells: Cells, into: Map<string, number>): Map<string, number> {
  if (cells instanceof Float64Array || !isCoded(cells)) throw new RangeError('the study has codes for categories');
  for (let row = 0; row < cells.codes.length; row += 1) {
    const name = cells.names[cells.codes[row] ?? -1];
    if (name !== undefined) into.set(name, (into.get(name) ?? 0) + 1);
  }
  return into;
}

/** Categories: PSI over all of them, chi-square in place of KS, the Jensen-Shannon distance in place of Wasserstein's. */
function ofCategories(cells: readonly Cells[]): Compare {
  const before = new Map<string, number>();
  for (const some of cells) countsByName(some, before);
  return (window) => {
    const now = countsByName(window, new Map());
    const names = [...new Set([...before.keys(), ...now.keys()])];
    const [reference, current] = [names.map((name) => before.get(name) ?? 0), names.map((name) => now.get(name) ?? 0)];
    const distances = histogramDistances(reference, current);
    if (distances === null) return null;
    const tests = tableTests([reference, current]);
    return { psi: distances.psi, p: tests?.chiSquare.p ?? 1, distance: distances.js_distance_base_e };
  };
}

/** A window against thresholds, over all columns: the furthest counts. */
function fixed(
  compare: readonly { readonly name: string; readonly of: Compare }[],
): (window: Window) => Figures | null {
  return ({ rows, cells }) => {
    if (rows < LEAST_ROWS) return null;
    const found = compare.flatMap(({ name, of }) => of(cells[name] ?? new Float64Array(0)) ?? []);
    const most = (figure: (figures: Figures) => number): number =>
      found.reduce((largest, figures) => Math.max(largest, figure(figures)), 0);
    return { psi: most(({ psi }) => psi), p: 1 - most(({ p }) => 1 - p), distance: most(({ distance }) => distance) };
  };
}

/** Millrace's answer without what the chunks say: the limit is then the larger of effect and noise. */
function scoreWithoutChunks({ outcome, features, predictions }: DriftReport): number | null {
  if (outcome === 'insufficient_data') return null;
  const found = [...features, ...predictions].flatMap(({ keys }) => Object.values(keys).flatMap((key) => key ?? []));
  return found.reduce((most, { value, effect, noise }) => Math.max(most, value / Math.max(effect, noise)), 0);
}

/** Baselines of one stretch of days, and what judges windows against them. */
export interface Judge {
  readonly features: Baseline;
  readonly predictions: Baseline;
  readonly judge: (window: Window) => Judged;
}

/** Learns what is usual from windows in time order. */
export function judgeAfter(windows: readonly Window[], specs: readonly ColumnSpec[], scored: boolean): Judge {
  const rows = baselineRows(windows);
  const features = buildBaseline(specs, rows, DAY_MS);
  const predictions = buildBaseline(scored ? PREDICTIONS : [], rows, DAY_MS);
  const cellsOf = (name: string): Cells[] =>
    rows.map(({ cells }) => {
      const found = cells[name];
      if (found === undefined) throw new RangeError(`no cells of ${name}`);
      return found;
    });
  const thresholds = fixed(
    [...specs, ...(scored ? PREDICTIONS : [])].map(({ name, kind }) => ({
      name,
      of:
        kind === 'number'
          ? ofNumbers(cellsOf(name).filter((cells) => cells instanceof Float64Array))
          : ofCategories(cellsOf(name)),
    })),
  );
  const detect = driftDetector({ features, predictions: scored ? predictions : null });
  const profiled = (baseline: Baseline, { rows: size, cells }: Window) => {
    const profiler = windowProfiler(baseline);
    profiler.add(size, cells);
    return profiler.profile();
  };
  return {
    features,
    predictions,
    judge: (window) => {
      const report = detect({
        features: profiled(features, window),
        predictions: scored ? profiled(predictions, window) : null,
      });
      const figures = thresholds(window);
      const over = (of: (figures: Figures) => number): number | null => figures && of(figures);
      return {
        date: new Date(window.atMs).toISOString().slice(0, 10),
        rows: window.rows,
        report,
        scores: {
          Millrace: report.score,
          'Millrace, at once at 2': report.score,
          'without chunks': scoreWithoutChunks(report),
          'PSI 0.1': over(({ psi }) => psi / 0.1),
          'PSI 0.2': over(({ psi }) => psi / 0.2),
          'KS p < 0.05': over(({ p }) => (p < 0.05 ? 1 : 0)),
          'Wasserstein 0.1': over(({ distance }) => distance / 0.1),
        },
      };
    },
  };
}
