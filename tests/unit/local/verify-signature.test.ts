import type { IncomingHttpHeaders } from 'node:http';

import { SignatureV4 } from '@smithy/signature-v4';
import { describe, expect, it } from 'vitest';
import { readSignature } from '../../../local/http/sigv4.ts';
import { beginVerification } from '../../../local/http/verify-signature.ts';
import { presigned, Sha256 } from '../../conformance/presigned.ts';
import fc from '../../fast-check.ts';

const NOW = new Date('2001-01-25T10:15:00Z');
const KEY = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const HOST = '127.0.0.1:4566';

interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

interface Request {
  method?: string;
  path?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: string;
  checksum?: boolean;
  token?: string;
}

/** Signs with the SDK's own signer. */
const sign = async (service: string, given: Request): Promise<Sent> => {
  const {
    method = 'POST',
    path = '/',
    query = {},
    headers = {},
    body = '',
    checksum = service === 's3',
    token,
  } = given;
  const signer = new SignatureV4({
    service,
    region: 'ap-northeast-1',
    credentials: { ...KEY, ...(token !== undefined && { sessionToken: token }) },
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: checksum,
  });
  const signed = await signer.sign(
    {
      method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      port: 4566,
      path,
      query,
      headers: { host: HOST, ...headers },
      body,
    },
    { signingDate: NOW },
  );
  const text = Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  const lower = Object.fromEntries(Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    method,
    url: text === '' ? path : `${path}?${text}`,
    headers: { ...lower, ...(body !== '' && { 'content-length': String(Buffer.byteLength(body)) }) },
  };
};

const verify = (
  sent: Sent,
  body = '',
  { secret = KEY.secretAccessKey, token, clock = NOW }: { secret?: string; token?: string; clock?: Date } = {},
) => {
  const at = sent.url.indexOf('?');
  const signature = readSignature(sent.headers, new URLSearchParams(at < 0 ? '' : sent.url.slice(at)));
  if (!signature) throw new Error('nothing is signed');
  const credentials = { secretAccessKey: secret, sessionToken: token };
  beginVerification(sent, signature, credentials, [clock.getTime()]).verifyBody(Buffer.from(body));
};

describe('a signature', () => {
  it.each<[string, string, Request]>([
    ['a JSON request', 'events', { headers: { 'x-amz-target': 'AWSEvents.PutEvents' }, body: '{"Entries":[]}' }],
    ['one with the hash of its body in a header', 'events', { body: '{}', checksum: true }],
    ['a form', 'sts', { body: 'Action=GetCallerIdentity&Version=2011-06-15' }],
    [
      'a path that is encoded once more',
      'lambda',
      { path: '/2015-03-31/functions/arn%3Aaws%3Alambda/invocations', body: '{}' },
    ],
    [
      'a query',
      'lambda',
      { method: 'GET', path: '/2015-03-31/functions/', query: { MaxItems: '5', Marker: 'a b+c/ü' } },
    ],
    ['an S3 key with blanks and umlauts', 's3', { method: 'PUT', path: '/bucket/a%20b/%C3%BC%2Bx.csv', body: 'x' }],
    [
      'an S3 listing',
      's3',
      { method: 'GET', path: '/bucket/', query: { 'list-type': '2', prefix: 'a/b c', 'max-keys': '1' } },
    ],
    [
      'an unsigned payload',
      's3',
      { method: 'PUT', path: '/b/k', headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, body: 'x' },
    ],
    [
      'a streamed payload',
      's3',
      { method: 'PUT', path: '/b/k', headers: { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' } },
    ],
    ['a header with blanks to fold', 's3', { method: 'PUT', path: '/b/k', headers: { 'x-amz-meta-note': '  a   b ' } }],
    ['a header that is not ASCII', 's3', { method: 'PUT', path: '/b/k', headers: { 'x-amz-meta-note': 'grüße' } }],
  ])('of %s is found right, and with another secret wrong', async (_what, service, given) => {
    const sent = await sign(service, given);

    expect(() => verify(sent, given.body)).not.toThrow();
    expect(() => verify(sent, given.body, { secret: 'another' })).toThrow(/does not match the signature you provided/);
  });

  it('is found right for any S3 key', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 }),
        async (parts) => {
          fc.pre(parts.every((part) => part.isWellFormed()));
          const encoded = parts.map((part) =>
            encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
          );
          const sent = await sign('s3', { method: 'GET', path: `/bucket/${encoded.join('/')}` });
          expect(() => verify(sent)).not.toThrow();
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each<[string, (sent: Sent) => Sent]>([
    ['method', (sent) => ({ ...sent, method: 'DELETE' })],
    ['path', (sent) => ({ ...sent, url: sent.url.replace('/bucket/k', '/bucket/other') })],
    ['query', (sent) => ({ ...sent, url: sent.url.replace('one', 'two') })],
    ['signed header', (sent) => ({ ...sent, headers: { ...sent.headers, 'x-amz-meta-note': 'other' } })],
    [
      'hash of the body',
      (sent) => ({ ...sent, headers: { ...sent.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }),
    ],
  ])('is wrong once the %s is another', async (_what, change) => {
    const sent = await sign('s3', {
      method: 'PUT',
      path: '/bucket/k',
      query: { versionId: 'one' },
      headers: { 'x-amz-meta-note': 'a' },
    });

    expect(() => verify(change(sent))).toThrow(/does not match/);
  });

  it('is wrong for another body, whether the body’s hash is in a header or not', async () => {
    const plain = await sign('events', { body: '{}' });
    const hashed = await sign('events', { body: '{}', checksum: true });

    expect(() => verify(plain, '{"a":1}')).toThrow(/does not match the signature you provided/);
    expect(() => verify(hashed, '{"a":1}')).toThrow(/x-amz-content-sha256/);
  });

  it('must cover the host and every x-amz header', async () => {
    const sent = await sign('s3', { method: 'GET', path: '/bucket/k' });
    const added = { ...sent, headers: { ...sent.headers, 'x-amz-acl': 'public-read' } };

    expect(() => verify(added)).toThrow(/headers present in the request which were not signed/);
  });

  it('must be of the cloud’s time or the machine’s, within a quarter of an hour', async () => {
    const sent = await sign('s3', { method: 'GET', path: '/bucket/k' });
    const later = (minutes: number) => ({ clock: new Date(NOW.getTime() + minutes * 60_000) });

    expect(() => verify(sent, '', later(15))).not.toThrow();
    expect(() => verify(sent, '', later(-15))).not.toThrow();
    expect(() => verify(sent, '', later(16))).toThrow(/too large/);
  });

  it('comes with its session’s token, and no other', async () => {
    const sent = await sign('events', { body: '{}', token: 'mine' });
    const without = await sign('events', { body: '{}' });

    expect(() => verify(sent, '{}', { token: 'mine' })).not.toThrow();
    expect(() => verify(sent, '{}', { token: 'other' })).toThrow(/security token/);
    expect(() => verify(without, '{}', { token: 'mine' })).toThrow(/security token/);
    expect(() => verify(sent, '{}')).toThrow(/security token/);
  });

  it('of a presigned URL is found right, and wrong once the URL is another', async () => {
    const url = new URL(await presigned(`http://${HOST}/bucket/k`, NOW, { ...KEY, sessionToken: 'mine' }));
    const sent = { method: 'GET', url: `${url.pathname}${url.search}`, headers: { host: HOST } };

    expect(() => verify(sent, '', { token: 'mine' })).not.toThrow();
    expect(() => verify({ ...sent, url: sent.url.replace('/k?', '/l?') }, '', { token: 'mine' })).toThrow(
      /does not match/,
    );
    expect(() =>
      verify({ ...sent, url: sent.url.replace('Expires=900', 'Expires=901') }, '', { token: 'mine' }),
    ).toThrow(/does not match/);
  });

  it('waits for a body that nothing is said of', async () => {
    const sent = await sign('lambda', { path: '/2015-03-31/functions/f/invocations', body: '{}' });
    const signature = readSignature(sent.headers, new URLSearchParams());
    if (!signature) throw new Error('nothing is signed');
    const credentials = { secretAccessKey: KEY.secretAccessKey, sessionToken: undefined };

    const verification = beginVerification(sent, signature, credentials, [NOW.getTime()]);
    const before = verification.pending();
    verification.verifyBody(Buffer.from('{}'));

    expect([before, verification.pending()]).toEqual([true, false]);
  });
});
