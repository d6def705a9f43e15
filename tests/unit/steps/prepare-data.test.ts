import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dictionarySchema } from '../../../shared/data/dictionary.ts';
import { literal } from '../../../shared/data/engine.ts';
import { runInputSchema } from '../../../shared/data/run-input.ts';
import { type RunPlan, runEndSchema, slotSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { workshop } from '../data/workshop.ts';
import { DEFINITION, journeys, MODEL, NOW } from './data-world.ts';
import { CUT, prepareWorld, RUN } from './prepare-world.ts';

const CHAMPION_RUN = '20010115-abcdefabcd';
const shop = workshop();
/** 18 January 2001 in days since 1970: rows of a day belong together. */
const DAY = 11_340;

async function world(yaml = DEFINITION, maxRunBytes = 1e9) {
  const base = await prepareWorld(yaml, { maxRunBytes });
  return {
    ...base,
    async rows(key: string | undefined) {
      const path = join(shop.directory(), 'rows.parquet');
      writeFileSync(path, (await base.store.get(key ?? ''))?.body ?? '');
      return shop.rows(`SELECT * FROM read_parquet(${literal(path)})`);
    },
  };
}

describe('preparing a run', () => {
  it('cuts by time and encodes label and features, the rows beside them', async () => {
    const run = await world();
    const dataset = await run.deliver(journeys(20));
    await run.plan([dataset]);

    const outcome = await run.prepare();

    expect(outcome).toEqual({ outcome: 'prepared' });
    const { splits, ...prepared } = await run.prepared();
    expect(prepared).toMatchObject({
      features: ['hour', 'line', 'load'],
      gateChampion: null,
      notComparable: null,
      dropped: { before_window: 24, embargo: 1 },
      trainedBefore: '2001-01-17T23:00:00.000Z',
      split: { by: 'time', column: 'at' },
    });
    expect([splits.train.rows, splits.validation.rows, splits.gate.rows]).toEqual([13 * 24, 3 * 24 - 1, 3 * 24]);
    // 2 January, 0 to 2 o'clock: delays 0, 2, 4 and 5 more to the first late one.
    const train = (await run.text(splits.train.parts[0]?.dataKey)).split('\n');
    expect(train.slice(0, 4)).toEqual(['0,0,1,0.5', '0,1,2,7.5', '0,2,3,4.5', '1,3,1,1.5']);
    const gate = (await run.text(splits.gate.parts[0]?.dataKey)).split('\n');
    expect(gate.slice(0, 2)).toEqual(['0,1,0.5', '1,2,7.5']);
    const beside = await run.rows(splits.gate.parts[0]?.rowsKey);
    expect(beside.slice(0, 2)).toEqual([
      [expect.stringMatching(/^[0-9a-f]{16}$/), 0, Date.parse('2001-01-18T00:00:00Z') * 1000, DAY],
      [expect.stringMatching(/^[0-9a-f]{16}$/), 1, Date.parse('2001-01-18T01:00:00Z') * 1000, DAY],
    ]);
    expect(run.toldSince()).toEqual([
      { type: 'RunPrepared.v1', about: `${MODEL}/${RUN}`, data: { model: MODEL, run: RUN } },
    ]);
  });

  it('changes nothing when the event comes again, and tells the same', async () => {
    const run = await world();
    await run.plan([await run.deliver(journeys(20))]);
    await run.prepare();
    const before = await run.contents();

    const again = await run.prepare(RUN, new Date('2001-05-01T00:00:00Z'));

    expect(again).toEqual({ outcome: 'existed' });
    expect(await run.contents()).toEqual(before);
    expect(run.toldSince()[1]).toEqual(run.toldSince()[0]);
  });

  it('writes the same bytes again after a crash, although the dictionary has grown', async () => {
    const run = await world();
    await run.plan([await run.deliver(journeys(20))]);
    await run.prepare();
    const first = await run.contents();
    const crashed = await world();
    await crashed.plan([await crashed.deliver(journeys(20))]);
    const input = await run.ledger.read(runInputSchema, keys.runInput(MODEL, RUN));
    await crashed.ledger.record(runInputSchema, keys.runInput(MODEL, RUN), input);
    await crashed.ledger.point(dictionarySchema, keys.dictionary(MODEL), () => ({
      features: { line: ['Z', 'A', 'B', 'C'] },
    }));

    await crashed.prepare();

    const second = await crashed.contents();
    for (const key of Object.keys(first).filter((name) => name.startsWith(`runs/${MODEL}/${RUN}/`))) {
      expect(second[key]).toBe(first[key]);
    }
  });

  it('learns categories from the rows to train on alone, and keeps their codes for ever', async () => {
    const run = await world();
    const late = journeys(20).replaceAll(/(2001-01-(?:18|19|20) [^,]+),A/g, '$1,NEW');
    await run.ledger.point(dictionarySchema, keys.dictionary(MODEL), () => ({ features: { line: ['C', 'gone'] } }));
    await run.plan([await run.deliver(late)]);

    await run.prepare();

    const { dictionary } = await run.ledger.read(runInputSchema, keys.runInput(MODEL, RUN));
    expect(dictionary.features).toEqual({ line: ['C', 'gone', 'A', 'B'] });
    const { splits } = await run.prepared();
    expect((await run.text(splits.gate.parts[0]?.dataKey)).split('\n').slice(0, 3)).toEqual([
      '0,0,0.5',
      '1,4,7.5',
      '2,1,4.5',
    ]);
  });

  it('splits by a hash of the key where rows have no time: equal keys stay together, for ever', async () => {
    const yaml = DEFINITION.replace('  time: at\n', '').replace('key: [at, line]', 'key: [line, load]');
    const run = await world(yaml);
    const dataset = await run.deliver(journeys(20));
    await run.plan([dataset], { cut: null });

    await run.prepare();

    const { splits, dropped, trainedBefore, split } = await run.prepared();
    expect(split).toEqual({ by: 'hash', key: ['line', 'load'], gate: 0.2 });
    const keysOf = async (parts: { rowsKey: string }[]) =>
      new Set((await run.rows(parts[0]?.rowsKey)).map(([key]) => key));
    const sides = [
      await keysOf(splits.train.parts),
      await keysOf(splits.validation.parts),
      await keysOf(splits.gate.parts),
    ];
    expect(sides.reduce((sum, side) => sum + side.size, 0)).toBe(new Set(sides.flatMap((side) => [...side])).size);
    expect(splits.train.rows + splits.validation.rows + splits.gate.rows).toBe(480);
    expect({ dropped, trainedBefore }).toEqual({ dropped: {}, trainedBefore: null });
  });

  it('reads several datasets as one, in their order, with the types that hold all of them', async () => {
    const run = await world();
    const first = await run.deliver(journeys(10).replaceAll('.5,', ','));
    const second = await run.deliver(journeys(10, 24, 11));
    await run.plan([first, second]);

    await run.prepare();

    const { splits } = await run.prepared();
    const train = (await run.text(splits.train.parts[0]?.dataKey)).trimEnd().split('\n');
    expect(train[0]).toBe('0,0,1,0');
    expect(train.at(-1)).toMatch(/\.5$/);
    expect((await run.ledger.read(runInputSchema, keys.runInput(MODEL, RUN))).columnTypes.load).toBe('number');
  });

  it('writes slices, protected columns, weight and cluster beside the rows', async () => {
    const yaml = `${DEFINITION}  weight: load\n  protected: [delay]\nevaluation:\n  slices: [line]\n  cluster: day\n`;
    const run = await world(yaml.replace('    - load\n', ''));
    await run.plan([await run.deliver(journeys(20))]);

    await run.prepare();

    const { splits } = await run.prepared();
    const [first] = await run.rows(splits.gate.parts[0]?.rowsKey);
    const midnight = Date.parse('2001-01-18T00:00:00Z');
    expect(first?.slice(1)).toEqual([0, midnight * 1000, 0.5, midnight / 86_400_000, 'A', 0]);
  });
});

describe('what training must not see', () => {
  it('does not see a protected column, by whatever name, in any part it is given', async () => {
    const yaml = `${DEFINITION.replace('    - load\n', '')}  protected: [LOAD]\nevaluation: { fairness: [LOAD] }\n`;
    const run = await world(yaml);
    // No other value of these rows has the digits of these loads.
    const csv = journeys(20).replaceAll(/,(\d)\.5,/g, ',98765$1.25,');
    await run.plan([await run.deliver(csv)]);

    await run.prepare();

    const { splits, features } = await run.prepared();
    const parts = [...splits.train.parts, ...splits.validation.parts, ...splits.gate.parts];
    const texts = await Promise.all(parts.map(({ dataKey }) => run.text(dataKey)));
    expect(parts.length).toBeGreaterThanOrEqual(3);
    expect(features).toEqual(['hour', 'line']);
    for (const text of texts) expect(text).not.toContain('98765');
    expect((await run.rows(splits.gate.parts[0]?.rowsKey))[0]).toContain(987650.25);
    expect((await run.ledger.read(runInputSchema, keys.runInput(MODEL, RUN))).inputColumns).not.toContain('load');
  });

  it('learns weights beside the label, and leaves out what weighs less than nothing', async () => {
    const run = await world(`${DEFINITION.replace('    - load\n', '')}  weight: load\n`);
    await run.plan([
      await run.deliver(journeys(20).replace('2001-01-02 01:00:00,B,7.5', '2001-01-02 01:00:00,B,-7.5')),
    ]);

    await run.prepare();

    const { splits, dropped } = await run.prepared();
    const train = (await run.text(splits.train.parts[0]?.dataKey)).split('\n');
    expect(train.slice(0, 2)).toEqual(['0,0.5,0,1', '0,4.5,2,2']);
    // The image takes weights in the training channel alone.
    expect((await run.text(splits.validation.parts[0]?.dataKey)).split('\n')[0]).toBe('0,0,1');
    expect((await run.text(splits.gate.parts[0]?.dataKey)).split('\n')[0]).toBe('0,1');
    expect(dropped).toMatchObject({ weight_invalid: 1 });
  });

  it('halves what a row to train on counts for with each half-life it is older, times its own weight', async () => {
    const weighing = async (yaml: string) => {
      const run = await world(`${yaml}retraining: { data: { mode: weighted, half_life: 24h } }\n`);
      await run.plan([await run.deliver(journeys(20))]);
      await run.prepare();
      const { splits } = await run.prepared();
      const train = (await run.text(splits.train.parts[0]?.dataKey)).trimEnd().split('\n');
      const [validation = ''] = (await run.text(splits.validation.parts[0]?.dataKey)).split('\n');
      return { weights: train.map((line) => Number(line.split(',')[1])), validation };
    };

    const aged = await weighing(DEFINITION);
    const both = await weighing(`${DEFINITION.replace('    - load\n', '')}  weight: load\n`);

    // A row a day older counts half, and none counts more than one of the newest moment.
    const perDay = aged.weights.length / new Set(aged.weights.map((weight) => Math.floor(Math.log2(weight)))).size;
    expect(Number.isInteger(perDay)).toBe(true);
    aged.weights.slice(perDay).forEach((weight, row) => {
      expect(weight).toBeCloseTo(2 * (aged.weights[row] ?? 0), 12);
    });
    expect(Math.max(...aged.weights)).toBeLessThanOrEqual(1);
    expect(both.weights[0]).toBeCloseTo(0.5 * (aged.weights[0] ?? 0), 12);
    expect(aged.validation.split(',').length).toBe(4);
  });
});

describe('what gives the label away', () => {
  it('is named first, and noise far behind', async () => {
    const run = await world(
      DEFINITION.replace('    - load', '    - load\n    - { name: told, sql: delay * 2 }').replace(
        'delay > 5',
        'delay > 5 AND load > 0',
      ),
    );
    await run.plan([await run.deliver(journeys(20))]);

    await run.prepare();

    const [first, second] = (await run.prepared()).strongestFeatures ?? [];
    expect(first).toEqual({ feature: 'told', strength: 1 });
    expect(second?.strength).toBeLessThan(0.9);
  });
});

describe('rows that judge', () => {
  it('have a digest of their own: the same for the same rows, another where one label differs', async () => {
    const [one, same, other] = [await world(), await world(), await world()];
    for (const [run, csv] of [
      [one, journeys(20)],
      [same, journeys(20)],
      [other, journeys(20).replace(/^(2001-01-19 00:00:00,A,0.5),\d+$/m, '$1,9')],
    ] as const) {
      await run.plan([await run.deliver(csv)]);
      await run.prepare();
    }

    const [a, b, c] = [await one.prepared(), await same.prepared(), await other.prepared()];
    expect(a.gateDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(b.gateDigest).toBe(a.gateDigest);
    expect(c.gateDigest).not.toBe(a.gateDigest);
  });
});

describe('labels of classes', () => {
  const CLASSES = DEFINITION.replace('problem: binary', 'problem: multiclass').replace(
    '{ name: late, sql: delay > 5 }',
    "{ name: speed, sql: CASE WHEN delay > 6 THEN 'slow' WHEN delay > 2 THEN 'middling' ELSE 'fast' END }",
  );

  it('are numbered in the order of their names, and new ones later come after them', async () => {
    const run = await world(CLASSES);
    const early = { from: null, validation: '2001-01-07T00:00:00Z', gate: '2001-01-09T00:00:00Z', embargoMs: 0 };
    // Nobody is slow in the first days.
    const first = journeys(10).replaceAll(/,([789]|10)$/gm, ',4');
    await run.plan([await run.deliver(first)], { run: CHAMPION_RUN, cut: early });
    await run.prepare(CHAMPION_RUN);
    await run.plan([await run.deliver(journeys(20))]);
    await run.prepare();

    const [before, after] = [
      await run.ledger.read(runInputSchema, keys.runInput(MODEL, CHAMPION_RUN)),
      await run.ledger.read(runInputSchema, keys.runInput(MODEL, RUN)),
    ];
    expect(before.classes).toEqual(['fast', 'middling']);
    expect(after.classes).toEqual(['fast', 'middling', 'slow']);
    const { splits, taught } = await run.prepared();
    const train = (await run.text(splits.train.parts[0]?.dataKey)).split('\n');
    const rowsOf = (place: number) => train.filter((line) => line.startsWith(`${place},`)).length;
    expect(taught).toEqual(['fast', 'middling', 'slow'].map((name, place) => ({ name, rows: rowsOf(place) })));
    // Delays 0, 2, 4, 6, 8 on the second day.
    expect(train.slice(0, 5).map((line) => line.split(',')[0])).toEqual(['0', '0', '1', '1', '2']);
    const beside = await run.rows(splits.gate.parts[0]?.rowsKey);
    expect(new Set(beside.map((row) => row[1]))).toEqual(new Set(['fast', 'middling', 'slow']));
  });

  it('that training does not show are judged all the same, and stop no training', async () => {
    const run = await world(CLASSES);
    const untaught = (text: string) =>
      text
        .split('\n')
        .map((line) => (line < '2001-01-15' ? line.replace(/,([789]|10)$/, ',4') : line))
        .join('\n');
    await run.plan([await run.deliver(untaught(journeys(20)))]);

    await run.prepare();

    const { splits, dropped } = await run.prepared();
    const validation = (await run.text(splits.validation.parts[0]?.dataKey)).trimEnd().split('\n');
    const labels = (await run.rows(splits.gate.parts[0]?.rowsKey)).map((row) => row[1]);
    expect(dropped.class_not_taught).toBeGreaterThan(0);
    expect(new Set(validation.map((line) => line.split(',')[0]))).toEqual(new Set(['0', '1']));
    expect(splits.gate.rows).toBe(3 * 24);
    expect(labels).toContain('slow');
  });

  it.each([
    ['only one is there to learn', "'fast'", 'there is nothing to tell apart'],
    ['there is one for nearly every row', 'line', 'is it a class at all?'],
  ])('end the run where %s', async (_what, sql, reason) => {
    const run = await world(CLASSES.replace(/sql: CASE.*END/, `sql: "CASE WHEN delay >= 0 THEN ${sql} END"`));
    let rows = 0;
    const manyLines = journeys(20).replaceAll(/,[ABC],/g, () => `,bus ${rows++},`);
    await run.plan([await run.deliver(manyLines)]);

    expect(await run.prepare()).toEqual({ outcome: 'unpreparable' });

    expect((await run.ledger.read(runEndSchema, keys.end(MODEL, RUN))).reason).toContain(reason);
  });
});

describe('the anchor', () => {
  it('gets the same rows as the champion, encoded with its own features', async () => {
    const run = await world(DEFINITION.replace('sql: hour(at)', 'sql: hour(at) + 100'));
    await run.plan([await run.deliver(journeys(10))], {
      run: CHAMPION_RUN,
      cut: { from: null, validation: '2001-01-07T00:00:00Z', gate: '2001-01-09T00:00:00Z', embargoMs: 0 },
    });
    await run.prepare(CHAMPION_RUN);
    await run.republish(DEFINITION);
    await run.plan([await run.deliver(journeys(20))], { anchor: { run: CHAMPION_RUN, modelName: 'anchor' } });

    await run.prepare();

    const { splits, gateAnchor, gateChampion } = await run.prepared();
    expect(gateChampion).toBeNull();
    if (gateAnchor?.outcome !== 'prepared') throw new Error('the anchor has no rows');
    expect(gateAnchor.split.rows).toBe(splits.gate.rows);
    expect(gateAnchor.split.parts[0]?.rowsKey).toBe(splits.gate.parts[0]?.rowsKey);
    expect((await run.text(gateAnchor.split.parts[0]?.dataKey)).split('\n')[0]).toBe('100,1,0.5');
  });

  it('is not compared with where its label meant something else, and the run goes on', async () => {
    const run = await world(DEFINITION.replace('delay > 5', 'delay > 7'));
    await run.plan([await run.deliver(journeys(10))], {
      run: CHAMPION_RUN,
      cut: { from: null, validation: '2001-01-07T00:00:00Z', gate: '2001-01-09T00:00:00Z', embargoMs: 0 },
    });
    await run.prepare(CHAMPION_RUN);
    await run.republish(DEFINITION);
    await run.plan([await run.deliver(journeys(20))], { anchor: { run: CHAMPION_RUN, modelName: 'anchor' } });

    expect(await run.prepare()).toEqual({ outcome: 'prepared' });

    expect((await run.prepared()).gateAnchor).toEqual({
      outcome: 'not_comparable',
      message: 'the meaning of the label has changed since the anchor was trained',
    });
  });
});

describe('the champion', () => {
  /** A champion trained on the first days with its own definition. */
  async function withChampion(championYaml = DEFINITION, csv = journeys(20)) {
    const run = await world(championYaml);
    const old = await run.deliver(journeys(10));
    await run.plan([old], {
      run: CHAMPION_RUN,
      cut: { from: null, validation: '2001-01-07T00:00:00Z', gate: '2001-01-09T00:00:00Z', embargoMs: 0 },
    });
    await run.prepare(CHAMPION_RUN);
    await run.republish(DEFINITION);
    const dataset = await run.deliver(csv.replaceAll(',B,', ',NEW,'));
    const { inputDigest } = await run.prepared(CHAMPION_RUN);
    await run.plan([dataset], { champion: { run: CHAMPION_RUN, modelName: 'champion', inputDigest } });
    await run.prepare();
    return { ...run, result: await run.prepared() };
  }

  it('gets the same rows, with its own features and codes', async () => {
    const champion = DEFINITION.replace('    - load\n', '    - { name: double, sql: load * 2 }\n').replace(
      'sql: hour(at)',
      'sql: hour(at) + 100',
    );
    const run = await withChampion(champion);

    const { splits, gateChampion } = run.result;
    expect(gateChampion?.rows).toBe(splits.gate.rows);
    expect(gateChampion?.parts.map(({ rowsKey, rows }) => [rowsKey, rows])).toEqual(
      splits.gate.parts.map(({ rowsKey, rows }) => [rowsKey, rows]),
    );
    const lines = async (parts: readonly { dataKey: string }[] | undefined) =>
      (await run.text(parts?.[0]?.dataKey)).split('\n').slice(0, 3);
    expect(await lines(splits.gate.parts)).toEqual(['0,1,0.5', '1,4,7.5', '2,3,4.5']);
    // To the champion the new line is one it has never seen.
    expect(await lines(gateChampion?.parts)).toEqual(['100,1,1', '101,0,15', '102,3,9']);
  });

  it('is not compared when the label means something else', async () => {
    const { result } = await withChampion(DEFINITION.replace('delay > 5', 'delay > 7'));

    expect(result.gateChampion).toBeNull();
    expect(result.notComparable).toContain('label');
  });

  it('is not compared when the rows lack what it reads', async () => {
    const csv = journeys(20).replaceAll(/^(.*)$/gm, '$1');
    const { result } = await withChampion(
      DEFINITION.replace('    - load\n', '    - { name: n, sql: length(line) }\n'),
      csv,
    );
    expect(result.notComparable).toBeNull();

    const other = await world(DEFINITION.replace('    - load\n', '    - old_column\n'));
    const old = await other.deliver(journeys(10).replaceAll('load', 'old_column'));
    const early = { from: null, validation: '2001-01-07T00:00:00Z', gate: '2001-01-09T00:00:00Z', embargoMs: 0 };
    await other.plan([old], { run: CHAMPION_RUN, cut: early });
    await other.prepare(CHAMPION_RUN);
    await other.republish(DEFINITION);
    const { inputDigest } = await other.prepared(CHAMPION_RUN);
    await other.plan([await other.deliver(journeys(20))], {
      champion: { run: CHAMPION_RUN, modelName: 'champion', inputDigest },
    });
    await other.prepare();

    expect((await other.prepared()).notComparable).toContain('old_column');
  });
});

describe('a champion that may have been trained on the gate rows', () => {
  const HASHED = DEFINITION.replace('  time: at\n', '').replace('key: [at, line]', 'key: [at, line]');
  const hashed = (some: { key?: string; entity?: string; gate?: number } = {}) =>
    `${HASHED.replace('[at, line]', some.key ?? '[at, line]')}${some.entity ? `  entity: ${some.entity}\n` : ''}  split: { gate: ${some.gate ?? 0.2} }\n`;
  const early = { from: null, validation: '2001-01-07T00:00:00Z', gate: '2001-01-09T00:00:00Z', embargoMs: 0 };

  /** A champion of one definition, and what becomes of the comparison in a run of another. */
  async function compared(
    champion: { yaml: string; cut: RunPlan['cut'] },
    candidate: { yaml: string; cut: RunPlan['cut'] },
    csv = journeys(20),
  ) {
    const run = await world(champion.yaml);
    await run.plan([await run.deliver(journeys(20))], { run: CHAMPION_RUN, cut: champion.cut });
    await run.prepare(CHAMPION_RUN);
    const { inputDigest } = await run.prepared(CHAMPION_RUN);
    await run.republish(candidate.yaml);
    const dataset = await run.deliver(csv);
    await run.plan([dataset], {
      cut: candidate.cut,
      champion: { run: CHAMPION_RUN, modelName: 'champion', inputDigest },
    });
    expect(await run.prepare()).toEqual({ outcome: 'prepared' });
    const { notComparable, gateChampion } = await run.prepared();
    expect(gateChampion === null).toBe(notComparable !== null);
    return notComparable;
  }

  it.each([
    ['the key is the same', { yaml: hashed(), cut: null }, { yaml: hashed(), cut: null }],
    ['the gate is smaller now', { yaml: hashed(), cut: null }, { yaml: hashed({ gate: 0.1 }), cut: null }],
    ['the gate is later than all it saw', { yaml: DEFINITION, cut: early }, { yaml: DEFINITION, cut: CUT }],
  ])('is compared where %s', async (_what, champion, candidate) => {
    expect(await compared(champion, candidate)).toBeNull();
  });

  it.each([
    [
      'a time was published since',
      { yaml: hashed(), cut: null },
      { yaml: DEFINITION, cut: CUT },
      'its rows were split by a hash of at, line and these by the time in at',
    ],
    [
      'the time was dropped',
      { yaml: DEFINITION, cut: early },
      { yaml: hashed(), cut: null },
      'its rows were split by the time in at and these by a hash of at, line',
    ],
    [
      'the gate begins before what it saw ends',
      { yaml: DEFINITION, cut: { ...CUT, gate: '2001-01-19T00:00:00Z' } },
      { yaml: DEFINITION, cut: CUT },
      'it was trained on rows up to 2001-01-18T23:00:00.000Z and the gate rows begin at 2001-01-18T00:00:00Z',
    ],
    [
      'the key has changed',
      { yaml: hashed(), cut: null },
      { yaml: hashed({ key: '[line, at]' }), cut: null },
      'its rows were split by a hash of at, line and these by a hash of line, at',
    ],
    [
      'an entity was declared',
      { yaml: hashed(), cut: null },
      { yaml: hashed({ entity: 'line' }), cut: null },
      'its rows were split by a hash of at, line and these by a hash of line',
    ],
    [
      'the gate is larger now',
      { yaml: hashed(), cut: null },
      { yaml: hashed({ gate: 0.3 }), cut: null },
      'its gate was a share of 0.2 of the rows and is 0.3 now',
    ],
  ])('is not compared where %s', async (_what, champion, candidate, words) => {
    const reason = await compared(champion, candidate);

    expect(reason).toContain(words);
    expect(reason).toContain('it may have been trained on some of the gate rows');
  });

  it('is not compared where a column of the key hashes in another way, and is where it hashes the same', async () => {
    const yaml = hashed({ key: '[line, load]' });
    const [text, whole] = [
      journeys(20).replaceAll(/(\d\.5),(\d+)$/gm, 'n$1,$2'),
      journeys(20).replaceAll(/\.5,(\d+)$/gm, ',$1'),
    ];
    const features = (of: string) => of.replace('    - load\n', '    - { name: n, sql: length(line) }\n');

    expect(
      await compared(
        { yaml: features(yaml), cut: null },
        { yaml: features(`${yaml}  protected: [delay]\n`), cut: null },
        whole,
      ),
    ).toBeNull();
    expect(
      await compared(
        { yaml: features(yaml), cut: null },
        { yaml: features(`${yaml}  protected: [delay]\n  rules: []\n`), cut: null },
        text,
      ),
    ).toContain('load of the key was of type number and is of type string now');
  });

  it('is not compared where nothing is known of its split', async () => {
    const run = await world(hashed());
    await run.plan([await run.deliver(journeys(20))], { run: CHAMPION_RUN, cut: null });
    await run.prepare(CHAMPION_RUN);
    const { split: _split, ...prepared } = await run.prepared(CHAMPION_RUN);
    await run.store.put(keys.prepared(MODEL, CHAMPION_RUN), JSON.stringify(prepared));
    await run.plan([await run.deliver(journeys(19))], {
      cut: null,
      champion: { run: CHAMPION_RUN, modelName: 'champion', inputDigest: prepared.inputDigest },
    });

    await run.prepare();

    expect((await run.prepared()).notComparable).toContain('how its rows were split was not recorded');
  });
});

describe('a run that cannot be prepared', () => {
  it.each([
    ['no row is left to train on', journeys(2, 24, 15), 'no row is left to train on'],
    ['no row is left to judge on', journeys(10), 'no row is left to judge on (left out: 24 before_window)'],
    [
      'all labels to train on are one',
      journeys(20).replaceAll(/,\d+$/gm, ',0'),
      'all rows to train on have the label 0',
    ],
  ])('ends because %s, and its slot is free', async (_, csv, reason) => {
    const run = await world();
    await run.plan([await run.deliver(csv)]);

    const outcome = await run.prepare();

    expect(outcome).toEqual({ outcome: 'unpreparable' });
    const end = await run.ledger.read(runEndSchema, keys.end(MODEL, RUN));
    expect(end).toMatchObject({ end: 'failed', reason: expect.stringContaining(reason) });
    expect((await run.ledger.read(slotSchema, keys.slot(MODEL))).flight).toBeNull();
    expect(run.toldSince().map(({ type }) => type)).toEqual(['RunEnded.v1']);
    expect(await run.prepare()).toEqual({ outcome: 'over' });
    expect(run.toldSince()[1]).toEqual(run.toldSince()[0]);
  });

  it('ends before a byte is read where its datasets are too much together, and says what to do', async () => {
    const run = await world(DEFINITION, 1000);
    await run.plan([await run.deliver(journeys(10)), await run.deliver(journeys(10, 24, 11))]);
    const read: string[] = [];
    const { download } = run.store;
    run.store.download = (key, file) => {
      read.push(key);
      return download(key, file);
    };

    const outcomes = [await run.prepare()];

    expect(outcomes).toEqual([{ outcome: 'unpreparable' }]);
    const { reason } = await run.ledger.read(runEndSchema, keys.end(MODEL, RUN));
    expect(reason).toMatch(/^the 2 datasets of the run have [\d,]+ bytes together, and at most 1,000 bytes can be/);
    expect(reason).toContain('a shorter window in retraining.data');
    expect(read).toEqual([]);
  });

  it('gets its slot back where a crash kept its end from releasing it', async () => {
    const run = await world();
    await run.plan([await run.deliver(journeys(20))]);
    const end = { model: MODEL, run: RUN, end: 'failed' as const, reason: 'broken', endedAt: NOW.toISOString() };
    await run.ledger.record(runEndSchema, keys.end(MODEL, RUN), end);

    const outcome = await run.prepare();

    expect(outcome).toEqual({ outcome: 'over' });
    expect((await run.ledger.read(slotSchema, keys.slot(MODEL))).flight).toBeNull();
    expect(run.toldSince()).toMatchObject([{ type: 'RunEnded.v1', data: { end: 'failed', reason: 'broken' } }]);
  });
});
