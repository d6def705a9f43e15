import { describe, expect, it } from 'vitest';

import { detectDrift } from '../../../functions/detect-drift/detect-drift.ts';
import { unansweredWindows } from '../../../functions/reconcile/windows.ts';
import { type RunInput, runInputSchema } from '../../../shared/data/run-input.ts';
import { CapacityError } from '../../../shared/errors.ts';
import { championSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { baselineSchema, buildBaseline } from '../../../shared/monitoring/baseline.ts';
import { type DriftFact, driftFactSchema, watchedUntilSchema } from '../../../shared/monitoring/drift-fact.ts';
import { importanceSchema } from '../../../shared/monitoring/importance.ts';
import {
  featureCells,
  featureSpecs,
  predictionCells,
  predictionSpecs,
} from '../../../shared/monitoring/model-columns.ts';
import { windowAt, windowName, windowText } from '../../../shared/monitoring/windows.ts';
import { type Fuse, finishesAfterAnyCrash, fuse } from './crash.ts';
import { CHAMPION_RUN, loopWorld, MODEL, RUN, STAGE, woken } from './loop-world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAY = '2001-01-20';
const day = (text: string) => windowAt(Date.parse(text), DAY_MS);
/** An hour after the end of the window of a day. */
const closed = (text: string): Date => new Date(day(text).endMs + HOUR_MS);

const input: RunInput = {
  model: MODEL,
  run: CHAMPION_RUN,
  definitionDigest: 'd',
  inputDigest: 'i',
  problem: 'binary',
  label: { name: 'late', type: 'boolean', expression: { op: 'column', name: 'late' } },
  features: [{ name: 'load', kind: 'number', type: 'number', expression: { op: 'column', name: 'load' } }],
  inputColumns: ['load'],
  columnTypes: { load: 'number', late: 'boolean' },
  dictionary: { features: {} },
};

/** Loads from 0 to 99 in turn, and answers that follow them. */
const loadOf = (row: number): number => (row * 37) % 100;

const baselinesOf = () => {
  const rows = 4_000;
  const load = Float64Array.from({ length: rows }, (_, row) => loadOf(row));
  const times = Float64Array.from(
    { length: rows },
    (_, row) => Date.parse('2000-12-01') + Math.floor(row / 100) * DAY_MS,
  );
  const specs = featureSpecs(input, 'at');
  const answers = predictionCells(
    load.map((value) => value / 100),
    rows,
    null,
  );
  return {
    features: buildBaseline(specs, [{ rows, times, cells: featureCells(input, specs)([load], rows) }], DAY_MS),
    predictions: buildBaseline(predictionSpecs(null), [{ rows, times, cells: answers }], DAY_MS),
  };
};

/** One captured request for rows of these loads. */
const captured = (eventId: string, at: string, loads: readonly number[]): string =>
  JSON.stringify({
    captureData: {
      endpointInput: { observedContentType: 'text/csv', mode: 'INPUT', data: loads.join('\n'), encoding: 'CSV' },
      endpointOutput: {
        observedContentType: 'text/csv',
        mode: 'OUTPUT',
        data: loads.map((load) => load / 100).join('\n'),
        encoding: 'CSV',
      },
    },
    eventMetadata: { eventId, inferenceTime: at },
    eventVersion: '0',
  });

const loads = (rows: number, shift = 0): number[] => Array.from({ length: rows }, (_, row) => loadOf(row) + shift);

const world = async () => {
  const loop = loopWorld();
  const published = await loop.publish();
  await loop.champion({ definitionDigest: published.digest });
  const withBaselines = async (run: string) => {
    const { features, predictions } = baselinesOf();
    await loop.ledger.record(runInputSchema, keys.runInput(MODEL, run), { ...input, run });
    await loop.ledger.record(baselineSchema, keys.baseline(MODEL, run), features);
    await loop.ledger.record(baselineSchema, keys.predictionBaseline(MODEL, run), predictions);
  };
  await withBaselines(CHAMPION_RUN);
  const hear = (of = DAY, now = closed(of), through: Fuse = fuse(0, 'before'), waitingSince?: Date) => {
    const step = detectDrift({ ...loop.deps(through), store: loop.store, bucket: loop.bucket, stage: STAGE });
    return step(woken({ model: MODEL, window: windowText(day(of)) }, { now, ...(waitingSince && { waitingSince }) }));
  };
  return {
    ...loop,
    published,
    withBaselines,
    hear,
    capture: (name: string, lines: readonly string[], of = DAY, run = CHAMPION_RUN, endpoint = 'champion-endpoint') =>
      loop.store.put(
        `${keys.capture(MODEL, run)}/${endpoint}/main/${of.replaceAll('-', '/')}/10/${name}.jsonl`,
        `${lines.join('\n')}\n`,
      ),
    fact: (of = DAY): Promise<DriftFact | undefined> =>
      loop.ledger.find(driftFactSchema, keys.drift(MODEL, windowName(day(of)))),
    metrics: (name: string) =>
      loop.cloudWatch.published
        .filter((metric) => metric.name === name)
        .map(({ value, at, dimensions }) => ({ value, at: at.toISOString(), dimensions })),
  };
};

describe('what a feature is worth', () => {
  it('is told with its drift, where the model has said it', async () => {
    const run = await world();
    const shares = [{ feature: 'load', share: 1 }];
    const fact = { model: MODEL, run: CHAMPION_RUN, shares, unknown: null };
    await run.ledger.record(importanceSchema, keys.importance(MODEL, CHAMPION_RUN), fact);
    await run.capture('a', [captured('one', `${DAY}T10:15:00Z`, loads(400))]);

    await run.hear();

    const found = await run.fact();
    expect(found?.report?.features).toMatchObject([{ name: 'load', importance: 1, important: true }]);
    expect(found?.reasons.map(({ code }) => code)).not.toContain('importance_unknown');
  });

  it('is said to be unknown, where it has not', async () => {
    const run = await world();
    const fact = { model: MODEL, run: CHAMPION_RUN, shares: null, unknown: 'not an archive' };
    await run.ledger.record(importanceSchema, keys.importance(MODEL, CHAMPION_RUN), fact);
    await run.capture('a', [captured('one', `${DAY}T10:15:00Z`, loads(400))]);

    await run.hear();

    const found = await run.fact();
    expect(found?.report?.features).toMatchObject([{ importance: null, important: true }]);
    expect(found?.reasons.map(({ code }) => code)).toContain('importance_unknown');
  });
});

describe('a closed window', () => {
  it('is recorded, told and published once measured, under the dimensions of the model', async () => {
    const run = await world();
    await run.capture('a', [captured('one', `${DAY}T10:15:00Z`, loads(400))]);

    const outcome = await run.hear();

    const fact = await run.fact();
    expect(outcome).toEqual({ outcome: 'measured' });
    expect(fact).toMatchObject({
      run: CHAMPION_RUN,
      outcome: 'measured',
      drifted: [],
      counts: { records: 1, rows: 400 },
    });
    expect(run.metrics('Drift')).toEqual([
      { value: fact?.score, at: '2001-01-21T00:00:00.000Z', dimensions: { Stage: STAGE, Model: MODEL } },
    ]);
    expect(run.metrics('Heartbeat')).toMatchObject([{ value: 1, at: '2001-01-21T01:00:00.000Z' }]);
    expect(run.told).toMatchObject([
      {
        type: 'DriftMeasured.v1',
        about: `${MODEL}/20010120T000000Z-20010121T000000Z`,
        data: { run: CHAMPION_RUN, outcome: 'measured', drifted: [] },
      },
    ]);
  });

  it('keeps what was measured first when it is told again, whatever has come since', async () => {
    const run = await world();
    await run.capture('a', [captured('one', `${DAY}T10:15:00Z`, loads(400))]);
    await run.hear();
    const first = await run.fact();
    await run.capture('b', [captured('two', `${DAY}T10:16:00Z`, loads(4_000, 80))]);

    const again = await run.hear(DAY, new Date(closed(DAY).getTime() + HOUR_MS));

    expect(again).toEqual({ outcome: 'existed' });
    expect(await run.fact()).toEqual(first);
    expect(run.types()).toEqual(['DriftMeasured.v1', 'DriftMeasured.v1']);
    expect(run.told[0]).toEqual(run.told[1]);
  });

  it('says that loads have moved, and the answers with them', async () => {
    const run = await world();
    await run.capture('a', [captured('one', `${DAY}T10:15:00Z`, loads(400, 60))]);

    await run.hear();

    const fact = await run.fact();
    expect(fact?.drifted).toEqual(['load', 'prediction']);
    expect(fact?.score).toBeGreaterThan(1);
    expect(fact?.reasons.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['feature_drift', 'prediction_drift']),
    );
  });

  it('without a request is never taken for one without drift', async () => {
    const run = await world();

    const outcome = await run.hear();

    expect(outcome).toEqual({ outcome: 'no_traffic' });
    expect(await run.fact()).toMatchObject({ score: null, reasons: [{ code: 'no_traffic' }], report: null });
    expect(run.metrics('Drift')).toEqual([]);
    expect(run.metrics('Heartbeat')).toHaveLength(1);
  });

  it('is not looked at before it has had its time', async () => {
    const run = await world();

    const outcome = await run.hear(DAY, new Date(closed(DAY).getTime() - 1));

    expect(outcome).toEqual({ outcome: 'not_closed' });
    expect(await run.fact()).toBeUndefined();
  });

  it('from before the model was in service is nobody’s', async () => {
    const run = await world();
    expect(await run.hear('2001-01-10')).toEqual({ outcome: 'not_in_service' });
    expect(await run.fact('2001-01-10')).toBeUndefined();
  });

  it('of a run without a baseline is an error that says why', async () => {
    const run = await world();
    await run.champion({ n: 2, run: RUN, definitionDigest: run.published.digest, since: `${DAY}T00:00:00.000Z` });
    await run.capture('a', [captured('one', `${DAY}T10:15:00Z`, loads(400))], DAY, RUN);

    await run.hear();

    expect(await run.fact()).toMatchObject({
      run: RUN,
      outcome: 'error',
      score: null,
      reasons: [{ code: 'no_baseline' }],
    });
  });

  it('with more bad records than good is an error, and as many of both are no reason', async () => {
    const run = await world();
    const good = captured('one', `${DAY}T10:15:00Z`, loads(400));
    await run.capture('a', [good, 'bad']);
    await run.capture('a', [captured('one', '2001-01-21T10:15:00Z', loads(400)), 'bad', 'worse'], '2001-01-21');

    await run.hear();
    await run.hear('2001-01-21');

    expect(await run.fact()).toMatchObject({ outcome: 'measured', counts: { records: 1, unreadable: 1 } });
    expect((await run.fact())?.reasons.map(({ code }) => code)).toContain('unreadable_records');
    expect(await run.fact('2001-01-21')).toMatchObject({ outcome: 'error', score: null, report: null });
    expect(run.metrics('Drift').map(({ at }) => at)).toEqual(['2001-01-21T00:00:00.000Z']);
  });

  it('that two champions share is measured for each, by its own rows and against its own baseline', async () => {
    const run = await world();
    await run.withBaselines(RUN);
    await run.champion({
      n: 2,
      run: RUN,
      definitionDigest: run.published.digest,
      endpointName: 'other-endpoint',
      since: `${DAY}T12:00:00.000Z`,
    });
    await run.capture('a', [captured('one', `${DAY}T10:15:00Z`, loads(300, 60))]);
    await run.capture('b', [captured('one', `${DAY}T14:15:00Z`, loads(500))], DAY, RUN, 'other-endpoint');

    await run.hear();

    expect(await run.fact()).toMatchObject({
      run: RUN,
      drifted: [],
      counts: { rows: 500, duplicates: 0 },
      earlier: [{ run: CHAMPION_RUN, drifted: ['load', 'prediction'], counts: { rows: 300 } }],
    });
  });

  it('older than CloudWatch takes is recorded, and no value of it is published', async () => {
    const run = await world();
    await run.capture('a', [captured('one', `${DAY}T10:15:00Z`, loads(400))]);

    await run.hear(DAY, new Date(day(DAY).endMs + 14 * DAY_MS));

    expect(await run.fact()).toMatchObject({ outcome: 'measured' });
    expect(run.metrics('Drift')).toEqual([]);
    expect(run.metrics('Heartbeat')).toHaveLength(1);
  });

  it('with too few rows waits for the one before, and after six hours no longer', async () => {
    const run = await world();
    await run.capture('a', [captured('one', `${DAY}T10:15:00Z`, loads(40))]);

    await expect(run.hear()).rejects.toThrow(CapacityError);
    const sixHoursLater = new Date(closed(DAY).getTime() + 6 * HOUR_MS);
    await run.hear(DAY, sixHoursLater, fuse(0, 'before'), closed(DAY));

    expect(await run.fact()).toMatchObject({
      outcome: 'insufficient_data',
      score: null,
      measured: { windows: 1, rows: 40 },
    });
    expect(run.metrics('Drift')).toEqual([]);
  });

  it('with too few rows is added to those before it back to the last that was measured', async () => {
    const run = await world();
    await run.capture('a', [captured('one', '2001-01-17T10:15:00Z', loads(150))], '2001-01-17');
    for (const of of ['2001-01-18', '2001-01-20', '2001-01-21']) {
      await run.capture('a', [captured('one', `${of}T10:15:00Z`, loads(45))], of);
    }
    for (const of of [
      '2001-01-15',
      '2001-01-16',
      '2001-01-17',
      '2001-01-18',
      '2001-01-19',
      '2001-01-20',
      '2001-01-21',
    ]) {
      await run.hear(of);
    }

    const outcomes = await Promise.all(
      ['2001-01-17', '2001-01-18', '2001-01-19', '2001-01-20', '2001-01-21'].map(
        async (of) => (await run.fact(of))?.outcome,
      ),
    );
    expect(outcomes).toEqual(['measured', 'insufficient_data', 'no_traffic', 'insufficient_data', 'measured']);
    expect(await run.fact('2001-01-20')).toMatchObject({ measured: { windows: 3, rows: 90 } });
    expect(await run.fact('2001-01-21')).toMatchObject({
      measured: { windows: 4, start: '2001-01-18T00:00:00.000Z', rows: 135 },
      counts: { rows: 45 },
    });
  });

  it('comes to the same after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world();
      await run.capture('a', [captured('one', `${DAY}T10:15:00Z`, loads(400, 60))]);
      return { wake: (through) => run.hear(DAY, closed(DAY), through), state: run.state };
    });

    expect(effects).toBe(3);
  });
});

describe('reconciling windows', () => {
  const look = (run: Awaited<ReturnType<typeof world>>, now: Date) =>
    unansweredWindows({ ledger: run.ledger, tell: run.tell }).tellClosed(MODEL, now);
  const days = (run: Awaited<ReturnType<typeof world>>) =>
    run.told
      .filter(({ type }) => type === 'WindowClosed.v1')
      .map(({ about }) => about.slice(MODEL.length + 1, MODEL.length + 9));

  it('tells those since the champion is in service that nobody answered, again and again', async () => {
    const run = await world();

    expect(await look(run, closed('2001-01-16'))).toBe(2);
    expect(await look(run, closed('2001-01-16'))).toBe(2);

    expect(days(run)).toEqual(['20010115', '20010116', '20010115', '20010116']);
  });

  it('tells none before its time, and none that was answered', async () => {
    const run = await world();
    await run.hear('2001-01-15');

    expect(await look(run, new Date(closed('2001-01-16').getTime() - 1))).toBe(0);
    expect(await look(run, closed('2001-01-16'))).toBe(1);

    expect(days(run)).toEqual(['20010116']);
    expect(await run.ledger.find(watchedUntilSchema, keys.watchedUntil(MODEL))).toMatchObject({
      until: '2001-01-16T00:00:00.000Z',
    });
  });

  it('tells a bounded number at a look, and goes on where all are answered', async () => {
    const run = await world();

    const told = await look(run, closed('2001-02-20'));
    for (const of of ['2001-01-15', '2001-01-16', '2001-01-18']) await run.hear(of);
    run.told.length = 0;
    await look(run, closed('2001-02-20'));

    expect(told).toBe(20);
    expect(days(run).slice(0, 2)).toEqual(['20010117', '20010119']);
    expect(await run.ledger.find(watchedUntilSchema, keys.watchedUntil(MODEL))).toMatchObject({
      until: '2001-01-17T00:00:00.000Z',
    });
  });

  it('tells none of a model that is not watched, has no champion, or has been retired before', async () => {
    const run = await world();
    const bare = loopWorld();
    await run.ledger.point(
      championSchema,
      keys.champion(MODEL),
      (champion) => champion && { ...champion, retired: { at: '2001-01-16T09:00:00.000Z', reason: 'replaced' } },
    );

    expect(await unansweredWindows(bare).tellClosed(MODEL, closed(DAY))).toBe(0);
    await look(run, closed(DAY));

    expect(days(run)).toEqual(['20010115', '20010116']);
  });
});
