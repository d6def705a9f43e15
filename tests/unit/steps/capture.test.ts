import { describe, expect, it } from 'vitest';

import { capturer, isCaptured } from '../../../functions/predict/capture.ts';
import { loopWorld, MODEL } from './loop-world.ts';

const AT = new Date('2001-02-01T23:59:58.007Z');

const exchange = async (predictCaptures: number | undefined) => {
  const loop = loopWorld();
  const champion = await loop.champion({ ...(predictCaptures !== undefined && { predictCaptures }) });
  const capture = capturer(loop.store);
  const before = new Set(loop.store.keys());
  return {
    ...loop,
    champion,
    captured: () => loop.store.keys().filter((key) => !before.has(key)),
    capture: (inferenceId = '20010201T235958Z-00112233aabbccdd') =>
      capture({ champion, inferenceId, input: '1,2\n3,4', output: '0.25\n0.75\n', at: AT }),
  };
};

describe('what a serverless endpoint is asked', () => {
  it('is kept where and as SageMaker keeps what other endpoints are asked', async () => {
    const run = await exchange(100);

    await run.capture();

    const [key = ''] = run.captured();
    const { run: answered, endpointName } = run.champion;
    expect(key).toMatch(
      new RegExp(`^capture/${MODEL}/${answered}/${endpointName}/main/2001/02/01/23/59-58-007-[0-9a-f-]{36}\\.jsonl$`),
    );
    const text = new TextDecoder().decode((await run.store.get(key))?.body);
    expect(text.endsWith('}\n')).toBe(true);
    expect(JSON.parse(text)).toEqual({
      captureData: {
        endpointInput: { observedContentType: 'text/csv', mode: 'INPUT', data: '1,2\n3,4', encoding: 'CSV' },
        endpointOutput: {
          observedContentType: 'text/csv; charset=utf-8',
          mode: 'OUTPUT',
          data: '0.25\n0.75\n',
          encoding: 'CSV',
        },
      },
      eventMetadata: {
        eventId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        inferenceId: '20010201T235958Z-00112233aabbccdd',
        inferenceTime: '2001-02-01T23:59:58Z',
      },
      eventVersion: '0',
    });
  });

  it('is one file, however often the request comes', async () => {
    const run = await exchange(100);

    await run.capture();
    await run.capture();
    await run.capture('20010201T235958Z-another');

    expect(run.captured()).toHaveLength(2);
  });

  it.each([[0], [undefined]])('is not kept where the definition asks for %s percent', async (percent) => {
    const run = await exchange(percent);

    await run.capture();

    expect(run.captured()).toEqual([]);
  });

  it('is sampled evenly, and always the same', () => {
    const ids = Array.from({ length: 4000 }, (_, i) => `inference-${i}`);
    const kept = ids.filter((id) => isCaptured(id, 25));

    expect(kept.length / ids.length).toBeCloseTo(0.25, 1);
    expect(ids.filter((id) => isCaptured(id, 25))).toEqual(kept);
    expect(ids.filter((id) => isCaptured(id, 100))).toEqual(ids);
  });
});
