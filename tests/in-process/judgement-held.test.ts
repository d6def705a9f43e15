/** Candidates that are no clear gain: too little data to tell, no reason to change, a little worse once too often. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { circumstancesSchema } from '../../shared/evaluation/circumstances.ts';
import { decisionSchema } from '../../shared/evaluation/decision.ts';
import { evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import { runPlanSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { millrace } from '../loop/command.ts';
import { hearNotices } from '../loop/deliveries.ts';
import { confused, parcels } from '../loop/parcels.ts';
import { HOUR_MS, type World } from '../loop/world.ts';
import { trainingImage } from './training-image.ts';
import { startInProcessWorld } from './world.ts';

let world: World;
let notices: () => Promise<string[]>;

beforeAll(async () => {
  world = await startInProcessWorld({
    models: ['parcel-strict', 'parcel-creep', 'parcel-steady'],
    start: '2001-06-20T06:00:00Z',
    image: trainingImage,
  });
  notices = await hearNotices(world);
});
afterAll(() => world.close());

const lastOf = async (model: string) => {
  const run = (await world.runs(model)).at(-1) ?? '';
  const [plan, evaluation, circumstances, decision] = await Promise.all([
    world.ledger.read(runPlanSchema, keys.plan(model, run)),
    world.ledger.read(evaluationSchema, keys.evaluation(model, run)),
    world.ledger.read(circumstancesSchema, keys.circumstances(model, run)),
    world.ledger.read(decisionSchema, keys.decision(model, run)),
  ]);
  return { run, plan, evaluation, circumstances, decision, codes: decision.reasons.map(({ code }) => code) };
};

const later = () => world.cloud.clock.jump(world.cloud.clock.ms() + 2 * HOUR_MS, () => world.cloud.activity.idle());

describe('a candidate of which too little data can tell', () => {
  it('is held, with how much would be enough', async () => {
    await world.land('incoming/parcel-strict/first.csv', parcels('2001-03-01', 12));
    await later();
    await world.land('incoming/parcel-strict/second.csv', parcels('2001-03-13', 5));
    const { decision, codes, evaluation, circumstances } = await lastOf('parcel-strict');

    expect(decision.outcome, JSON.stringify(decision.reasons)).toBe('hold');
    expect(codes).toContain('inconclusive');
    expect(evaluation.againstChampion?.needed?.count).toBeGreaterThan(evaluation.rows);
    expect(circumstances).toMatchObject({ trigger: 'new_data', gateUses: 1, champion: { sameDefinition: true } });
    expect(circumstances.modelBytes).toBeGreaterThan(1000);
    expect(circumstances.strongestFeatures.map(({ feature }) => feature).sort()).toEqual([
      'carrier',
      'distance',
      'weight',
    ]);
  });

  it('is not served on an approval that has expired', async () => {
    const [first = '', second = ''] = await world.runs('parcel-strict');
    const told = await millrace(world, 'approve', second, '--approver', 'Ada', '--expires', '2001-06-19T00:00:00Z');

    expect((await world.champion('parcel-strict'))?.run, told.stdout + told.stderr).toBe(first);
  });
});

describe('a candidate as good as the champion', () => {
  it('is held where nothing asks for a change', async () => {
    await world.land('incoming/parcel-steady/first.csv', parcels('2001-03-01', 30));
    await later();
    await world.land('incoming/parcel-steady/second.csv', parcels('2001-03-31', 5));
    const { decision, codes } = await lastOf('parcel-steady');

    expect(decision.outcome, JSON.stringify(decision.reasons)).toBe('hold');
    expect(codes[0]).toBe('no_reason_to_change');
    expect(codes).toContain('no_worse_than_champion');
  });

  it('is served once somebody approves it, and another that was judged against the same champion no longer is', async () => {
    await later();
    await world.land('incoming/parcel-steady/third.csv', parcels('2001-04-05', 5));
    const [, second = '', third = ''] = await world.runs('parcel-steady');
    const { codes } = await lastOf('parcel-steady');
    await millrace(world, 'approve', third, '--approver', 'Ada');
    const champion = await world.champion('parcel-steady');
    await notices();
    await millrace(world, 'approve', second, '--approver', 'Ada');

    expect(codes[0]).toBe('no_reason_to_change');
    expect(champion?.run).toBe(third);
    expect((await world.champion('parcel-steady'))?.run).toBe(third);
    expect(await notices()).toEqual([`parcel-steady: the candidate of run ${second} is held`]);
  });

  it('is promoted where a person asked for the run, on the same rows, which is counted', async () => {
    await later();
    await millrace(world, 'run', 'parcel-steady', '--reason', 'a new team');
    const { decision, codes, circumstances } = await lastOf('parcel-steady');

    expect(decision.outcome, JSON.stringify(decision.reasons)).toBe('promote');
    expect(codes).toContain('reason_to_change');
    expect(circumstances).toMatchObject({ trigger: 'requested', gateUses: 2 });
  });
});

describe('candidates that are each a little worse', () => {
  it('are let pass one by one, until they are much worse than the best of the past', async () => {
    const model = 'parcel-creep';
    const through = (day: string) => `${day}T00:00:00`;
    await world.land(`incoming/${model}/1.csv`, parcels('2001-03-01', 8));
    const first = await lastOf(model);
    await later();
    await world.land(`incoming/${model}/2.csv`, confused(parcels('2001-03-09', 30), ['bee'], through('2001-03-29')));
    const second = await lastOf(model);
    await later();
    await world.land(
      `incoming/${model}/3.csv`,
      confused(parcels('2001-04-08', 60), ['bee', 'ant'], through('2001-05-16')),
    );
    const third = await lastOf(model);
    const seen = JSON.stringify([first, second, third].map((each) => each.decision.reasons));

    expect(first.decision.outcome, seen).toBe('promote');
    expect(second.decision.outcome, seen).toBe('promote');
    expect(second.plan.anchor, seen).toBeNull();
    expect(second.evaluation.againstChampion?.gain, seen).toBeLessThan(0);
    expect(third.plan.anchor?.run, seen).toBe(first.run);
    expect(third.evaluation.anchor, seen).toMatchObject({ outcome: 'scored', run: first.run });
    expect(third.codes, seen).toContain('no_worse_than_champion');
    expect(
      third.codes.some((code) => code === 'worse_than_anchor' || code === 'anchor_inconclusive'),
      seen,
    ).toBe(true);
    expect(third.decision.outcome, seen).not.toBe('promote');
    expect((await world.champion(model))?.run).toBe(second.run);
  });
});

describe('in all this', () => {
  it('no message is left behind', async () => {
    expect(await world.deadLetters(), world.errors().join('\n')).toEqual({});
  });
});
