/** What `npm run verify:aws` does, shown on a local cloud in the place of AWS. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import { type VerifyOptions, verify } from '../../scripts/verify-aws.ts';
import { type LocalPlace, startLocalPlace } from './cases/local-place.ts';
import { sanitised } from './cases/sanitise.ts';

let account: LocalPlace;
beforeAll(async () => {
  account = await startLocalPlace();
});
afterAll(() => account.close());

const run = async (more: Partial<VerifyOptions> = {}) => {
  const lines: JsonObject[] = [];
  const said: string[] = [];
  const verification = await verify({
    account: account.cloud.account,
    region: account.cloud.region,
    endpoint: account.cloud.url,
    spend: false,
    services: ['s3', 'sqs', 'sns', 'sts'],
    givens: {},
    write: (line) => lines.push(line),
    say: (line) => said.push(line),
    ...more,
  });
  return { lines, said, verified: await verification.done };
};

describe('a verification', () => {
  it('finds a cloud that is like this one to be as the cases say, and leaves nothing behind', async () => {
    const { cloud } = account;

    const { lines, verified } = await run();

    expect(lines.filter((line) => JSON.stringify([line.expected, line.unlikeLocal]) !== '[[],[]]')).toEqual([]);
    expect(verified).toEqual({ requests: lines.length, unexpected: 0, unlikeLocal: 0, left: [] });
    expect(lines.length).toBeGreaterThan(100);
    expect(cloud.s3.bucketExists('given-bucket')).toBe(true);
    const queues = await fetchNames();
    expect(queues.filter((name) => name.includes('verify-'))).toEqual([]);
  });

  it('tells nothing of the account in its recording', async () => {
    const { lines, said } = await run({ services: ['sqs', 'sts'] });

    const [, prefix = 'none'] = /begin with (verify-\w+)/.exec(said[0] ?? '') ?? [];
    const text = JSON.stringify(lines);
    expect(prefix).not.toBe('none');
    for (const secret of [account.cloud.account, prefix, account.cloud.url, account.cloud.region])
      expect(text).not.toContain(secret);
    expect(text).not.toMatch(/\d{4}-\d{2}-\d{2}T/);
    expect(text).toContain('arn:aws:sqs:<region>:<account>:<prefix>-set');
  });

  it('skips what costs money or needs what was not given, and says so', async () => {
    const { lines, said } = await run({ services: ['sagemaker'], givens: {} });

    expect(said.filter((line) => line.includes('(--spend)')).length).toBeGreaterThan(3);
    expect(said).toContain(
      'skipped: sagemaker: a group keeps a policy and tags, and stays while it has packages: it needs --image',
    );
    expect(lines.map((line) => line.operation)).not.toContain('CreateTrainingJob');
  });

  it('runs what costs money where it is told to, and waits for jobs and endpoints', async () => {
    const { role = '', image = '', bucket = '' } = account.givens;

    const { lines, verified } = await run({ services: ['sagemaker'], spend: true, givens: { role, image, bucket } });

    expect(lines.filter((line) => JSON.stringify([line.expected, line.unlikeLocal]) !== '[[],[]]')).toEqual([]);
    expect(verified.left).toEqual([]);
    expect(lines.map((line) => line.operation)).toContain('CreateEndpoint');
    expect(JSON.stringify(lines)).not.toMatch(/given-|constant-model/);
  });

  it('asks nothing of an account that was not meant', async () => {
    await expect(run({ account: '111122223333' })).rejects.toMatchObject({ name: 'WrongAccountError' });
  });

  it('that is stopped removes what it has made', async () => {
    const verification = await verify({
      account: account.cloud.account,
      region: account.cloud.region,
      endpoint: account.cloud.url,
      spend: false,
      services: ['sqs'],
      givens: {},
      say: () => undefined,
      write: () => undefined,
    });
    await until(async () => (await fetchNames()).some((name) => name.includes('verify-')));

    verification.stop();
    const { left, requests } = await verification.done;

    expect(left).toEqual([]);
    expect(requests).toBeLessThan(20);
    expect((await fetchNames()).filter((name) => name.includes('verify-'))).toEqual([]);
  });
});

/** Names of the queues there are. */
const fetchNames = async (): Promise<string[]> => {
  const client = account.cloud.client();
  const { QueueUrls = [] } = await client.send('sqs', 'ListQueues', {});
  return Array.isArray(QueueUrls) ? QueueUrls.map(String) : [];
};

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise(setImmediate);
};

describe('a recording', () => {
  const secrets = {
    account: '123456789012',
    region: 'eu-west-1',
    prefix: 'verify-1',
    others: { role: 'arn:x:role/me' },
  };

  it.each<[string, JsonObject, JsonObject]>([
    [
      'the caller',
      { Arn: 'arn:aws:sts::123456789012:assumed-role/Admin/jane', UserId: 'AROAX:jane' },
      { Arn: '<caller>', UserId: '<UserId>' },
    ],
    ['an owner', { Owner: { ID: 'f00', DisplayName: 'jane' } }, { Owner: '<Owner>' }],
    ['times', { a: '2031-05-06T07:08:09.000Z', CreationTime: 1_936_000_000 }, { a: '<time>', CreationTime: '<time>' }],
    ['keys and ids', { a: 'AKIAIOSFODNN7EXAMPLE of 8e0a1b2c-0000-4000-8000-000000000001' }, { a: '<key> of <uuid>' }],
    ['other accounts', { a: 'arn:aws:sqs:eu-west-1:210987654321:x' }, { a: 'arn:aws:sqs:<region>:<account>:x' }],
    ['what was given', { a: 'arn:x:role/me of verify-1-q' }, { a: '<role> of <prefix>-q' }],
  ])('does not hold %s', (_, value, shown) => {
    expect(sanitised(value, secrets)).toEqual(shown);
  });
});
