import { describe, expect, it } from 'vitest';
import { withoutMissing } from '../../../shared/data/missing-values.ts';
import { inputEncoder, runInputSchema } from '../../../shared/data/run-input.ts';
import { batchFromRecords } from '../../../shared/features/records.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { baselineSchema } from '../../../shared/monitoring/baseline.ts';
import { MODEL } from './data-world.ts';
import { CUT, prepareWorld, RUN } from './prepare-world.ts';
import { uniformNumbers } from './uniform-numbers.ts';

const CHAMPION_RUN = '20010115-abcdefabcd';

const ENCODED = `
problem: binary
data:
  label: { name: late, sql: delay > 5 }
  time: at
  key: [at, line]
  features:
    - { name: line, encoding: target }
    - { name: often, sql: line, encoding: frequency }
    - load
`;

interface Journey {
  readonly at: string;
  readonly line: string;
  readonly load: number;
  readonly isLate: boolean;
}

/** Journeys of January, 24 a day; line A is late more often than B, and B than C. */
function january(): Journey[] {
  const [lines, chances] = [uniformNumbers(7, 20 * 24), uniformNumbers(8, 20 * 24)];
  return Array.from({ length: 20 * 24 }, (_, i) => {
    const place = Math.floor((lines[i] ?? 0) * 3);
    return {
      at: new Date(Date.UTC(2001, 0, 1) + i * 3_600_000).toISOString().slice(0, 19),
      line: 'ABC'[place] ?? 'A',
      load: i,
      isLate: (chances[i] ?? 0) < 0.7 - 0.3 * place,
    };
  });
}

const csvOf = (journeys: readonly Journey[]): string =>
  `at,line,load,delay\n${journeys.map(({ at, line, load, isLate }) => `${at},${line},${load},${isLate ? 9 : 1}`).join('\n')}\n`;

const isTrainedOn = ({ at }: Journey): boolean => `${at}Z` >= CUT.from && `${at}Z` < CUT.validation;
const flipped = (journey: Journey): Journey => ({ ...journey, isLate: !journey.isLate });

/** What a run made of these journeys. */
async function prepared(journeys: readonly Journey[], yaml = ENCODED, maxPartBytes = 1e6) {
  const run = await prepareWorld(yaml, { maxPartBytes });
  await run.plan([await run.deliver(csvOf(journeys))]);
  await run.prepare();
  const { splits } = await run.prepared();
  const linesOf = async (parts: { dataKey: string }[]): Promise<number[][]> => {
    const texts = await Promise.all(parts.map(({ dataKey }) => run.text(dataKey)));
    return texts.flatMap((text) => text.trimEnd().split('\n')).map((line) => line.split(',').map(Number));
  };
  return {
    run,
    input: await run.ledger.read(runInputSchema, keys.runInput(MODEL, RUN)),
    splits,
    train: await linesOf(splits.train.parts),
    validation: await linesOf(splits.validation.parts),
    gate: await linesOf(splits.gate.parts),
  };
}

describe('values that are declared to be none', () => {
  it('reach the model as missing ones from a record, too, as they did in training', async () => {
    const source = '  source: { columns: { load: { missing: ["-999"] }, line: { missing: ["C"] } } }\n';
    const journeys = january().map((journey) => (journey.load % 3 === 0 ? { ...journey, load: -999 } : journey));
    const judged = journeys.filter(({ at }) => `${at}Z` >= CUT.gate);

    const { gate, input } = await prepared(journeys, ENCODED.replace('  time: at\n', `  time: at\n${source}`));

    expect(input.missing).toEqual({ load: [-999], line: ['C'] });
    const { batch } = batchFromRecords(
      judged.map(({ line, load }) => ({ line, load })),
      input.columnTypes,
      input.inputColumns,
    );
    const served = inputEncoder(input)(withoutMissing(batch, input.missing));
    const missing = (value: number | undefined): number => (Number.isNaN(value) ? 0 : (value ?? 0));
    // A missing cell of the file is an empty one, which the test's reader takes for 0.
    expect(judged.map((_, i) => served.map((column) => missing(column[i])))).toEqual(gate);
    expect(served[2]?.filter(Number.isNaN).length).toBe(judged.length / 3);
  });
});

describe('learned encodings', () => {
  it('see no label of the validation or gate rows, nor of any other that is not trained on', async () => {
    const journeys = january();

    const one = await prepared(journeys);
    const other = await prepared(journeys.map((journey) => (isTrainedOn(journey) ? journey : flipped(journey))));

    expect(other.input.encodings).toEqual(one.input.encodings);
    expect(other.train).toEqual(one.train);
    expect(other.gate).toEqual(one.gate);
    // The labels themselves did change.
    expect(other.validation.map(([label]) => label)).toEqual(one.validation.map(([label]) => 1 - (label ?? 0)));
  });

  it('give a row that is trained on no sign of its own label, nor of its day', async () => {
    const journeys = january();
    const at = journeys.findIndex(({ at }) => at === '2001-01-09T10:00:00');

    const one = await prepared(journeys);
    const other = await prepared(journeys.map((journey, i) => (i === at ? flipped(journey) : journey)));

    const ofDay = ({ train }: { train: number[][] }, day: number) =>
      train.filter(([, , , load]) => Math.floor((load ?? 0) / 24) === day - 1).map(([, ...features]) => features);
    expect(ofDay(other, 9)).toEqual(ofDay(one, 9));
    expect(ofDay(other, 10)).not.toEqual(ofDay(one, 10));
    expect(other.gate).not.toEqual(one.gate);
  });

  it('give judged and served rows the average over all rows to train on', async () => {
    const journeys = january();

    const { gate, input, validation } = await prepared(journeys);

    const trainedOn = journeys.filter(isTrainedOn);
    const late = (some: readonly Journey[]): number => some.filter(({ isLate }) => isLate).length;
    const expected = (line: string): number => {
      const alike = trainedOn.filter((journey) => journey.line === line);
      return (late(alike) + 20 * (late(trainedOn) / trainedOn.length)) / (alike.length + 20);
    };
    const judged = journeys.filter(({ at }) => `${at}Z` >= CUT.gate);
    gate.forEach(([target, often], i) => {
      const line = judged[i]?.line ?? '';
      expect(target).toBeCloseTo(expected(line), 12);
      expect(often).toBeCloseTo(trainedOn.filter((journey) => journey.line === line).length / trainedOn.length, 12);
    });
    expect(new Set(validation.map(([, target]) => target))).toEqual(new Set(gate.map(([target]) => target)));
    const { batch } = batchFromRecords(
      judged.map(({ line, load }) => ({ line, load })),
      input.columnTypes,
      input.inputColumns,
    );
    const served = inputEncoder(input)(batch);
    expect(judged.map((_, i) => served.map((column) => column[i]))).toEqual(gate);
  });

  it('give a category that training does not show the average of all, and leave a missing one missing', async () => {
    const journeys = january();
    const strange = journeys.map((journey) =>
      `${journey.at}Z` < CUT.gate ? journey : { ...journey, line: journey.load % 2 === 0 ? 'NEW' : '' },
    );

    const { run, splits } = await prepared(strange);

    const trainedOn = journeys.filter(isTrainedOn);
    const prior = trainedOn.filter(({ isLate }) => isLate).length / trainedOn.length;
    const [first = '', second = ''] = (await run.text(splits.gate.parts[0]?.dataKey)).split('\n');
    expect(first.split(',').map(Number).slice(0, 2)).toEqual([expect.closeTo(prior, 12), 0]);
    expect(second).toBe(`,,${Number(first.split(',')[2]) + 1}`);
  });

  it("give the champion's gate rows the champion's own numbers", async () => {
    const run = await prepareWorld(ENCODED);
    const journeys = january();
    const early = await run.deliver(csvOf(journeys.slice(0, 12 * 24)));
    const before = { from: null, validation: '2001-01-08T00:00:00Z', gate: '2001-01-10T00:00:00Z', embargoMs: 0 };
    await run.plan([early], { run: CHAMPION_RUN, cut: before });
    await run.prepare(CHAMPION_RUN);
    const champion = await run.prepared(CHAMPION_RUN);
    const late = await run.deliver(csvOf(journeys.slice(12 * 24).map(flipped)));

    await run.plan([early, late], {
      champion: { run: CHAMPION_RUN, modelName: 'champion', inputDigest: champion.inputDigest },
    });
    await run.prepare();

    const { gateChampion, splits } = await run.prepared();
    const input = await run.ledger.read(runInputSchema, keys.runInput(MODEL, CHAMPION_RUN));
    const judged = journeys.filter(({ at }) => `${at}Z` >= CUT.gate);
    const { batch } = batchFromRecords(
      judged.map(({ line, load }) => ({ line, load })),
      input.columnTypes,
      input.inputColumns,
    );
    const served = inputEncoder(input)(batch);
    const rows = (await run.text(gateChampion?.parts[0]?.dataKey)).trimEnd().split('\n');
    expect(rows.map((line) => line.split(',').map(Number))).toEqual(
      judged.map((_, i) => served.map((column) => column[i])),
    );
    expect(rows).not.toEqual((await run.text(splits.gate.parts[0]?.dataKey)).trimEnd().split('\n'));
  });

  it('are watched as the numbers they are, by what served rows get', async () => {
    const { run, gate } = await prepared(january());

    const { columns } = await run.ledger.read(baselineSchema, keys.baseline(MODEL, RUN));
    const line = columns.find(({ name }) => name === 'line');
    expect(line?.kind).toBe('number');
    // Few different numbers are profiled one by one.
    const seen = line?.data?.kind === 'category' ? line.data.profile.categories : [];
    expect(new Set(seen)).toEqual(new Set(gate.map(([target]) => String(target))));
  });

  it('are written the same again after a crash', async () => {
    const journeys = january();
    const first = await prepared(journeys);
    const crashed = await prepareWorld(ENCODED);
    await crashed.plan([await crashed.deliver(csvOf(journeys))]);
    await crashed.ledger.record(runInputSchema, keys.runInput(MODEL, RUN), first.input);

    await crashed.prepare();

    const { splits } = await crashed.prepared();
    expect(await crashed.text(splits.train.parts[0]?.dataKey)).toBe(
      await first.run.text(first.splits.train.parts[0]?.dataKey),
    );
  });

  it('leave the meaning of an input as it was where there is none, and change it where there is one', async () => {
    const journeys = january();
    const digestOf = async (yaml: string) => (await prepared(journeys, yaml)).input.inputDigest;
    const ordinal = ENCODED.replaceAll(/, encoding: (target|frequency)/g, '').replace('{ name: line }', 'line');

    const digests = await Promise.all([
      digestOf(ordinal),
      digestOf(ordinal.replace('- line', '- { name: line, encoding: ordinal }')),
      digestOf(ENCODED),
      digestOf(ENCODED.replace('encoding: target', 'encoding: frequency')),
    ]);

    expect(digests[1]).toBe(digests[0]);
    expect(new Set(digests).size).toBe(3);
  });

  it('keep the rows of an entity in one fold where rows have no time', async () => {
    const yaml = ENCODED.replace('  time: at\n', '  entity: load\n')
      .replace('    - load\n', '')
      .replace('key: [at, line]', 'key: [at]');
    const journeys = january().map((journey, i) => ({ ...journey, load: i % 60 }));
    const run = async (some: readonly Journey[]) => {
      const world = await prepareWorld(yaml);
      await world.plan([await world.deliver(csvOf(some))], { cut: null });
      await world.prepare();
      const { splits } = await world.prepared();
      return (await world.text(splits.train.parts[0]?.dataKey))
        .trimEnd()
        .split('\n')
        .map((line) => line.split(','));
    };
    const one = await run(journeys);
    const entity = 7;
    // One journey of the entity is no longer late, or late now: no other of its journeys may tell.
    const other = await run(journeys.map((journey, i) => (i === entity + 60 ? flipped(journey) : journey)));

    const changed = one.filter((line, i) => line.slice(1).join() !== other[i]?.slice(1).join()).length;
    const labels = one.filter((line, i) => line[0] !== other[i]?.[0]).length;
    // Either it is trained on, and the rows of four folds change, or it is not, and nothing does.
    expect(labels === 0 ? changed === 0 : changed > 0 && changed < one.length).toBe(true);
  });
});

describe('classes that are rare', () => {
  const balanced = `${ENCODED}training: { class_balance: weights }\n`;
  const weightsOf = (train: number[][]) =>
    [0, 1].map((label) => train.filter(([own]) => own === label).map(([, weight]) => weight ?? Number.NaN));

  it('count for as much as the others together, and a row for one on average', async () => {
    const { input, train, validation } = await prepared(january(), balanced);

    const sums = weightsOf(train).map((weights) => weights.reduce((sum, weight) => sum + weight, 0));
    expect(sums[0]).toBeCloseTo(train.length / 2, 9);
    expect(sums[1]).toBeCloseTo(train.length / 2, 9);
    expect(new Set(weightsOf(train)[1])).toEqual(new Set([input.classWeights?.[1]]));
    // Of the validation channel the image reads no weights.
    expect(validation[0]?.length).toBe(4);
  });

  it('count by their rows to train on alone, times what a row weighs', async () => {
    const journeys = january();
    const weighted = balanced.replace('    - load\n', '').replace('  key:', '  weight: load\n  key:');

    const { input, train } = await prepared(
      journeys.map((journey) => (isTrainedOn(journey) ? journey : { ...journey, isLate: true })),
      weighted,
    );

    const trainedOn = journeys.filter(isTrainedOn);
    const late = trainedOn.filter(({ isLate }) => isLate).length;
    expect(input.classWeights).toEqual([
      trainedOn.length / (2 * (trainedOn.length - late)),
      trainedOn.length / (2 * late),
    ]);
    expect(train.map(([, weight]) => weight)).toEqual(
      trainedOn.map(({ load, isLate }) => load * (input.classWeights?.[isLate ? 1 : 0] ?? 0)),
    );
  });
});

describe('parts', () => {
  it('are as many as their bytes ask for, of the same rows in the same order', async () => {
    const whole = await prepared(january());
    const cut = await prepared(january(), ENCODED, 1000);

    expect(whole.splits.train.parts.length).toBe(1);
    expect(cut.splits.train.parts.length).toBeGreaterThan(5);
    expect(cut.splits.gate.parts.length).toBeGreaterThan(1);
    expect(cut.train).toEqual(whole.train);
    expect(cut.gate).toEqual(whole.gate);
    const sizes = await Promise.all(
      cut.splits.train.parts.map(async ({ dataKey }) => (await cut.run.text(dataKey)).length),
    );
    expect(Math.max(...sizes)).toBeLessThan(1100);
  });
});
