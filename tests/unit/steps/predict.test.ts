import { describe, expect, it } from 'vitest';

import { capturer } from '../../../functions/predict/capture.ts';
import { keyIndexer } from '../../../functions/predict/key-index.ts';
import { inferenceIdOf, MAX_RECORDS, predict } from '../../../functions/predict/predict.ts';
import { type RunInput, runInputSchema } from '../../../shared/data/run-input.ts';
import { publish } from '../../../shared/definition/publish.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import { resolveInput } from '../../../shared/definition/resolve.ts';
import { DependencyError, RefusedError } from '../../../shared/errors.ts';
import { championSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { predictionsIn } from '../../../shared/monitoring/key-index.ts';
import { keyNamer } from '../../../shared/monitoring/row-keys.ts';
import { CHAMPION_RUN, loopWorld, MODEL, NOW, RUN } from './loop-world.ts';

const ENDPOINT = 'champion-endpoint';

const LABELS = {
  binary: 'late, sql: delay > 5',
  regression: 'delay',
  multiclass: "speed, sql: CASE WHEN delay > 5 THEN 'slow' ELSE 'fast' END",
} as const;

type Problem = keyof typeof LABELS;

const definition = (problem: Problem) => `
problem: ${problem}
data:
  label: { name: ${LABELS[problem]} }
  time: at
  key: [at, line]
  features:
    - { name: hour, sql: hour(at) }
    - { name: line, kind: category }
    - load
`;

const world = async (problem: Problem = 'binary', some: Partial<RunInput> = {}) => {
  const loop = loopWorld();
  const published = publish(MODEL, readDefinition(definition(problem), `models/${MODEL}.yml`).definition);
  const columns = [
    { name: 'at', type: 'timestamp' as const },
    { name: 'line', type: 'string' as const },
    { name: 'load', type: 'number' as const },
    { name: 'delay', type: 'integer' as const },
  ];
  const input = resolveInput(published, columns);
  const runInput = (run: string, categories: string[]) =>
    loop.ledger.record(runInputSchema, keys.runInput(MODEL, run), {
      model: MODEL,
      run,
      definitionDigest: published.digest,
      inputDigest: input.inputDigest,
      problem,
      label: input.label,
      features: [...input.features],
      inputColumns: [...input.inputColumns],
      columnTypes: { ...input.columnTypes },
      dictionary: { features: { line: categories } },
      ...some,
    });
  await runInput(CHAMPION_RUN, ['A', 'B']);
  await loop.champion();
  await loop.endpoint(ENDPOINT, 'champion-config');
  loop.sageMaker.answer = (csv) =>
    csv
      .split('\n')
      .map((_, row) => `${(row + 1) / 4}`)
      .join('\n');
  const answer = predict({
    ledger: loop.ledger,
    sageMaker: loop.sageMaker,
    capture: capturer(loop.store),
    index: keyIndexer(loop.store),
  });
  return {
    ...loop,
    runInput,
    ask: (body: unknown, some: { path?: string; method?: string; now?: Date } = {}) =>
      answer({
        method: 'POST',
        path: MODEL,
        body: typeof body === 'string' ? body : JSON.stringify(body),
        now: NOW,
        requestId: 'request-1',
        ...some,
      }),
  };
};

const RECORD = { at: '2001-02-01T08:30:00Z', line: 'B', load: 1.5 };

describe('a prediction', () => {
  it('is the champion’s, of the record encoded as the champion was trained', async () => {
    const run = await world();

    const answered = await run.ask(RECORD);

    expect(run.sageMaker.asked).toMatchObject([{ endpointName: ENDPOINT, csv: '8,2,1.5' }]);
    expect(answered).toEqual({
      status: 200,
      outcome: 'answered',
      body: {
        model: MODEL,
        run: CHAMPION_RUN,
        inferenceId: expect.stringMatching(/^20010201T120000Z-[0-9a-f]{16}$/),
        score: 0.25,
        late: false,
      },
    });
  });

  it('of several records comes in their order, each under an id of its own', async () => {
    const run = await world();

    const { body } = await run.ask({ records: [RECORD, { ...RECORD, line: 'Z' }, { at: RECORD.at, load: null }] });

    expect(run.sageMaker.asked[0]?.csv).toBe('8,2,1.5\n8,0,1.5\n8,,');
    const id = inferenceIdOf(NOW, 'request-1');
    expect(body).toEqual({
      model: MODEL,
      run: CHAMPION_RUN,
      predictions: [
        { inferenceId: `${id}.0`, score: 0.25, late: false },
        { inferenceId: `${id}.1`, score: 0.5, late: true },
        { inferenceId: `${id}.2`, score: 0.75, late: true },
      ],
    });
  });

  it('takes what stood for no value in the data it was trained on for none', async () => {
    const run = await world('binary', { missing: { load: [-999], line: ['?'], at: [0] }, joinKey: ['at', 'line'] });
    const nothing = { at: null, line: null, load: null };

    await run.ask({ records: [{ at: '1970-01-01T00:00:00Z', line: ' ? ', load: -999.0 }, RECORD] });
    await run.ask({ records: [nothing, RECORD] });

    const [stood, sent] = run.sageMaker.asked.map(({ csv }) => csv);
    expect(stood).toBe(',,\n8,2,1.5');
    expect(stood).toBe(sent);
    // Labels are found by what was meant, too.
    const hashes = run.store.keys().flatMap((key) => predictionsIn(key.slice(key.lastIndexOf('/') + 1)));
    expect(new Set(hashes.map(([hash]) => hash)).size).toBe(2);
  });

  it('of a model of which nobody kept what stood for no value is of what was sent', async () => {
    const run = await world();

    await run.ask({ ...RECORD, load: -999 });

    expect(run.sageMaker.asked[0]?.csv).toBe('8,2,-999');
  });

  it('of a regression is the score alone', async () => {
    const run = await world('regression');

    const { body } = await run.ask(RECORD);

    expect(body).toMatchObject({ score: 0.25 });
    expect(body).not.toHaveProperty('delay');
  });

  it('of the same request has the same inference id, and of another another', () => {
    expect(inferenceIdOf(NOW, 'a')).toBe(inferenceIdOf(NOW, 'a'));
    expect(inferenceIdOf(NOW, 'a')).not.toBe(inferenceIdOf(NOW, 'b'));
  });

  it('changes nothing that lasts, however often it is asked for', async () => {
    const run = await world();
    const before = await run.state();

    expect(await run.ask(RECORD)).toEqual(await run.ask(RECORD));

    expect(await run.state()).toEqual(before);
  });

  it('is the first champion’s from its first moment', async () => {
    const run = await world();
    const other = 'late-tram';
    expect((await run.ask(RECORD, { path: other })).status).toBe(404);
    const input = await run.ledger.read(runInputSchema, keys.runInput(MODEL, CHAMPION_RUN));
    await run.ledger.record(runInputSchema, keys.runInput(other, CHAMPION_RUN), { ...input, model: other });
    const champion = await run.ledger.read(championSchema, keys.champion(MODEL));
    await run.ledger.point(championSchema, keys.champion(other), () => ({ ...champion, model: other }));

    expect((await run.ask(RECORD, { path: other })).status).toBe(200);
  });

  it('is a new champion’s once ten seconds have passed', async () => {
    const run = await world();
    await run.ask(RECORD);
    await run.runInput(RUN, ['B', 'A']);
    await run.ledger.point(
      championSchema,
      keys.champion(MODEL),
      (current) => current && { ...current, n: 2, run: RUN },
    );

    const soon = await run.ask(RECORD, { now: new Date(NOW.getTime() + 9_999) });
    const then = await run.ask(RECORD, { now: new Date(NOW.getTime() + 10_000) });

    expect(soon.body).toMatchObject({ run: CHAMPION_RUN });
    expect(then.body).toMatchObject({ run: RUN });
    expect(run.sageMaker.asked.map(({ csv }) => csv)).toEqual(['8,2,1.5', '8,2,1.5', '8,1,1.5']);
  });
});

describe('a request that cannot be answered', () => {
  it.each([
    ['the wrong method', RECORD, { method: 'GET' }, 405, 'not_allowed'],
    ['no model', RECORD, { path: '' }, 404, 'no_model'],
    ['a model that is not in service', RECORD, { path: 'unheard-of' }, 404, 'no_model'],
    ['a path that climbs', RECORD, { path: '../champions' }, 404, 'no_model'],
    ['no JSON', 'not json', {}, 400, 'bad_request'],
    ['a list', [RECORD], {}, 400, 'bad_request'],
    ['a number', 7, {}, 400, 'bad_request'],
    ['null', 'null', {}, 400, 'bad_request'],
    ['no record in the list', { records: [] }, {}, 400, 'bad_request'],
    ['something beside the list', { records: [RECORD], model: 'x' }, {}, 400, 'bad_request'],
    ['too many records', { records: Array(MAX_RECORDS + 1).fill(RECORD) }, {}, 400, 'too_many_records'],
  ])('for %s is refused, and the endpoint not asked', async (_what, body, some, status, outcome) => {
    const run = await world();

    const answered = await run.ask(body, some);

    expect(answered).toMatchObject({ status, outcome, body: { error: outcome } });
    expect(run.sageMaker.asked).toEqual([]);
  });

  it('for bad records names each record, field and reason', async () => {
    const run = await world();

    const answered = await run.ask({ records: [RECORD, { ...RECORD, load: 'heavy' }, { ...RECORD, laod: 1 }, 'x'] });

    expect(answered).toMatchObject({
      status: 400,
      outcome: 'bad_record',
      body: {
        problems: [
          { record: 1, field: 'load', reason: expect.stringContaining('expected a number') },
          { record: 2, field: 'laod', reason: expect.stringContaining('not a column') },
          { record: 3, field: null },
        ],
      },
    });
    expect(run.sageMaker.asked).toEqual([]);
  });

  it('takes a fraction where training happened to see whole numbers, and the model takes them for what they are', async () => {
    const columnTypes = { at: 'timestamp', line: 'string', load: 'integer', delay: 'integer' } as const;
    const run = await world('binary', { columnTypes });

    await run.ask({ ...RECORD, load: 9.5 });

    expect(run.sageMaker.asked).toMatchObject([{ csv: '8,2,9.5' }]);
  });

  it('takes a hundred records', async () => {
    const run = await world();

    expect((await run.ask({ records: Array(MAX_RECORDS).fill(RECORD) })).status).toBe(200);
  });

  it.each([
    ['nothing', ''],
    ['too many numbers', '1,2'],
    ['no number', 'nan'],
  ])('because the endpoint answers %s fails, to be tried again', async (_what, text) => {
    const run = await world();
    run.sageMaker.answer = () => text;

    await expect(run.ask(RECORD)).rejects.toThrow(DependencyError);
  });
});

describe('a prediction of classes', () => {
  const classes = ['fast', 'slow', 'stopped'];

  it.each([
    ['in lines', '0.2,0.7,0.1\n0.4,0.2,0.4\n'],
    ['in lists', '[0.2, 0.7, 0.1],[0.4, 0.2, 0.4]'],
  ])(
    'is the score of each class and the class with the highest, the first of equal ones, answered %s',
    async (_what, answer) => {
      const run = await world('multiclass', { classes });
      run.sageMaker.answer = () => answer;

      const { status, body } = await run.ask({ records: [RECORD, RECORD] });

      expect(status).toBe(200);
      expect(Object(body).predictions).toEqual([
        { inferenceId: expect.any(String), scores: { fast: 0.2, slow: 0.7, stopped: 0.1 }, speed: 'slow' },
        { inferenceId: expect.any(String), scores: { fast: 0.4, slow: 0.2, stopped: 0.4 }, speed: 'fast' },
      ]);
    },
  );

  it.each([
    ['integer', ['10', '9'], 9],
    ['boolean', ['false', 'true'], true],
  ] as const)('gives a class back as the %s it was in the data', async (type, names, given) => {
    const run = await world('multiclass');
    const input = await run.ledger.read(runInputSchema, keys.runInput(MODEL, CHAMPION_RUN));
    const other = { ...input, label: { ...input.label, type }, classes: [...names] };
    await run.store.put(keys.runInput(MODEL, CHAMPION_RUN), JSON.stringify(other));
    run.sageMaker.answer = () => '0.1,0.9';

    expect(Object((await run.ask(RECORD)).body).speed).toBe(given);
  });

  it('is none where a class has no score', async () => {
    const run = await world('multiclass', { classes });
    run.sageMaker.answer = () => '0.2,0.8';

    await expect(run.ask(RECORD)).rejects.toThrow(DependencyError);
  });
});

describe('the answer of a binary model', () => {
  it('is yes from the operating point on that it was judged at', async () => {
    const run = await world('binary', { operatingPoint: 0.2 });
    run.sageMaker.answer = () => '0.2';

    expect(Object((await run.ask(RECORD)).body)).toMatchObject({ score: 0.2, late: true });
  });
});

describe('a prediction of a serverless endpoint', () => {
  const serverless = async () => {
    const run = await world();
    await run.champion({ n: 2, predictCaptures: 100 });
    return run;
  };

  it('is captured before it is answered', async () => {
    const run = await serverless();

    expect(await run.ask(RECORD)).toMatchObject({ status: 200, outcome: 'answered' });

    expect(run.store.keys().filter((key) => key.startsWith(`capture/${MODEL}/${CHAMPION_RUN}/`))).toHaveLength(1);
  });

  it('is answered where it cannot be captured, and counted', async () => {
    const run = await serverless();
    const answer = predict({
      ledger: run.ledger,
      sageMaker: run.sageMaker,
      capture: async () => {
        throw new DependencyError('SlowDown');
      },
      index: async () => undefined,
    });

    const answered = await answer({
      method: 'POST',
      path: MODEL,
      body: JSON.stringify(RECORD),
      now: NOW,
      requestId: 'request-1',
    });

    expect(answered).toMatchObject({ status: 200, outcome: 'answered_uncaptured' });
  });
});

describe('a model that was taken out of service', () => {
  const retired = { at: NOW.toISOString(), reason: 'another has taken over' };

  it('is none: 404', async () => {
    const run = await world();
    await run.champion({ n: 2, retired });

    expect(await run.ask(RECORD)).toMatchObject({ status: 404, body: { error: 'no_model' } });
  });

  it('is none at once where its endpoint is gone, though it was believed in service a moment ago', async () => {
    const run = await world();
    await run.ask(RECORD);
    await run.ledger.point(championSchema, keys.champion(MODEL), (champion) => champion && { ...champion, retired });
    run.sageMaker.refuse('invoke', new RefusedError('could not find the endpoint'));

    expect(await run.ask(RECORD)).toMatchObject({ status: 404, body: { error: 'no_model' } });
  });

  it('is not suspected where an endpoint in service refuses', async () => {
    const run = await world();
    await run.ask(RECORD);
    run.sageMaker.refuse('invoke', new RefusedError('the container answered 500'));

    await expect(run.ask(RECORD)).rejects.toThrow(RefusedError);
  });
});

describe('a prediction of a model whose labels are joined by the key', () => {
  const keyed = () => world('binary', { joinKey: ['at', 'line'] });
  const indexed = (run: Awaited<ReturnType<typeof keyed>>) =>
    run.store.keys().filter((key) => key.startsWith(`predicted/${MODEL}/2001/02/01/12/`));

  it('leaves behind which keys it was about, below its hour', async () => {
    const run = await keyed();
    const id = inferenceIdOf(NOW, 'request-1');

    await run.ask({ records: [RECORD, { ...RECORD, line: null }] });
    await run.ask({ records: [RECORD, { ...RECORD, line: null }] });

    const found = indexed(run).flatMap((key) => predictionsIn(key.slice(key.lastIndexOf('/') + 1)));
    const names = keyNamer(['at', 'line'], { at: 'timestamp', line: 'string' });
    expect(found.map(([, prediction]) => prediction.id)).toEqual([`${id}.0`, `${id}.1`]);
    // The label has the time in another spelling, and an empty cell for what is missing.
    expect(found.map(([hash]) => hash)).toEqual(
      names([
        { at: new Date(RECORD.at).toISOString(), line: RECORD.line },
        { at: RECORD.at, line: '' },
      ]),
    );
  });

  it('is refused where the record lacks a column of the key: no label would find it', async () => {
    const run = await keyed();
    const { line: _, ...without } = RECORD;

    const { status, body } = await run.ask({ records: [RECORD, without] });

    expect(status).toBe(400);
    expect(body).toMatchObject({ error: 'bad_record', problems: [{ record: 1, field: 'line' }] });
    expect(run.sageMaker.asked).toEqual([]);
    expect(indexed(run)).toEqual([]);
  });

  it('is answered where the key cannot be kept, and counted', async () => {
    const run = await keyed();
    const answer = predict({
      ledger: run.ledger,
      sageMaker: run.sageMaker,
      capture: capturer(run.store),
      index: async () => {
        throw new DependencyError('SlowDown');
      },
    });

    const body = JSON.stringify(RECORD);
    const answered = await answer({ method: 'POST', path: MODEL, body, now: NOW, requestId: 'request-1' });

    expect(answered).toMatchObject({ status: 200, outcome: 'answered_unkeyed' });
  });

  it('of a model whose labels come with the inference id leaves nothing behind', async () => {
    const run = await world();

    await run.ask(RECORD);

    expect(indexed(run)).toEqual([]);
  });
});
