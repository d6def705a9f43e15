import { describe, expect, it } from 'vitest';
import * as z from 'zod';

import { retrainModel } from '../../../functions/retrain-model/retrain-model.ts';
import { retrainingSchema, runPlanSchema, slotSchema, takenSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import type { AlarmDescription } from '../../../shared/monitoring/alarm.ts';
import { watchAlarmName } from '../../../shared/monitoring/watch-alarms.ts';
import { windowName, windowText } from '../../../shared/monitoring/windows.ts';
import { type Fuse, finishesAfterAnyCrash } from './crash.ts';
import { CHAMPION_RUN, DEFINITION, datasetId, loopWorld, MODEL, STAGE } from './loop-world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The champion is in service since January 15th. */
const ALARMED = new Date('2001-01-20T01:10:00.000Z');
const later = (ms: number) => new Date(ALARMED.getTime() + ms);
const YAML = `${DEFINITION}retraining: { cooldown: 24h, max_age: 30d, min_new_labels: 1000 }\n`;
const anything = z.record(z.string(), z.unknown());

const tenDays = Array.from({ length: 10 }, (_, n): [string, number] => [
  `2001-01-${String(1 + n).padStart(2, '0')}`,
  200,
]);

const world = async (yaml = YAML) => {
  const loop = loopWorld();
  const published = await loop.publish(yaml);
  await loop.champion();
  await loop.ledger.record(runPlanSchema, keys.plan(MODEL, CHAMPION_RUN), {
    model: MODEL,
    run: CHAMPION_RUN,
    stage: STAGE,
    plannedAt: '2001-01-14T00:00:00.000Z',
    trigger: { kind: 'new_data', eventId: 'e', overrode: [] },
    definitionDigest: published.digest,
    rulesDigest: published.rulesDigest,
    datasets: [datasetId(1)],
    fresh: [datasetId(1)],
    cut: null,
    champion: null,
  });
  await loop.dataset(1, published, tenDays, { receivedAt: '2001-01-13T00:00:00.000Z' });
  await loop.ledger.record(takenSchema, keys.taken(MODEL, datasetId(1)), {
    dataset: datasetId(1),
    run: CHAMPION_RUN,
    takenAt: '2001-01-14T00:00:00.000Z',
  });
  const standing: AlarmDescription[] = [];
  const step = (through?: Fuse) => {
    const deps = loop.deps(through);
    const alarms = {
      describe: async (names: readonly string[]) => standing.filter(({ name }) => names.includes(name)),
    };
    return retrainModel({ ledger: deps.ledger, tell: deps.tell, alarms, stage: STAGE });
  };
  return {
    ...loop,
    published,
    /** An alarm is in ALARM since a moment. */
    speaks(watch: 'drift' | 'quality', since = ALARMED) {
      const name = watchAlarmName(STAGE, MODEL, watch);
      standing.push({ name, arn: `arn:${name}`, state: 'ALARM', since, reason: 'Threshold Crossed' });
    },
    recovers: () => standing.splice(0),
    /** What `detect-drift` found of the window of a day. */
    async drift(day: string, score: number | null, some: Record<string, unknown> = {}) {
      const startMs = Date.parse(`${day}T00:00:00Z`);
      const window = { startMs, endMs: startMs + DAY_MS };
      await loop.ledger.record(anything, keys.drift(MODEL, windowName(window)), {
        model: MODEL,
        run: CHAMPION_RUN,
        window: windowText(window),
        outcome: score === null ? 'insufficient_data' : 'measured',
        score,
        drifted: score !== null && score >= 1 ? ['load'] : [],
        reasons: [],
        ...some,
      });
    },
    /** What labels said of the window of a day. */
    async quality(day: string, asOf: Date, some: Record<string, unknown> = {}) {
      const startMs = Date.parse(`${day}T00:00:00Z`);
      const window = { startMs, endMs: startMs + DAY_MS };
      await loop.ledger.record(anything, keys.quality(MODEL, windowName(window), asOf), {
        model: MODEL,
        run: CHAMPION_RUN,
        window: windowText(window),
        asOf: asOf.toISOString(),
        outcome: 'measured',
        metric: 'roc_auc',
        value: 0.6,
        drop: { value: 0.1, low: 0.05 },
        margin: 0.01,
        degraded: true,
        ...some,
      });
    },
    newData: (n = 2) => loop.dataset(n, published, tenDays, { receivedAt: '2001-01-19T00:00:00.000Z' }),
    hear: (now = ALARMED, watch: 'drift' | 'quality' | 'silence' = 'drift', through?: Fuse) =>
      step(through).hear({ data: { name: watchAlarmName(STAGE, MODEL, watch) }, now }),
    look: (now: Date) => step().lookOver({ now }),
    answers: () => loop.store.keys().filter((key) => key.startsWith('retraining/')),
  };
};

/** Two windows drifted, and the alarm says so. */
const alarmed = async (yaml = YAML) => {
  const run = await world(yaml);
  await run.drift('2001-01-18', 1.2);
  await run.drift('2001-01-19', 1.5);
  run.speaks('drift');
  return run;
};

describe('an alarm on drift', () => {
  it('has a run proposed where windows bear it out and there is new data', async () => {
    const run = await alarmed();
    await run.newData();

    const outcome = await run.hear();

    expect(outcome).toMatchObject({ outcome: 'answered', said: ['drift: retrain'] });
    expect(run.told).toMatchObject([
      { type: 'RetrainingRequested.v1', data: { model: MODEL, reasons: [{ code: 'drift', value: 1.5 }] } },
    ]);
  });

  it('is answered once, however often it speaks: the same event again', async () => {
    const run = await alarmed();
    await run.newData();

    await Promise.all([run.hear(), run.hear()]);
    await run.hear(later(5 * HOUR_MS));
    await run.look(later(6 * HOUR_MS));

    expect(run.answers()).toHaveLength(1);
    expect(new Set(run.told.map((event) => JSON.stringify(event))).size).toBe(1);
  });

  it('asks for its evidence once, however often it speaks', async () => {
    const run = await alarmed();
    await run.hear();
    await run.newData();

    await run.hear(later(HOUR_MS));

    expect(run.types()).toEqual(['RetrainingDeclined.v1', 'RetrainingDeclined.v1']);
    expect(run.told[1]).toEqual(run.told[0]);
  });

  it('is declined on the same data, told once, and not forgotten: new data later has a run proposed', async () => {
    const run = await alarmed();

    await run.hear();
    await run.look(later(DAY_MS));
    await run.look(later(2 * DAY_MS));
    const declined = [...run.told];
    await run.newData();
    await run.look(later(3 * DAY_MS));

    expect(new Set(declined.map(({ about }) => about)).size).toBe(1);
    expect(declined[0]).toMatchObject({
      type: 'RetrainingDeclined.v1',
      data: { trigger: 'drift', proposal: 'investigate', reasons: [{ code: 'drift' }, { code: 'no_new_data' }] },
    });
    expect(run.told.at(-1)?.type).toBe('RetrainingRequested.v1');
    expect(run.answers()).toHaveLength(4);
  });

  it('that has recovered by the time it is looked at asks for nothing', async () => {
    const run = await alarmed();
    run.recovers();

    expect(await run.hear()).toEqual({ outcome: 'quiet' });
    expect(run.told).toEqual([]);
  });

  it('waits while a run is in flight, and is looked at when that has ended', async () => {
    const run = await alarmed();
    await run.newData();
    const flight = await run.ledger.read(runPlanSchema, keys.plan(MODEL, CHAMPION_RUN));
    const slot = { model: MODEL, flight: { ...flight, run: '20010120-0000000000' }, history: [] };
    await run.ledger.point(slotSchema, keys.slot(MODEL), () => slot);

    const meanwhile = await run.hear();
    await run.ledger.point(slotSchema, keys.slot(MODEL), () => ({ ...slot, flight: null }));
    await run.look(later(HOUR_MS));

    expect(meanwhile).toMatchObject({ said: ['drift: waits for run 20010120-0000000000'] });
    expect(run.types()).toEqual(['RetrainingRequested.v1']);
  });

  it('says nothing of a model that came into service afterwards', async () => {
    const run = await alarmed();
    await run.newData();
    await run.champion({ n: 2, run: CHAMPION_RUN, since: later(HOUR_MS).toISOString() });

    expect(await run.look(later(2 * HOUR_MS))).toEqual({ outcome: 'quiet' });
    expect(run.answers()).toEqual([]);
  });

  it('that goes on asks anew for a model that came into service afterwards, once its own windows drift', async () => {
    const run = await alarmed();
    await run.newData();
    await run.hear();
    await run.champion({ n: 2, run: CHAMPION_RUN, since: later(HOUR_MS).toISOString() });
    await run.drift('2001-01-20', 1.3);
    await run.drift('2001-01-21', 1.3);

    await run.look(later(HOUR_MS + 2 * DAY_MS));

    expect(run.types()).toEqual(['RetrainingRequested.v1', 'RetrainingRequested.v1']);
    expect(run.told[0]?.about).not.toBe(run.told[1]?.about);
  });

  it('is no reason where the windows are another run’s', async () => {
    const run = await world();
    await run.newData();
    await run.drift('2001-01-18', 1.2, { run: '20001231-0000000000' });
    await run.drift('2001-01-19', 1.5, { run: '20001231-0000000000' });
    run.speaks('drift');

    await run.hear();

    expect(run.told).toMatchObject([{ data: { proposal: 'decline', reasons: [{ code: 'not_confirmed' }] } }]);
  });

  it('goes on through days without traffic, which say neither drift nor its absence', async () => {
    const run = await alarmed();
    await run.newData();
    for (const day of ['2001-01-20', '2001-01-21', '2001-01-22']) await run.drift(day, null, { outcome: 'no_traffic' });

    await run.look(later(3 * DAY_MS));

    expect(run.types()).toEqual(['RetrainingRequested.v1']);
  });

  it('is none while what came last could not be read', async () => {
    const run = await alarmed();
    await run.newData();
    await run.drift('2001-01-20', null, { outcome: 'error' });

    await run.look(later(DAY_MS));

    expect(run.told).toMatchObject([{ data: { reasons: [{ code: 'drift' }, { code: 'window_error' }] } }]);
  });

  it('is none while the newest dataset is one that was rejected', async () => {
    const run = await alarmed();
    await run.newData();
    await run.dataset(3, run.published, tenDays, { receivedAt: '2001-01-19T12:00:00.000Z', accepted: false });

    await run.hear();

    expect(run.told).toMatchObject([
      { data: { proposal: 'investigate', reasons: [{ code: 'drift' }, { code: 'data_rejected' }] } },
    ]);
  });

  it('comes to the same after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await alarmed();
      await run.newData();
      return { wake: (through) => run.hear(ALARMED, 'drift', through), state: run.state };
    });

    expect(effects).toBe(2);
  });
});

describe('an alarm on quality', () => {
  it('goes by what is known last of each window', async () => {
    const run = await world();
    await run.newData();
    for (const day of ['2001-01-17', '2001-01-18']) {
      await run.quality(day, new Date(`${day}T23:00:00.000Z`));
      await run.quality(day, new Date('2001-01-19T23:00:00.000Z'), { degraded: day === '2001-01-18' });
    }
    run.speaks('quality');

    await run.hear(ALARMED, 'quality');

    expect(run.told).toMatchObject([{ data: { trigger: 'quality', reasons: [{ code: 'not_confirmed' }] } }]);
  });

  it('passes over windows whose labels are not there yet', async () => {
    const run = await world();
    await run.newData();
    await run.quality('2001-01-16', ALARMED);
    await run.quality('2001-01-17', ALARMED);
    for (const day of ['2001-01-18', '2001-01-19'])
      await run.quality(day, ALARMED, { outcome: 'immature', value: null, drop: null, degraded: false });
    run.speaks('quality');

    await run.hear(ALARMED, 'quality');

    expect(run.told).toMatchObject([{ type: 'RetrainingRequested.v1', data: { reasons: [{ code: 'quality' }] } }]);
  });
});

describe('what no alarm speaks of', () => {
  it('is age: a run is proposed once the model is too old, on new data', async () => {
    const run = await world();
    await run.newData();
    const old = new Date('2001-02-13T00:00:00.000Z');

    const young = await run.look(new Date(old.getTime() - 1));
    await run.look(old);
    await run.look(new Date(old.getTime() + HOUR_MS));

    expect(young).toEqual({ outcome: 'quiet' });
    expect(run.answers()).toHaveLength(1);
    expect(run.told[0]).toMatchObject({ type: 'RetrainingRequested.v1', data: { reasons: [{ code: 'max_age' }] } });
  });

  it('is nothing where the definition does not go by age', async () => {
    const run = await world(`${DEFINITION}retraining: { on: [drift], max_age: 1d }\n`);
    await run.newData();

    expect(await run.look(new Date('2001-02-13T00:00:00.000Z'))).toEqual({ outcome: 'quiet' });
  });

  it('is no single window, however far it drifted: the alarm waits for a second one', async () => {
    const run = await world();
    await run.newData();
    await run.drift('2001-01-19', 2.5);

    expect(await run.look(ALARMED)).toEqual({ outcome: 'quiet' });
  });

  it('is silence: that pages by itself', async () => {
    const run = await alarmed();

    expect(await run.hear(ALARMED, 'silence')).toEqual({ outcome: 'ignored' });
  });
});

describe('a look over all models', () => {
  it('keeps none waiting for another’s trouble, and fails for that one', async () => {
    const run = await alarmed();
    await run.newData();
    await run.store.put('definitions/a-model.json', '{}');

    await expect(run.look(ALARMED)).rejects.toThrow('1 model could not be looked over');

    expect(run.types()).toEqual(['RetrainingRequested.v1']);
  });

  it('leaves alone what was taken out of service', async () => {
    const run = await world();
    await run.drift('2001-01-19', 2.5);
    await run.champion({ n: 2, retired: { at: ALARMED.toISOString(), reason: 'not needed' } });

    expect(await run.look(later(HOUR_MS))).toEqual({ outcome: 'quiet' });
  });

  it('records what it came to', async () => {
    const run = await alarmed();

    await run.hear();

    const [key] = run.answers();
    expect(await run.ledger.read(retrainingSchema, key ?? '')).toMatchObject({
      run: CHAMPION_RUN,
      kind: 'drift',
      since: ALARMED.toISOString(),
      look: 0,
      proposal: 'investigate',
      told: true,
    });
  });
});
