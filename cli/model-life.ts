import { rolloutsOf } from '../shared/ledger/deployments.ts';
import {
  championSchema,
  deploymentEndSchema,
  retrainingSchema,
  runEndSchema,
  slotSchema,
} from '../shared/ledger/facts.ts';
import { keys } from '../shared/ledger/keys.ts';
import type { Ledger } from '../shared/ledger/ledger.ts';
import { baselineSchema, type ColumnProfile } from '../shared/monitoring/baseline.ts';
import { type DriftFact, driftFactSchema, windowProfilesSchema } from '../shared/monitoring/drift-fact.ts';
import { type QualityFact, qualityFactSchema } from '../shared/monitoring/quality-fact.ts';
import type {
  Distribution,
  DriftPoint,
  Incident,
  LifeReport,
  QualityPoint,
  Reign,
} from '../shared/report/life-report.ts';

/** Distributions of so many columns at most: those nearest to their limit. */
const COLUMNS_SHOWN = 12;
/** Bars of so many categories at most; the others stand together. */
const CATEGORIES_SHOWN = 10;

const reignsOf = async (ledger: Ledger, model: string): Promise<Reign[]> => {
  const now = await ledger.find(championSchema, keys.champion(model));
  if (!now) return [];
  const history = await Promise.all(
    Array.from({ length: now.n }, (_, at) => ledger.find(championSchema, keys.championHistory(model, at + 1))),
  );
  const known = history.filter((champion) => champion !== undefined);
  return known.map(({ run, since }, at) => ({ run, since, until: known[at + 1]?.since ?? now.retired?.at ?? null }));
};

const incidentsOf = async (ledger: Ledger, model: string): Promise<Incident[]> => {
  const incidents: Incident[] = [];
  for (const { deployment, ended } of await rolloutsOf(ledger, model)) {
    const end = ended && (await ledger.find(deploymentEndSchema, keys.deploymentEnd(model, deployment.n)));
    if (!end) continue;
    const { outcome, reason, endedAt: at } = end;
    const kind = outcome === 'deployed' ? 'deployed' : 'rolled back';
    incidents.push({ at, kind, run: deployment.run, reasons: [{ code: outcome, message: reason }] });
  }
  const slot = await ledger.find(slotSchema, keys.slot(model));
  for (const { run } of slot?.history ?? []) {
    const end = await ledger.find(runEndSchema, keys.end(model, run));
    if (end?.end !== 'rejected' && end?.end !== 'held') continue;
    incidents.push({ at: end.endedAt, kind: end.end, run, reasons: [{ code: end.end, message: end.reason }] });
  }
  for (const key of await ledger.keys(keys.retrainings(model))) {
    const { told, proposal, reasons, decidedAt } = await ledger.read(retrainingSchema, key);
    if (!told) continue;
    const kind = proposal === 'retrain' ? 'retraining requested' : 'retraining declined';
    incidents.push({ at: decidedAt, kind, run: null, reasons });
  }
  return incidents.toSorted((a, b) => (a.at < b.at ? -1 : 1));
};

const driftPoint = ({ window, run, outcome, score, counts, report }: DriftFact): DriftPoint => ({
  ...window,
  run,
  outcome,
  rows: counts.rows,
  score,
  columns: Object.fromEntries(
    [...(report?.features ?? []), ...(report?.predictions ?? [])].flatMap(({ name, severity }) =>
      severity === null ? [] : [[name, severity]],
    ),
  ),
});

const qualityPoint = (fact: QualityFact): QualityPoint => {
  const { window, run, metric, value, interval, baseline, degraded, labelCoverage, calibration, estimate } = fact;
  const rows = (calibration ?? []).reduce((sum, bin) => sum + bin.rows, 0);
  const mean = (of: 'meanScore' | 'positiveShare') =>
    (calibration ?? []).reduce((sum, bin) => sum + (bin.rows / rows) * bin[of], 0);
  return {
    ...window,
    run,
    metric,
    value,
    interval,
    baseline,
    degraded,
    coverage: labelCoverage,
    calibration: rows === 0 ? null : { predicted: mean('meanScore'), actual: mean('positiveShare') },
    estimate: estimate?.shown ? estimate.value : null,
  };
};

const sharesOf = (counts: readonly number[]): number[] => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (total === 0 ? 0 : count / total));
};

const figure = (value: number): string => String(Number(value.toPrecision(3)));

/** The names of a profile's bins, and which of its counts are shown together as the last one. */
const binNames = (data: ColumnProfile): { readonly names: string[]; readonly shown: readonly number[] } => {
  if (data.kind === 'number') {
    const { edges, counts } = data.profile;
    const names = counts.map((_, at) => (at < edges.length ? `≤ ${figure(edges[at] ?? Number.NaN)}` : 'above'));
    return { names, shown: counts.map((_, at) => at) };
  }
  const { categories, counts } = data.profile;
  const shown = categories
    .map((_, at) => at)
    .sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0))
    .slice(0, CATEGORIES_SHOWN);
  return { names: [...shown.map((at) => categories[at] ?? ''), 'others'], shown };
};

/** A column's shares in the bins of its baseline; undefined where both are not of one kind. */
const distributionOf = (column: string, baseline: ColumnProfile, window: ColumnProfile): Distribution | undefined => {
  if (baseline.kind !== window.kind) return undefined;
  const { names, shown } = binNames(baseline);
  const of = ({ kind, profile }: ColumnProfile): number[] => {
    const shares = sharesOf(kind === 'number' ? profile.counts : [...profile.counts, profile.other]);
    const kept = shown.map((at) => shares[at] ?? 0);
    return kind === 'number' ? kept : [...kept, Math.max(0, 1 - kept.reduce((sum, share) => sum + share, 0))];
  };
  const [before, now] = [of(baseline), of(window)];
  return { column, bins: names.map((name, at) => ({ name, baseline: before[at] ?? 0, window: now[at] ?? 0 })) };
};

const distributionsOf = async (ledger: Ledger, facts: readonly DriftFact[]): Promise<LifeReport['distributions']> => {
  const last = facts.findLast(({ outcome, profileKey }) => outcome === 'measured' && profileKey !== null);
  if (!last?.profileKey) return null;
  const { model, run, window } = last;
  const baseline = await ledger.find(baselineSchema, keys.baseline(model, run));
  const profiles = await ledger.find(windowProfilesSchema, last.profileKey);
  if (!baseline || !profiles) return null;
  const { columns: severity } = driftPoint(last);
  const columns = baseline.columns
    .toSorted((a, b) => (severity[b.name] ?? 0) - (severity[a.name] ?? 0))
    .slice(0, COLUMNS_SHOWN)
    .flatMap(({ name, data }) => {
      const seen = profiles.features.columns.find((column) => column.name === name)?.data;
      return (data && seen && distributionOf(name, data, seen)) ?? [];
    });
  return { window: `${window.start.slice(0, 10)} to ${window.end.slice(0, 10)}`, columns };
};

/** Reads a model's life from the ledger: all that is known of it until now. */
export const modelLife = async (ledger: Ledger, model: string, now: Date): Promise<LifeReport> => {
  const watched = await ledger.keys(keys.monitoring(model));
  const drift = await Promise.all(
    watched.filter((key) => key.endsWith('/drift.json')).map((key) => ledger.read(driftFactSchema, key)),
  );
  const labelled = await Promise.all(
    watched.filter((key) => key.includes('/quality-')).map((key) => ledger.read(qualityFactSchema, key)),
  );
  // Keys sort by window and then by the moment they look back from: the last of a window knows most labels.
  const latest = new Map(labelled.map((fact) => [fact.window.start, fact]));
  return {
    model,
    asOf: now.toISOString(),
    reigns: await reignsOf(ledger, model),
    incidents: await incidentsOf(ledger, model),
    drift: drift.map(driftPoint),
    quality: [...latest.values()].filter(({ outcome }) => outcome === 'measured').map(qualityPoint),
    distributions: await distributionsOf(ledger, drift),
  };
};
