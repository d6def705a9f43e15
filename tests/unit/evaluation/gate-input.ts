/** Gate rows and scores for the tests of the evidence: a gate that is judged, of which each test changes something. */
import type { GateInput } from '../../../shared/evaluation/evaluate-gate.ts';
import { type GateRows, groupingOf } from '../../../shared/evaluation/gate-rows.ts';
import type { Policy } from '../../../shared/evaluation/policy.ts';
import { randomStream } from '../../../shared/evaluation/random.ts';
import type { ScoresRead } from '../../../shared/evaluation/scores.ts';

export const read = (...values: number[]): ScoresRead => scoresOf(Float64Array.from(values));

export const scoresOf = (values: Float64Array): ScoresRead => ({
  outcome: 'read',
  scores: { rows: values.length, columns: [{ name: 'score', values }] },
});

export const probabilitiesOf = (columns: Readonly<Record<string, Float64Array>>): ScoresRead => ({
  outcome: 'read',
  scores: {
    rows: Object.values(columns)[0]?.length ?? 0,
    columns: Object.entries(columns).map(([name, values]) => ({ name: `score.${name}`, values })),
  },
});

export const policy = (some: Partial<Policy> = {}): Policy => ({
  metric: 'roc_auc',
  thresholds: {},
  operatingPoint: 0.5,
  confidence: 0.95,
  champion: { mode: 'non_inferior', margin: 0.01 },
  anchor: null,
  refresh: 'always',
  slices: [],
  fairness: [],
  limits: { modelBytes: null, latencyP95Ms: null },
  gateUses: 20,
  suspicion: { jump: null, flips: null, giveaway: null },
  approval: 'automatic',
  ...some,
});

export const gateRows = (labels: ArrayLike<number>, some: Partial<GateRows> = {}): GateRows => ({
  parts: [labels.length],
  labels: Float64Array.from(labels),
  classes: null,
  weights: null,
  cluster: null,
  slices: [],
  protected: [],
  ...some,
});

export const input = (some: Partial<GateInput> = {}): GateInput => ({
  model: 'flight-delay',
  run: '20010125-0000000001',
  problem: 'binary',
  rows: gateRows([0, 1, 0, 1], { parts: [2, 2] }),
  policy: policy(),
  candidate: read(0.1, 0.8, 0.3, 0.6),
  champion: { run: '20010120-0000000000', scores: read(0.1, 0.8, 0.7, 0.6) },
  anchor: null,
  evaluatedAt: new Date('2001-01-25T12:00:00Z'),
  ...some,
});

/** Seeded rows of two classes: a better and a worse score, days that move together, two groups. */
export interface Population {
  readonly labels: Float64Array;
  readonly better: Float64Array;
  readonly worse: Float64Array;
  readonly days: Uint32Array;
  readonly groups: readonly string[];
}

export function population(rows: number, days: number, seed = 7, effectOfDay = 1): Population {
  const { uniform } = randomStream(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const shifts = Array.from({ length: days }, () => effectOfDay * normal());
  const [labels, better, worse] = [new Float64Array(rows), new Float64Array(rows), new Float64Array(rows)];
  const ids = new Uint32Array(rows);
  const groups: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    const day = Math.floor((row * days) / rows);
    const known = normal();
    const shift = shifts[day] ?? 0;
    const chance = 1 / (1 + Math.exp(-(known + shift - 0.5)));
    ids[row] = day;
    labels[row] = uniform() < chance ? 1 : 0;
    better[row] = 1 / (1 + Math.exp(-(known + 0.3 * shift - 0.5 + 0.3 * normal())));
    worse[row] = 1 / (1 + Math.exp(-(0.5 * known - 0.5 + normal())));
    groups.push(uniform() < 0.4 ? 'a' : 'b');
  }
  return { labels, better, worse, days: ids, groups };
}

/** Rows of a day move together; days tell nothing of each other. */
export const byDay = ({ days }: Population): NonNullable<GateRows['cluster']> => ({
  by: 'day',
  clusters: { ids: days, count: new Set(days).size },
});

/** The same days, one after the other. */
export function daysInTime(population: Population): NonNullable<GateRows['cluster']> {
  const { by, clusters } = byDay(population);
  return { by, clusters: { ...clusters, inTime: Uint32Array.from({ length: clusters.count }, (_, day) => day) } };
}

export const byGroup = (column: string, { groups }: Population) => groupingOf(column, groups);
