import { createHmac, createSecretKey } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { chunkSignatures } from '../../../local/http/chunk-signatures.ts';

const DATE = '20130524T000000Z';
const SCOPE = '20130524/us-east-1/s3/aws4_request';
const KEY = createSecretKey(
  SCOPE.split('/').reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from('AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
  ),
);
const open = (seed: string, signsTrailers = false) =>
  chunkSignatures(
    { seed, key: KEY, date: DATE, scope: SCOPE, signsTrailers },
    (given) => new Error(`no match: ${given}`),
  );

// The examples of docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and …/sigv4-streaming-trailers.html: 65
// KiB of the letter a in chunks of 64 KiB and 1 KiB.
const SEED = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9';
const CHUNKS = [
  [Buffer.alloc(65_536, 'a'), 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'],
  [Buffer.alloc(1024, 'a'), '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'],
  [Buffer.alloc(0), 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'],
] as const;
const TRAILED_SEED = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e';
const TRAILED_CHUNKS = [
  [Buffer.alloc(65_536, 'a'), 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2'],
  [Buffer.alloc(1024, 'a'), '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7'],
  [Buffer.alloc(0), '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992'],
] as const;

describe('signatures of chunks', () => {
  it('are those of AWS’s example, however the bytes come', () => {
    const signatures = open(SEED);
    const all = () => {
      for (const [bytes, signature] of CHUNKS) {
        for (let at = 0; at < bytes.length; at += 7000) signatures.update(bytes.subarray(at, at + 7000));
        signatures.endChunk(signature);
      }
    };

    expect(all).not.toThrow();
  });

  it('cover the trailers where these are signed, as in AWS’s example', () => {
    const signatures = open(TRAILED_SEED, true);
    for (const [bytes, signature] of TRAILED_CHUNKS) {
      signatures.update(bytes);
      signatures.endChunk(signature);
    }
    const end = () =>
      signatures.endTrailers(
        'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
        'x-amz-checksum-crc32c:sOO8/Q==\n',
      );

    expect(end).not.toThrow();
  });

  it.each<[string, (at: number) => { bytes?: Uint8Array; signature?: string | undefined }]>([
    ['a byte that was changed', () => ({ bytes: Buffer.alloc(1024, 'b') })],
    ['a signature that was changed', () => ({ signature: '0'.repeat(64) })],
    ['a missing signature', () => ({ signature: undefined })],
    ['a chunk that came twice', () => ({ bytes: CHUNKS[0][0], signature: CHUNKS[0][1] })],
  ])('do not match %s', (_what, change) => {
    const signatures = open(SEED);
    const [first, second] = CHUNKS;
    signatures.update(first[0]);
    signatures.endChunk(first[1]);
    const { bytes, signature } = { bytes: second[0] as Uint8Array, signature: second[1] as string, ...change(1) };
    signatures.update(bytes);

    expect(() => signatures.endChunk(signature)).toThrow('no match');
  });
});
