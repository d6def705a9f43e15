import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';

import { goldenLines } from '../../../functions/track-endpoint/golden-lines.ts';
import { goldenProbe } from '../../../functions/track-endpoint/probe.ts';
import { runInputSchema } from '../../../shared/data/run-input.ts';
import { DependencyError, NotFoundError, RefusedError } from '../../../shared/errors.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import fc from '../../fast-check.ts';
import { loopWorld, MODEL, ROLLOUT, RUN } from './loop-world.ts';

const world = async (answer: string, scores: readonly number[] = [0.25, 0.5, 0.75]) => {
  const loop = loopWorld();
  await loop.prepared();
  await loop.golden(scores);
  await loop.endpoint('the-endpoint', 'c');
  loop.sageMaker.answer = () => answer;
  return { ...loop, probe: () => goldenProbe(loop.ledger, loop.store, loop.sageMaker)(ROLLOUT) };
};

describe('the probe', () => {
  it('asks the endpoint with the golden rows as they lie in the gate part, under an id that begins probe-', async () => {
    const run = await world('0.25\n0.5\n0.75\n');

    expect(await run.probe()).toEqual({ ok: true, reason: 'the endpoint answered 3 golden rows as the candidate did' });

    expect(run.sageMaker.asked).toEqual([
      { endpointName: 'the-endpoint', csv: '0,0\n1,10\n2,20', inferenceId: `probe-${RUN}-4` },
    ]);
  });

  it.each([
    ['on one line', '0.25,0.5,0.75'],
    ['off by what float32 and decimal text lose', '0.2500001\n0.4999999\n0.75'],
  ])('believes answers %s', async (_what, answer) => {
    expect((await (await world(answer)).probe()).ok).toBe(true);
  });

  it.each([
    ['another model’s', '0.25\n0.6\n0.75', '1 of 3 golden rows were not answered as the candidate did'],
    ['no numbers', '0.25\nNaN\n0.75', '1 of 3 golden rows were not answered as the candidate did'],
    ['too few', '0.25\n0.5', 'the endpoint gave 2 answers to 3 golden rows'],
  ])('does not believe answers that are %s', async (_what, answer, reason) => {
    expect(await (await world(answer)).probe()).toEqual({ ok: false, reason });
  });

  it('does not take an empty answer for a score of zero', async () => {
    expect(await (await world('', [0])).probe()).toMatchObject({ ok: false });
  });

  it('believes nothing where there is nothing to ask with', async () => {
    expect(await (await world('', [])).probe()).toMatchObject({
      ok: false,
      reason: expect.stringContaining('no golden rows'),
    });
  });

  it('does not believe an endpoint that is in service and refuses to answer', async () => {
    const run = await world('0.25\n0.5\n0.75');
    run.sageMaker.refuse('invoke', new RefusedError('invoke the-endpoint: the container answered 500'));

    expect(await run.probe()).toEqual({
      ok: false,
      reason: 'the endpoint does not answer the golden rows: invoke the-endpoint: the container answered 500',
    });
  });

  it('is tried again where the endpoint is slow: that shows nothing of its model', async () => {
    const run = await world('0.25\n0.5\n0.75');
    run.sageMaker.refuse('invoke', new DependencyError('invoke the-endpoint: ThrottlingException'));

    await expect(run.probe()).rejects.toThrow(DependencyError);
  });

  it('is tried again where the part lacks the row', async () => {
    const run = await world('0.25\n0.5\n0.75');
    await run.store.put(`runs/${MODEL}/${RUN}/input/gate/data/part-00000.csv`, '0,0\n');

    await expect(run.probe()).rejects.toThrow(NotFoundError);
  });
});

describe('golden rows', () => {
  it('are the same lines however the part comes in pieces', async () => {
    const run = await world('');
    const text = Buffer.from('0,\u00e0\n1,\u{1f68c}\n2,20\n3,30');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 8 }), fc.boolean(), async (cuts, endsWithLine) => {
        const bytes = endsWithLine ? text.subarray(0, text.lastIndexOf('\n')) : text;
        const places = [0, ...cuts.map((at) => Math.min(at, bytes.length)).sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((to, at) => bytes.subarray(places[at], to));
        const store = { ...run.store, open: async () => ({ body: Readable.from(pieces), sizeBytes: bytes.length }) };

        const lines = await goldenLines(run.ledger, store, ROLLOUT);

        expect(lines.map(({ line }) => line)).toEqual(['0,\u00e0', '1,\u{1f68c}', '2,20']);
      }),
    );
  });
});

describe('the probe of a model of classes', () => {
  const classes = async (answer: string) => {
    const run = await world(answer, []);
    await run.store.put(
      keys.golden(MODEL, RUN),
      JSON.stringify({
        model: MODEL,
        run: RUN,
        championRun: null,
        // The gate rows had a third class that the model was not taught.
        rows: [
          { part: 0, ordinal: 0, candidate: [0.25, 0.75, 0], champion: null },
          { part: 0, ordinal: 1, candidate: [0.5, 0.5, 0], champion: null },
        ],
      }),
    );
    await run.store.put(`${keys.splitData(MODEL, RUN, 'gate')}part-00000.csv`, '0,0\n1,10\n');
    await run.ledger.record(runInputSchema, keys.runInput(MODEL, RUN), {
      model: MODEL,
      run: RUN,
      definitionDigest: 'd',
      inputDigest: 'i',
      problem: 'multiclass',
      label: { name: 'line', type: 'string', expression: { op: 'column', name: 'line' } },
      classes: ['a', 'b'],
      features: [],
      inputColumns: [],
      columnTypes: {},
      dictionary: { features: {} },
    });
    return run;
  };

  it('asks for every class the model was taught', async () => {
    expect(await (await classes('0.25,0.75\n0.5,0.5\n')).probe()).toMatchObject({ ok: true });
  });

  it.each([
    ['the classes changed places', '0.75,0.25\n0.5,0.5', '1 of 2 golden rows were not answered as the candidate did'],
    ['a class is missing', '0.25\n0.5', 'the endpoint gave 2 answers to 2 golden rows of 2 classes each'],
  ])('does not believe the endpoint where %s', async (_what, answer, reason) => {
    expect(await (await classes(answer)).probe()).toEqual({ ok: false, reason });
  });
});
