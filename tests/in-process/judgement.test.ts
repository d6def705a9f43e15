/** What the gate says of candidates that answer with classes, fall behind somewhere, or treat groups unlike. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runInputSchema } from '../../shared/data/run-input.ts';
import { decisionSchema } from '../../shared/evaluation/decision.ts';
import { evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import { goldenSchema } from '../../shared/evaluation/golden.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { confused, parcels, retold } from '../loop/parcels.ts';
import { HOUR_MS, type World } from '../loop/world.ts';
import { trainingImage } from './training-image.ts';
import { startInProcessWorld } from './world.ts';

const QUESTION = { sent: '2001-04-20T10:00:00', carrier: 'crow', weight: 3, distance: 800 };

let world: World;

beforeAll(async () => {
  world = await startInProcessWorld({
    models: ['parcel-class', 'parcel-slices', 'parcel-fair'],
    start: '2001-04-20T06:00:00Z',
    image: trainingImage,
  });
});
afterAll(() => world.close());

/** What was found and decided of a model's last run. */
const lastOf = async (model: string) => {
  const run = (await world.runs(model)).at(-1) ?? '';
  const [evaluation, decision] = await Promise.all([
    world.ledger.read(evaluationSchema, keys.evaluation(model, run)),
    world.ledger.read(decisionSchema, keys.decision(model, run)),
  ]);
  return { run, evaluation, decision, codes: decision.reasons.map(({ code }) => code) };
};

describe('a model of several classes', () => {
  it('is trained, judged and served with a probability for each class, and the class', async () => {
    await world.land('incoming/parcel-class/first.csv', parcels('2001-03-01', 12));
    const { run, evaluation, decision } = await lastOf('parcel-class');
    const input = await world.ledger.read(runInputSchema, keys.runInput('parcel-class', run));
    const golden = await world.ledger.read(goldenSchema, keys.golden('parcel-class', run));
    const answer = await world.predict('parcel-class', QUESTION);

    expect(decision.outcome, JSON.stringify(decision.reasons)).toBe('promote');
    expect((await world.ends('parcel-class')).map((end) => end?.end)).toEqual(['promoted']);
    expect(input.classes).toEqual(['early', 'late', 'on time']);
    if (evaluation.candidate.outcome !== 'scored') throw new Error('the candidate was not scored');
    expect(evaluation.candidate.classes?.map(({ name }) => name)).toEqual(['early', 'late', 'on time']);
    expect(evaluation.candidate.figures.accuracy).toBeGreaterThan((evaluation.trivial.accuracy ?? 1) + 0.1);
    expect(golden.rows[0]?.candidate).toHaveLength(3);
    expect(answer).toMatchObject({ status: 200, body: { run, arrival: 'late', scores: { late: expect.any(Number) } } });
    const scores = Object.values(Object(answer.body).scores).map(Number);
    expect(scores).toHaveLength(3);
    expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 5);
  });

  it('learns a class that comes later, and the champion is judged on it all the same', async () => {
    await world.cloud.clock.jump(world.cloud.clock.ms() + 2 * HOUR_MS, () => world.cloud.activity.idle());
    const someGone = retold(parcels('2001-03-13', 8), (parcel) =>
      Number(parcel.distance) % 10 === 7 ? { ...parcel, delay: '99' } : { ...parcel },
    );
    await world.land('incoming/parcel-class/second.csv', someGone);
    const { run, evaluation } = await lastOf('parcel-class');
    const input = await world.ledger.read(runInputSchema, keys.runInput('parcel-class', run));

    // After those that were there: their numbers are for ever.
    expect(input.classes).toEqual(['early', 'late', 'on time', 'gone']);
    expect(evaluation).toMatchObject({ candidate: { outcome: 'scored' }, champion: { outcome: 'scored' } });
    const champion = evaluation.champion?.outcome === 'scored' ? evaluation.champion : null;
    expect(champion?.classes?.at(-1)).toMatchObject({ name: 'gone', recall: 0 });
    expect(champion?.classes?.at(-1)?.support).toBeGreaterThan(5);
    expect(evaluation.againstChampion).toMatchObject({ metric: 'accuracy', mcNemar: expect.any(Number) });
  });
});

describe('a candidate that falls behind for one carrier', () => {
  it('is rejected for it, though overall it is not worse by much', async () => {
    await world.land('incoming/parcel-slices/first.csv', parcels('2001-03-01', 8));
    const first = await lastOf('parcel-slices');
    await world.cloud.clock.jump(world.cloud.clock.ms() + 2 * HOUR_MS, () => world.cloud.activity.idle());
    await world.land(
      'incoming/parcel-slices/second.csv',
      confused(parcels('2001-03-09', 30), ['bee'], '2001-03-29T00:00:00'),
    );
    const second = await lastOf('parcel-slices');

    expect(first.decision.outcome, JSON.stringify(first.decision.reasons)).toBe('promote');
    expect(second.decision.outcome, JSON.stringify(second.decision.reasons)).toBe('reject');
    expect(second.codes).toContain('slice_worse');
    expect(second.decision.reasons[0]?.message).toContain('where carrier is bee');
    expect(second.evaluation.slices.map(({ value, outcome }) => [value, outcome])).toEqual(
      ['ant', 'bee', 'crow', 'dove'].map((carrier) => [carrier, 'tested']),
    );
    expect((await world.champion('parcel-slices'))?.run).toBe(first.run);
  });
});

describe('a candidate that says yes to one group far more often than to another', () => {
  it('is held for a person, and nothing is served', async () => {
    const bySender = retold(parcels('2001-03-01', 12), (parcel) => ({
      ...parcel,
      sender: Number(parcel.distance) > 450 ? 'shop' : 'home',
    }));
    await world.land('incoming/parcel-fair/first.csv', bySender);
    const { decision, codes, evaluation } = await lastOf('parcel-fair');

    expect(decision.outcome, JSON.stringify(decision.reasons)).toBe('hold');
    expect(codes).toContain('unfair');
    expect(evaluation.fairness[0]?.groups.map(({ value }) => value)).toEqual(['home', 'shop']);
    expect((await world.predict('parcel-fair', QUESTION)).status).toBe(404);
  });
});

describe('in all this', () => {
  it('no message is left behind', async () => {
    expect(await world.deadLetters(), world.errors().join('\n')).toEqual({});
  });
});
