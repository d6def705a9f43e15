/**
 * The facts and pointers of the ledger. A fact is written once; it holds hashes, counts and references, never the
 * values of rows.
 */
import * as z from 'zod';

import { ruleResultSchema } from '../data/rules/result.ts';
import { reasonSchema } from '../evaluation/reason.ts';
import { RUN_ENDS } from './run-states.ts';

const instant = z.iso.datetime();
const count = z.int().min(0);

/** A version of an object somebody uploaded. */
export const uploadSchema = z.strictObject({ bucket: z.string(), key: z.string(), versionId: z.string() });
export type Upload = z.infer<typeof uploadSchema>;

/** What is wrong with a dataset, where a place can be named: physical line (1 is the first), column, part. */
export const problemSchema = z.strictObject({
  code: z.string(),
  message: z.string(),
  line: z.int().min(1).optional(),
  column: z.string().optional(),
  part: z.string().optional(),
  /** The rule of the definition, or the standing check, that is broken. */
  rule: z.string().optional(),
  /** How often it was seen in all; what is listed is capped. */
  count: count.optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** What became of one upload. */
export const arrivalSchema = z.strictObject({
  upload: uploadSchema,
  sizeBytes: count,
  receivedAt: instant,
  /**
   * `part`: belongs to a folder that is not closed yet. `repeated`: the same bytes under the same rules were judged
   * before. `deferred`: more than one function reads. `ignored`: not data, or no such model.
   */
  outcome: z.enum(['accepted', 'rejected', 'deferred', 'repeated', 'ignored', 'part']),
  dataset: z.string().optional(),
  /** Under which rules the dataset was judged. */
  rulesDigest: z.string().optional(),
  reason: z.string().optional(),
});
export type Arrival = z.infer<typeof arrivalSchema>;

/** What a folder held when its `_SUCCESS` came: a repeat reads these versions, whatever has been uploaded since. */
export const folderPinSchema = z.strictObject({
  closedBy: uploadSchema,
  parts: z.array(uploadSchema.extend({ sizeBytes: count })),
});

/** What a dataset is: its bytes. */
export const datasetSchema = z.strictObject({
  model: z.string(),
  dataset: z.string(),
  /** One upload, or the parts of a folder in the order of their names. */
  sources: z.array(uploadSchema.extend({ sizeBytes: count, sha256: z.string() })).min(1),
  format: z.enum(['csv', 'jsonl', 'parquet']),
  sizeBytes: count,
  receivedAt: instant,
});
export type Dataset = z.infer<typeof datasetSchema>;

export const columnTypeSchema = z.enum(['integer', 'number', 'string', 'boolean', 'timestamp', 'date']);

const dayCounts = z.array(z.tuple([z.iso.date(), count]));

/** Rows per UTC day, in order, of the columns of times that have more days than a profile names. */
export const datasetDaysSchema = z.strictObject({
  model: z.string(),
  dataset: z.string(),
  columns: z.array(z.strictObject({ name: z.string(), days: dayCounts })),
});

/** What was found in a dataset, and where its typed copy lies. The same bytes give the same profile. */
export const datasetProfileSchema = z.strictObject({
  model: z.string(),
  dataset: z.string(),
  rows: count,
  columns: z.array(
    z.strictObject({
      name: z.string(),
      type: columnTypeSchema,
      nulls: count,
      /** Exact up to the profile's cap; null above it. */
      distinct: count.nullable(),
      /** About how many there are above the cap. */
      distinctEstimate: z.exactOptional(count),
      min: z.union([z.number(), z.string()]).nullable(),
      max: z.union([z.number(), z.string()]).nullable(),
      mean: z.number().nullable(),
      stdev: z.number().nullable(),
      /** Most frequent values of a column with few distinct ones. */
      top: z.array(z.tuple([z.string(), count])),
      /** Texts of `top` with more bytes of JSON than this are their beginning and their hash. */
      topCut: z.exactOptional(count),
      /** Rows per UTC day, in order, for columns of times. */
      days: z.exactOptional(dayCounts),
      /** Instead of days where they are many: rows of runs of days; the days stand in a fact of their own. */
      periods: z.exactOptional(z.strictObject({ from: z.iso.date(), days: z.int().min(1), rows: z.array(count) })),
      /** Of columns of numbers. */
      zeros: z.exactOptional(count),
      negatives: z.exactOptional(count),
      /** Thousandths of the rows, and the value with so many at or below it. */
      quantiles: z.exactOptional(z.array(z.tuple([count, z.number()]))),
      histogram: z.exactOptional(
        z.strictObject({ edges: z.array(z.number()), counts: z.array(count), below: count, above: count }),
      ),
      /** Code points, of columns of text. */
      lengths: z.exactOptional(z.strictObject({ min: count, max: count, mean: z.number() })),
    }),
  ),
  /** The typed Parquet copy, in the order of the rows. */
  data: z.array(z.strictObject({ key: z.string(), rows: count, sizeBytes: count })),
});
export type DatasetProfile = z.infer<typeof datasetProfileSchema>;

/** Accepted or rejected: one dataset under one digest of data rules. */
export const verdictSchema = z.strictObject({
  model: z.string(),
  dataset: z.string(),
  rulesDigest: z.string(),
  definitionDigest: z.string(),
  accepted: z.boolean(),
  problems: z.array(problemSchema),
  /** What came of every rule, and of the standing checks; missing in verdicts from before rules were checked. */
  checks: z.array(ruleResultSchema).optional(),
  /** Rows of each class of the label; null of a number, and where they could not be counted. */
  classes: z
    .array(z.tuple([z.string(), count]))
    .nullable()
    .optional(),
  /** Rows read; null when the file could not be read as rows. */
  rows: count.nullable(),
  reportKey: z.string().nullable(),
  judgedAt: instant,
});
export type Verdict = z.infer<typeof verdictSchema>;

/** A run with this dataset has started; only a run somebody asks for takes it again. */
export const takenSchema = z.strictObject({ dataset: z.string(), run: z.string(), takenAt: instant });

/** Which published definition of a model is in force. */
export const definitionPointerSchema = z.strictObject({ model: z.string(), digest: z.string(), publishedAt: instant });

/** The model in service. */
export const championSchema = z.strictObject({
  model: z.string(),
  n: z.int().min(1),
  run: z.string(),
  definitionDigest: z.string(),
  inputDigest: z.string(),
  /** SageMaker's names. */
  modelName: z.string(),
  modelPackageArn: z.string(),
  endpointName: z.string(),
  endpointConfigName: z.string(),
  /** Nothing at or after this time was seen in training or validation; null without a time. */
  trainedBefore: instant.nullable(),
  since: instant,
  /** Percent of the requests that `predict` captures, where SageMaker captures nothing: of serverless endpoints. */
  predictCaptures: z.int().min(0).max(100).optional(),
  /** Somebody took the model out of service: it has no endpoint, and nothing is deployed until it is put back. */
  retired: z.strictObject({ at: instant, reason: z.string() }).optional(),
});
export type Champion = z.infer<typeof championSchema>;

/** What an endpoint that came from elsewhere is held against from a moment on. */
export const watchSchema = z.strictObject({
  model: z.string(),
  n: z.int().min(1),
  /** Its rows are the baseline. */
  dataset: z.string(),
  /** When that landed: the newest is the baseline. */
  receivedAt: instant,
  definitionDigest: z.string(),
  endpoint: z.string(),
  since: instant,
});
export type Watch = z.infer<typeof watchSchema>;

/** The alarms that watch a model were put, as the definition of this watch wants them. */
export const watchAlarmedSchema = z.strictObject({ model: z.string(), n: z.int().min(1), alarmedAt: instant });

/** One attempt to make a better model, as it was decided. */
export const runPlanSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  stage: z.string(),
  plannedAt: instant,
  trigger: z.strictObject({
    kind: z.enum(['new_data', 'requested', 'retraining']),
    eventId: z.string(),
    reason: z.string().optional(),
    /** Codes of what monitoring saw: drift, quality, age and the like. */
    causes: z.array(z.string()).optional(),
    /** Cooldown or budget that the request overrode. */
    overrode: z.array(z.enum(['cooldown', 'budget'])),
  }),
  definitionDigest: z.string(),
  rulesDigest: z.string(),
  /** All the data of the run, oldest first. */
  datasets: z.array(z.string()).min(1),
  /** Which of them no run had taken before. */
  fresh: z.array(z.string()),
  /** Present when rows have a time. Rows before `from` are left out; train < validation <= t < gate <= t. */
  cut: z.strictObject({ from: instant.nullable(), validation: instant, gate: instant, embargoMs: count }).nullable(),
  /** The model in service when the run was planned: the one the candidate is judged against. */
  champion: z.strictObject({ run: z.string(), modelName: z.string(), inputDigest: z.string() }).nullable(),
  /**
   * The best champion of the past where that is not the one in service: the candidate is held against it too. Missing in
   * runs that were planned before it was recorded.
   */
  anchor: z.strictObject({ run: z.string(), modelName: z.string() }).nullable().optional(),
  /** What it is expected to cost in US dollars, and what that goes by; null where no price is known. */
  cost: z.strictObject({ dollars: z.number().min(0).nullable(), basis: z.string() }).optional(),
});
export type RunPlan = z.infer<typeof runPlanSchema>;

/** The model's slot: single flight, and what cooldown and budget go by. */
export const slotSchema = z.strictObject({
  model: z.string(),
  /** The run in flight with its whole plan, so that whoever finds the slot can finish what planning began. */
  flight: runPlanSchema.nullable(),
  /** Runs within the budget's period, oldest first. */
  history: z.array(
    z.strictObject({
      run: z.string(),
      startedAt: instant,
      endedAt: instant.nullable(),
      end: z.enum(RUN_ENDS).nullable(),
      /** What the run was expected to cost; null where no price is known. */
      dollars: z.number().min(0).nullable().optional(),
    }),
  ),
});
export type Slot = z.infer<typeof slotSchema>;

/** How a run's rows were assigned to training, validation and gate: what its model has been trained on follows from it. */
const splitMethodSchema = z.discriminatedUnion('by', [
  /** By this column: nothing at or after `trainedBefore` was trained on. */
  z.strictObject({ by: z.literal('time'), column: z.string() }),
  /** By a hash of the entity or the key: rows of the lowest `gate` share of hashes were not trained on. */
  z.strictObject({ by: z.literal('hash'), key: z.array(z.string()).min(1), gate: z.number().gt(0).lt(1) }),
  /** By the same hash into folds: of each fold there is a model that was not trained on it; the one that serves was. */
  z.strictObject({ by: z.literal('folds'), key: z.array(z.string()).min(1), folds: z.int().min(2) }),
]);
export type SplitMethod = z.infer<typeof splitMethodSchema>;

const partSchema = z.strictObject({ dataKey: z.string(), rowsKey: z.string(), rows: count });
const splitSchema = z.strictObject({ rows: count, parts: z.array(partSchema) });

/** What preparing wrote of a fold: what its model is trained on, and the rows it never saw as each model reads them. */
const foldSchema = z.strictObject({
  train: splitSchema,
  validation: splitSchema,
  gate: splitSchema,
  /** Null as those of the run are. */
  gateChampion: splitSchema.nullable(),
  gateAnchor: splitSchema.nullable(),
});

/** What preparing wrote. Parts of `data` and `rows` correspond by position; `gateChampion` has gate's rows. */
export const preparedSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  inputDigest: z.string(),
  features: z.array(z.string()),
  splits: z.strictObject({ train: splitSchema, validation: splitSchema, gate: splitSchema }),
  /** Null without a champion, or when its scores could not be compared; the reason is then in `notComparable`. */
  gateChampion: splitSchema.nullable(),
  notComparable: z.string().nullable(),
  /** The gate rows as the anchor reads them, or why it cannot be compared with; missing where the run has no anchor. */
  gateAnchor: z
    .discriminatedUnion('outcome', [
      z.strictObject({ outcome: z.literal('prepared'), split: splitSchema }),
      z.strictObject({ outcome: z.literal('not_comparable'), message: z.string() }),
    ])
    .optional(),
  /** With folds: the gate rows are those of all of them in order, here as the models that were trained on all rows read them. */
  folds: z.array(foldSchema).min(2).optional(),
  /** sha256 over keys and labels of the gate rows in their order: equal where the same rows judge again. */
  gateDigest: z.string().optional(),
  /** Gate rows that equal a row trained on in all but what names them; missing where there are none, or none are looked for. */
  sharedRows: count.optional(),
  /** How many rows to train on each class has, in the model's order; missing where labels are amounts. */
  taught: z.array(z.strictObject({ name: z.string(), rows: count })).optional(),
  /** How well each feature alone ranks (explains) the label on a sample of the training rows, the strongest first. */
  strongestFeatures: z
    .array(z.strictObject({ feature: z.string(), strength: z.number().min(0).max(1).nullable() }))
    .optional(),
  /** Rows left out: label missing, before the window, within the embargo. */
  dropped: z.record(z.string(), count),
  trainedBefore: instant.nullable(),
  /** Missing in runs that were prepared before it was recorded: then nothing is known of what their models have seen. */
  split: splitMethodSchema.optional(),
  preparedAt: instant,
});
export type Prepared = z.infer<typeof preparedSchema>;

/** A candidate was judged on these gate rows. */
export const gateUseSchema = z.strictObject({ model: z.string(), run: z.string(), judgedAt: instant });

/** Attempt n of a run to train. */
export const attemptSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  /** Of which fold's model; missing of the one that may serve. */
  fold: z.int().min(1).optional(),
  attempt: z.int().min(1),
  jobName: z.string(),
  instance: z.string(),
  decidedAt: instant,
});

export type Attempt = z.infer<typeof attemptSchema>;

/** A trained candidate and the batch transforms that score the gate rows. */
export const trainedSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  jobName: z.string(),
  artifact: z.string(),
  modelName: z.string(),
  /** What the training job measured last: `validation:auc` and the like. */
  metrics: z.record(z.string(), z.number()),
  /** Of several jobs the longest. */
  trainingSeconds: count.nullable(),
  /** The models that judge in the candidate's place, each of them blind to its fold; missing where there are no folds. */
  folds: z.array(z.strictObject({ jobName: z.string(), artifact: z.string(), modelName: z.string() })).optional(),
  transforms: z
    .array(
      z.strictObject({
        role: z.enum(['cand', 'champ', 'anch']),
        fold: z.int().min(1).optional(),
        jobName: z.string(),
        modelName: z.string(),
      }),
    )
    .min(1),
  trainedAt: instant,
});
export type Trained = z.infer<typeof trainedSchema>;

/** Whose event began to judge the candidate: the scores of all models were there, and others that see it leave it to that. */
export const judgingSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  eventId: z.string(),
  begunAt: instant,
});

/** A step of a run waits for capacity; its message comes back by itself. */
export const waitingSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  step: z.string(),
  for: z.string(),
  since: instant,
});

/** The registry's version of a candidate. */
export const registeredSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  modelPackageArn: z.string(),
  registeredAt: instant,
});

/** How a run ended. */
export const runEndSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  end: z.enum(RUN_ENDS),
  /** In the words of whoever knows best: the container, SageMaker, the gate. */
  reason: z.string(),
  endedAt: instant,
});
export type RunEndFact = z.infer<typeof runEndSchema>;

/** One rollout: what was asked of the endpoint. */
export const deploymentSchema = z.strictObject({
  model: z.string(),
  n: z.int().min(1),
  run: z.string(),
  kind: z.enum(['create', 'update']),
  endpointName: z.string(),
  endpointConfigName: z.string(),
  modelName: z.string(),
  modelPackageArn: z.string(),
  inputDigest: z.string(),
  definitionDigest: z.string(),
  /** The champion this rollout replaces; it must still be the champion when the pointer moves. */
  replaces: z.strictObject({ run: z.string(), endpointName: z.string(), endpointConfigName: z.string() }).nullable(),
  /** What asked for it; the same asked again is the same rollout. */
  trigger: z.string(),
  /** A champion of the past is put back because somebody asked, and why; missing for a candidate. */
  rollback: z.strictObject({ reason: z.string() }).optional(),
  /** How traffic goes to the new fleet, and what of it could be seen; null or missing where there is no old one. */
  rollout: z
    .strictObject({
      type: z.enum(['all_at_once', 'canary', 'linear']),
      /** Instances of the new fleet that take traffic in the first step, of so many. */
      instances: z.int().min(1),
      of: z.int().min(1),
      /** How long each step bakes. */
      waitSeconds: count,
      /** Over the last day; null where no request came. */
      requestsPerHour: z.number().nullable(),
      /** That a 5 % error rate is seen in the first step; null where no request came. */
      probability: z.number().min(0).max(1).nullable(),
      says: z.string(),
      latencyLimitMs: z.number(),
      /** Names of the alarms that turn it back. */
      alarms: z.array(z.string()).min(1),
    })
    .nullable()
    .optional(),
  decidedAt: instant,
});
export type Deployment = z.infer<typeof deploymentSchema>;

/** While a rollout baked, golden rows were refused, or answered neither as by the old model nor as by the new one. */
export const deploymentMismatchSchema = z.strictObject({
  model: z.string(),
  n: z.int().min(1),
  /** Answers that were wrong, of so many. */
  wrong: z.int().min(1),
  asked: z.int().min(1),
  reason: z.string(),
  seenAt: instant,
});

/** SageMaker has taken the request of a rollout: from now on its endpoint's state tells how the rollout goes. */
export const deploymentStartedSchema = z.strictObject({ model: z.string(), n: z.int().min(1), startedAt: instant });

/** An approved candidate that was not rolled out after all, and why. */
export const refusalSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  code: z.string(),
  reason: z.string(),
  refusedAt: instant,
});

/** What was found of a rollout: decided once, so that a repeat goes on with it whatever the endpoint answers by then. */
export const deploymentVerdictSchema = z.strictObject({
  model: z.string(),
  n: z.int().min(1),
  outcome: z.enum(['deployed', 'rolled-back', 'failed']),
  reason: z.string(),
  decidedAt: instant,
});
export type DeploymentVerdict = z.infer<typeof deploymentVerdictSchema>;

/** A request for a run that was not started, and why; the same request again gets the same answer. */
export const declinedSchema = z.strictObject({
  model: z.string(),
  eventId: z.string(),
  reasons: z.array(reasonSchema).min(1),
  declinedAt: instant,
});

/** What one look at a trigger of retraining came to; the same look again has the same answer. */
export const retrainingSchema = z.strictObject({
  model: z.string(),
  /** The champion it is about. */
  run: z.string(),
  kind: z.enum(['quality', 'age', 'drift']),
  /** When the alarm spoke, or the age was reached. */
  since: instant,
  /** 0 when it began; one more each time the cooldown has passed and it goes on. */
  look: count,
  proposal: z.enum(['retrain', 'decline', 'investigate']),
  reasons: z.array(reasonSchema).min(1),
  /** False where the look before said the same: nobody is told twice. */
  told: z.boolean(),
  decidedAt: instant,
});
export type Retraining = z.infer<typeof retrainingSchema>;

/** A person was told of an event. */
export const noticeSchema = z.strictObject({ eventId: z.string(), subject: z.string(), sentAt: instant });

/** How a rollout ended. */
export const deploymentEndSchema = z.strictObject({
  model: z.string(),
  n: z.int().min(1),
  outcome: z.enum(['deployed', 'rolled-back', 'failed']),
  reason: z.string(),
  endedAt: instant,
});
export type DeploymentEnd = z.infer<typeof deploymentEndSchema>;

/** What a rollout made on SageMaker, and nobody needs any more, has been deleted. */
export const deploymentClearedSchema = z.strictObject({
  model: z.string(),
  n: z.int().min(1),
  removed: z.array(z.string()),
  clearedAt: instant,
});

/** A request to SageMaker, recorded before it is sent; a repeat sends this one. */
export const recordedRequestSchema = z.strictObject({
  operation: z.string(),
  request: z.record(z.string(), z.unknown()),
  decidedAt: instant,
});
