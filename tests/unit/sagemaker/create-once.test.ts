import { describe, expect, it } from 'vitest';
import { CapacityError, ConflictError, DependencyError } from '../../../shared/errors.ts';
import { recordedRequestSchema } from '../../../shared/ledger/facts.ts';
import { agrees, createOnce } from '../../../shared/sagemaker/create-once.ts';
import fc from '../../fast-check.ts';
import { DAYS_LATER, loopWorld, NOW } from '../steps/loop-world.ts';

const KEY = 'requests/the-model.json';

const world = () => {
  const loop = loopWorld();
  const create = (request: Record<string, unknown> = { ModelName: 'the-model', Image: 'one' }, now = NOW) =>
    createOnce(loop, { kind: 'model', name: 'the-model', requestKey: KEY, request, now });
  return { ...loop, create };
};

describe('creating once', () => {
  it('creates what is not there, from the request that was recorded before it was sent', async () => {
    const run = world();
    run.sageMaker.refuse('model', new DependencyError('throttled'));

    await expect(run.create()).rejects.toThrow(DependencyError);

    expect(await run.ledger.read(recordedRequestSchema, KEY)).toEqual({
      operation: 'model',
      request: { ModelName: 'the-model', Image: 'one' },
      decidedAt: NOW.toISOString(),
    });
    run.sageMaker.refuse('model', undefined);
    // Newer code would ask for something else; what was decided is what is sent.
    expect(await run.create({ ModelName: 'the-model', Image: 'two' }, DAYS_LATER)).toBe('created');
    expect(await run.sageMaker.describe('model', 'the-model')).toMatchObject({ Image: 'one' });
  });

  it('finds what an earlier try made', async () => {
    const run = world();
    await run.create();

    expect(await run.create()).toBe('existed');

    expect(run.sageMaker.effects).toEqual(['create model the-model']);
  });

  it('finds it too where the answer was lost, or a quota is reached by it itself', async () => {
    const run = world();
    const create = run.sageMaker.create;
    run.sageMaker.create = async (...given) => {
      await create(...given);
      throw new CapacityError('ResourceLimitExceeded');
    };

    expect(await run.create()).toBe('existed');
  });

  it('finds what gained members and lost its tags', async () => {
    const run = world();
    await run.sageMaker.create('model', { ModelName: 'the-model', Image: 'one', ModelArn: 'arn' });

    expect(await run.create({ ModelName: 'the-model', Image: 'one', Tags: [{ Key: 'a', Value: 'b' }] })).toBe(
      'existed',
    );
  });

  it('refuses a name that is taken by something else, and keeps the cause', async () => {
    const run = world();
    await run.sageMaker.create('model', { ModelName: 'the-model', Image: 'another' });

    const refused = run.create();

    await expect(refused).rejects.toThrow(ConflictError);
    await expect(refused).rejects.toMatchObject({ cause: { name: 'RefusedError' } });
  });

  it.each([
    ['throttled', new DependencyError('throttled')],
    ['out of capacity', new CapacityError('full')],
    ['refused', new Error('ValidationException: no such role')],
  ])('passes on that it was %s where nothing was made', async (_what, error) => {
    const run = world();
    run.sageMaker.refuse('model', error);

    await expect(run.create()).rejects.toBe(error);
  });
});

describe('what exists', () => {
  const member = fc.oneof(fc.string(), fc.integer(), fc.boolean());
  const request = fc.dictionary(
    fc.stringMatching(/^[A-Z][a-z]{1,5}$/).filter((name) => name !== 'Tags'),
    fc.oneof(member, fc.array(member, { maxLength: 3 }), fc.dictionary(fc.stringMatching(/^[A-Z][a-z]{1,5}$/), member)),
  );

  it('agrees with what was asked, whatever else Describe tells and leaves out', () => {
    fc.assert(
      fc.property(request, fc.dictionary(fc.stringMatching(/^x[a-z]{3}$/), member), fc.nat(), (asked, more, left) => {
        const found = Object.fromEntries(Object.entries({ ...asked, ...more }).filter((_, index) => index !== left));
        expect(agrees(asked, structuredClone(found))).toBe(true);
      }),
    );
  });

  it.each<[string, unknown, unknown]>([
    ['another value', { A: 1 }, { A: 2 }],
    ['another type', { A: 1 }, { A: '1' }],
    ['a shorter list', { A: [1, 2] }, { A: [1] }],
    ['a longer list', { A: [1] }, { A: [1, 2] }],
    ['a list in another order', { A: [1, 2] }, { A: [2, 1] }],
    ['another value deep within', { A: { B: [{ C: 1 }] } }, { A: { B: [{ C: 2 }] } }],
    ['null in place of an object', { A: { B: 1 } }, { A: null }],
    ['nothing at all', { A: 1 }, undefined],
  ])('does not agree when it has %s', (_what, asked, found) => {
    expect(agrees(asked, found)).toBe(false);
  });

  it('may have other tags, anywhere', () => {
    expect(agrees({ Tags: [1], A: { Tags: [1] } }, { Tags: [2], A: { Tags: [] } })).toBe(true);
  });
});
