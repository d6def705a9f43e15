/** What a definition asks of a candidate: `evaluation`. The defaults depend on the problem and the data's roles. */
import * as z from 'zod';
import { type Cluster, columnCluster, INDEPENDENT } from './cluster.ts';
import type { Milliseconds } from './duration.ts';

const columnName = z.string().min(1).max(255);
const proportion = z.number().min(0).max(1);
const PERCENT = /^(\d{1,4}(?:\.\d{1,4})?)%$/;
const MARGIN =
  'a number of at least 0: how much worse, in units of the metric, is still as good; or a share of the figure compared with, such as 2%';

/** In units of the metric, or as text a percentage of the figure compared with. */
const margin = z.union([z.number().min(0, { error: MARGIN }), z.string().regex(PERCENT, { error: MARGIN })]);

/** A margin as definitions say it. */
export type Margin = z.output<typeof margin>;

/** The share that a percentage stands for; undefined where the margin is in units of the metric. */
export function relativeMargin(given: Margin): number | undefined {
  const [, percent] = typeof given === 'string' ? (PERCENT.exec(given) ?? []) : [];
  return percent === undefined ? undefined : Number(percent) / 100;
}

const limits = z.record(z.string(), z.number());

const slice = z
  .union([
    columnName,
    z.strictObject({
      column: columnName,
      required: z.boolean().default(false),
      margin: margin.nullable().default(null),
      floors: limits.default({}),
      min_rows: z.int().min(1).default(100),
      min_positives: z.int().min(0).nullable().default(null),
    }),
  ])
  .transform((given) =>
    typeof given === 'string'
      ? { column: given, required: false, margin: null, floors: {}, min_rows: 100, min_positives: null }
      : given,
  );

const fairness = z
  .union([
    columnName,
    z.strictObject({
      column: columnName,
      required: z.boolean().default(false),
      limits: z.record(z.string(), proportion).nullable().default(null),
    }),
  ])
  .transform((given) => (typeof given === 'string' ? { column: given, required: false, limits: null } : given));

/** `evaluation` as it is written; what is null or missing is filled in by {@link completeEvaluation}. */
export const evaluationSchema = (past: z.ZodPrefault<z.ZodType<Milliseconds>>) =>
  z.strictObject({
    metric: z.string().nullable().default(null),
    thresholds: limits.default({}),
    threshold: proportion.nullable().default(null),
    confidence: z.number().min(0.8).max(0.999).default(0.95),
    champion: z
      .strictObject({
        mode: z.enum(['non_inferior', 'superior', 'threshold']).default('non_inferior'),
        margin: margin.nullable().default(null),
      })
      .prefault({}),
    anchor: z
      .strictObject({ margin: margin.nullable().default(null), past })
      .nullable()
      .optional(),
    refresh: z.enum(['reason', 'always']).default('reason'),
    cluster: z
      .union([columnName, z.strictObject({ column: columnName })])
      .nullable()
      .default(null),
    slices: z.array(slice).default([]),
    fairness: z.array(fairness).nullable().default(null),
    limits: z
      .strictObject({
        model_bytes: z.int().min(1).nullable().default(null),
        latency_p95_ms: z.number().gt(0).nullable().default(null),
      })
      .prefault({}),
    gate_uses: z.int().min(1).default(20),
    suspicion: z
      .strictObject({
        jump: margin.nullable().optional(),
        perfect: proportion.nullable().default(0.99),
        flips: proportion.nullable().default(0.1),
        giveaway: proportion.nullable().default(0.98),
      })
      .prefault({}),
  });

type Written = z.output<ReturnType<typeof evaluationSchema>>;
type Problem = 'binary' | 'multiclass' | 'regression';

const DEFAULT_METRICS = { binary: 'roc_auc', multiclass: 'accuracy', regression: 'rmse' } as const;

/** Losses, where a margin of 0.01 means nothing: the default is a share of what the other model has. */
const LOSSES: ReadonlySet<string> = new Set([
  'log_loss',
  'rmse',
  'mse',
  'mae',
  'medae',
  'max_error',
  'mape_nonzero',
  'wape',
  'smape_0_2',
  'rmsle',
]);

/** Twice a margin, in the same units. */
const twice = (given: Margin): Margin => {
  const share = relativeMargin(given);
  if (typeof given === 'number') return 2 * given;
  return `${Number((200 * (share ?? 0)).toFixed(4))}%`;
};

/** Without limits of its own a protected column is held to the four-fifths rule. */
const FOUR_FIFTHS = { demographic_parity_ratio: 0.8 };

/** Rows of the rarer class below which a ranking within a slice turns on single rows. */
const LEAST_POSITIVES = 20;

const YEAR_MS = 365 * 86_400_000;

/** A column is said by its name alone where nothing else can be meant, so that one definition is one. */
function clusterOf(
  written: Written['cluster'],
  { time, entity }: { readonly time: string | null; readonly entity: string | null },
): Cluster {
  if (written !== null) return typeof written === 'string' ? written : columnCluster(written.column);
  if (time !== null) return 'day';
  return entity === null ? INDEPENDENT : columnCluster(entity);
}

/** Everything that was left open, decided by the problem and the roles of the columns. Of what is complete nothing changes. */
export function completeEvaluation(
  written: Written,
  problem: Problem,
  data: { readonly time: string | null; readonly entity: string | null; readonly protected: readonly string[] },
) {
  const metric = written.metric ?? DEFAULT_METRICS[problem];
  const { mode } = written.champion;
  const isLoss = LOSSES.has(metric);
  const allowed = written.champion.margin ?? (isLoss ? '2%' : 0.01);
  const anchor =
    written.anchor === undefined
      ? mode === 'threshold'
        ? null
        : { margin: twice(allowed), past: YEAR_MS }
      : written.anchor && { ...written.anchor, margin: written.anchor.margin ?? twice(allowed) };
  const judged =
    written.fairness ??
    (problem === 'binary' ? data.protected.map((column) => ({ column, required: false, limits: null })) : []);
  const { jump } = written.suspicion;
  return {
    ...written,
    metric,
    threshold: written.threshold ?? (problem === 'binary' ? 0.5 : null),
    champion: { mode, margin: allowed },
    anchor,
    // Rows of a day, or of an entity, move together; a test that takes them for independent is too sure of itself.
    cluster: clusterOf(written.cluster, data),
    slices: written.slices.map((given) => ({
      ...given,
      margin: given.margin ?? allowed,
      min_positives: given.min_positives ?? (problem === 'binary' ? LEAST_POSITIVES : 0),
    })),
    fairness: judged.map((given) => ({ ...given, limits: given.limits ?? FOUR_FIFTHS })),
    suspicion: {
      ...written.suspicion,
      jump: jump === undefined ? (typeof allowed === 'string' ? '30%' : isLoss ? null : 0.1) : jump,
    },
  };
}
