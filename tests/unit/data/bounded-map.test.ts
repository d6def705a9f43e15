import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { boundedMap } from '../../../shared/data/bounded-map.ts';

describe('a bounded map', () => {
  it('gives the results in the order of the items, whichever is done first', async () => {
    const results = await boundedMap([3, 1, 2], async (turns) => {
      for (let turn = 0; turn < turns; turn += 1) await setImmediate();
      return turns * 10;
    });

    expect(results).toEqual([30, 10, 20]);
  });

  it('works on as many at once as it may, and on no more', async () => {
    let [now, most] = [0, 0];

    await boundedMap(
      Array.from({ length: 20 }, (_, index) => index),
      async () => {
        now += 1;
        most = Math.max(most, now);
        await setImmediate();
        now -= 1;
      },
      4,
    );

    expect(most).toBe(4);
  });

  it('fails with the first failure, and begins nothing more', async () => {
    const begun: number[] = [];

    const mapped = boundedMap(
      [0, 1, 2, 3, 4],
      async (item) => {
        begun.push(item);
        await setImmediate();
        if (item === 1) throw new Error('broken');
      },
      2,
    );

    await expect(mapped).rejects.toThrow('broken');
    await setImmediate();
    expect(begun.length).toBeLessThanOrEqual(3);
  });

  it('gives nothing for nothing', async () => {
    expect(await boundedMap([], async () => 1)).toEqual([]);
  });
});
