import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { withSigns } from '../../../cli/offline/on-files.ts';

/** Work that ends when it is told to. */
const work = () => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const told: string[] = [];
  return {
    done: withSigns(
      (line) => told.push(line),
      'reading a.csv',
      () => promise,
    ),
    told,
    resolve,
    reject,
  };
};

describe('a sign of life', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is given once something takes long, and every ten seconds from then on, until it is done', async () => {
    const { done, told, resolve } = work();

    await vi.advanceTimersByTimeAsync(23_000);
    resolve('read');
    const answer = await done;
    await vi.advanceTimersByTimeAsync(60_000);

    expect(answer).toBe('read');
    expect(told).toEqual(['reading a.csv … 2 s', 'reading a.csv … 12 s', 'reading a.csv … 22 s']);
  });

  it('is not given by what is done at once, nor by what has failed', async () => {
    const [quick, failing] = [work(), work()];

    quick.resolve('read');
    failing.reject(new Error('no such file'));
    const [read, failed] = await Promise.allSettled([quick.done, failing.done]);
    await vi.advanceTimersByTimeAsync(60_000);

    expect([read.status, failed.status]).toEqual(['fulfilled', 'rejected']);
    expect([...quick.told, ...failing.told]).toEqual([]);
  });
});
