import { describe, expect, it } from 'vitest';

import { estimateCost } from '../../../functions/plan-run/estimate-cost.ts';
import { planRun, type RunTrigger } from '../../../functions/plan-run/plan-run.ts';
import { DependencyError } from '../../../shared/errors.ts';
import {
  arrivalSchema,
  folderPinSchema,
  type Prepared,
  runPlanSchema,
  slotSchema,
  takenSchema,
  trainedSchema,
} from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { ledgerOn } from '../../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../../shared/ledger/object-store.ts';
import { endRun } from '../../../shared/ledger/run-end.ts';
import { type Fuse, finishesAfterAnyCrash } from './crash.ts';
import { DAYS_LATER, DEFINITION, datasetId, loopWorld, MODEL, NOW, RUN, STAGE, woken } from './loop-world.ts';

const tenDays = (from = 1) =>
  Array.from({ length: 10 }, (_, n): [string, number] => [`2001-01-${String(from + n).padStart(2, '0')}`, 100]);

const HOUR_MS = 3_600_000;
const later = (hours: number) => new Date(NOW.getTime() + hours * HOUR_MS);

const world = async (definition = DEFINITION) => {
  const loop = loopWorld();
  const published = await loop.publish(definition);
  await loop.dataset(1, published, tenDays());
  const wake = (
    trigger: Partial<RunTrigger> = {},
    some: { now?: Date; occurredAt?: Date; eventId?: string } = {},
    through?: Fuse,
  ) =>
    planRun({ ...loop.deps(through), stage: STAGE })(
      woken({ model: MODEL, kind: 'new_data', answer: trigger.kind !== undefined, ...trigger }, some),
    );
  return {
    ...loop,
    published,
    wake,
    slot: () => loop.ledger.find(slotSchema, keys.slot(MODEL)),
    /** Ends the run in flight. */
    async end(at: Date) {
      const flight = (await loop.ledger.read(slotSchema, keys.slot(MODEL))).flight;
      if (!flight) throw new Error('no run is in flight');
      const end = { model: MODEL, run: flight.run, end: 'rejected' as const, reason: 'worse' };
      await endRun(loop.ledger, { ...end, endedAt: at.toISOString() });
      return flight.run;
    },
    runs: () => loop.store.keys().filter((key) => key.endsWith('/run.json')),
  };
};

const request: Partial<RunTrigger> = { kind: 'requested', reason: 'somebody asks', override: [] };

const ELSEWHERE = `
problem: binary
data: { label: late, features: [load] }
deployment: { existing: buses-live, capture: 's3://buses/monitor' }
`;

describe('of an endpoint that came from elsewhere', () => {
  it('no run is planned when data is accepted, and nobody is told', async () => {
    const run = await world(ELSEWHERE);

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'deployed_elsewhere' });
    expect(run.runs()).toEqual([]);
    expect(run.told).toEqual([]);
  });

  it('a run that somebody asks for is declined by name', async () => {
    const run = await world(ELSEWHERE);

    const outcome = await run.wake(request);

    expect(outcome).toEqual({ outcome: 'deployed_elsewhere' });
    expect(run.told).toMatchObject([
      {
        type: 'RunDeclined.v1',
        data: { reasons: [{ code: 'deployed_elsewhere', message: expect.stringContaining('buses-live') }] },
      },
    ]);
  });
});

describe('planning a run', () => {
  it('takes the slot, records the plan, marks its data as taken, and tells', async () => {
    const run = await world();

    const outcome = await run.wake();

    const [key] = run.runs();
    const plan = await run.ledger.read(runPlanSchema, key ?? '');
    expect(outcome).toEqual({ outcome: 'planned', run: plan.run });
    expect(await run.slot()).toMatchObject({ flight: plan, history: [{ run: plan.run, endedAt: null }] });
    expect(await run.ledger.read(takenSchema, keys.taken(MODEL, datasetId(1)))).toMatchObject({ run: plan.run });
    expect(run.told).toEqual([
      { type: 'RunPlanned.v1', about: `${MODEL}/${plan.run}`, data: { model: MODEL, run: plan.run } },
    ]);
  });

  it('cuts at the same day where days are too many for a profile, in profiles of today and of before', async () => {
    const firstMs = Date.parse('1998-01-01T00:00:00Z');
    const threeYears = Array.from({ length: 1100 }, (_, n): [string, number] => [
      new Date(firstMs + n * 24 * HOUR_MS).toISOString().slice(0, 10),
      50 + (n % 7),
    ]);
    const cutOf = async (uncut: boolean) => {
      const run = await world(`${DEFINITION}retraining: { data: { mode: sliding, window: 900d } }\n`);
      await run.dataset(2, run.published, threeYears, { uncut });
      await run.wake();
      return (await run.ledger.read(runPlanSchema, run.runs()[0] ?? '')).cut;
    };

    const [today, before] = [await cutOf(false), await cutOf(true)];

    expect(today?.gate).toMatch(/^\d{4}-\d\d-\d\dT00:00:00/);
    expect(today).toEqual(before);
  });

  it('lets one of two triggers at once have the slot', async () => {
    const run = await world();

    const outcomes = await Promise.allSettled([
      run.wake({}, { eventId: 'event-1' }),
      run.wake(request, { eventId: 'request-1' }),
      run.wake({}, { eventId: 'event-2' }),
    ]);

    const planned = outcomes.filter((one) => one.status === 'fulfilled' && one.value.outcome === 'planned');
    const lost = outcomes.filter((one) => one.status === 'rejected' && one.reason instanceof DependencyError);
    expect(planned.length).toBeGreaterThanOrEqual(1);
    expect(planned.length + lost.length).toBe(3);
    expect(new Set(planned.map((one) => (one.status === 'fulfilled' ? one.value.run : ''))).size).toBe(1);
    expect(run.runs()).toHaveLength(1);
    expect((await run.slot())?.history).toHaveLength(1);
  });

  it('starts no second run while one is in flight, and takes the data that came meanwhile afterwards', async () => {
    const run = await world(`${DEFINITION}retraining: { cooldown: 1h }\n`);
    await run.wake();
    await run.dataset(2, run.published, tenDays(11));

    const meanwhile = await run.wake({}, { eventId: 'event-2', now: later(1) });

    expect(meanwhile).toEqual({ outcome: 'busy' });
    expect(run.runs()).toHaveLength(1);
    await run.end(later(2));
    expect(await run.wake({}, { eventId: 'ended', now: later(2), occurredAt: later(2) })).toEqual({
      outcome: 'cooldown',
    });
    const afterwards = await run.wake({}, { eventId: 'event-2', now: later(4) });
    expect(afterwards.outcome).toBe('planned');
    expect(await run.ledger.read(runPlanSchema, keys.plan(MODEL, afterwards.run ?? ''))).toMatchObject({
      datasets: [datasetId(1), datasetId(2)],
      fresh: [datasetId(2)],
    });
  });

  it('marks what it took, so that the end of the run starts no other with the same data', async () => {
    const run = await world(`${DEFINITION}retraining: { cooldown: 0s }\n`);
    await run.wake();
    await run.end(later(30));

    const outcome = await run.wake({}, { eventId: 'ended', now: later(48), occurredAt: later(48) });

    expect(outcome).toEqual({ outcome: 'no_new_data' });
    expect(run.runs()).toHaveLength(1);
  });

  it('asks nothing of earlier runs where all data was learned from, and nobody asks for a run', async () => {
    const run = await world(`${DEFINITION}retraining: { cooldown: 0s }\n`);
    await run.wake();
    await run.end(later(30));
    const asked: string[] = [];
    const store: ObjectStore = {
      ...run.store,
      get: (key) => {
        asked.push(key);
        return run.store.get(key);
      },
    };
    const listening = planRun({ ...run.deps(), stage: STAGE, ledger: ledgerOn(store) });
    const woke = (kind: RunTrigger['kind']) => {
      asked.length = 0;
      return listening(woken({ model: MODEL, kind, answer: false }, { eventId: kind, now: later(48) }));
    };

    expect(await woke('new_data')).toEqual({ outcome: 'no_new_data' });

    expect(asked.filter((key) => key.endsWith('/trained.json'))).toEqual([]);
    await woke('requested');
    expect(asked.filter((key) => key.endsWith('/trained.json'))).toHaveLength(1);
  });

  it('takes datasets that were judged and accepted under the rules in force only', async () => {
    const run = await world();
    await run.dataset(2, run.published, tenDays(), { accepted: false });
    await run.dataset(3, { ...run.published, rulesDigest: 'f'.repeat(64) }, tenDays());

    const { run: name = '' } = await run.wake();

    expect((await run.ledger.read(runPlanSchema, keys.plan(MODEL, name))).datasets).toEqual([datasetId(1)]);
  });

  it('takes what keys mean now: not what was superseded, and again what came back', async () => {
    const run = await world();
    await run.dataset(2, run.published, tenDays());
    await run.dataset(3, run.published, tenDays());
    const came = (n: number, key: string, version: string, hour: number, outcome: 'accepted' | 'repeated') =>
      run.ledger.record(arrivalSchema, keys.arrival(MODEL, key, version), {
        upload: { bucket: 'data', key, versionId: version },
        sizeBytes: 10,
        receivedAt: later(hour).toISOString(),
        outcome,
        dataset: datasetId(n),
        rulesDigest: run.published.rulesDigest,
      });
    await came(1, 'a.csv', 'v1', 1, 'accepted');
    await came(2, 'a.csv', 'v2', 2, 'accepted');
    await came(1, 'a.csv', 'v3', 3, 'repeated');
    await came(3, 'jan/_SUCCESS', 'v1', 1, 'accepted');
    await run.ledger.record(folderPinSchema, keys.folderPin(MODEL, 'jan/_SUCCESS', 'v1'), {
      closedBy: { bucket: 'data', key: 'jan/_SUCCESS', versionId: 'v1' },
      parts: [],
    });

    const { run: name = '' } = await run.wake();

    const plan = await run.ledger.read(runPlanSchema, keys.plan(MODEL, name));
    expect(plan.datasets).toEqual([datasetId(1), datasetId(3)]);
  });

  it('says what waits to be judged again where the rules have changed', async () => {
    const run = await world();
    await run.publish(DEFINITION.replace('delay > 5', 'delay > 7'));

    const outcome = await run.wake(request, { eventId: 'request-1' });

    expect(outcome).toEqual({ outcome: 'no_data' });
    expect(run.told.at(-1)).toMatchObject({
      data: { reasons: [{ message: expect.stringContaining('1 dataset waits to be judged again') }] },
    });
  });

  it('lets a champion that was split in another way say nothing about the gate', async () => {
    const gateAfter = async (split: Prepared['split']) => {
      const run = await world();
      await run.champion({ run: RUN, trainedBefore: '2001-01-10T00:00:00.000Z' });
      const prepared = await run.prepared();
      await run.store.put(keys.prepared(MODEL, RUN), JSON.stringify({ ...prepared, split }));
      const { run: name = '' } = await run.wake();
      return (await run.ledger.read(runPlanSchema, keys.plan(MODEL, name))).cut?.gate;
    };

    expect(await gateAfter({ by: 'time', column: 'at' })).toBe('2001-01-10T00:00:00.000Z');
    expect(await gateAfter({ by: 'time', column: 'booked' })).toBe('2001-01-09T00:00:00.000Z');
  });

  it('changes nothing when the event comes again, at once, days later, and after the run has ended', async () => {
    const run = await world();
    const first = await run.wake();
    const before = await run.state();

    expect(await run.wake()).toEqual(first);
    expect(await run.wake({}, { now: DAYS_LATER })).toEqual(first);
    expect(await run.state()).toEqual(before);

    await run.end(DAYS_LATER);
    const ended = await run.state();
    await run.wake({}, { now: new Date('2001-03-01T00:00:00Z') });
    expect(await run.state()).toEqual(ended);
  });

  it('comes to the same after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world();
      return { wake: (through) => run.wake({}, {}, through), state: run.state };
    });

    expect(effects).toBe(4);
  });

  it('is finished by whatever wakes it after a crash', async () => {
    const run = await world();
    const crashed = run.wake(
      {},
      {},
      { effects: () => 0, guard: (effect) => effect().then(() => Promise.reject(new Error('crash'))) },
    );
    await expect(crashed).rejects.toThrow('crash');
    expect(run.runs()).toEqual([]);

    const outcome = await run.wake({}, { eventId: 'another', now: DAYS_LATER });

    expect(outcome).toEqual({ outcome: 'busy' });
    expect(run.runs()).toHaveLength(1);
    expect(run.types()).toEqual(['RunPlanned.v1']);
  });

  it('releases the slot of a run whose end a crash kept from releasing it', async () => {
    const run = await world(`${DEFINITION}retraining: { cooldown: 0s }\n`);
    await run.wake();
    const before = await run.store.get(keys.slot(MODEL));
    const ended = await run.end(later(1));
    await run.store.put(keys.slot(MODEL), before?.body ?? '');
    await run.dataset(2, run.published, tenDays(11));

    const outcome = await run.wake({}, { eventId: 'event-2', now: later(2) });

    expect(outcome.outcome).toBe('planned');
    expect(run.told).toContainEqual(
      expect.objectContaining({ type: 'RunEnded.v1', about: `${MODEL}/${ended}`, data: expect.anything() }),
    );
    expect((await run.slot())?.history).toMatchObject([{ run: ended, end: 'rejected' }, { end: null }]);
  });

  it('does not take a slot that another run came and went in since it looked', async () => {
    const run = await world();
    const ledger = ledgerOn(run.store);
    const overtaken = planRun({
      ...run.deps(),
      stage: STAGE,
      ledger: {
        ...ledger,
        // Between the decision and the slot another run comes and goes.
        point: async (...given) => {
          await run.wake({}, { eventId: 'faster' });
          await run.end(NOW);
          return ledger.point(...given);
        },
      },
    });

    await expect(overtaken(woken({ model: MODEL, kind: 'new_data', answer: false }))).rejects.toThrow(DependencyError);

    expect(run.runs()).toHaveLength(1);
    expect(await run.slot()).toMatchObject({ flight: null });
  });
});

describe('a pause', () => {
  const quick = `${DEFINITION}retraining: { cooldown: 1h, min_new_labels: 1 }\n`;

  /** Two runs whose candidates were rejected, each on data of its own. */
  const rejectedTwice = async () => {
    const run = await world(quick);
    await run.wake({}, { eventId: 'event-1' });
    await run.end(later(1));
    await run.dataset(2, run.published, tenDays(11));
    await run.wake({}, { eventId: 'event-2', now: later(3), occurredAt: later(3) });
    await run.end(later(4));
    run.told.length = 0;
    return run;
  };

  it('follows two rejections in a row, and a person is told once', async () => {
    const run = await rejectedTwice();

    const first = await run.wake({}, { eventId: 'ended-2', now: later(4) });
    await run.dataset(3, run.published, tenDays(21));
    const again = await run.wake({}, { eventId: 'event-3', now: later(9) });

    expect([first, again]).toEqual([{ outcome: 'paused' }, { outcome: 'paused' }]);
    expect(run.runs()).toHaveLength(2);
    expect(new Set(run.told.map(({ type, about }) => `${type} ${about}`)).size).toBe(1);
    expect(run.told[0]).toMatchObject({ type: 'RunDeclined.v1', data: { reasons: [{ code: 'paused' }] } });
  });

  it('is ended by another definition', async () => {
    const run = await rejectedTwice();
    const published = await run.publish(quick.replace('cooldown: 1h', 'cooldown: 2h'));
    await run.dataset(3, published, tenDays(21));

    const outcome = await run.wake({}, { eventId: 'event-3', now: later(9) });

    expect(outcome.outcome).toBe('planned');
  });

  it('does not keep a run from being asked for', async () => {
    const run = await rejectedTwice();

    const outcome = await run.wake(request, { eventId: 'request-1', now: later(9) });

    expect(outcome.outcome).toBe('planned');
  });
});

describe('what a run is expected to cost', () => {
  it('is as long as the longest training so far, and stands in the plan and the slot', async () => {
    const run = await world(`${DEFINITION}retraining: { cooldown: 1h }\n`);
    const first = await run.wake();
    const trained = { model: MODEL, jobName: 'j', artifact: 's3://a', modelName: 'm', metrics: {} };
    await run.ledger.record(trainedSchema, keys.trained(MODEL, first.run ?? ''), {
      ...trained,
      run: first.run ?? '',
      trainingSeconds: 720,
      transforms: [{ role: 'cand', jobName: 'j', modelName: 'm' }],
      trainedAt: NOW.toISOString(),
    });
    await run.end(later(1));
    await run.dataset(2, run.published, tenDays(11));

    await run.wake({}, { eventId: 'event-2', now: later(3), occurredAt: later(3) });

    const slot = await run.slot();
    expect(slot?.history.map(({ dollars }) => dollars)).toEqual([0.23, expect.closeTo(0.046, 10)]);
    expect(slot?.flight?.cost?.basis).toBe(
      'the longest training so far, 720 s, on ml.m5.xlarge at $0.23 an hour on demand',
    );
  });

  it('is unknown where a price is, and the plan says so', () => {
    expect(
      estimateCost({ instances: ['ml.m5.xlarge', 'ml.p9.huge'], maxRuntimeMs: HOUR_MS, pastSeconds: [], folds: null }),
    ).toEqual({
      dollars: null,
      basis: 'no price of ml.p9.huge is known: runs are counted and dollars are not',
    });
  });

  it('goes by the dearest of the instances, for as long as training may take', () => {
    const { dollars } = estimateCost({
      instances: ['ml.m5.large', 'ml.m5.2xlarge'],
      maxRuntimeMs: 2 * HOUR_MS,
      pastSeconds: [],
      folds: null,
    });

    expect(dollars).toBeCloseTo(0.922, 10);
  });

  it('counts the models of the folds, and what scores their rows', () => {
    const { dollars, basis } = estimateCost({
      instances: ['ml.m5.xlarge'],
      maxRuntimeMs: HOUR_MS,
      pastSeconds: [600, 720],
      folds: { count: 5, others: 1 },
    });

    expect(dollars).toBeCloseTo(((6 * 720 + 12 * 300) / 3600) * 0.23, 10);
    expect(basis).toBe(
      '6 trainings of the longest training so far, 720 s, and 12 transforms of 300 s, on ml.m5.xlarge at $0.23 an hour on demand',
    );
  });
});

describe('a request for a run', () => {
  it('is answered where no run is started, with the reason', async () => {
    const run = await world();
    await run.wake();

    const outcome = await run.wake(request, { eventId: 'request-1' });

    expect(outcome).toEqual({ outcome: 'busy' });
    expect(run.told.at(-1)).toMatchObject({
      type: 'RunDeclined.v1',
      about: 'request-1',
      data: { model: MODEL, reasons: [{ code: 'busy' }] },
    });
  });

  it('is answered where no such model is published', async () => {
    const run = await world();

    const outcome = await run.wake({ ...request, model: 'unheard-of' }, { eventId: 'request-1' });

    expect(outcome).toEqual({ outcome: 'unknown_model' });
    expect(run.types()).toEqual(['RunDeclined.v1']);
  });

  it('gets no answer where nobody asked', async () => {
    const run = await world();

    await run.wake({ model: 'unheard-of' });

    expect(run.told).toEqual([]);
  });

  it('that was declined starts no run when it comes again after the cooldown', async () => {
    const run = await world();
    await run.wake();
    await run.end(later(1));
    expect(await run.wake(request, { eventId: 'request-1', now: later(2) })).toEqual({ outcome: 'cooldown' });
    const before = await run.state();

    const outcome = await run.wake(request, { eventId: 'request-1', now: DAYS_LATER });

    expect(outcome).toEqual({ outcome: 'cooldown' });
    expect(await run.state()).toEqual(before);
  });

  it('that was granted is not declined when it comes again, whatever has happened since', async () => {
    const run = await world(`${DEFINITION}retraining: { cooldown: 1h }\n`);
    const first = await run.wake(request, { eventId: 'request-1' });
    expect(first.outcome).toBe('planned');
    expect(await run.wake(request, { eventId: 'request-1', now: later(1) })).toEqual(first);
    await run.end(later(2));
    run.told.length = 0;

    const inCooldown = await run.wake(request, { eventId: 'request-1', now: later(2) });
    await run.wake({ ...request, override: [] }, { eventId: 'request-2', now: later(10) });
    const whileAnotherFlies = await run.wake(request, { eventId: 'request-1', now: DAYS_LATER });

    expect([inCooldown, whileAnotherFlies]).toEqual([
      { outcome: 'existed', run: first.run },
      { outcome: 'existed', run: first.run },
    ]);
    expect(run.types()).toEqual(['RunPlanned.v1']);
    expect(run.runs()).toHaveLength(2);
  });

  it('may override the cooldown, which the plan records', async () => {
    const run = await world();
    await run.wake();
    await run.end(later(1));

    const outcome = await run.wake({ ...request, override: ['cooldown'] }, { eventId: 'request-1', now: later(2) });

    expect(outcome.outcome).toBe('planned');
    expect(await run.ledger.read(runPlanSchema, keys.plan(MODEL, outcome.run ?? ''))).toMatchObject({
      trigger: { kind: 'requested', eventId: 'request-1', reason: 'somebody asks', overrode: ['cooldown'] },
    });
  });

  it('is answered the same after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world();
      await run.wake();
      return { wake: (through) => run.wake(request, { eventId: 'request-1' }, through), state: run.state };
    });

    expect(effects).toBeGreaterThanOrEqual(2);
  });
});
