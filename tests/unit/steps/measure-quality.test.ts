import { describe, expect, it } from 'vitest';

import type { LabelsLandedV1 } from '../../../events/index.ts';
import { measureWindow } from '../../../functions/measure-quality/measure-window.ts';
import { takeLabels } from '../../../functions/measure-quality/take-labels.ts';
import { inferenceIdOf } from '../../../functions/predict/predict.ts';
import type { Tell } from '../../../shared/aws/event-publisher.ts';
import type { MetricValue } from '../../../shared/aws/metrics-publisher.ts';
import { type RunInput, runInputSchema } from '../../../shared/data/run-input.ts';
import { publish } from '../../../shared/definition/publish.ts';
import { publishedDefinitionSchema } from '../../../shared/definition/published.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import { evaluationSchema } from '../../../shared/evaluation/evaluation.ts';
import { type Champion, championSchema, definitionPointerSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { memoryObjectStore } from '../../../shared/ledger/memory-object-store.ts';
import { labelFileSchema } from '../../../shared/monitoring/label-store.ts';
import { type QualityFact, qualityFactSchema } from '../../../shared/monitoring/quality-fact.ts';
import { type Window, windowAt, windowName, windowText } from '../../../shared/monitoring/windows.ts';
import type { Woken } from '../../../shared/runtime/woken.ts';
import { evaluation, scored } from '../evaluation/decision-evidence.ts';
import { freshLedger } from './fresh-ledger.ts';

const MODEL = 'late-bus';
const RUN = '20010101-0123456789';
const DAY_MS = 86_400_000;
const DAY: Window = windowAt(Date.parse('2001-01-25'), DAY_MS);
/** Half a day after the window has closed, and when its labels are due. */
const NEXT_NOON = new Date('2001-01-26T12:00:00Z');
const DUE = new Date('2001-01-27T00:00:00Z');

const DEFINITION = `
problem: binary
data:
  label: late
  features: [load]
evaluation: { cluster: none, champion: { margin: 0.02 } }
`;

const INPUT: RunInput = {
  model: MODEL,
  run: RUN,
  definitionDigest: 'd',
  inputDigest: 'i',
  problem: 'binary',
  label: { name: 'late', type: 'boolean', expression: { op: 'column', name: 'late' } },
  features: [{ name: 'load', kind: 'number', type: 'number', expression: { op: 'column', name: 'load' } }],
  inputColumns: ['load'],
  columnTypes: { load: 'number', late: 'boolean' },
  dictionary: { features: {} },
};

const CHAMPION: Omit<Champion, 'definitionDigest'> = {
  model: MODEL,
  n: 1,
  run: RUN,
  inputDigest: 'i',
  modelName: 'm',
  modelPackageArn: 'arn',
  endpointName: 'mr-dev-late-bus-abcdef',
  endpointConfigName: 'c',
  trainedBefore: null,
  since: '2001-01-02T00:00:00.000Z',
};

const EVALUATION = evaluation({
  model: MODEL,
  run: RUN,
  rows: 4000,
  cluster: null,
  candidate: { ...scored(RUN, { roc_auc: 1, ece: 0.01 }), intervals: { roc_auc: [0.999, 1] } },
  trivial: {},
});

interface Told {
  readonly type: string;
  readonly data: unknown;
}

const world = async (yaml = DEFINITION) => {
  const store = memoryObjectStore();
  const data = memoryObjectStore();
  const ledger = freshLedger(store);
  const told: Told[] = [];
  const asked: Told[] = [];
  const published: MetricValue[] = [];
  const into =
    (list: Told[]): Tell =>
    async (contract, _, given) =>
      void list.push({ type: contract.detailType, data: contract.data.parse(given) });
  const definition = publish(MODEL, readDefinition(yaml, `models/${MODEL}.yml`).definition);
  await ledger.record(publishedDefinitionSchema, keys.definition(MODEL, definition.digest), definition);
  await ledger.point(definitionPointerSchema, keys.definitionPointer(MODEL), () => ({
    model: MODEL,
    digest: definition.digest,
    publishedAt: CHAMPION.since,
  }));
  const serve = async (champion: Partial<Champion> = {}) => {
    const whole: Champion = { ...CHAMPION, definitionDigest: definition.digest, ...champion };
    await ledger.point(championSchema, keys.champion(MODEL), () => whole);
    await ledger.record(championSchema, keys.championHistory(MODEL, whole.n), whole);
    await ledger.record(runInputSchema, keys.runInput(MODEL, whole.run), { ...INPUT, run: whole.run });
    await ledger.record(evaluationSchema, keys.evaluation(MODEL, whole.run), { ...EVALUATION, run: whole.run });
  };
  const deps = {
    ledger,
    store,
    bucket: () => store,
    data,
    tell: into(told),
    ask: into(asked),
    publish: async (metrics: readonly MetricValue[]) => void published.push(...metrics),
    stage: 'dev',
    maxLabelBytes: 10_000,
  };
  const take = takeLabels(deps);
  const measure = measureWindow(deps);
  const woken = <T>(of: T, now: Date): Woken<T> => ({ data: of, now, occurredAt: now, eventId: 'e' });
  return {
    ledger,
    store,
    told,
    asked,
    published,
    serve,
    land: async (key: string, lines: readonly string[], now = NEXT_NOON) => {
      const body = `${lines.join('\n')}\n`;
      await data.put(`ground-truth/${key}`, body);
      let versionId: string | undefined;
      for await (const version of data.currentVersions(`ground-truth/${key}`)) versionId = version.versionId;
      const created = { bucket: 'data', key: `ground-truth/${key}`, sizeBytes: body.length, versionId };
      return { again: () => take(woken(created, now)), outcome: await take(woken(created, now)) };
    },
    measure: (now: Date, window: Window = DAY) => measure(woken({ model: MODEL, window: windowText(window) }, now)),
    facts: async (window: Window = DAY): Promise<QualityFact[]> => {
      const found = await ledger.keys(`${keys.monitoring(MODEL)}${windowName(window)}/quality-`);
      return Promise.all(found.map((key) => ledger.read(qualityFactSchema, key)));
    },
    files: async () => {
      const found = [...(await ledger.keys('labels/-/files/')), ...(await ledger.keys(keys.labelFiles(MODEL)))];
      return Promise.all(found.map((key) => ledger.read(labelFileSchema, key)));
    },
  };
};

const idOf = (n: number, startMs = DAY.startMs): string =>
  inferenceIdOf(new Date(startMs + n * 60_000), `${startMs} ${n}`);
/** Scores rise with `n`; whoever is above the middle is late. */
const scoreOf = (n: number, count: number): number => (n + 0.5) / count;
const isLate = (n: number, count: number): boolean => scoreOf(n, count) > 0.5;

/** Captures `count` requests of one row from the window's beginning on, one a minute. */
const capture = async (
  { store }: Awaited<ReturnType<typeof world>>,
  count: number,
  { run = RUN, startMs = DAY.startMs, bad = 0 } = {},
) => {
  const byHour = new Map<string, string[]>();
  for (let n = 0; n < count; n += 1) {
    const at = new Date(startMs + n * 60_000).toISOString();
    const hour = at.slice(0, 13).replaceAll('-', '/').replace('T', '/');
    const lines = byHour.get(hour) ?? [];
    byHour.set(hour, lines);
    const side = (mode: string, data: string) => ({ observedContentType: 'text/csv', mode, data, encoding: 'CSV' });
    lines.push(
      JSON.stringify({
        captureData: {
          endpointInput: side('INPUT', String(n)),
          endpointOutput: side('OUTPUT', `${scoreOf(n, count)}\n`),
        },
        eventMetadata: { eventId: `e-${n}`, inferenceId: idOf(n, startMs), inferenceTime: `${at.slice(0, 19)}Z` },
        eventVersion: '0',
      }),
    );
    for (let more = 0; more < bad; more += 1) lines.push('not a record');
  }
  for (const [hour, lines] of byHour) {
    const key = `${keys.capture(MODEL, run)}/${CHAMPION.endpointName}/main/${hour}/00-00-000-a.jsonl`;
    await store.put(key, `${lines.join('\n')}\n`);
  }
};

const labelsOf = (from: number, to: number, count: number, late = isLate) => [
  'inference_id,label',
  ...Array.from({ length: to - from }, (_, at) => `${idOf(from + at)},${late(from + at, count)}`),
];

const contentsOf = async ({ store }: Awaited<ReturnType<typeof world>>) =>
  Object.fromEntries(await Promise.all(store.keys().map(async (key) => [key, (await store.get(key))?.etag] as const)));

describe('taking in a file of labels', () => {
  it('puts labels down by the hour of their predictions, and asks for each window they are of', async () => {
    const run = await world();
    await run.serve();

    const { outcome } = await run.land(`${MODEL}/2001/01/26/12/labels.csv`, labelsOf(0, 120, 200));

    expect(outcome).toEqual({ outcome: 'taken', labels: 120 });
    expect((await run.files())[0]?.hours).toEqual([
      ['2001/01/25/00', 60],
      ['2001/01/25/01', 60],
    ]);
    const data: ReturnType<typeof LabelsLandedV1.data.parse> = { model: MODEL, window: windowText(DAY) };
    expect(run.asked).toEqual([{ type: 'LabelsLanded.v1', data }]);
  });

  it('reads a version once: its event again changes nothing, and asks again', async () => {
    const run = await world();
    await run.serve();
    const { again } = await run.land(`${MODEL}/labels.csv`, labelsOf(0, 10, 20));
    const before = await contentsOf(run);

    await again();

    expect(await contentsOf(run)).toEqual(before);
    expect(run.asked).toHaveLength(2);
  });

  it('asks for no window that is still open', async () => {
    const run = await world();
    await run.serve();

    await run.land(`${MODEL}/labels.csv`, labelsOf(0, 10, 20), new Date('2001-01-26T00:30:00Z'));

    expect(run.asked).toEqual([]);
  });

  it.each([
    ['a key without a model', 'labels.csv', DEFINITION, true],
    ['a model nobody published', 'other/labels.csv', DEFINITION, true],
    ['a hidden name', `${MODEL}/_temporary/labels.csv`, DEFINITION, true],
    [
      'a model whose quality is not asked for',
      `${MODEL}/labels.csv`,
      `${DEFINITION}monitoring: { quality: null }`,
      true,
    ],
    ['a model that was never in service', `${MODEL}/labels.csv`, DEFINITION, false],
  ])('ignores %s, and says why', async (_, key, yaml, inService) => {
    const run = await world(yaml);
    if (inService) await run.serve();

    const { outcome } = await run.land(key, labelsOf(0, 10, 20));
    const [file] = await run.files();

    expect(outcome.outcome).toBe('ignored');
    expect(file?.reason).toMatch(/./);
    expect(run.asked).toEqual([]);
  });

  it('tells a person of a file that is mostly bad, and of one that is too large', async () => {
    const run = await world();
    await run.serve();

    const bad = await run.land(`${MODEL}/bad.csv`, ['inference_id,label', 'a,1', 'b,1', `${idOf(0)},1`]);
    const large = await run.land(`${MODEL}/large.csv`, labelsOf(0, 600, 600));

    expect([bad.outcome.outcome, large.outcome.outcome]).toEqual(['rejected', 'deferred']);
    expect(run.told.map(({ type }) => type)).toEqual(['LabelsRejected.v1', 'LabelsRejected.v1']);
    expect(await run.ledger.keys(`labels/${MODEL}/hours/`)).toEqual([]);
  });
});

describe('measuring a window', () => {
  it('says what labels say, once, and the same whenever it is asked again', async () => {
    const run = await world();
    await run.serve();
    await capture(run, 200);
    await run.land(`${MODEL}/labels.csv`, labelsOf(0, 200, 200));

    const outcomes = [await run.measure(NEXT_NOON), await run.measure(new Date(NEXT_NOON.getTime() + 60_000))];
    const facts = await run.facts();

    expect(outcomes).toEqual([{ outcome: 'measured' }, { outcome: 'existed' }]);
    expect(facts).toHaveLength(1);
    expect(facts[0]).toMatchObject({ run: RUN, value: 1, labelled: 200, mature: 'labels', degraded: false });
    expect(new Set(run.told.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(new Set(run.published.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(run.published[0]).toMatchObject({ name: 'Quality', dimensions: { Stage: 'dev', Model: MODEL } });
  });

  it('measures again what later labels change, and leaves standing what was said', async () => {
    const run = await world();
    await run.serve();
    await capture(run, 200);
    await run.land(`${MODEL}/some.csv`, labelsOf(0, 100, 200));
    await run.measure(NEXT_NOON);
    await run.land(`${MODEL}/rest.csv`, labelsOf(100, 200, 200));
    await run.measure(new Date('2001-01-26T13:00:00Z'));
    await run.land(
      `${MODEL}/corrected.csv`,
      labelsOf(0, 100, 200, () => true),
      new Date('2001-01-26T14:00:00Z'),
    );
    await run.measure(new Date('2001-01-26T15:00:00Z'));

    const facts = await run.facts();

    expect(facts.map(({ outcome }) => outcome)).toEqual(['immature', 'measured', 'measured']);
    expect(facts[0]).toMatchObject({ labelled: 100, score: null });
    expect(facts[1]).toMatchObject({ labelled: 200, value: 1 });
    expect(facts[2]).toMatchObject({ value: null, counts: { corrected: 100 } });
  });

  it('says how long labels have left where there are too few, and nothing of labels where nothing was predicted', async () => {
    const [run, idle] = [await world(), await world()];
    await run.serve();
    await idle.serve();
    await capture(run, 200);
    await run.land(`${MODEL}/labels.csv`, labelsOf(0, 40, 200));

    const outcomes = [await run.measure(NEXT_NOON), await idle.measure(DUE)];

    expect(outcomes).toEqual([
      {
        outcome: 'immature',
        said: [
          '2001-01-25T00:00Z to 2001-01-26T00:00Z: 40 of 200 predictions have a label, and more may come; labels are due in 12 h',
        ],
      },
      { outcome: 'no_predictions' },
    ]);
  });

  it('waits for labels until they are due, and then says that there are none', async () => {
    const run = await world();
    await run.serve();
    await capture(run, 200);

    const outcomes = [
      await run.measure(new Date('2001-01-26T00:30:00Z')),
      await run.measure(NEXT_NOON),
      await run.measure(DUE),
    ];

    expect(outcomes).toEqual([
      { outcome: 'open' },
      { outcome: 'no_labels' },
      {
        outcome: 'immature',
        said: [
          '2001-01-25T00:00Z to 2001-01-26T00:00Z: not one of 200 predictions has a label; labels have had their time',
        ],
      },
    ]);
    expect(run.published).toEqual([]);
    expect(run.told).toEqual([]);
  });

  it('counts the value where its labels were due, unless no alarm looks back so far', async () => {
    const run = await world();
    await run.serve();
    await capture(run, 200);
    const late = new Date('2001-04-25T12:00:00Z');
    await run.land(`${MODEL}/labels.csv`, labelsOf(0, 200, 200));

    await run.measure(NEXT_NOON);
    await run.measure(new Date('2001-01-28T12:00:00Z'));
    await run.land(`${MODEL}/more.csv`, labelsOf(0, 20, 200), late);
    await run.measure(late);

    expect(run.published.map(({ at }) => at)).toEqual([NEXT_NOON, DUE, late]);
  });

  it('counts a value of weeks ago when it is measured: CloudWatch takes none that is older than two weeks', async () => {
    const week = windowAt(DAY.startMs, 7 * DAY_MS);
    const run = await world(`${DEFINITION}\nmonitoring: { window: 7d }\n`);
    await run.serve();
    await capture(run, 200);
    await run.land(`${MODEL}/labels.csv`, labelsOf(0, 200, 200));
    const [thirteenDaysOn, later] = [12.5, 13.5].map((days) => new Date(week.endMs + (1 + days) * DAY_MS));

    await run.measure(thirteenDaysOn ?? NEXT_NOON, week);
    await run.land(`${MODEL}/more.csv`, labelsOf(0, 20, 200));
    await run.measure(later ?? NEXT_NOON, week);

    expect(run.published.map(({ at }) => at)).toEqual([new Date(week.endMs + DAY_MS), later]);
  });

  it('is an error where more of the capture is unreadable than readable', async () => {
    const run = await world();
    await run.serve();
    await capture(run, 100, { bad: 2 });
    await run.land(`${MODEL}/labels.csv`, labelsOf(0, 100, 100));

    const outcome = await run.measure(NEXT_NOON);
    const [fact] = await run.facts();

    expect(outcome).toEqual({ outcome: 'error' });
    expect(fact).toMatchObject({
      value: null,
      score: null,
      degraded: false,
      counts: { unreadable: 200, records: 100 },
    });
    expect(fact?.problems[0]).toMatchObject({ line: 2 });
    expect(run.told).toMatchObject([{ type: 'QualityMeasured.v1', data: { outcome: 'error' } }]);
    expect(run.published).toEqual([]);
  });

  it('reads no hour of capture but those of the window', async () => {
    const run = await world();
    await run.serve();
    await capture(run, 100);
    const folder = `${keys.capture(MODEL, RUN)}/${CHAMPION.endpointName}/main`;
    // Were they read, more would be bad than good.
    for (const hour of ['2001/01/24/23', '2001/01/26/01'])
      await run.store.put(`${folder}/${hour}/00-00-000-a.jsonl`, 'not a record\n'.repeat(500));
    await run.land(`${MODEL}/labels.csv`, labelsOf(0, 100, 100));

    await run.measure(NEXT_NOON);
    const [fact] = await run.facts();

    expect(fact).toMatchObject({ counts: { unreadable: 0, records: 100 }, labelled: 100 });
  });

  it('judges the model that was in service at the end, and names the others', async () => {
    const run = await world();
    await run.serve();
    const second = '20010125-9876543210';
    await run.serve({ n: 2, run: second, since: '2001-01-25T12:00:00.000Z' });
    await capture(run, 100);
    const noon = Date.parse('2001-01-25T12:00:00Z');
    await capture(run, 40, { run: second, startMs: noon });
    await run.land(`${MODEL}/labels.csv`, [
      'inference_id,label',
      ...Array.from({ length: 40 }, (_, n) => `${idOf(n, noon)},${isLate(n, 40)}`),
    ]);

    await run.measure(NEXT_NOON);
    const [fact] = await run.facts();

    expect(fact).toMatchObject({ run: second, otherRuns: [RUN], predictions: 40, labelled: 40, value: 1 });
  });

  it('says nothing to the alarm of a model that is no longer in service', async () => {
    const run = await world();
    await run.serve();
    await run.serve({ n: 2, run: '20010126-9876543210', since: '2001-01-26T06:00:00.000Z' });
    await capture(run, 100);
    await run.land(`${MODEL}/labels.csv`, labelsOf(0, 100, 100));

    await run.measure(NEXT_NOON);

    expect((await run.facts())[0]).toMatchObject({ run: RUN, outcome: 'measured' });
    expect(run.published).toEqual([]);
    expect(run.told).toHaveLength(1);
  });

  it('withholds an estimate without labels until enough of them have come true', async () => {
    const run = await world();
    await run.serve();
    await run.store.put(
      keys.evaluation(MODEL, RUN),
      JSON.stringify({
        ...EVALUATION,
        candidate: {
          ...EVALUATION.candidate,
          figures: { roc_auc: 0.75, ece: 0.01 },
          intervals: { roc_auc: [0.7, 0.8] },
        },
      }),
    );
    const before = windowAt(DAY.startMs - 1, DAY_MS);
    await capture(run, 200, { startMs: before.startMs });
    await run.measure(new Date(before.endMs + DAY_MS), before);
    const [unproven] = await run.facts(before);
    const windows = Array.from({ length: 12 }, (_, n) => windowAt(DAY.startMs + n * DAY_MS, DAY_MS));
    const shown: (boolean | null)[] = [];
    for (const [n, window] of windows.entries()) {
      await capture(run, 200, { startMs: window.startMs });
      const due = new Date(window.endMs + DAY_MS);
      // Whoever has the higher score of four is late: what the scores say comes true, more or less.
      const late = (each: number) => each % 4 < Math.floor((each / 200) * 4 + 0.5);
      const lines = Array.from({ length: 200 }, (_, each) => `${idOf(each, window.startMs)},${late(each)}`);
      if (n < 11) await run.land(`${MODEL}/day-${n}.csv`, ['inference_id,label', ...lines], due);
      await run.measure(due, window);
      shown.push((await run.facts(window))[0]?.estimate?.shown ?? null);
    }
    const last = (await run.facts(windows[11]))[0];

    expect(unproven).toMatchObject({ outcome: 'immature', predictions: 200, estimate: null });
    expect(shown).toEqual([...Array.from({ length: 10 }, () => false), true, true]);
    expect(last).toMatchObject({
      outcome: 'immature',
      value: null,
      estimate: { estimated: true, covered: null, shown: true, history: { windows: 11, covered: 11 } },
    });
  });

  it('leaves labels of another meaning out', async () => {
    const run = await world();
    await run.serve();
    await capture(run, 100);
    await run.land(`${MODEL}/labels.csv`, labelsOf(0, 100, 100));
    const [file = ''] = await run.ledger.keys(`labels/${MODEL}/hours/`);
    const { body } = (await run.store.get(file)) ?? {};
    await run.store.put(
      file,
      JSON.stringify({ ...JSON.parse(Buffer.from(body ?? []).toString()), meaning: 'another' }),
    );

    await run.measure(NEXT_NOON);

    expect((await run.facts())[0]).toMatchObject({ outcome: 'immature', counts: { otherMeaning: 60 }, labelled: 40 });
  });
});
