import { describe, expect, it } from 'vitest';

import { createClock } from '../../../local/clock.ts';
import { createQuotas, type QuotaSettings } from '../../../local/services/sagemaker/quotas.ts';

const START = Date.UTC(2001, 0, 25);
const standing = (settings?: QuotaSettings) => {
  const clock = createClock(START, false);
  return { clock, quotas: createQuotas({ clock }, settings) };
};
/** How many requests in a row are admitted. */
const admitted = (quotas: ReturnType<typeof createQuotas>, tries: number) => {
  let count = 0;
  try {
    for (; count < tries; count++) quotas.admitTrainingJob();
  } catch (error) {
    expect(error).toMatchObject({ code: 'ThrottlingException', message: 'Rate exceeded', status: 400 });
  }
  return count;
};

describe('the rate of CreateTrainingJob', () => {
  it('fills again with the time of the cloud', async () => {
    const { clock, quotas } = standing({ trainingJobsPerSecond: 2, trainingJobsAtOnce: 3 });

    const first = admitted(quotas, 10);
    await clock.advance(1000);
    const second = admitted(quotas, 10);
    await clock.advance(60_000);

    expect([first, second, admitted(quotas, 10)]).toEqual([3, 2, 3]);
  });

  it('does not bind while the clock stands, unless one was set', () => {
    expect(admitted(standing().quotas, 1000)).toBe(1000);
  });

  it('is what AWS documents once the clock flows', () => {
    const clock = createClock(START, true);
    const quotas = createQuotas({ clock });

    const count = admitted(quotas, 1000);
    clock.close();

    expect(count).toBeGreaterThanOrEqual(5);
    expect(count).toBeLessThan(10);
  });
});

describe('instances', () => {
  it('are counted by type and purpose, and given back once', () => {
    const { quotas } = standing({ instances: { 'ml.m5.large for endpoint usage': 3 }, otherInstances: 1 });
    const lease = quotas.take('endpoint', 'ml.m5.large', 2);

    quotas.take('transform job', 'ml.m5.large', 1);
    expect(() => quotas.check('endpoint', 'ml.m5.large', 2)).toThrow(
      "'ml.m5.large for endpoint usage' is 3 Instances, with current utilization of 2 Instances and a request delta of 2",
    );
    lease.release();
    lease.release();
    quotas.take('endpoint', 'ml.m5.large', 3);
    expect(() => quotas.check('endpoint', 'ml.m5.large', 1)).toThrow('current utilization of 3 Instances');
  });

  it('have quotas by the names that AWS has, and no others', () => {
    expect(() => standing({ instances: { 'ml.m5.large for training': 1 } })).toThrow(/names no quota/);
    expect(() => standing({ instances: { 'ml.m5.large for endpoint usage': -1 } })).toThrow(/whole number/);
  });
});
