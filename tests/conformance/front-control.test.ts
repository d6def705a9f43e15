import { CreateBucketCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createCloud, type LocalCloud } from '../../local/cloud.ts';
import { ADMINISTRATOR, START } from './s3-cloud.ts';

describe('the control door', () => {
  let cloud: LocalCloud;
  beforeEach(async () => {
    cloud = await createCloud({ start: START });
  });
  afterEach(() => cloud.close());

  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${cloud.url}/_cloud/${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };

  it('shows, advances and sets the clock', async () => {
    const shown = await ask('GET', 'clock');
    const advanced = await ask('POST', 'clock', { advance: 'P1DT2H3M4.5S' });
    const further = await ask('POST', 'clock', { advance: 500 });
    const set = await ask('POST', 'clock', { set: '2001-01-01T00:00:00Z' });

    expect([shown, advanced, further, set].map(({ body }) => body)).toEqual([
      { now: '2001-01-25T10:15:00.000Z', rate: 0 },
      { now: '2001-01-26T12:18:04.500Z', rate: 0 },
      { now: '2001-01-26T12:18:05.000Z', rate: 0 },
      { now: '2001-01-01T00:00:00.000Z', rate: 0 },
    ]);
    expect(cloud.clock.now().toISOString()).toBe('2001-01-01T00:00:00.000Z');
  });

  it('runs the clock at a rate from where it sends it, and freezes it there', async () => {
    const running = await ask('POST', 'clock', { set: '2001-02-01T00:00:00Z', rate: 60 });
    const whileRunning = { rate: cloud.clock.rate, flows: cloud.clock.flows };
    const frozen = await ask('POST', 'clock', { rate: 0 });
    const later = await ask('GET', 'clock');
    const stoodAt = cloud.clock.ms();
    const advanced = await ask('POST', 'clock', { advance: 'PT1M', rate: 0 });

    expect(running.body).toMatchObject({ now: expect.stringMatching(/^2001-02-01T00:/), rate: 60 });
    expect(whileRunning).toEqual({ rate: 60, flows: true });
    expect(frozen.body).toMatchObject({ rate: 0 });
    expect(later.body).toEqual(frozen.body);
    expect(advanced.body).toEqual({ now: new Date(stoodAt + 60_000).toISOString(), rate: 0 });
  });

  it('stands exactly where it is sent when it is frozen on the way', async () => {
    await ask('POST', 'clock', { rate: 3600 });

    const sent = await ask('POST', 'clock', { set: '2001-03-01T00:00:00Z', rate: 0 });

    expect(sent.body).toEqual({ now: '2001-03-01T00:00:00.000Z', rate: 0 });
  });

  it('fires timers by itself while it runs', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    cloud.clock.after(60_000, () => resolve(cloud.clock.ms() - START.getTime()));

    await ask('POST', 'clock', { rate: 86_400 });

    expect(await promise).toBeGreaterThanOrEqual(60_000);
  });

  it('fires timers in their order while it advances, each followed by quiet', async () => {
    const story: string[] = [];
    cloud.clock.after(2000, () => story.push(`second at ${cloud.clock.ms() - START.getTime()}`));
    cloud.clock.after(1000, () => {
      story.push(`first at ${cloud.clock.ms() - START.getTime()}`);
      const work = new Promise<void>((resolve) => setImmediate(resolve)).then(() => void story.push('its work'));
      void cloud.activity.track('work', work);
    });
    cloud.clock.after(4000, () => story.push('too late'));

    await ask('POST', 'clock', { advance: 3000 });

    expect(story).toEqual(['first at 1000', 'its work', 'second at 2000']);
  });

  it('shows what is under way and when the next timer falls due', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    void cloud.activity.track('a long job', promise);
    cloud.clock.after(60_000, () => undefined);

    const busy = await ask('GET', 'activity');
    resolve();
    await cloud.settle();
    const quiet = await ask('GET', 'activity');

    expect(busy.body).toEqual({ pending: ['a long job'], nextTimer: '2001-01-25T10:16:00.000Z' });
    expect(quiet.body).toEqual({ pending: [], nextTimer: '2001-01-25T10:16:00.000Z' });
  });

  it('settles: waits for work, and with time for the timers that fall due in it, those they set among them', async () => {
    const story: string[] = [];
    cloud.clock.after(1000, () => {
      story.push('one');
      cloud.clock.after(1000, () => story.push('two'));
      cloud.clock.after(9000, () => story.push('never'));
    });

    await ask('POST', 'settle');
    const before = [...story];
    const settled = await ask('POST', 'settle', { advance: 'PT5S' });

    expect(before).toEqual([]);
    expect(story).toEqual(['one', 'two']);
    expect(settled.body).toEqual({ now: '2001-01-25T10:15:02.000Z', rate: 0 });
  });

  it('starts afresh', async () => {
    const s3 = new S3Client({ endpoint: cloud.url, region: cloud.region, credentials: ADMINISTRATOR });
    await s3.send(new CreateBucketCommand({ Bucket: 'forgotten' }));
    cloud.clock.after(1000, () => {
      throw new Error('a timer outlived the reset');
    });
    await cloud.clock.set(START.getTime() + 500);

    const reset = await ask('POST', 'reset');
    await cloud.clock.advance(10_000);
    const listed = await s3.send(new ListBucketsCommand({}));
    s3.destroy();

    expect(reset.body).toEqual({ now: START.toISOString(), rate: 0 });
    expect(listed.Buckets ?? []).toEqual([]);
  });

  it.each([
    ['an unknown door', 'POST', 'explode', {}, 404],
    ['the wrong method', 'DELETE', 'clock', undefined, 404],
    ['both ways at once', 'POST', 'clock', { advance: 1, set: '2001-01-01' }, 400],
    ['neither', 'POST', 'clock', {}, 400],
    ['a duration that is none', 'POST', 'clock', { advance: 'tomorrow' }, 400],
    ['an empty duration', 'POST', 'clock', { advance: 'PT' }, 400],
    ['a duration that runs back', 'POST', 'clock', { advance: -5 }, 400],
    ['a time that is none', 'POST', 'clock', { set: 'noon' }, 400],
    ['a rate that runs back', 'POST', 'clock', { rate: -1 }, 400],
    ['a rate beyond a day in a second', 'POST', 'clock', { rate: 86_401 }, 400],
    ['a rate that is no number', 'POST', 'clock', { rate: 'fast' }, 400],
    ['a member it does not know', 'POST', 'settle', { hurry: true }, 400],
    ['no JSON', 'POST', 'clock', '{', 400],
  ])('refuses %s', async (_what, method, path, body, status) => {
    expect((await ask(method, path, body)).status).toBe(status);
  });

  it('does nothing of a request that is wrong in part', async () => {
    await ask('POST', 'clock', { set: '2001-02-01T00:00:00Z', rate: 'fast' });

    expect(cloud.clock.now()).toEqual(START);
  });

  it('does not open to web pages', async () => {
    expect((await ask('POST', 'reset', {}, { origin: 'https://example.com' })).status).toBe(403);
  });
});
