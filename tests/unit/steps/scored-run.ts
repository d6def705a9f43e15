import type { GateRowsWanted, TimedGateRows } from '../../../functions/evaluate-model/read-gate-rows.ts';
import type { Tell } from '../../../shared/aws/event-publisher.ts';
import { publish } from '../../../shared/definition/publish.ts';
import { publishedDefinitionSchema } from '../../../shared/definition/published.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import { preparedSchema, runPlanSchema, slotSchema, trainedSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { memoryObjectStore } from '../../../shared/ledger/memory-object-store.ts';
import type { SageMakerApi, SageMakerRequest } from '../../../shared/sagemaker/resources.ts';
import { freshLedger } from './fresh-ledger.ts';

export const MODEL = 'flight-delay';
export const RUN = '20010125-0000000001';
export const CHAMPION_RUN = '20010120-0000000000';
export const ANCHOR_RUN = '20010110-0000000000';
export const NOW = new Date('2001-01-25T12:00:00.000Z');
export const [CANDIDATE_JOB, CHAMPION_JOB, ANCHOR_JOB] = [
  `mr-dev-${MODEL}-${RUN}-cand`,
  `mr-dev-${MODEL}-${RUN}-champ`,
  `mr-dev-${MODEL}-${RUN}-anch`,
];

export const woken = <T>(data: T, some: { now?: Date; eventId?: string } = {}) => ({
  data,
  now: NOW,
  occurredAt: NOW,
  eventId: 'event',
  ...some,
});

/** Gate rows of some labels, each row for itself, as the reader of the step makes them. */
export const gateRowsOf = ({ parts, classes }: GateRowsWanted, label: (row: number) => number): TimedGateRows => ({
  parts: parts.map(({ rows }) => rows),
  labels: Float64Array.from({ length: parts.reduce((sum, { rows }) => sum + rows, 0) }, (_, row) => label(row)),
  classes,
  weights: null,
  times: null,
  cluster: null,
  slices: [],
  protected: [],
});

/** What was told, in order. */
export interface Told {
  readonly type: string;
  readonly about: string;
  readonly data: unknown;
}

/**
 * A store with a run whose candidate (and champion, unless left out) is trained and scored, four gate rows in two
 * parts (each so many times over), and what the steps touch besides: a SageMaker that keeps its registry in memory, and a list of what is told.
 */
export const scoredRun = async ({
  champion = true,
  comparable = true,
  anchor = 'none',
  problem = 'binary',
  scores = { cand: ['0.1\n0.8\n', '0.3\n0.6\n'], champ: ['0.1\n0.8\n', '0.7\n0.6\n'] },
  definition = '',
  copies = 1,
}: {
  champion?: boolean;
  comparable?: boolean;
  /** Whether the run has an anchor, and whether its rows were prepared and scored. */
  anchor?: 'none' | 'scored' | 'not_comparable' | 'gone' | 'unprepared';
  problem?: 'binary' | 'multiclass';
  scores?: { cand: readonly string[]; champ: readonly string[]; anch?: readonly string[] };
  definition?: string;
  copies?: number;
} = {}) => {
  const store = memoryObjectStore();
  const ledger = freshLedger(store);
  const published = publish(
    MODEL,
    readDefinition(
      `problem: ${problem}\ndata:\n  label: { name: late, sql: delay > 15 }\n${definition}`,
      `${MODEL}.yml`,
    ).definition,
  );
  const digest = 'a'.repeat(64);
  const about = { model: MODEL, run: RUN };
  const parts = (split: 'gate' | 'gate-champion' | 'gate-anchor') =>
    [0, 1].map((part) => ({
      dataKey: `${keys.splitData(MODEL, RUN, split)}part-0000${part}.csv`,
      rowsKey: `${keys.splitRows(MODEL, RUN, 'gate')}part-0000${part}.parquet`,
      rows: 2 * copies,
    }));
  const plan = {
    ...about,
    stage: 'dev',
    plannedAt: '2001-01-25T11:00:00.000Z',
    trigger: { kind: 'new_data' as const, eventId: 'e', overrode: [] },
    definitionDigest: published.digest,
    rulesDigest: published.rulesDigest,
    datasets: ['0123456789abcdef0123'],
    fresh: ['0123456789abcdef0123'],
    cut: null,
    champion: champion ? { run: CHAMPION_RUN, modelName: 'champion-model', inputDigest: digest } : null,
    anchor: anchor === 'none' ? null : { run: ANCHOR_RUN, modelName: 'anchor-model' },
  };
  await ledger.record(publishedDefinitionSchema, keys.definition(MODEL, published.digest), published);
  await ledger.record(runPlanSchema, keys.plan(MODEL, RUN), plan);
  await ledger.record(preparedSchema, keys.prepared(MODEL, RUN), {
    ...about,
    inputDigest: digest,
    features: ['hour'],
    splits: {
      train: { rows: 10, parts: [] },
      validation: { rows: 2, parts: [] },
      gate: { rows: 4 * copies, parts: parts('gate') },
    },
    gateChampion: champion && comparable ? { rows: 4 * copies, parts: parts('gate-champion') } : null,
    notComparable: comparable ? null : 'the label was delay > 30',
    ...(anchor === 'not_comparable' && {
      gateAnchor: { outcome: anchor, message: 'its label was delay > 40' } as const,
    }),
    ...((anchor === 'scored' || anchor === 'gone') && {
      gateAnchor: { outcome: 'prepared' as const, split: { rows: 4 * copies, parts: parts('gate-anchor') } },
    }),
    gateDigest: 'd'.repeat(64),
    taught: [
      { name: '0', rows: 60 },
      { name: '1', rows: 40 },
    ],
    strongestFeatures: [{ feature: 'hour', strength: 0.75 }],
    dropped: {},
    trainedBefore: null,
    preparedAt: '2001-01-25T11:10:00.000Z',
  });
  await ledger.record(trainedSchema, keys.trained(MODEL, RUN), {
    ...about,
    jobName: `mr-dev-${MODEL}-${RUN}-try1`,
    artifact: 's3://store/model.tar.gz',
    modelName: CANDIDATE_JOB,
    metrics: {},
    trainingSeconds: 9,
    transforms: [
      { role: 'cand', jobName: CANDIDATE_JOB, modelName: CANDIDATE_JOB },
      ...(champion && comparable
        ? [{ role: 'champ' as const, jobName: CHAMPION_JOB, modelName: 'champion-model' }]
        : []),
      ...(anchor === 'scored' ? [{ role: 'anch' as const, jobName: ANCHOR_JOB, modelName: 'anchor-model' }] : []),
    ],
    trainedAt: '2001-01-25T11:30:00.000Z',
  });
  await ledger.point(slotSchema, keys.slot(MODEL), () => ({
    model: MODEL,
    flight: plan,
    history: [{ run: RUN, startedAt: plan.plannedAt, endedAt: null, end: null }],
  }));
  for (const role of ['cand', 'champ', 'anch'] as const) {
    for (const [part, text] of (scores[role] ?? scores.champ).entries()) {
      await store.put(`${keys.scores(MODEL, RUN, role)}data/part-0000${part}.csv.out`, text.repeat(copies));
    }
  }

  const told: Told[] = [];
  const tell: Tell = async ({ detailType, data }, subject, value) => {
    told.push({ type: detailType, about: subject, data: data.parse(value) });
  };

  const jobs = new Map<string, SageMakerRequest>([
    [CANDIDATE_JOB, { TransformJobStatus: 'Completed' }],
    [CHAMPION_JOB, { TransformJobStatus: 'Completed' }],
    [ANCHOR_JOB, { TransformJobStatus: 'Completed' }],
  ]);
  const groups = new Map<string, SageMakerRequest>();
  const versions: Record<string, unknown>[] = [];
  const refuse = (what: string) => async (): Promise<never> => {
    throw new Error(`nobody asked for ${what} here`);
  };
  const sageMaker: SageMakerApi = {
    create: async (kind, request) => {
      const name = String(request.ModelPackageGroupName);
      if (kind !== 'modelPackageGroup' || groups.has(name)) throw new Error(`${kind} ${name} cannot be created`);
      groups.set(name, request);
    },
    describe: async (kind, name) => (kind === 'transformJob' ? jobs.get(name) : groups.get(name)),
    stop: async (kind, name) => {
      if (kind !== 'transformJob' || jobs.get(name)?.TransformJobStatus !== 'InProgress')
        throw new Error(`${kind} ${name} cannot be stopped`);
      jobs.set(name, { TransformJobStatus: 'Stopping' });
    },
    createPackage: async (request) => {
      const arn = `arn:aws:sagemaker:eu-west-1:000000000000:model-package/group/${versions.length + 1}`;
      versions.push({ ...request, ModelPackageArn: arn });
      return arn;
    },
    describePackage: async (arn) => versions.find((version) => version.ModelPackageArn === arn),
    updatePackage: async ({ ModelPackageArn, ...changed }) => {
      const version = versions.find((known) => known.ModelPackageArn === ModelPackageArn);
      if (version === undefined) throw new Error(`no version ${String(ModelPackageArn)}`);
      Object.assign(version, changed);
    },
    async *listPackages() {
      for (const version of [...versions].reverse()) {
        yield {
          arn: String(version.ModelPackageArn),
          description: String(version.ModelPackageDescription),
        };
      }
    },
    updateEndpoint: refuse('updateEndpoint'),
    deleteEndpoint: refuse('deleteEndpoint'),
    remove: refuse('remove'),
    invoke: refuse('invoke'),
  };

  return {
    store,
    ledger,
    published,
    tell,
    told,
    sageMaker,
    jobs,
    versions,
    /** All of the store, to see that nothing changed. */
    contents: async () => {
      const all: Record<string, string> = {};
      for (const key of store.keys()) all[key] = new TextDecoder().decode((await store.get(key))?.body);
      return all;
    },
  };
};
