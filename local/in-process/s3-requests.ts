/** The operations of S3 that code in the cloud's process uses, as HTTP requests and back. */
import { Readable } from 'node:stream';

import { goOn } from '../at-once.ts';
import { type Json, type JsonObject, ServiceError } from '../contracts.ts';
import { listOf } from '../http/xml.ts';
import type { Members, RestOperation } from './client.ts';
import type { MemoryAnswer } from './memory-http.ts';
import { bytes, carried, queryText, refuseOthers, text } from './request-members.ts';

// Members of requests to S3 travel in headers and in the query, each under a name of its own:
// docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html (documented).
const READ_HEADERS = { IfMatch: 'if-match', IfNoneMatch: 'if-none-match', Range: 'range' };
const READ_QUERY = { VersionId: 'versionId' };
const WRITE_HEADERS = { ContentType: 'content-type', IfMatch: 'if-match', IfNoneMatch: 'if-none-match' };
const PAGE = { Delimiter: 'delimiter', MaxKeys: 'max-keys', Prefix: 'prefix' };
const V2_QUERY = { ...PAGE, ContinuationToken: 'continuation-token', StartAfter: 'start-after' };
const VERSIONS_QUERY = { ...PAGE, KeyMarker: 'key-marker', VersionIdMarker: 'version-id-marker' };

/** Keys that read the same in an address. */
const PLAIN_KEY = /^[\w./-]*$/;

const pathOf = (input: Members): string => {
  const key = text(input, 'Key');
  return `/${text(input, 'Bucket')}/${PLAIN_KEY.test(key) ? key : key.split('/').map(encodeURIComponent).join('/')}`;
};

// The members each operation takes.
const READ_MEMBERS = ['Bucket', 'Key', ...Object.keys({ ...READ_HEADERS, ...READ_QUERY })];
const WRITE_MEMBERS = ['Bucket', 'Key', 'Body', 'ContentLength', ...Object.keys(WRITE_HEADERS)];
const V2_MEMBERS = ['Bucket', ...Object.keys(V2_QUERY)];
const VERSIONS_MEMBERS = ['Bucket', ...Object.keys(VERSIONS_QUERY)];

/** A body that can be read in one go, as the SDK's is. */
class ObjectBody extends Readable {
  readonly #bytes: Buffer;

  constructor(whole: Buffer) {
    super();
    this.#bytes = whole;
  }

  override _read(): void {
    if (this.#bytes.byteLength > 0) this.push(this.#bytes);
    this.push(null);
  }

  async transformToByteArray(): Promise<Uint8Array> {
    return this.#bytes;
  }

  async transformToString(encoding: BufferEncoding = 'utf8'): Promise<string> {
    return this.#bytes.toString(encoding);
  }
}

let lastText = '';
let lastTime = Number.NaN;

/** A time of HTTP; many objects are of one second, and to read it takes longer than all the rest of the headers. */
const timeOf = (text: string): Date => {
  if (text !== lastText) {
    lastTime = Date.parse(text);
    lastText = text;
  }
  return new Date(lastTime);
};

/** What headers say of an object, as members. */
const objectMembers = ({ headers }: MemoryAnswer): Members => ({
  ETag: headers.etag,
  VersionId: headers['x-amz-version-id'],
  ContentType: headers['content-type'],
  ...(headers['content-length'] !== undefined && { ContentLength: Number(headers['content-length']) }),
  ...(headers['last-modified'] !== undefined && { LastModified: timeOf(headers['last-modified']) }),
});

const readObject = (answer: MemoryAnswer): Members => ({
  ...objectMembers(answer),
  Body: new ObjectBody(answer.body),
});

const writtenObject = ({ headers }: MemoryAnswer): Members => ({
  ETag: headers.etag,
  VersionId: headers['x-amz-version-id'],
});

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const documentOf = ({ document }: MemoryAnswer, root: string): JsonObject => {
  if (document?.root === root) return document.content;
  throw new ServiceError('InternalFailure', `S3 answered something other than a ${root}`, 500);
};

const entries = (value: Json | undefined): Members[] =>
  listOf(value)
    .filter(isObject)
    .map((entry) => ({
      ...entry,
      Size: Number(entry.Size),
      ...(typeof entry.LastModified === 'string' && { LastModified: new Date(entry.LastModified) }),
      ...(entry.IsLatest !== undefined && { IsLatest: entry.IsLatest === 'true' }),
    }));

export const OPERATIONS: Readonly<Record<string, RestOperation>> = {
  GetObject(input, send) {
    refuseOthers('GetObject', input, READ_MEMBERS);
    const url = pathOf(input) + queryText(carried(input, READ_QUERY));
    return goOn(send({ method: 'GET', url, headers: carried(input, READ_HEADERS) }), readObject);
  },
  PutObject(input, send) {
    refuseOthers('PutObject', input, WRITE_MEMBERS);
    const url = pathOf(input);
    const headers = carried(input, WRITE_HEADERS);
    return goOn(bytes(input, 'Body'), (body) => goOn(send({ method: 'PUT', url, headers, body }), writtenObject));
  },
  async DeleteObject(input, send) {
    refuseOthers('DeleteObject', input, ['Bucket', 'Key', 'VersionId']);
    const url = pathOf(input) + queryText(carried(input, READ_QUERY));
    const { headers } = await send({ method: 'DELETE', url });
    return { VersionId: headers['x-amz-version-id'], DeleteMarker: headers['x-amz-delete-marker'] === 'true' };
  },
  ListObjectsV2(input, send) {
    refuseOthers('ListObjectsV2', input, V2_MEMBERS);
    const query = queryText({ 'list-type': '2', ...carried(input, V2_QUERY) });
    return goOn(send({ method: 'GET', url: `/${text(input, 'Bucket')}${query}` }), (answer) => {
      const page = documentOf(answer, 'ListBucketResult');
      return {
        Contents: entries(page.Contents),
        CommonPrefixes: entries(page.CommonPrefixes),
        IsTruncated: page.IsTruncated === 'true',
        KeyCount: Number(page.KeyCount),
        NextContinuationToken: page.NextContinuationToken,
      };
    });
  },
  async ListObjectVersions(input, send) {
    refuseOthers('ListObjectVersions', input, VERSIONS_MEMBERS);
    const query = `?versions&${queryText(carried(input, VERSIONS_QUERY)).slice(1)}`;
    const answer = await send({ method: 'GET', url: `/${text(input, 'Bucket')}${query}` });
    const page = documentOf(answer, 'ListVersionsResult');
    return {
      Versions: entries(page.Version),
      DeleteMarkers: entries(page.DeleteMarker),
      IsTruncated: page.IsTruncated === 'true',
      NextKeyMarker: page.NextKeyMarker,
      NextVersionIdMarker: page.NextVersionIdMarker,
    };
  },
};
