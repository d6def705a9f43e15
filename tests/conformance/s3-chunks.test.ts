import { createHash, createHmac } from 'node:crypto';

import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { signed } from './lambda-stack.ts';
import { type S3Cloud, startS3 } from './s3-cloud.ts';

const SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
const CHUNKS = ['a'.repeat(8192), 'b'.repeat(8192), 'the end'];
const TEXT = CHUNKS.join('');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
/** Base64 of the SHA-256 of the whole. */
const CHECKSUM = createHash('sha256').update(TEXT).digest('base64');

/** A body in signed chunks, by the credentials `test`/`test`. */
const signChunks = (headers: Readonly<Record<string, string>>, chunks: readonly string[], trailer?: string): string => {
  const date = headers['x-amz-date'] ?? '';
  const scope = `${date.slice(0, 8)}/eu-west-1/s3/aws4_request`;
  const key = scope
    .split('/')
    .reduce<Buffer>((made, part) => createHmac('sha256', made).update(part).digest(), Buffer.from('AWS4test'));
  let previous = headers.authorization?.split('Signature=')[1] ?? '';
  const sign = (algorithm: string, ...hashes: string[]) => {
    previous = createHmac('sha256', key)
      .update([algorithm, date, scope, previous, ...hashes].join('\n'))
      .digest('hex');
    return previous;
  };
  const framed = [...chunks, ''].map((chunk) => {
    const signature = sign('AWS4-HMAC-SHA256-PAYLOAD', sha256(''), sha256(chunk));
    const end = chunk === '' ? '' : '\r\n';
    return `${chunk.length.toString(16)};chunk-signature=${signature}\r\n${chunk}${end}`;
  });
  if (trailer === undefined) return `${framed.join('')}\r\n`;
  const signature = sign('AWS4-HMAC-SHA256-TRAILER', sha256(`${trailer}\n`));
  return `${framed.join('')}${trailer}\r\nx-amz-trailer-signature:${signature}\r\n\r\n`;
};

describe('uploads in signed chunks', () => {
  let on: S3Cloud;
  beforeAll(async () => {
    on = await startS3();
    await on.s3.send(new CreateBucketCommand({ Bucket: 'chunks' }));
  });
  afterAll(() => on.close());

  const upload = async (
    key: string,
    {
      form = SIGNED,
      trailer,
      tamper = (body: string) => body,
    }: { form?: string; trailer?: string; tamper?: (body: string) => string } = {},
  ) => {
    const url = `${on.cloud.url}/chunks/${key}`;
    const headers = signed('s3', 'PUT', url, '', {
      'x-amz-content-sha256': form,
      'x-amz-decoded-content-length': String(TEXT.length),
      'content-encoding': 'aws-chunked',
      ...(trailer !== undefined && { 'x-amz-trailer': 'x-amz-checksum-sha256' }),
    });
    const response = await fetch(url, {
      method: 'PUT',
      headers,
      body: tamper(signChunks(headers, CHUNKS, trailer)),
    });
    return { status: response.status, code: /<Code>(.*)<\/Code>/.exec(await response.text())?.[1] };
  };
  const textOf = async (Key: string) =>
    (await on.s3.send(new GetObjectCommand({ Bucket: 'chunks', Key }))).Body?.transformToString();
  const keys = async () =>
    ((await on.s3.send(new ListObjectsV2Command({ Bucket: 'chunks' }))).Contents ?? []).map(({ Key }) => Key);
  const trailer = `x-amz-checksum-sha256:${CHECKSUM}`;

  it('are stored when every signature is right', async () => {
    const plain = await upload('plain');
    const trailed = await upload('trailed', { form: `${SIGNED}-TRAILER`, trailer });

    expect([plain.status, trailed.status]).toEqual([200, 200]);
    expect(await textOf('plain')).toBe(TEXT);
    expect(await textOf('trailed')).toBe(TEXT);
  });

  it.each<[string, Parameters<typeof upload>[1], number, string]>([
    ['a chunk was changed', { tamper: (body) => body.replace('bbb', 'bxb') }, 403, 'SignatureDoesNotMatch'],
    [
      'the last chunk was changed',
      { tamper: (body) => body.replace('the end', 'the one') },
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'a signature was changed',
      { tamper: (body) => body.replace(/chunk-signature=..../, 'chunk-signature=0000') },
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'a signature is missing',
      { tamper: (body) => body.replace(/;chunk-signature=[0-9a-f]+/, '') },
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'a trailer was changed after it was signed',
      {
        form: `${SIGNED}-TRAILER`,
        trailer,
        tamper: (body) => body.replace(CHECKSUM, createHash('sha256').update('').digest('base64')),
      },
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'a trailer’s signature is missing',
      {
        form: `${SIGNED}-TRAILER`,
        trailer,
        tamper: (body) => body.replace(/x-amz-trailer-signature:[0-9a-f]+\r\n/, ''),
      },
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'a signed trailer does not fit the bytes',
      { form: `${SIGNED}-TRAILER`, trailer: `x-amz-checksum-sha256:${createHash('sha256').digest('base64')}` },
      400,
      'BadDigest',
    ],
    ['the body ends in a chunk', { tamper: (body) => body.slice(0, 9000) }, 400, 'IncompleteBody'],
    ['the framing is broken', { tamper: (body) => `z${body}` }, 400, 'InvalidRequest'],
    ['the form is none that S3 takes', { form: 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD' }, 400, 'InvalidArgument'],
  ])('are refused, and nothing is stored, when %s', async (_what, how, status, code) => {
    const refused = await upload('refused', how);
    const after = await upload('after');

    expect(refused).toEqual({ status, code });
    expect(after.status).toBe(200);
    expect(await keys()).not.toContain('refused');
  });
});
