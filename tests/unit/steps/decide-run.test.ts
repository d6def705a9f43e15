import { describe, expect, it } from 'vitest';

import { decideRun, type RunEvidence } from '../../../functions/plan-run/decide-run.ts';
import type { AcceptedDataset } from '../../../shared/ledger/accepted-data.ts';
import type { Champion, Slot } from '../../../shared/ledger/facts.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = new Date('2001-02-01T12:00:00.000Z');
const id = (n: number) => n.toString(16).padStart(20, '0');
const day = (n: number) => `2001-01-${String(n).padStart(2, '0')}`;

const dataset = (
  n: number,
  some: { taken?: boolean; key?: string; receivedAt?: string; days?: [string, number][] } = {},
): AcceptedDataset => ({
  dataset: {
    model: 'late-bus',
    dataset: id(n),
    sources: [{ bucket: 'data', key: some.key ?? `${n}.csv`, versionId: 'v', sizeBytes: 1, sha256: 'x' }],
    format: 'csv',
    sizeBytes: 1,
    receivedAt: some.receivedAt ?? `2001-01-${String(10 + n).padStart(2, '0')}T00:00:00.000Z`,
  },
  profile: {
    model: 'late-bus',
    dataset: id(n),
    rows: 100,
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
        days: some.days ?? Array.from({ length: 10 }, (_, i): [string, number] => [day(i + 1), 10]),
      },
    ],
    data: [],
  },
  taken: some.taken ?? false,
});

const champion: Champion = {
  model: 'late-bus',
  n: 1,
  run: '20010101-9876543210',
  definitionDigest: 'd',
  inputDigest: 'i',
  modelName: 'champion-model',
  modelPackageArn: 'arn',
  endpointName: 'e',
  endpointConfigName: 'c',
  trainedBefore: '2001-01-09T00:00:00.000Z',
  since: '2001-01-15T00:00:00.000Z',
};

/** A model's slot after runs that ended so many hours ago. */
const slot = (...hoursAgo: number[]): Slot => ({
  model: 'late-bus',
  flight: null,
  history: hoursAgo.map((hours, n) => ({
    run: `run-${n}`,
    startedAt: new Date(NOW.getTime() - (hours + 1) * HOUR_MS).toISOString(),
    endedAt: new Date(NOW.getTime() - hours * HOUR_MS).toISOString(),
    end: 'rejected' as const,
  })),
});

const evidence = (some: Partial<RunEvidence> = {}): RunEvidence => ({
  model: 'late-bus',
  stage: 'dev',
  now: NOW,
  trigger: { kind: 'new_data', eventId: 'event-1', occurredAt: NOW, override: [] },
  definitionDigest: 'd',
  rulesDigest: 'r',
  policy: {
    onNewData: true,
    cooldownMs: DAY_MS,
    budget: { runs: 3, dollars: 50, perMs: 30 * DAY_MS },
    windowMs: null,
    time: 'at',
    split: { validation: 0.1, gate: 0.2, embargoMs: 0 },
  },
  slot: undefined,
  champion: undefined,
  championSplit: undefined,
  datasets: [dataset(1)],
  unjudged: 0,
  rejections: 0,
  cost: { dollars: 0.23, basis: 'an hour' },
  ...some,
});

const requested = (override: ('cooldown' | 'budget')[] = []): RunEvidence['trigger'] => ({
  kind: 'requested',
  eventId: 'request-1',
  occurredAt: NOW,
  reason: 'somebody asks',
  override,
});

const planOf = (some: Partial<RunEvidence>) => {
  const decision = decideRun(evidence(some));
  if (decision.outcome !== 'run') throw new Error(`no run: ${JSON.stringify(decision.reasons)}`);
  return decision.plan;
};
const codeOf = (some: Partial<RunEvidence>) => {
  const decision = decideRun(evidence(some));
  return decision.outcome === 'none' ? decision.reasons[0]?.code : 'run';
};

describe('whether a run starts', () => {
  it('plans one for new data: all of it, cut in time, for the day of the trigger', () => {
    const plan = planOf({ datasets: [dataset(1, { taken: true }), dataset(2)] });

    expect(plan).toMatchObject({
      run: expect.stringMatching(/^20010201-[0-9a-f]{10}$/),
      datasets: [id(1), id(2)],
      fresh: [id(2)],
      cut: { from: null, validation: '2001-01-08T00:00:00.000Z', gate: '2001-01-09T00:00:00.000Z', embargoMs: 0 },
      champion: null,
      trigger: { kind: 'new_data', overrode: [] },
    });
  });

  it('gives the same evidence the same run, and other data another', () => {
    expect(planOf({})).toEqual(planOf({}));
    expect(planOf({ datasets: [dataset(1), dataset(2)] }).run).not.toBe(planOf({}).run);
  });

  it('names a requested run by the request', () => {
    const first = planOf({ trigger: requested() });
    const again = planOf({ trigger: requested(), datasets: [dataset(1), dataset(2)] });
    const other = planOf({ trigger: { ...requested(), eventId: 'request-2' } });

    expect(again.run).toBe(first.run);
    expect(other.run).not.toBe(first.run);
  });

  it.each([
    ['no_data', 'there is none', { datasets: [] }],
    ['no_new_data', 'a run has taken all of it', { datasets: [dataset(1, { taken: true })] }],
    ['no_times', 'no row has a time', { datasets: [dataset(1, { days: [] })] }],
    [
      'no_unseen_rows',
      'the champion has seen all of it',
      { champion: { ...champion, trainedBefore: '2001-02-01T00:00:00.000Z' } },
    ],
  ])('says %s when %s', (code, _why, some) => {
    expect(codeOf(some)).toBe(code);
  });

  it('says how many datasets wait to be judged again where the rules have changed', () => {
    const decision = decideRun(evidence({ datasets: [], unjudged: 3 }));

    expect(decision).toMatchObject({
      outcome: 'none',
      reasons: [{ code: 'no_data', message: expect.stringContaining('3 datasets wait to be judged again'), value: 3 }],
    });
  });

  it('starts none for new data where the definition does not ask for it, but for the first', () => {
    const policy = { ...evidence().policy, onNewData: false };

    expect(codeOf({ policy })).toBe('run');
    expect(codeOf({ policy, slot: slot(100) })).toBe('not_on_new_data');
    expect(codeOf({ policy, champion })).toBe('not_on_new_data');
    expect(codeOf({ policy, slot: slot(100), trigger: requested() })).toBe('run');
  });

  it('takes data again that has been taken only for a run somebody asks for', () => {
    const plan = planOf({ datasets: [dataset(1, { taken: true })], trigger: requested() });

    expect(plan).toMatchObject({ datasets: [id(1)], fresh: [], trigger: { reason: 'somebody asks' } });
  });
});

describe('what does not help', () => {
  const retraining: RunEvidence['trigger'] = { ...requested(), kind: 'retraining' };

  it('is the same data again, whatever monitoring proposes', () => {
    expect(codeOf({ trigger: retraining, datasets: [dataset(1, { taken: true })] })).toBe('no_new_data');
    expect(codeOf({ trigger: retraining })).toBe('run');
  });

  it('is a third try by itself after two rejections; who asks for a run has looked', () => {
    expect(codeOf({ rejections: 1 })).toBe('run');
    expect(codeOf({ rejections: 2 })).toBe('paused');
    expect(codeOf({ rejections: 2, trigger: retraining })).toBe('paused');
    expect(codeOf({ rejections: 2, trigger: requested() })).toBe('run');
  });
});

describe('spending', () => {
  it('exempts the first run from the cooldown', () => {
    expect(codeOf({ slot: slot() })).toBe('run');
  });

  it('waits for the cooldown after the last run, and says how long it is', () => {
    const decision = decideRun(evidence({ slot: slot(23) }));

    expect(decision).toMatchObject({
      outcome: 'none',
      retry: true,
      reasons: [{ code: 'cooldown', value: 23, limit: 24 }],
    });
    expect(codeOf({ slot: slot(24) })).toBe('run');
  });

  it('stays within the budget of its period', () => {
    expect(codeOf({ slot: slot(100, 200, 300) })).toBe('budget');
    expect(codeOf({ slot: slot(100, 200) })).toBe('run');
    expect(codeOf({ slot: slot(100, 200, 31 * 24) })).toBe('run');
  });

  it('stays within the dollars of its period, this run’s included', () => {
    const cost = (dollars: number | null) => ({ dollars, basis: 'an hour on an instance' });
    const spent = (dollars: number | null): Slot => {
      const past = slot(100, 200);
      return { ...past, history: past.history.map((run) => ({ ...run, dollars })) };
    };

    expect(codeOf({ slot: spent(20), cost: cost(10) })).toBe('run');
    expect(codeOf({ slot: spent(20), cost: cost(10.01) })).toBe('budget');
    expect(codeOf({ slot: spent(20), cost: cost(10.01), trigger: requested(['budget']) })).toBe('run');
    expect(planOf({ slot: spent(20), cost: cost(10) }).cost).toEqual(cost(10));
  });

  it('counts runs alone where no price is known, and says so in the plan', () => {
    const cost = { dollars: null, basis: 'no price is known' };

    expect(planOf({ slot: slot(100, 200), cost }).cost).toEqual(cost);
    expect(codeOf({ slot: slot(100, 200, 300), cost })).toBe('budget');
  });

  it('binds requests and retraining too', () => {
    expect(codeOf({ slot: slot(1), trigger: requested() })).toBe('cooldown');
    expect(codeOf({ slot: slot(1), trigger: { ...requested(), kind: 'retraining' } })).toBe('cooldown');
  });

  it('records what a request overrode, and only what stood in its way', () => {
    expect(planOf({ slot: slot(1), trigger: requested(['cooldown', 'budget']) }).trigger.overrode).toEqual([
      'cooldown',
    ]);
    expect(planOf({ slot: slot(1, 2, 3), trigger: requested(['cooldown', 'budget']) }).trigger.overrode).toEqual([
      'cooldown',
      'budget',
    ]);
    expect(codeOf({ slot: slot(1, 2, 3), trigger: requested(['cooldown']) })).toBe('budget');
  });
});

describe('what a run is made of', () => {
  it('leaves out what lies before a sliding window, which begins so long before the newest day', () => {
    const policy = { ...evidence().policy, windowMs: 6 * DAY_MS };
    const old = dataset(2, { days: [[day(4), 10]] });

    const plan = planOf({ policy, datasets: [dataset(1), old] });

    expect(plan.datasets).toEqual([id(1)]);
    expect(plan.cut).toMatchObject({ from: '2001-01-05T00:00:00.000Z', gate: '2001-01-09T00:00:00.000Z' });
  });

  it('lets the gate begin where the champion has seen nothing', () => {
    const plan = planOf({ champion: { ...champion, trainedBefore: '2001-01-10T00:00:00.000Z' } });

    expect(plan.cut?.gate).toBe('2001-01-10T00:00:00.000Z');
    expect(plan.champion).toEqual({ run: champion.run, modelName: 'champion-model', inputDigest: 'i' });
  });

  it('holds nothing against the gate of what a champion saw that was split in another way, for that time is another', () => {
    const seen = { ...champion, trainedBefore: '2001-01-10T00:00:00.000Z' };
    const gate = (championSplit: RunEvidence['championSplit']) => planOf({ champion: seen, championSplit }).cut?.gate;

    expect(gate({ by: 'time', column: 'at' })).toBe('2001-01-10T00:00:00.000Z');
    expect(gate({ by: 'time', column: 'booked' })).toBe('2001-01-09T00:00:00.000Z');
    expect(gate({ by: 'hash', key: ['at'], gate: 0.2 })).toBe('2001-01-09T00:00:00.000Z');
  });

  it('keeps validation out of the embargo', () => {
    const policy = { ...evidence().policy, split: { validation: 0.1, gate: 0.2, embargoMs: 2 * DAY_MS } };

    expect(planOf({ policy }).cut).toMatchObject({
      validation: '2001-01-06T00:00:00.000Z',
      gate: '2001-01-09T00:00:00.000Z',
    });
  });

  it('has no cut where rows have no time, and goes by when data came', () => {
    const policy = { ...evidence().policy, time: null, windowMs: 5 * DAY_MS };
    const recent = dataset(1, { taken: true, receivedAt: '2001-01-30T00:00:00.000Z' });
    const old = dataset(2, { taken: true, receivedAt: '2001-01-01T00:00:00.000Z' });
    const fresh = dataset(3, { receivedAt: '2001-01-01T00:00:00.000Z' });

    const plan = planOf({ policy, datasets: [fresh, old, recent] });

    expect(plan).toMatchObject({ datasets: [id(3), id(1)], cut: null });
  });

  it('refuses a requested run where everything is older than the window', () => {
    const policy = { ...evidence().policy, time: null, windowMs: 5 * DAY_MS };
    const old = dataset(2, { taken: true, receivedAt: '2001-01-01T00:00:00.000Z' });

    expect(codeOf({ policy, datasets: [old], trigger: requested() })).toBe('no_recent_data');
  });
});
