import { describe, expect, it } from 'vitest';

import { type RunInput, runInputSchema } from '../../../shared/data/run-input.ts';
import { judgingFolds } from '../../../shared/data/split.ts';
import type { Prepared, RunPlan } from '../../../shared/ledger/facts.ts';
import { runEndSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { MODEL } from './data-world.ts';
import { prepareWorld, RUN } from './prepare-world.ts';
import { uniformNumbers } from './uniform-numbers.ts';

const CHAMPION_RUN = '20010115-abcdefabcd';
const FOLDS = 4;

const definition = (split = `{ folds: ${FOLDS}, validation: 0.2 }`): string => `
problem: binary
data:
  label: late
  key: [id]
  entity: rider
  features:
    - load
    - { name: line, encoding: target }
    - { name: often, sql: line, encoding: frequency }
    - { name: stop, kind: category }
  split: ${split}
training: { class_balance: weights }
`;

const CLASSES = `
problem: multiclass
data:
  label: stop
  key: [id]
  entity: rider
  features: [load, { name: line, encoding: frequency }]
  split: { folds: ${FOLDS} }
`;

interface Ride {
  readonly id: number;
  readonly rider: number;
  readonly line: string;
  readonly stop: string;
  readonly load: number;
  readonly late: number;
}

/** Rides of some riders; line A is late more often than B, and B than C. */
const ridesOf = (count: number, riders = 60): Ride[] => {
  const [lines, chances] = [uniformNumbers(5, count), uniformNumbers(6, count)];
  return Array.from({ length: count }, (_, id) => {
    const place = Math.floor((lines[id] ?? 0) * 3);
    return {
      id,
      rider: (id * 7) % riders,
      line: 'ABC'[place] ?? 'A',
      stop: id % 2 === 0 ? 'north' : 'south',
      load: id,
      late: (chances[id] ?? 0) < 0.7 - 0.3 * place ? 1 : 0,
    };
  });
};

const foldsOf = (rides: readonly Ride[]): number[] => {
  const rider = { type: 'integer' as const, values: Float64Array.from(rides, (ride) => ride.rider) };
  return Array.from(judgingFolds([rider], rides.length, FOLDS), (fold) => fold + 1);
};

const csvOf = (rides: readonly Ride[]): string =>
  `id,rider,line,stop,load,late\n${rides.map((ride) => [ride.id, ride.rider, ride.line, ride.stop, ride.load, ride.late].join(',')).join('\n')}\n`;

type World = Awaited<ReturnType<typeof prepareWorld>>;
type Split = Prepared['splits']['gate'];

const textOf = async (world: World, split: Split | null | undefined): Promise<string> =>
  (await Promise.all((split?.parts ?? []).map(({ dataKey }) => world.text(dataKey)))).join('');

const linesOf = async (world: World, split: Split | null | undefined): Promise<number[][]> =>
  (await textOf(world, split))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(',').map(Number));

/** Loads name rides, and stand after the label and the weight of rows that are trained on. */
const loads = (lines: readonly number[][], at: number): number[] => lines.map((line) => line[at] ?? Number.NaN);

const inputOf = (world: World, fold: number): Promise<RunInput> =>
  world.ledger.read(runInputSchema, keys.foldInput(MODEL, RUN, fold));

/** A run over these rides. */
async function made(rides: readonly Ride[], yaml = definition(), more: Partial<RunPlan> = {}) {
  const world = await prepareWorld(yaml);
  await world.plan([await world.deliver(csvOf(rides))], { cut: null, ...more });
  const { outcome } = await world.prepare();
  if (outcome !== 'prepared') throw new Error((await world.ledger.find(runEndSchema, keys.end(MODEL, RUN)))?.reason);
  return { world, prepared: await world.prepared() };
}

describe('rows in folds', () => {
  it('judge once each, by a model that saw nothing of their entity, and teach the one that serves', async () => {
    const rides = ridesOf(240);
    const riderOf = new Map(rides.map(({ load, rider }) => [load, rider]));

    const { world, prepared } = await made(rides);

    const whole = [
      ...loads(await linesOf(world, prepared.splits.train), 2),
      ...loads(await linesOf(world, prepared.splits.validation), 1),
    ];
    expect(whole.toSorted((a, b) => a - b)).toEqual(rides.map(({ load }) => load));
    const judged: number[] = [];
    for (const fold of prepared.folds ?? []) {
      const [train, validation, gate] = [
        loads(await linesOf(world, fold.train), 2),
        loads(await linesOf(world, fold.validation), 1),
        loads(await linesOf(world, fold.gate), 0),
      ];
      const taught = new Set([...train, ...validation].map((load) => riderOf.get(load)));
      expect(gate.filter((load) => taught.has(riderOf.get(load)))).toEqual([]);
      expect(train.length + validation.length + gate.length).toBe(rides.length);
      expect(validation.length).toBeGreaterThan(0);
      judged.push(...gate);
    }
    expect(judged.toSorted((a, b) => a - b)).toEqual(rides.map(({ load }) => load));
    // The gate of the run is theirs, one after the other, as the model reads them that serves.
    expect(loads(await linesOf(world, prepared.splits.gate), 0)).toEqual(judged);
    const rowsOf = ({ parts }: Split) => parts.map(({ rowsKey, rows }) => [rowsKey, rows]);
    expect(rowsOf(prepared.splits.gate)).toEqual((prepared.folds ?? []).flatMap(({ gate }) => rowsOf(gate)));
    expect(prepared.split).toEqual({ by: 'folds', key: ['rider'], folds: FOLDS });
  });

  it.each([1, 3])('leave no sign in what the model without fold %i is trained with', async (fold) => {
    const rides = ridesOf(240);
    const folds = foldsOf(rides);
    const other = rides.map((ride, i) =>
      folds[i] === fold ? { ...ride, late: 1 - ride.late, load: 1000 - ride.load, line: 'D', stop: 'east' } : ride,
    );

    const [one, two] = [await made(rides), await made(other)];

    const [before, after] = [one.prepared.folds?.[fold - 1], two.prepared.folds?.[fold - 1]];
    expect(await textOf(two.world, after?.train)).toBe(await textOf(one.world, before?.train));
    expect(await textOf(two.world, after?.validation)).toBe(await textOf(one.world, before?.validation));
    const [ours, theirs] = [await inputOf(one.world, fold), await inputOf(two.world, fold)];
    expect(theirs).toEqual({ ...ours, definitionDigest: theirs.definitionDigest });
    // What comes only in the fold is to its model as what it never saw; what serves knows it.
    expect(theirs.dictionary.features.stop?.toSorted()).toEqual(['north', 'south']);
    expect(new Set((await linesOf(two.world, after?.gate)).map((line) => line[3]))).toEqual(new Set([0]));
    const served = await two.world.ledger.read(runInputSchema, keys.runInput(MODEL, RUN));
    expect(served.dictionary.features.stop).toContain('east');
    // The rows themselves did change, and with them what the others are trained with.
    const [next, nextAfter] = [one.prepared.folds?.[fold % FOLDS], two.prepared.folds?.[fold % FOLDS]];
    expect(await textOf(two.world, nextAfter?.train)).not.toBe(await textOf(one.world, next?.train));
  });

  it('are the same bytes when they are prepared again', async () => {
    const rides = ridesOf(200);

    const [one, two] = [await made(rides), await made(rides)];

    for (const key of one.world.store.keys().filter((each) => each.startsWith('runs/') && each.includes('/input'))) {
      expect(await two.world.text(key), key).toBe(await one.world.text(key));
    }
  });

  it('of several classes are judged by the classes of all', async () => {
    const rides = ridesOf(240);

    const { world, prepared } = await made(rides, CLASSES);

    expect(prepared.folds).toHaveLength(FOLDS);
    expect((await inputOf(world, 2)).classes).toEqual(['north', 'south']);
  });

  it.each([
    [
      'an entity too few',
      ridesOf(60, 3),
      /^no row is in fold \d of 4: the data has too few keys or entities; publish the model with fewer folds/,
    ],
    [
      'labels of one kind without a fold',
      ridesOf(200).map((ride, i, all) => ({ ...ride, late: foldsOf(all)[i] === 2 ? 1 : 0 })),
      /^all rows to train on without fold 2 have the label 0: there is nothing to tell apart$/,
    ],
  ])('end the run where there is %s', async (_what, rides, reason) => {
    const world = await prepareWorld(definition('{ folds: 4 }'));
    await world.plan([await world.deliver(csvOf(rides))], { cut: null });

    const { outcome } = await world.prepare();

    expect(outcome).toBe('unpreparable');
    expect((await world.ledger.read(runEndSchema, keys.end(MODEL, RUN))).reason).toMatch(reason);
  });
});

describe('a champion', () => {
  /** A champion of these rides under one definition, and a run over more of them under another. */
  async function succeeded(theirs: string, ours: string, rides: readonly Ride[], more: readonly Ride[]) {
    const world = await prepareWorld(theirs);
    const first = await world.deliver(csvOf(rides));
    const champion = await world.plan([first], { cut: null, run: CHAMPION_RUN });
    expect(await world.prepare(CHAMPION_RUN)).toEqual({ outcome: 'prepared' });
    await world.republish(ours);
    const second = await world.deliver(csvOf(more));
    await world.plan([first, second], {
      cut: null,
      champion: { run: champion.run, modelName: 'champion-model', inputDigest: 'i' },
      anchor: { run: champion.run, modelName: 'champion-model' },
    });
    await world.prepare();
    return { world, prepared: await world.prepared(), before: await world.prepared(CHAMPION_RUN) };
  }

  it('in as many folds reads each as its model did that never saw it, whatever rows have come', async () => {
    const all = ridesOf(300);
    const [rides, more] = [all.slice(0, 200), all.slice(150)];
    const riderOf = new Map(all.map(({ load, rider }) => [load, rider]));

    const { world, prepared, before } = await succeeded(definition(), definition(), rides, more);

    expect(prepared.notComparable).toBeNull();
    for (const [index, fold] of (prepared.folds ?? []).entries()) {
      const taught = new Set(
        loads(await linesOf(world, before.folds?.[index]?.train), 2).map((load) => riderOf.get(load)),
      );
      const [read, ours] = [await linesOf(world, fold.gateChampion), await linesOf(world, fold.gate)];
      expect(loads(read, 0)).toEqual(loads(ours, 0));
      expect(loads(read, 0).filter((load) => taught.has(riderOf.get(load)))).toEqual([]);
      // Each by its own encodings, which came of other rows.
      expect(loads(read, 1)).not.toEqual(loads(ours, 1));
      expect(await linesOf(world, fold.gateAnchor)).toEqual(read);
    }
    expect(prepared.gateChampion?.rows).toBe(350);
    expect(prepared.gateAnchor).toMatchObject({ outcome: 'prepared', split: { rows: 350 } });
  });

  it.each([
    [
      'in no folds',
      '{ gate: 0.2 }',
      `{ folds: 4 }`,
      'its rows were split by a hash of rider and these by a hash of rider into 4 folds',
    ],
    [
      'in other folds',
      '{ folds: 5 }',
      `{ folds: 4 }`,
      'its rows were split by a hash of rider into 5 folds and these by a hash of rider into 4 folds',
    ],
    [
      'in folds, of a run without any',
      '{ folds: 4 }',
      `{ gate: 0.2 }`,
      'its rows were split by a hash of rider into 4 folds and these by a hash of rider',
    ],
  ])('%s is not compared with: it has seen some of what judges', async (_what, theirs, ours, why) => {
    const all = ridesOf(240);

    const { prepared } = await succeeded(definition(theirs), definition(ours), all.slice(0, 200), all.slice(200));

    expect(prepared.notComparable).toBe(`${why}, so it may have been trained on some of the gate rows`);
    expect(prepared.gateChampion).toBeNull();
    expect(
      prepared.folds?.some(({ gateChampion, gateAnchor }) => gateChampion !== null || gateAnchor !== null),
    ).not.toBe(true);
  });
});
