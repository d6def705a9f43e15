import './quiet.ts';

import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';

import { DependencyError } from '../../../shared/errors.ts';
import { type Answered, type Asked, urlHandler } from '../../../shared/runtime/url-handler.ts';
import { context } from './invocation.ts';

const event = (some: Partial<LambdaFunctionURLEvent> = {}): LambdaFunctionURLEvent => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: '/late-bus',
  rawQueryString: '',
  headers: {},
  isBase64Encoded: false,
  body: '{"a":"ü"}',
  requestContext: {
    accountId: 'anonymous',
    apiId: 'a',
    domainName: 'd',
    domainPrefix: 'd',
    http: { method: 'POST', path: '/late-bus', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'u' },
    requestId: 'request-1',
    routeKey: '$default',
    stage: '$default',
    time: '01/Feb/2001:12:00:00 +0000',
    timeEpoch: 981_028_800_000,
  },
  ...some,
});

const world = (answer: () => Promise<Answered>) => {
  const asked: Asked[] = [];
  const handler = urlHandler((one) => {
    asked.push(one);
    return answer();
  });
  return { asked, call: (some?: Partial<LambdaFunctionURLEvent>) => handler(event(some), context) };
};

const answered = async (): Promise<Answered> => ({ status: 200, outcome: 'answered', body: { score: 1 } });

describe('a step behind a function URL', () => {
  it('hears method, path, body and time, and answers in JSON', async () => {
    const { asked, call } = world(answered);

    const answer = await call();

    expect(asked).toEqual([
      { method: 'POST', path: 'late-bus', body: '{"a":"ü"}', now: new Date(981_028_800_000), requestId: 'request-1' },
    ]);
    expect(answer).toEqual({
      statusCode: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"score":1}',
    });
  });

  it('reads bodies that came in base64, and empty ones', async () => {
    const { asked, call } = world(answered);

    await call({ isBase64Encoded: true, body: Buffer.from('{"a":"ü"}').toString('base64') });
    await call({ body: '' });

    expect(asked.map(({ body }) => body)).toEqual(['{"a":"ü"}', '']);
  });

  it('asks to try again where what it depends on failed, and says no details', async () => {
    const { call } = world(() => Promise.reject(new DependencyError('endpoint secret-name is gone')));

    const answer = await call();

    expect(answer).toMatchObject({ statusCode: 503 });
    expect(JSON.stringify(answer)).not.toContain('secret-name');
  });

  it('says that it failed where it is at fault itself, and no details', async () => {
    const { call } = world(() => Promise.reject(new TypeError('secret-name is not a function')));

    const answer = await call();

    expect(answer).toMatchObject({ statusCode: 500 });
    expect(JSON.stringify(answer)).not.toContain('secret-name');
  });

  it('answers a path that cannot be decoded as no such model, not as a failure', async () => {
    const { asked, call } = world(answered);

    await call({ rawPath: '/%E0%A4%A' });

    expect(asked.map(({ path }) => path)).toEqual(['%E0%A4%A']);
  });
});
