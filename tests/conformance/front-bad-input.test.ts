import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';

import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCloud, type LocalCloud } from '../../local/cloud.ts';
import { openDoor } from '../../local/http/server.ts';
import { createRecorder } from '../../local/record.ts';
import { signed } from './lambda-stack.ts';
import { ADMINISTRATOR, START } from './s3-cloud.ts';

interface Told {
  /** Everything the server said before it hung up. */
  readonly text: string;
  /** Status of each answer. */
  readonly statuses: readonly number[];
}

/** Says something over a connection of its own, and listens until the server hangs up. */
const tell = async (port: number, said: string | Buffer, { hangUp = false } = {}): Promise<Told> => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  const heard: Buffer[] = [];
  socket.on('data', (bytes) => heard.push(bytes));
  // A server may hang up on what is still being said.
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  socket.once('end', () => socket.end());
  if (hangUp) socket.end(said);
  else socket.write(said);
  await closed;
  const text = Buffer.concat(heard).toString();
  return { text, statuses: [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status)) };
};

const head = (requestLine: string, headers: Readonly<Record<string, string>>) =>
  `${[requestLine, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n`;

describe('bad input', () => {
  let cloud: LocalCloud;
  let s3: S3Client;
  const failures: string[] = [];
  beforeAll(async () => {
    cloud = await createCloud({
      start: START,
      log: (line) => void (/internal failure|front door failed/.test(line) && failures.push(line)),
    });
    s3 = new S3Client({ endpoint: cloud.url, region: cloud.region, credentials: ADMINISTRATOR, maxAttempts: 1 });
    await s3.send(new CreateBucketCommand({ Bucket: 'bad' }));
  });
  afterAll(async () => {
    s3.destroy();
    await cloud.close();
  });

  const host = () => `127.0.0.1:${cloud.port}`;
  const url = (key = 'k') => `${cloud.url}/bad/${key}`;
  /** The cloud lives, has stored nothing, and has not failed inside. */
  const lives = async () => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'bad' }));
    return { keys: Contents.map(({ Key }) => Key), failures: [...failures] };
  };
  const UNHARMED = { keys: [], failures: [] };
  /** Headers of a signed PUT of these bytes. */
  const putHeaders = (body: string, more: Readonly<Record<string, string>> = {}) => ({
    ...signed('s3', 'PUT', url(), body, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...more }),
    host: host(),
  });
  const aGoodRequest = () =>
    head('GET /_cloud/clock HTTP/1.1', {
      host: host(),
    });

  it.each<[string, string | Buffer, number]>([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['TLS', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0x0a, 0x0a]), 400],
    ['a method there is none of', 'FETCH / HTTP/1.1\r\nhost: x\r\n\r\n', 400],
    ['a header with a control character', 'GET / HTTP/1.1\r\nhost: x\r\nx-a: \x01b\r\n\r\n', 400],
    ['a header without a name', 'GET / HTTP/1.1\r\nhost: x\r\n: b\r\n\r\n', 400],
    ['two lengths', 'PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400],
    ['a length that is none', 'PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n', 400],
    [
      'a length and chunks',
      'PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    [
      'headers beyond all measure',
      `GET / HTTP/1.1\r\nhost: x\r\n${'x-a: aaaaaaaaaaaaaaaa\r\n'.repeat(20_000)}\r\n`,
      431,
    ],
    ['an address beyond all measure', `GET /${'a'.repeat(400_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 431],
  ])('of %s is refused, and the connection closed', async (_what, said, status) => {
    const told = await tell(cloud.port, said);

    expect(told.statuses).toEqual([status]);
    expect(told.text).toMatch(/^connection: close/im);
    expect(await lives()).toEqual(UNHARMED);
  });

  it('words what it refuses as S3 does, where nobody knows who was meant', async () => {
    const { text } = await tell(cloud.port, 'hello\r\n\r\n');

    expect(text).toMatch(/<Error><Code>BadRequest<\/Code><Message>.+<\/Message><RequestId>.+<\/RequestId>/);
  });

  it('behind a good request is refused after the good one was answered', async () => {
    const { statuses, text } = await tell(cloud.port, `${aGoodRequest()}${aGoodRequest()}garbage\r\n\r\n`);

    expect(statuses).toEqual([200, 200, 400]);
    expect(text.indexOf('"now"')).toBeLessThan(text.indexOf('BadRequest'));
    expect(await lives()).toEqual(UNHARMED);
  });

  it.each<[string, Record<string, string>, Record<string, string>, string]>([
    ['a body that is cut off', {}, { 'content-length': '100' }, 'only this'],
    [
      'chunks that are cut off',
      { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'x-amz-decoded-content-length': '9' },
      { 'transfer-encoding': 'chunked' },
      '9\r\n9\r\nonly t',
    ],
  ])('of %s stores nothing, whether the client waits for an answer or not', async (_what, inside, framing, sent) => {
    const said = head('PUT /bad/k HTTP/1.1', { ...putHeaders('', inside), ...framing }) + sent;
    const waited = await tell(cloud.port, said, { hangUp: true });
    const gone = connect(cloud.port, '127.0.0.1');
    await once(gone, 'connect');
    await new Promise<void>((resolve) => {
      gone.write(said, () => resolve());
    });
    gone.resetAndDestroy();

    expect(waited.statuses).toEqual([400]);
    expect(waited.text).toContain('<Code>IncompleteBody</Code>');
    expect(await lives()).toEqual(UNHARMED);
  });

  it.each<[string, string, () => Record<string, string>, number]>([
    // S3 asks for a length before it looks at what comes.
    ['an object', 'PUT /bad/k', () => putHeaders(''), 411],
    [
      'an operation',
      'POST /',
      () => ({
        ...signed('events', 'POST', `${cloud.url}/`, '{}', { 'x-amz-target': 'AWSEvents.ListRules' }),
        host: host(),
        'content-type': 'application/x-amz-json-1.1',
      }),
      400,
    ],
  ])('of chunks that are no chunks is refused of %s', async (_what, line, headers, status) => {
    const framing = { 'transfer-encoding': 'chunked' };
    const said = `${head(`${line} HTTP/1.1`, { ...headers(), ...framing })}zz\r\nabc\r\n0\r\n\r\n`;

    const { statuses } = await tell(cloud.port, said);

    expect(statuses).toEqual([status]);
    expect(await lives()).toEqual(UNHARMED);
  });

  it.each<[string, Record<string, string>, string]>([
    ['a CRC32', { 'x-amz-checksum-crc32': 'AAAAAA==' }, 'BadDigest'],
    ['a CRC32 of the wrong length', { 'x-amz-checksum-crc32': 'AAAA' }, 'InvalidRequest'],
    ['an MD5', { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }, 'BadDigest'],
    ['an MD5 of the wrong length', { 'content-md5': 'AAAA' }, 'InvalidDigest'],
    ['a hash of the payload', { 'x-amz-content-sha256': '0'.repeat(64) }, 'XAmzContentSHA256Mismatch'],
    ['a payload form there is none of', { 'x-amz-content-sha256': 'TRUST-ME' }, 'InvalidArgument'],
  ])('of %s that does not fit stores nothing', async (_what, wrong, code) => {
    const response = await fetch(url(), {
      method: 'PUT',
      headers: signed('s3', 'PUT', url(), 'text', { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...wrong }),
      body: 'text',
    });

    expect(response.status).toBe(400);
    expect(await response.text()).toContain(`<Code>${code}</Code>`);
    expect(await lives()).toEqual(UNHARMED);
  });

  it('of a checksum in a trailer that does not fit stores nothing', async () => {
    const headers = signed('s3', 'PUT', url(), '', {
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': '4',
      'x-amz-trailer': 'x-amz-checksum-crc32',
    });
    const body = '4\r\ntext\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n';

    const response = await fetch(url(), { method: 'PUT', headers, body });

    expect(response.status).toBe(400);
    expect(await response.text()).toContain('<Code>BadDigest</Code>');
    expect(await lives()).toEqual(UNHARMED);
  });

  const events = (body: Uint8Array, headers: Record<string, string> = {}) =>
    fetch(cloud.url, {
      method: 'POST',
      headers: signed('events', 'POST', cloud.url, body, {
        'x-amz-target': 'AWSEvents.PutEvents',
        'content-type': 'application/x-amz-json-1.1',
        ...headers,
      }),
      body: Buffer.from(body),
    });
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

  it.each<[string, () => Uint8Array, Record<string, string>, number, string]>([
    ['no JSON', () => Buffer.from('{"Entries": [}'), {}, 400, 'SerializationException'],
    ['JSON that is not UTF-8', () => Buffer.from('{"Entries": "\xff"}', 'latin1'), {}, 400, 'SerializationException'],
    ['JSON without a bottom', () => Buffer.from(`{"Entries": ${nested(200_000)}}`), {}, 400, 'SerializationException'],
    ['no gzip', () => Buffer.from('{}'), { 'content-encoding': 'gzip' }, 400, 'MalformedHttpRequestException'],
    [
      'gzip that is cut off',
      () => gzipSync('{"Entries": []}').subarray(0, 20),
      { 'content-encoding': 'gzip' },
      400,
      'MalformedHttpRequestException',
    ],
    [
      'gzip that is a bomb',
      () => gzipSync(Buffer.alloc(64 * 1024 * 1024)),
      { 'content-encoding': 'gzip' },
      413,
      'RequestEntityTooLargeException',
    ],
    ['a body beyond all measure', () => Buffer.alloc(9 * 1024 * 1024, ' '), {}, 413, 'RequestEntityTooLargeException'],
  ])('of %s is refused', async (_what, body, headers, status, type) => {
    const response = await events(body(), headers);

    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ __type: type });
    expect(await lives()).toEqual(UNHARMED);
  });

  it('in the detail of an event harms nobody, however deep', async () => {
    const pattern = JSON.stringify({ detail: { a: ['b'] } });
    const ask = (operation: string, input: object) =>
      events(Buffer.from(JSON.stringify(input)), { 'x-amz-target': `AWSEvents.${operation}` });
    await ask('PutRule', { Name: 'deep', EventPattern: pattern });
    const entry = { Source: 's', DetailType: 't', Detail: `{"a": ${nested(50_000)}}` };

    const response = await ask('PutEvents', { Entries: [entry] });
    const after = await ask('PutEvents', { Entries: [{ ...entry, Detail: '{}' }] });

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'MalformedDetail' }] });
    expect(await after.json()).toMatchObject({ FailedEntryCount: 0 });
    expect(await lives()).toEqual(UNHARMED);
  });

  it.each([
    ['no XML', 'no <XML'],
    ['XML of something else', '<Other/>'],
    ['XML without a bottom', `<Delete>${'<a>'.repeat(20_000)}${'</a>'.repeat(20_000)}</Delete>`],
    ['XML that would grow', '<!DOCTYPE d [<!ENTITY a "aaaa">]><Delete><Object><Key>&a;</Key></Object></Delete>'],
  ])('of %s is refused', async (_what, body) => {
    const address = `${cloud.url}/bad?delete=`;
    const response = await fetch(address, {
      method: 'POST',
      headers: signed('s3', 'POST', address, body, {
        'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
        'content-md5': createHash('md5').update(body).digest('base64'),
      }),
      body,
    });

    expect(response.status).toBe(400);
    expect(await response.text()).toContain('<Code>MalformedXML</Code>');
    expect(await lives()).toEqual(UNHARMED);
  });

  it.each([
    ['example.com', 404, '<Code>NoSuchBucket</Code>'],
    ['bad.localhost', 501, 'virtual-hosted'],
    ['bad.s3.eu-west-1.amazonaws.com', 501, 'virtual-hosted'],
  ])('for the host %s is refused as S3 reads it', async (name, status, text) => {
    const address = `http://${name}/k`;
    const headers = { ...signed('s3', 'GET', address, '', { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }), host: name };

    const told = await tell(cloud.port, head('GET /k HTTP/1.1', { ...headers, connection: 'close' }));

    expect(told.statuses).toEqual([status]);
    expect(told.text).toContain(text);
    expect(await lives()).toEqual(UNHARMED);
  });

  describe('from a client that does not go on', () => {
    const withDoor = async (said: string): Promise<Told> => {
      const door = await openDoor(
        {
          services: () => [],
          iam: () => cloud.iam,
          faults: () => ({}),
          ms: () => cloud.clock.ms(),
          id: (kind) => cloud.id(kind),
          log: () => undefined,
          recorder: createRecorder(undefined),
          controls: {} as never,
        },
        0,
        { headerBytes: 16_384, headersMs: 40, idleBodyMs: 40 },
      );
      try {
        return await tell(door.port, said);
      } finally {
        await door.close();
      }
    };

    it('is refused when its headers do not end', async () => {
      const { statuses, text } = await withDoor('GET / HTTP/1.1\r\nhost: x\r\n');

      expect(statuses).toEqual([400]);
      expect(text).toContain('<Code>RequestTimeout</Code>');
    });

    it('is refused when its body does not come', async () => {
      const { statuses, text } = await withDoor(
        'POST /_cloud/settle HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{',
      );

      expect(statuses).toEqual([400]);
      expect(text).toContain('<Code>RequestTimeout</Code>');
    });
  });
});
