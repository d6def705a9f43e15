import * as z from 'zod';
import { durationText, type Milliseconds, parseDuration } from './duration.ts';
import { completeEvaluation, evaluationSchema } from './evaluation-schema.ts';
import { ruleSchemaWith } from './rules.ts';
import { sourceSchema } from './source.ts';

/** How many characters a model's name may have: it goes into SageMaker's names of 63. */
export const MAX_MODEL_NAME = 19;

/** A model's name: its file's, without the ending. */
export const modelNameSchema = z
  .string()
  .max(MAX_MODEL_NAME)
  .regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/);

/** What can make a model be trained again. */
const RETRAINING_TRIGGERS = ['new_data', 'drift', 'quality', 'age'] as const;

/** How durations are read: as people write them, or as the milliseconds a published definition holds. */
interface Spans {
  readonly required: z.ZodType<Milliseconds>;
  /** With a default, written as people do. */
  readonly or: (byDefault: string) => z.ZodPrefault<z.ZodType<Milliseconds>>;
  /** The same, or `auto`. */
  readonly autoOr: (byDefault: string) => z.ZodPrefault<z.ZodType<Milliseconds | 'auto'>>;
}

const columnName = z.string().min(1).max(255);
const featureKind = z.enum(['number', 'category']);
const featureEncoding = z.enum(['ordinal', 'frequency', 'target']);
const share = z.number().gt(0).lt(1);

const instanceType = z.string().regex(/^ml\.[a-z0-9-]+\.[a-z0-9]+$/, {
  error: 'an instance type of SageMaker, such as ml.m5.xlarge',
});

const label = z
  .union([columnName, z.strictObject({ name: columnName, sql: z.string().min(1).nullable().default(null) })])
  .transform((given) => (typeof given === 'string' ? { name: given, sql: null } : given));

const feature = z
  .union([
    columnName,
    z.strictObject({
      name: columnName,
      sql: z.string().min(1).nullable().default(null),
      kind: featureKind.nullable().default(null),
      /** How a category becomes a number. */
      encoding: featureEncoding.default('ordinal'),
    }),
  ])
  .transform((given) =>
    typeof given === 'string' ? { name: given, sql: null, kind: null, encoding: 'ordinal' as const } : given,
  );

/** Where a definition says nothing: how much of the rows stops the training, judges, and may do so though learned from. */
export const USUAL_SHARES = { validation: 0.1, gate: 0.2, shared: 0.001 };

const splitSchema = (span: Spans) =>
  z
    .strictObject({
      // Whether they are given matters: with folds there are none by themselves. Editors show what is usual.
      validation: share.nullish().meta({ default: USUAL_SHARES.validation }),
      gate: share.nullish().meta({ default: USUAL_SHARES.gate }),
      embargo: span.or('0s'),
      /** Few rows: each is judged by one of so many models, the one that never saw it. */
      folds: z.int().min(2).max(10).nullable().default(null),
      /** The share of the rows that judge which may equal a row trained on, in all but what names them. */
      max_shared: z.number().min(0).max(1).default(USUAL_SHARES.shared),
    })
    .superRefine(({ gate, folds }, context) => {
      if (folds === null || gate === null || gate === undefined) return;
      const message = 'no gate beside folds: every row judges, in its fold';
      context.addIssue({ code: 'custom', path: ['gate'], message });
    })
    // With folds the rows to stop the training by would be missed: there are none unless they are asked for.
    .transform(({ validation, gate, ...rest }) =>
      rest.folds === null
        ? { ...rest, folds: null, validation: validation ?? USUAL_SHARES.validation, gate: gate ?? USUAL_SHARES.gate }
        : { ...rest, folds: rest.folds, validation: validation ?? null, gate: null },
    );

const dataSchema = (span: Spans) =>
  z.strictObject({
    source: sourceSchema.prefault({}),
    label,
    time: columnName.nullable().default(null),
    key: z.array(columnName).min(1).nullable().default(null),
    features: z.array(feature).min(1).max(1000).nullable().default(null),
    protected: z.array(columnName).default([]),
    /** Known only once the event is over, as the label is: a record to predict never has them. */
    post_event: z.array(columnName).default([]),
    rules: z.array(ruleSchemaWith(span.required)).default([]),
    entity: columnName.nullable().default(null),
    weight: columnName.nullable().default(null),
    split: splitSchema(span).prefault({}),
  });

const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** What XGBoost is told when the definition says nothing; `num_round` it must always be told. */
const XGBOOST_DEFAULTS = { num_round: 100, max_depth: 6, eta: 0.1 };

const trainingSchema = (span: Spans) =>
  z
    .strictObject({
      algorithm: z
        .union([
          z.literal('xgboost'),
          z.strictObject({
            image: z.string().min(1).max(255),
            command: z.array(z.string().min(1)).min(1).nullable().default(null),
          }),
        ])
        .default('xgboost'),
      input: z.enum(['encoded', 'parquet', 'raw']).default('encoded'),
      hyperparameters: z.record(z.string().min(1).max(256), scalar).nullable().default(null),
      instance: z.union([instanceType, z.array(instanceType).min(1).max(10)]).default('ml.m5.xlarge'),
      spot: z.boolean().default(true),
      max_runtime: span.or('1h'),
      /** `weights`: rows of a rare class count for more, so that all classes together count for the same. */
      class_balance: z.enum(['none', 'weights']).default('none'),
    })
    .transform(({ algorithm, hyperparameters, instance, ...rest }) => ({
      ...rest,
      algorithm,
      hyperparameters:
        algorithm === 'xgboost' && hyperparameters === null
          ? XGBOOST_DEFAULTS
          : { ...(algorithm === 'xgboost' ? { num_round: XGBOOST_DEFAULTS.num_round } : {}), ...hyperparameters },
      instance: typeof instance === 'string' ? [instance] : instance,
    }));

const traffic = (span: Spans) =>
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('all_at_once'), wait: span.autoOr('0s') }),
    // CanarySize is at most 50 % of the fleet, LinearStepSize 10 to 50 %, WaitIntervalInSeconds at most 3600.
    // https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TrafficRoutingConfig.html
    z.strictObject({ type: z.literal('canary'), size: z.int().min(1).max(50).default(10), wait: span.autoOr('10m') }),
    z.strictObject({ type: z.literal('linear'), size: z.int().min(10).max(50).default(25), wait: span.autoOr('5m') }),
  ]);

/** Rollouts of a definition that says nothing of them. */
const ALL_AT_ONCE = { type: 'all_at_once', wait: 0 } as const;
const CANARY = { type: 'canary', size: 10, wait: 600_000 } as const;

const serverless = z.strictObject({
  // 1,024 to 6,144 MB in steps of 1 GB; at most 200 at once.
  // https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantServerlessConfig.html
  memory: z.int().min(1024).max(6144).multipleOf(1024).default(2048),
  concurrency: z.int().min(1).max(200).default(5),
});

// EndpointName has at most 63 letters, digits and hyphens. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
const endpointName = z
  .string()
  .max(63)
  .regex(/^[a-zA-Z0-9](?:-*[a-zA-Z0-9])*$/, {
    error: 'the name of an endpoint: letters, digits and hyphens, at most 63',
  });

const captureUri = z.string().regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/[^/]+)*\/?$/, {
  error: "where the endpoint's data capture writes, such as s3://bucket/prefix",
});

const deploymentSchema = (span: Spans) =>
  z
    .strictObject({
      /** An endpoint that came from elsewhere: it is watched, and nothing is trained or deployed. */
      existing: z.union([endpointName, z.strictObject({ endpoint: endpointName, capture: captureUri })]).nullish(),
      instance: instanceType.nullish(),
      serverless: serverless.nullable().default(null),
      count: z.int().min(1).max(100).nullish(),
      traffic: traffic(span).nullish(),
      capture: z.union([z.int().min(0).max(100), captureUri]).nullish(),
    })
    .superRefine((given, context) => {
      const refuse = (path: string, message: string): void =>
        context.addIssue({ code: 'custom', path: [path], message });
      const { existing, capture } = given;
      if (existing === undefined || existing === null) {
        if (typeof capture === 'string') {
          refuse('capture', 'percent of the requests, 0 to 100; or existing as well: an endpoint that captures there');
        }
        return;
      }
      // What an endpoint from elsewhere consists of is for whoever deployed it to say.
      for (const name of ['instance', 'serverless', 'count', 'traffic'] as const) {
        if (given[name] === undefined || given[name] === null) continue;
        refuse(name, `no ${name} beside existing: such an endpoint is watched as it is`);
      }
      if (typeof existing === 'string' ? typeof capture !== 'string' : (capture ?? 0) !== 0) {
        refuse('capture', "where the existing endpoint's data capture writes, such as s3://bucket/prefix");
      }
    })
    .superRefine((given, context) => {
      if (given.serverless === null) return;
      // https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html: no deployment guardrails, and nothing
      // to count. No data capture either: `predict` captures in SageMaker's place.
      const refused = [
        ['instance', given.instance],
        ['count', given.count],
        ['traffic', given.traffic],
      ] as const;
      for (const [name, value] of refused) {
        if (value === undefined || value === null) continue;
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `no ${name} beside serverless: such an endpoint has none`,
        });
      }
    })
    .transform(({ existing: named, serverless, instance, count, traffic: asked, capture }) => {
      if (named !== undefined && named !== null) {
        const existing = typeof named === 'string' ? { endpoint: named, capture: String(capture) } : named;
        return { existing, serverless: null, instance: null, count: null, traffic: null, capture: 0 };
      }
      const existing = null;
      const share = typeof capture === 'number' ? capture : 100;
      if (serverless !== null)
        return { existing, serverless, instance: null, count: null, traffic: null, capture: share };
      const instances = count ?? 2;
      return {
        existing,
        serverless: null,
        instance: instance ?? 'ml.m5.large',
        count: instances,
        // With one instance there is no part of the traffic to try a new model on.
        traffic: asked ?? (instances < 2 ? ALL_AT_ONCE : CANARY),
        capture: share,
      };
    });

const monitoringSchema = (span: Spans) =>
  z.strictObject({
    window: span.or('1d'),
    drift: z
      .strictObject({
        /** The least Jensen-Shannon distance, or normed Wasserstein distance, that counts. */
        threshold: z.number().gt(0).lt(1).default(0.1),
        /** Windows with fewer rows say nothing. */
        min_rows: z.int().min(1).default(100),
      })
      .nullable()
      .prefault({}),
    quality: qualitySchema(span).nullish(),
  });

const qualitySchema = (span: Spans) =>
  z.strictObject({
    join: z.enum(['inference_id', 'key']).default('inference_id'),
    label_delay: span.or('24h'),
    /** The metric of an existing endpoint's model when it was put in service; of one's own the gate says it. */
    baseline: z.number().nullable().default(null),
  });

const retrainingSchema = (span: Spans) =>
  z.strictObject({
    on: z.array(z.enum(RETRAINING_TRIGGERS)).default([...RETRAINING_TRIGGERS]),
    max_age: span.or('30d'),
    cooldown: span.or('24h'),
    /** Rows with labels that no run has taken: monitoring proposes no run on fewer. */
    min_new_labels: z.int().min(1).default(1000),
    budget: z
      .strictObject({
        runs: z.int().min(1).max(1000).default(8),
        dollars: z.number().gt(0).default(50),
        per: span.or('30d'),
      })
      .prefault({}),
    data: z
      .discriminatedUnion('mode', [
        z.strictObject({ mode: z.literal('sliding'), window: span.or('180d') }),
        z.strictObject({ mode: z.literal('expanding') }),
        z.strictObject({ mode: z.literal('weighted'), half_life: span.or('60d') }),
      ])
      .prefault({ mode: 'sliding' }),
  });

const definitionSchemaWith = (span: Spans) =>
  z
    .strictObject({
      problem: z.enum(['binary', 'multiclass', 'regression']),
      data: dataSchema(span),
      training: trainingSchema(span).prefault({}),
      evaluation: evaluationSchema(span.or('365d')).prefault({}),
      approval: z.enum(['automatic', 'manual']).default('automatic'),
      deployment: deploymentSchema(span).prefault({}),
      monitoring: monitoringSchema(span).prefault({}),
      retraining: retrainingSchema(span).prefault({}),
    })
    .transform(({ evaluation, monitoring, ...rest }) => ({
      ...rest,
      // Labels of an endpoint from elsewhere are waited for where somebody says that they come.
      monitoring: {
        ...monitoring,
        quality:
          monitoring.quality === undefined && rest.deployment.existing === null
            ? qualitySchema(span).parse({})
            : (monitoring.quality ?? null),
      },
      evaluation: completeEvaluation(evaluation, rest.problem, rest.data),
    }));

const asText: z.ZodType<Milliseconds> = durationText;
const asMilliseconds: z.ZodType<Milliseconds> = z.int().min(0);
const AUTO = z.literal('auto');
const textOrAuto: z.ZodType<Milliseconds | 'auto'> = z.union([AUTO, asText]);
const millisecondsOrAuto: z.ZodType<Milliseconds | 'auto'> = z.union([AUTO, asMilliseconds]);
const TEXT_SPANS: Spans = {
  required: asText,
  or: (byDefault) => asText.prefault(byDefault),
  autoOr: (byDefault) => textOrAuto.prefault(byDefault),
};
const MILLISECOND_SPANS: Spans = {
  required: asMilliseconds,
  or: (byDefault) => asMilliseconds.prefault(parseDuration(byDefault) ?? 0),
  autoOr: (byDefault) => millisecondsOrAuto.prefault(parseDuration(byDefault) ?? 0),
};

/** The shape of a definition as people write it in `models/<model>.yml`; durations as text. `readDefinition` checks more. */
export const modelDefinitionSchema = definitionSchemaWith(TEXT_SPANS);

/**
 * A definition as it was published: everything filled in, durations in milliseconds. It is not checked for contradictions
 * again, because a run goes on with the definition it was planned with even under rules that came later.
 */
export const normalDefinitionSchema = definitionSchemaWith(MILLISECOND_SPANS);

/** What a model is to be: design by its owner, with every default filled in. Durations are in milliseconds. */
export type ModelDefinition = z.output<typeof normalDefinitionSchema>;
