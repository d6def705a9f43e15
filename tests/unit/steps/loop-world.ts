/** A store with what earlier steps left in it, a SageMaker in memory, and what was told: the world of the later steps. */
import type { Tell } from '../../../shared/aws/event-publisher.ts';
import { compactProfile } from '../../../shared/data/profile/compact.ts';
import type { Profile } from '../../../shared/data/profile/published.ts';
import { publish } from '../../../shared/definition/publish.ts';
import { type PublishedDefinition, publishedDefinitionSchema } from '../../../shared/definition/published.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import { goldenSchema } from '../../../shared/evaluation/golden.ts';
import { recordDays } from '../../../shared/ledger/dataset-days.ts';
import {
  type Champion,
  championSchema,
  type Deployment,
  datasetProfileSchema,
  datasetSchema,
  definitionPointerSchema,
  type Prepared,
  preparedSchema,
  type RunPlan,
  registeredSchema,
  runPlanSchema,
  slotSchema,
  trainedSchema,
  verdictSchema,
} from '../../../shared/ledger/facts.ts';
import { keys, type Split, splitOfFold } from '../../../shared/ledger/keys.ts';
import { ledgerOn } from '../../../shared/ledger/ledger.ts';
import { memoryObjectStore } from '../../../shared/ledger/memory-object-store.ts';
import { rollbackAlarmNames } from '../../../shared/rollout/rollback-alarms.ts';
import type { Woken } from '../../../shared/runtime/woken.ts';
import { endpointName, packageGroup } from '../../../shared/sagemaker/names.ts';
import { packageDescription } from '../../../shared/sagemaker/package-description.ts';
import { type Fuse, fragileSageMaker, fragileStore, fuse } from './crash.ts';
import { freshLedger } from './fresh-ledger.ts';
import { fragileAlarms, memoryCloudWatch } from './memory-cloudwatch.ts';
import { memorySageMaker } from './memory-sagemaker.ts';

export const STAGE = 'dev';
export const MODEL = 'late-bus';
export const RUN = '20010201-0123456789';
export const CHAMPION_RUN = '20010101-9876543210';
export const ANCHOR_RUN = '20001224-0f0f0f0f0f';
export const STORE_URI = 's3://store';
export const NOW = new Date('2001-02-01T12:00:00.000Z');
export const DAYS_LATER = new Date('2001-02-09T03:00:00.000Z');
export const INPUT_DIGEST = 'a'.repeat(64);
/** Where RUN and CHAMPION_RUN are served, and by which configurations. */
export const ENDPOINT = endpointName(STAGE, MODEL, INPUT_DIGEST, 'instance');
export const CONFIG = `mr-dev-${MODEL}-${RUN}-cfg`;
export const OLD_CONFIG = `mr-dev-${MODEL}-${CHAMPION_RUN}-cfg`;
export const ALARMS = rollbackAlarmNames(STAGE, MODEL);

export const DEFINITION = `
problem: binary
data:
  label: { name: late, sql: delay > 5 }
  time: at
  key: [at, line]
  features: [load]
`;

/** What of a waking differs from the usual one. */
export type About = Partial<Omit<Woken<never>, 'data'>>;

export const woken = <T>(data: T, some: About = {}): Woken<T> => ({
  data,
  now: NOW,
  occurredAt: NOW,
  eventId: 'event-1',
  ...some,
});

export interface Told {
  readonly type: string;
  /** With the type it makes the event's id: the same again is the same event. */
  readonly about: string;
  readonly data: unknown;
}

/** 20 hex digits. */
export const datasetId = (n: number) => n.toString(16).padStart(20, '0');

export const loopWorld = () => {
  const store = memoryObjectStore();
  const buckets = new Map<string, ReturnType<typeof memoryObjectStore>>();
  /** Buckets of others, by name. */
  const bucket = (name: string) => {
    const found = buckets.get(name) ?? memoryObjectStore();
    buckets.set(name, found);
    return found;
  };
  const ledger = freshLedger(store);
  const sageMaker = memorySageMaker();
  const cloudWatch = memoryCloudWatch(sageMaker.effects);
  const told: Told[] = [];
  const tell: Tell = async (contract, about, data) => {
    told.push({ type: contract.detailType, about, data: contract.data.parse(data) });
  };
  const about = { model: MODEL, run: RUN };

  const world = {
    store,
    bucket,
    ledger,
    sageMaker,
    cloudWatch,
    told,
    tell,
    types: () => told.map(({ type }) => type),
    /** What a step is given, each effect of it through the fuse. */
    deps: (through: Fuse = fuse(0, 'before')) => ({
      ledger: ledgerOn(fragileStore(store, through)),
      sageMaker: fragileSageMaker(sageMaker, through),
      alarms: fragileAlarms(cloudWatch.alarms, through),
      dashboards: cloudWatch.dashboards,
      readMetric: cloudWatch.readMetric,
      publish: cloudWatch.publish,
      tell: ((...given) => through.guard(() => tell(...given))) satisfies Tell,
    }),
    /** Everything that lasts. What was told twice counts once: whoever hears it twice does nothing twice. */
    async state() {
      const facts: Record<string, string> = {};
      for (const key of store.keys()) facts[key] = new TextDecoder().decode((await store.get(key))?.body);
      const events = [...new Set(told.map((event) => JSON.stringify(event)))].sort();
      const alarms = Object.fromEntries(cloudWatch.standing);
      return { facts, sageMaker: structuredClone(sageMaker.contents()), alarms, events };
    },

    async publish(yaml = DEFINITION): Promise<PublishedDefinition> {
      const published = publish(MODEL, readDefinition(yaml, `models/${MODEL}.yml`).definition);
      await ledger.record(publishedDefinitionSchema, keys.definition(MODEL, published.digest), published);
      await ledger.point(definitionPointerSchema, keys.definitionPointer(MODEL), () => ({
        model: MODEL,
        digest: published.digest,
        publishedAt: NOW.toISOString(),
      }));
      return published;
    },

    /** A dataset as validate-data leaves it: rows per day, by the day. `uncut`: with all days in its profile, as it once did. */
    async dataset(
      n: number,
      { rulesDigest }: PublishedDefinition,
      days: readonly (readonly [string, number])[],
      some: { receivedAt?: string; key?: string; accepted?: boolean; uncut?: boolean } = {},
    ): Promise<string> {
      const dataset = datasetId(n);
      const receivedAt = some.receivedAt ?? new Date(NOW.getTime() + n * 1000).toISOString();
      const rows = days.reduce((sum, [, count]) => sum + count, 0);
      const key = some.key ?? `incoming/${MODEL}/${n}.csv`;
      await ledger.record(datasetSchema, keys.dataset(MODEL, dataset), {
        model: MODEL,
        dataset,
        sources: [{ bucket: 'data', key, versionId: `v${n}`, sizeBytes: 10, sha256: 'x' }],
        format: 'csv',
        sizeBytes: 10,
        receivedAt,
      });
      const whole: Profile = {
        rows,
        columns: [
          {
            name: 'at',
            type: 'timestamp',
            nulls: 0,
            distinct: null,
            min: null,
            max: null,
            mean: null,
            stdev: null,
            top: [],
            days: days.map(([day, count]): [string, number] => [day, count]),
          },
        ],
      };
      const kept = some.uncut === true ? whole : compactProfile(whole);
      await recordDays(ledger, { model: MODEL, dataset }, whole, kept);
      await ledger.record(datasetProfileSchema, keys.profile(MODEL, dataset), {
        model: MODEL,
        dataset,
        ...kept,
        data: [],
      });
      await ledger.record(verdictSchema, keys.verdict(MODEL, dataset, rulesDigest), {
        model: MODEL,
        dataset,
        rulesDigest,
        definitionDigest: 'd',
        accepted: some.accepted ?? true,
        problems: [],
        rows,
        reportKey: null,
        judgedAt: receivedAt,
      });
      return dataset;
    },

    /** The champion before the run, in service on its endpoint. */
    async champion(some: Partial<Champion> = {}): Promise<Champion> {
      const champion: Champion = {
        model: MODEL,
        n: 1,
        run: CHAMPION_RUN,
        definitionDigest: 'd',
        inputDigest: INPUT_DIGEST,
        modelName: 'champion-model',
        modelPackageArn: 'arn:champion',
        endpointName: 'champion-endpoint',
        endpointConfigName: 'champion-config',
        trainedBefore: '2001-01-10T00:00:00.000Z',
        since: '2001-01-15T00:00:00.000Z',
        ...some,
      };
      await ledger.record(championSchema, keys.championHistory(MODEL, champion.n), champion);
      await ledger.point(championSchema, keys.champion(MODEL), () => champion);
      return champion;
    },

    /** A run in flight, as plan-run leaves it. */
    async planned(
      { digest, rulesDigest }: PublishedDefinition,
      champion: Champion | null = null,
      anchor = false,
    ): Promise<RunPlan> {
      const plan: RunPlan = {
        ...about,
        stage: STAGE,
        plannedAt: NOW.toISOString(),
        trigger: { kind: 'new_data', eventId: 'event-1', overrode: [] },
        definitionDigest: digest,
        rulesDigest,
        datasets: [datasetId(1)],
        fresh: [datasetId(1)],
        cut: null,
        champion: champion && {
          run: champion.run,
          modelName: champion.modelName,
          inputDigest: champion.inputDigest,
        },
        anchor: anchor ? { run: ANCHOR_RUN, modelName: 'anchor-model' } : null,
      };
      await ledger.record(runPlanSchema, keys.plan(MODEL, RUN), plan);
      await ledger.point(slotSchema, keys.slot(MODEL), () => ({
        model: MODEL,
        flight: plan,
        history: [{ run: RUN, startedAt: plan.plannedAt, endedAt: null, end: null }],
      }));
      return plan;
    },

    async prepared({
      gateChampion = false,
      gateAnchor = false,
      validationRows = 2,
      folds = 0,
    } = {}): Promise<Prepared> {
      const parts = (split: Split, rows: number) => ({
        rows,
        parts: [
          {
            dataKey: `${keys.splitData(MODEL, RUN, split)}part-00000.csv`,
            rowsKey: `${keys.splitRows(MODEL, RUN, split)}part-00000.parquet`,
            rows,
          },
        ],
      });
      return ledger.record(preparedSchema, keys.prepared(MODEL, RUN), {
        ...about,
        inputDigest: INPUT_DIGEST,
        features: ['load'],
        splits: { train: parts('train', 10), validation: parts('validation', validationRows), gate: parts('gate', 3) },
        gateChampion: gateChampion ? parts('gate-champion', 3) : null,
        notComparable: null,
        ...(gateAnchor && { gateAnchor: { outcome: 'prepared' as const, split: parts('gate-anchor', 3) } }),
        ...(folds > 0 && {
          folds: Array.from({ length: folds }, (_, index) => ({
            train: parts(splitOfFold('train', index + 1), 7),
            validation: parts(splitOfFold('validation', index + 1), validationRows),
            gate: parts(splitOfFold('gate', index + 1), 1),
            gateChampion: gateChampion ? parts(splitOfFold('gate-champion', index + 1), 1) : null,
            gateAnchor: gateAnchor ? parts(splitOfFold('gate-anchor', index + 1), 1) : null,
          })),
        }),
        dropped: {},
        trainedBefore: '2001-01-20T00:00:00.000Z',
        preparedAt: NOW.toISOString(),
      });
    },

    /** The run's candidate, trained, and its version in the registry. */
    async registered(status = 'Approved'): Promise<string> {
      const candidate = `mr-${STAGE}-${MODEL}-${RUN}-cand`;
      await ledger.record(trainedSchema, keys.trained(MODEL, RUN), {
        ...about,
        jobName: `mr-${STAGE}-${MODEL}-${RUN}-try1`,
        artifact: 's3://store/model.tar.gz',
        modelName: candidate,
        metrics: {},
        trainingSeconds: 9,
        transforms: [{ role: 'cand', jobName: candidate, modelName: candidate }],
        trainedAt: NOW.toISOString(),
      });
      const arn = await sageMaker.createPackage({
        ModelPackageGroupName: packageGroup(STAGE, MODEL),
        ModelPackageDescription: packageDescription(MODEL, RUN),
        ModelApprovalStatus: status,
      });
      await ledger.record(registeredSchema, keys.registered(MODEL, RUN), {
        ...about,
        modelPackageArn: arn,
        registeredAt: NOW.toISOString(),
      });
      sageMaker.effects.length = 0;
      return arn;
    },

    /** Golden rows, and the gate part they lie in. */
    async golden(scores: readonly number[] = [0.25, 0.5, 0.75]) {
      await store.put(
        `${keys.splitData(MODEL, RUN, 'gate')}part-00000.csv`,
        scores.map((_, row) => `${row},${row * 10}\n`).join(''),
      );
      await ledger.record(goldenSchema, keys.golden(MODEL, RUN), {
        ...about,
        championRun: null,
        rows: scores.map((candidate, ordinal) => ({ part: 0, ordinal, candidate, champion: null })),
      });
    },

    /** An endpoint that has been in service for long. */
    async endpoint(name: string, config: string) {
      await sageMaker.create('endpoint', { EndpointName: name, EndpointConfigName: config });
      sageMaker.settle(name, 'served');
      sageMaker.effects.length = 0;
    },
  };
  return world;
};

/** A first endpoint, asked for. */
export const ROLLOUT: Deployment = {
  model: MODEL,
  n: 4,
  run: RUN,
  kind: 'create',
  endpointName: 'the-endpoint',
  endpointConfigName: 'c',
  modelName: 'm',
  modelPackageArn: 'arn',
  inputDigest: 'i',
  definitionDigest: 'd',
  replaces: null,
  trigger: 't',
  decidedAt: NOW.toISOString(),
};
