/**
 * A window of captured requests, a file with a label for each of them that lands ninety days later, and both steps of
 * `measure-quality` on them. As a program, tells its parent what it took.
 */
import { createReadStream, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { measureWindow } from '../functions/measure-quality/measure-window.ts';
import { takeLabels } from '../functions/measure-quality/take-labels.ts';
import { inferenceIdOf } from '../functions/predict/predict.ts';
import type { RunInput } from '../shared/data/run-input.ts';
import { runInputSchema } from '../shared/data/run-input.ts';
import { publish } from '../shared/definition/publish.ts';
import { publishedDefinitionSchema } from '../shared/definition/published.ts';
import { readDefinition } from '../shared/definition/read.ts';
import { evaluationSchema } from '../shared/evaluation/evaluation.ts';
import { randomStream } from '../shared/evaluation/random.ts';
import { type Champion, championSchema, definitionPointerSchema } from '../shared/ledger/facts.ts';
import { keys } from '../shared/ledger/keys.ts';
import { ledgerOn } from '../shared/ledger/ledger.ts';
import { memoryObjectStore } from '../shared/ledger/memory-object-store.ts';
import type { ObjectStore } from '../shared/ledger/object-store.ts';
import type { QualityFact } from '../shared/monitoring/quality-fact.ts';
import { qualityFactSchema } from '../shared/monitoring/quality-fact.ts';
import { type Window, windowText } from '../shared/monitoring/windows.ts';

const DAY_MS = 86_400_000;
const WINDOW: Window = { startMs: Date.parse('2001-01-25'), endMs: Date.parse('2001-01-26') };
/** When the labels land. */
const LANDED = new Date(WINDOW.endMs + 90 * DAY_MS);
const MODEL = 'bench';
const RUN = '20010101-0123456789';
const LABELS = `ground-truth/${MODEL}/labels.jsonl`;
const FEATURES = Array.from({ length: 20 }, (_, at) => `f${at}`);
const PER_FILE = 10_000;

const DEFINITION = `
problem: binary
data:
  label: late
  features: [${FEATURES.join(', ')}]
evaluation: { cluster: none }
`;

/** What the measuring process tells. */
export interface LabelsTook {
  readonly takeSeconds: number;
  readonly measureSeconds: number;
  /** Of both together. */
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  readonly fact: Pick<QualityFact, 'outcome' | 'labelled' | 'predictions' | 'value' | 'interval'>;
}

/** Writes so many requests of one row and a label for each, in files as SageMaker has them. */
export function writeLabelledWindow(folder: string, records: number): void {
  const random = randomStream(25);
  const write = (key: string, lines: readonly string[]): void => {
    const path = join(folder, key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, lines.join(''), { flag: 'a' });
  };
  const timeOf = (at: number): Date => new Date(WINDOW.startMs + Math.floor((DAY_MS * at) / records));
  const hourOf = (at: number): string => timeOf(at).toISOString().slice(0, 13).replaceAll('-', '/').replace('T', '/');
  for (let from = 0; from < records; ) {
    const captured: string[] = [];
    const labels: string[] = [];
    const hour = hourOf(from);
    let at = from;
    for (; at < Math.min(from + PER_FILE, records) && hourOf(at) === hour; at += 1) {
      const time = timeOf(at);
      const id = inferenceIdOf(time, String(at));
      const score = random.uniform();
      const row = FEATURES.map(() => random.below(1000)).join(',');
      const second = `${time.toISOString().slice(0, 19)}Z`;
      captured.push(
        `{"captureData":{"endpointInput":{"observedContentType":"text/csv","mode":"INPUT","data":"${row}","encoding":"CSV"},"endpointOutput":{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT","data":"${score.toFixed(6)}\\n","encoding":"CSV"}},"eventMetadata":{"eventId":"e-${at}","inferenceId":"${id}","inferenceTime":"${second}"},"eventVersion":"0"}\n`,
      );
      const label = random.uniform() < score ? 1 : 0;
      labels.push(
        `{"groundTruthData":{"data":"${label}","encoding":"CSV"},"eventMetadata":{"eventId":"${id}"},"eventVersion":"0"}\n`,
      );
    }
    const captures = `${keys.capture(MODEL, RUN)}/mr-dev-bench-abcdef/main`;
    write(`${captures}/${hour}/00-00-000-${String(from).padStart(9, '0')}.jsonl`, captured);
    write(LABELS, labels);
    from = at;
  }
}

/** Everything Millrace writes in memory; capture and labels from disk. */
function storeOn(folder: string): ObjectStore {
  const memory = memoryObjectStore();
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
  return {
    ...memory,
    async *list(prefix) {
      if (!prefix.startsWith('capture/')) yield* memory.list(prefix);
      for (const key of files) {
        if (key.startsWith(prefix)) yield { key, sizeBytes: statSync(join(folder, key)).size };
      }
    },
    async open(key) {
      const path = join(folder, key);
      return { body: createReadStream(path, { highWaterMark: 1024 * 1024 }), sizeBytes: statSync(path).size };
    },
  };
}

const INPUT: RunInput = {
  model: MODEL,
  run: RUN,
  definitionDigest: '',
  inputDigest: 'i',
  problem: 'binary',
  label: { name: 'late', type: 'boolean', expression: { op: 'column', name: 'late' } },
  features: FEATURES.map((name) => ({ name, kind: 'number', type: 'number', expression: { op: 'column', name } })),
  inputColumns: FEATURES,
  columnTypes: { ...Object.fromEntries(FEATURES.map((name) => [name, 'number' as const])), late: 'boolean' },
  dictionary: { features: {} },
};

async function measureLabels(folder: string): Promise<LabelsTook> {
  const store = storeOn(folder);
  const ledger = ledgerOn(store);
  const definition = publish(MODEL, readDefinition(DEFINITION, `${MODEL}.yml`).definition);
  const champion: Champion = {
    model: MODEL,
    n: 1,
    run: RUN,
    definitionDigest: definition.digest,
    inputDigest: 'i',
    modelName: 'm',
    modelPackageArn: 'arn',
    endpointName: 'mr-dev-bench-abcdef',
    endpointConfigName: 'c',
    trainedBefore: null,
    since: '2001-01-02T00:00:00.000Z',
  };
  await ledger.record(publishedDefinitionSchema, keys.definition(MODEL, definition.digest), definition);
  await ledger.point(definitionPointerSchema, keys.definitionPointer(MODEL), () => ({
    model: MODEL,
    digest: definition.digest,
    publishedAt: champion.since,
  }));
  await ledger.point(championSchema, keys.champion(MODEL), () => champion);
  await ledger.record(runInputSchema, keys.runInput(MODEL, RUN), INPUT);
  await ledger.record(evaluationSchema, keys.evaluation(MODEL, RUN), {
    model: MODEL,
    run: RUN,
    problem: 'binary',
    rows: 20_000,
    operatingPoint: 0.5,
    confidence: 0.95,
    cluster: null,
    candidate: {
      outcome: 'scored',
      run: RUN,
      figures: { roc_auc: 0.833, ece: 0.01 },
      intervals: { roc_auc: [0.827, 0.839] },
      confusion: null,
      classes: null,
      roc: null,
      calibration: null,
      operatingPoints: null,
    },
    champion: null,
    anchor: null,
    againstChampion: null,
    againstAnchor: null,
    championContradicts: null,
    slices: [],
    fairness: [],
    trivial: {},
    evaluatedAt: champion.since,
  });
  const nothing = async (): Promise<void> => undefined;
  const woken = { now: LANDED, occurredAt: LANDED, eventId: 'bench' };
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  await takeLabels({
    ledger,
    store,
    bucket: () => store,
    data: store,
    ask: nothing,
    tell: nothing,
    maxLabelBytes: Number.MAX_SAFE_INTEGER,
  })({
    ...woken,
    data: { bucket: 'data', key: LABELS, sizeBytes: statSync(join(folder, LABELS)).size },
  });
  const taken = performance.now();
  await measureWindow({ ledger, store, bucket: () => store, tell: nothing, publish: nothing, stage: 'dev' })({
    ...woken,
    data: { model: MODEL, window: windowText(WINDOW) },
  });
  const done = performance.now();
  const { user, system } = process.cpuUsage(cpuBefore);
  const [key = ''] = (await ledger.keys(keys.monitoring(MODEL))).filter((each) => each.includes('/quality-'));
  const { outcome, labelled, predictions, value, interval } = await ledger.read(qualityFactSchema, key);
  return {
    takeSeconds: (taken - started) / 1000,
    measureSeconds: (done - taken) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    fact: { outcome, labelled, predictions, value, interval },
  };
}

const [folder] = process.argv.slice(2);
if (process.send !== undefined && folder !== undefined) process.send(await measureLabels(folder));
