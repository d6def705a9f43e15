import { describe, expect, it } from 'vitest';

import { COLD_REQUESTS, latencyProbe, TIMED_REQUESTS } from '../../../functions/track-endpoint/latency.ts';
import { inTurn, type Probe } from '../../../functions/track-endpoint/probe.ts';
import { RefusedError } from '../../../shared/errors.ts';
import { DEFINITION, loopWorld, ROLLOUT, RUN } from './loop-world.ts';

/** An endpoint whose answers take so long, and a model whose definition limits that. */
const world = async (answerMs: (request: number) => number, limit: number | null = 50) => {
  const loop = loopWorld();
  const evaluation = limit === null ? '' : `evaluation: { limits: { latency_p95_ms: ${limit} } }\n`;
  const { digest } = await loop.publish(`${DEFINITION}${evaluation}`);
  await loop.prepared();
  await loop.golden();
  await loop.endpoint('the-endpoint', 'c');
  let clockMs = 1000;
  loop.sageMaker.answer = () => {
    clockMs += answerMs(loop.sageMaker.asked.length - 1);
    return '0.5';
  };
  return {
    ...loop,
    probe: () =>
      latencyProbe(loop.ledger, loop.store, loop.sageMaker, () => clockMs)({ ...ROLLOUT, definitionDigest: digest }),
  };
};

describe('the latency of a rollout', () => {
  it('is the 95th percentile of 200 warm requests of one golden row each, the cold start apart', async () => {
    // The first is cold; then each takes a little longer than the one before, up to 30 ms.
    const run = await world((request) =>
      request === 0 ? 900 : request < COLD_REQUESTS ? 80 : 10 + (request - COLD_REQUESTS) / 10,
    );

    expect(await run.probe()).toEqual({
      ok: true,
      reason: '95 % of 200 warm requests took at most 29 ms (the first of all 900 ms); 50 ms are allowed',
    });

    expect(run.sageMaker.asked).toHaveLength(COLD_REQUESTS + TIMED_REQUESTS);
    expect(run.sageMaker.asked.slice(0, 4).map(({ csv }) => csv)).toEqual(['0,0', '1,10', '2,20', '0,0']);
    expect(run.sageMaker.asked.every(({ inferenceId }) => inferenceId.startsWith(`probe-${RUN}-4-`))).toBe(true);
  });

  it('may be beyond its limit ten times of 200, and not eleven', async () => {
    const slowTimes = (times: number) =>
      world((request) => (request >= COLD_REQUESTS && request < COLD_REQUESTS + times ? 60 : 5));
    const [ten, eleven] = [await slowTimes(10), await slowTimes(11)];

    expect(await ten.probe()).toMatchObject({ ok: true });
    expect(await eleven.probe()).toEqual({
      ok: false,
      reason: '11 of 11 warm requests took longer than 50 ms; 10 of 200 are allowed to',
    });
    // What cannot get better is not asked on.
    expect(eleven.sageMaker.asked).toHaveLength(COLD_REQUESTS + 11);
  });

  it('is not measured where the definition has no limit', async () => {
    const run = await world(() => 5000, null);

    expect(await run.probe()).toEqual({ ok: true, reason: '' });
    expect(run.sageMaker.asked).toEqual([]);
  });

  it('is not believed of an endpoint that refuses', async () => {
    const run = await world(() => 1);
    run.sageMaker.refuse('invoke', new RefusedError('the container answered 500'));

    expect(await run.probe()).toMatchObject({ ok: false, reason: expect.stringContaining('answered 500') });
  });
});

describe('probes in turn', () => {
  const saying =
    (ok: boolean, reason: string): Probe =>
    async () => ({ ok, reason });
  const never: Probe = async () => {
    throw new Error('nobody asks me');
  };
  const of = (...probes: Probe[]) => inTurn(...probes)(ROLLOUT);

  it('are content together, or the first that is not speaks alone', async () => {
    expect(await of(saying(true, 'right'), saying(true, ''), saying(true, 'quick'))).toEqual({
      ok: true,
      reason: 'right; quick',
    });
    expect(await of(saying(true, 'right'), saying(false, 'slow'), never)).toEqual({ ok: false, reason: 'slow' });
  });
});
