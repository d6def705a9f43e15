/**
 * S3's operations as the address and headers of a request name them, and the members each may have: what a request
 * carries beyond them is refused by name. Members are named as in AWS's service model.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html (documented)
 */
import type { JsonObject } from '../../contracts.ts';
import { invalidArgument, keyTooLong, noSuchBucket, notImplemented } from './errors.ts';

type Kind = 'string' | 'integer' | 'boolean' | 'timestamp';
/** A member's name, with its kind where it is not text. */
type Member = string | readonly [name: string, kind: Kind];

interface Shape {
  readonly method: string;
  readonly level: 'service' | 'bucket' | 'object';
  /** Query parameters that make a request this operation. */
  readonly selects?: Readonly<Record<string, string | undefined>>;
  /** Only with a copy source. */
  readonly copies?: true;
  /** Whether the body is an object's bytes. */
  readonly takesBody?: true;
  readonly query?: Readonly<Record<string, Member>>;
  readonly headers?: Readonly<Record<string, Member>>;
}

const CHECKSUM_VALUES = {
  'x-amz-checksum-crc32': 'ChecksumCRC32',
  'x-amz-checksum-crc32c': 'ChecksumCRC32C',
  'x-amz-checksum-crc64nvme': 'ChecksumCRC64NVME',
  'x-amz-checksum-sha1': 'ChecksumSHA1',
  'x-amz-checksum-sha256': 'ChecksumSHA256',
} as const;

const BODY = {
  ...CHECKSUM_VALUES,
  'content-md5': 'ContentMD5',
  'x-amz-sdk-checksum-algorithm': 'ChecksumAlgorithm',
} as const;

const TRAITS = {
  'cache-control': 'CacheControl',
  'content-disposition': 'ContentDisposition',
  'content-encoding': 'ContentEncoding',
  'content-language': 'ContentLanguage',
  'content-type': 'ContentType',
  expires: ['Expires', 'timestamp'],
  'x-amz-acl': 'ACL',
  'x-amz-server-side-encryption': 'ServerSideEncryption',
  'x-amz-server-side-encryption-aws-kms-key-id': 'SSEKMSKeyId',
  'x-amz-server-side-encryption-bucket-key-enabled': ['BucketKeyEnabled', 'boolean'],
  'x-amz-storage-class': 'StorageClass',
  'x-amz-tagging': 'Tagging',
} as const;

const WRITE_CONDITIONS = { 'if-match': 'IfMatch', 'if-none-match': 'IfNoneMatch' } as const;

const READ = {
  'if-match': 'IfMatch',
  'if-none-match': 'IfNoneMatch',
  'if-modified-since': ['IfModifiedSince', 'timestamp'],
  'if-unmodified-since': ['IfUnmodifiedSince', 'timestamp'],
  range: 'Range',
  'x-amz-checksum-mode': 'ChecksumMode',
} as const;

const READ_QUERY = {
  versionId: 'VersionId',
  'response-cache-control': 'ResponseCacheControl',
  'response-content-disposition': 'ResponseContentDisposition',
  'response-content-encoding': 'ResponseContentEncoding',
  'response-content-language': 'ResponseContentLanguage',
  'response-content-type': 'ResponseContentType',
  'response-expires': ['ResponseExpires', 'timestamp'],
} as const;

const SOURCE = {
  'x-amz-copy-source': 'CopySource',
  'x-amz-copy-source-if-match': 'CopySourceIfMatch',
  'x-amz-copy-source-if-modified-since': ['CopySourceIfModifiedSince', 'timestamp'],
  'x-amz-copy-source-if-none-match': 'CopySourceIfNoneMatch',
  'x-amz-copy-source-if-unmodified-since': ['CopySourceIfUnmodifiedSince', 'timestamp'],
  'x-amz-source-expected-bucket-owner': 'ExpectedSourceBucketOwner',
} as const;

const PAGE = {
  delimiter: 'Delimiter',
  'encoding-type': 'EncodingType',
  'max-keys': ['MaxKeys', 'integer'],
  prefix: 'Prefix',
} as const;

const OPERATIONS = {
  ListBuckets: {
    method: 'GET',
    level: 'service',
    query: { 'max-buckets': ['MaxBuckets', 'integer'], 'continuation-token': 'ContinuationToken', prefix: 'Prefix' },
  },
  CreateBucket: {
    method: 'PUT',
    level: 'bucket',
    headers: { 'x-amz-acl': 'ACL', 'x-amz-object-ownership': 'ObjectOwnership' },
  },
  HeadBucket: { method: 'HEAD', level: 'bucket' },
  DeleteBucket: { method: 'DELETE', level: 'bucket' },
  GetBucketLocation: { method: 'GET', level: 'bucket', selects: { location: undefined } },
  GetBucketVersioning: { method: 'GET', level: 'bucket', selects: { versioning: undefined } },
  PutBucketVersioning: {
    method: 'PUT',
    level: 'bucket',
    selects: { versioning: undefined },
    headers: { 'content-md5': 'ContentMD5', 'x-amz-sdk-checksum-algorithm': 'ChecksumAlgorithm' },
  },
  GetBucketNotificationConfiguration: { method: 'GET', level: 'bucket', selects: { notification: undefined } },
  PutBucketNotificationConfiguration: {
    method: 'PUT',
    level: 'bucket',
    selects: { notification: undefined },
    headers: { 'x-amz-skip-destination-validation': ['SkipDestinationValidation', 'boolean'] },
  },
  ListObjects: { method: 'GET', level: 'bucket', query: { ...PAGE, marker: 'Marker' } },
  ListObjectsV2: {
    method: 'GET',
    level: 'bucket',
    selects: { 'list-type': '2' },
    query: {
      ...PAGE,
      'continuation-token': 'ContinuationToken',
      'fetch-owner': ['FetchOwner', 'boolean'],
      'start-after': 'StartAfter',
    },
  },
  ListObjectVersions: {
    method: 'GET',
    level: 'bucket',
    selects: { versions: undefined },
    query: { ...PAGE, 'key-marker': 'KeyMarker', 'version-id-marker': 'VersionIdMarker' },
  },
  ListMultipartUploads: {
    method: 'GET',
    level: 'bucket',
    selects: { uploads: undefined },
    query: {
      delimiter: 'Delimiter',
      'encoding-type': 'EncodingType',
      'max-uploads': ['MaxUploads', 'integer'],
      prefix: 'Prefix',
      'key-marker': 'KeyMarker',
      'upload-id-marker': 'UploadIdMarker',
    },
  },
  DeleteObjects: {
    method: 'POST',
    level: 'bucket',
    selects: { delete: undefined },
    headers: { 'x-amz-sdk-checksum-algorithm': 'ChecksumAlgorithm' },
  },
  PutObject: { method: 'PUT', level: 'object', takesBody: true, headers: { ...BODY, ...TRAITS, ...WRITE_CONDITIONS } },
  CopyObject: {
    method: 'PUT',
    level: 'object',
    copies: true,
    headers: {
      ...SOURCE,
      ...TRAITS,
      ...WRITE_CONDITIONS,
      'x-amz-checksum-algorithm': 'ChecksumAlgorithm',
      'x-amz-metadata-directive': 'MetadataDirective',
      'x-amz-tagging-directive': 'TaggingDirective',
    },
  },
  GetObject: { method: 'GET', level: 'object', query: READ_QUERY, headers: READ },
  HeadObject: { method: 'HEAD', level: 'object', query: READ_QUERY, headers: READ },
  DeleteObject: {
    method: 'DELETE',
    level: 'object',
    query: { versionId: 'VersionId' },
    headers: { 'if-match': 'IfMatch' },
  },
  GetObjectTagging: {
    method: 'GET',
    level: 'object',
    selects: { tagging: undefined },
    query: { versionId: 'VersionId' },
  },
  PutObjectTagging: {
    method: 'PUT',
    level: 'object',
    selects: { tagging: undefined },
    query: { versionId: 'VersionId' },
    headers: { 'content-md5': 'ContentMD5', 'x-amz-sdk-checksum-algorithm': 'ChecksumAlgorithm' },
  },
  DeleteObjectTagging: {
    method: 'DELETE',
    level: 'object',
    selects: { tagging: undefined },
    query: { versionId: 'VersionId' },
  },
  CreateMultipartUpload: {
    method: 'POST',
    level: 'object',
    selects: { uploads: undefined },
    headers: { ...TRAITS, 'x-amz-checksum-algorithm': 'ChecksumAlgorithm', 'x-amz-checksum-type': 'ChecksumType' },
  },
  UploadPart: {
    method: 'PUT',
    level: 'object',
    selects: { uploadId: undefined, partNumber: undefined },
    takesBody: true,
    query: { uploadId: 'UploadId', partNumber: ['PartNumber', 'integer'] },
    headers: BODY,
  },
  UploadPartCopy: {
    method: 'PUT',
    level: 'object',
    selects: { uploadId: undefined, partNumber: undefined },
    copies: true,
    query: { uploadId: 'UploadId', partNumber: ['PartNumber', 'integer'] },
    headers: { ...SOURCE, 'x-amz-copy-source-range': 'CopySourceRange' },
  },
  CompleteMultipartUpload: {
    method: 'POST',
    level: 'object',
    selects: { uploadId: undefined },
    query: { uploadId: 'UploadId' },
    headers: {
      ...CHECKSUM_VALUES,
      ...WRITE_CONDITIONS,
      'x-amz-checksum-type': 'ChecksumType',
      'x-amz-mp-object-size': ['MpuObjectSize', 'integer'],
    },
  },
  AbortMultipartUpload: {
    method: 'DELETE',
    level: 'object',
    selects: { uploadId: undefined },
    query: { uploadId: 'UploadId' },
  },
  ListParts: {
    method: 'GET',
    level: 'object',
    selects: { uploadId: undefined },
    query: {
      uploadId: 'UploadId',
      'max-parts': ['MaxParts', 'integer'],
      'part-number-marker': ['PartNumberMarker', 'integer'],
    },
  },
} as const satisfies Record<string, Shape>;

export type OperationName = keyof typeof OPERATIONS;

/** A request as S3 understands it. */
export interface S3Request {
  readonly operation: OperationName;
  /** '' for ListBuckets. */
  readonly bucket: string;
  /** '' for operations on a bucket. */
  readonly key: string;
  /** Members as text, by the model's names. */
  readonly input: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** What the headers say of the body that came: its checksum or MD5, by member. Any operation's body may have them. */
  readonly integrity: Readonly<Record<string, string>>;
  /** The same, as the record tells it. */
  readonly params: JsonObject;
}

/** A query is only read. */
type Query = Pick<URLSearchParams, 'get' | 'has' | typeof Symbol.iterator>;

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  /** Undefined when there is none. */
  readonly query: Query | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

// Of every request: signing, the SDKs' own, and the payload's form. Checked or used elsewhere.
const COMMON_HEADERS = new Set([
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-expected-bucket-owner',
  'x-amz-security-token',
  'x-amz-trailer',
  'x-amz-user-agent',
]);
// A body's checksum may come with any operation that has a body; whoever reads the body checks it.
const BODY_MEMBERS: ReadonlyMap<string, string> = new Map(Object.entries(BODY));
// S3 refuses nothing else of plain HTTP; these it would act on.
const ACTING_HEADERS = ['range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];
const METADATA_PREFIX = 'x-amz-meta-';
const MAX_KEY_BYTES = 1024;

const decoded = (text: string): string => {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidArgument('key', text, 'The key is not URL-encoded UTF-8');
  }
};

/**
 * A copy source with its slashes plain: the whole of it may come percent-encoded (API_CopyObject, documented), while the
 * model's pattern is of what it says. What the decoded text would make ambiguous stays encoded.
 */
const plainSource = (source: string): string => {
  const at = source.lastIndexOf('?versionId=');
  try {
    const path = decodeURIComponent(at < 0 ? source : source.slice(0, at));
    return `${path.replace(/[%?]/g, encodeURIComponent)}${at < 0 ? '' : source.slice(at)}`;
  } catch {
    // The operation refuses it.
    return source;
  }
};

const nameOf = (member: Member) => (typeof member === 'string' ? member : member[0]);

const typed = (member: Member, value: string): string | number | boolean => {
  const kind = typeof member === 'string' ? 'string' : member[1];
  if (kind === 'integer') return /^-?\d+$/.test(value) ? Number(value) : value;
  if (kind === 'boolean') return value.toLowerCase() === 'true';
  if (kind === 'timestamp') {
    const time = Date.parse(value);
    return Number.isNaN(time) ? value : new Date(time).toISOString();
  }
  return value;
};

/** An operation, and what makes a request this one. */
interface Candidate {
  readonly operation: OperationName;
  readonly shape: Shape;
  readonly selects: readonly (readonly [parameter: string, value: string | undefined])[];
}

/** By level and method. Of several that a request could be, the one that asks most of it comes first. */
const CANDIDATES: Readonly<Record<Shape['level'], ReadonlyMap<string, readonly Candidate[]>>> = (() => {
  const all = (Object.entries(OPERATIONS) as [OperationName, Shape][])
    .map(([operation, shape]) => ({ operation, shape, selects: Object.entries(shape.selects ?? {}) }))
    .sort((a, b) => b.selects.length - a.selects.length);
  const of = (level: Shape['level']) =>
    Map.groupBy(
      all.filter(({ shape }) => shape.level === level),
      ({ shape }) => shape.method,
    );
  return { service: of('service'), bucket: of('bucket'), object: of('object') };
})();

const isMeant = ({ shape, selects }: Candidate, query: Query | undefined, copies: boolean): boolean => {
  if ((shape.copies ?? false) !== copies) return false;
  for (const [name, value] of selects) {
    if (!query || (value === undefined ? !query.has(name) : query.get(name) !== value)) return false;
  }
  return true;
};

/**
 * @throws ServiceError NotImplemented naming the operation, sub-resource, parameter or header this stand-in has none of;
 *   KeyTooLongError, InvalidArgument.
 */
export const readRequest = ({ method, path, query, headers }: RawRequest): S3Request => {
  const slash = path.indexOf('/', 1);
  const bucket = decoded(slash < 0 ? path.slice(1) : path.slice(1, slash));
  const key = slash < 0 ? '' : decoded(path.slice(slash + 1));
  if (bucket === '' && key !== '') throw noSuchBucket(bucket);
  // A character has three bytes at most, or four for two.
  if (key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES) throw keyTooLong(key, MAX_KEY_BYTES);
  const level = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object';

  // A presigned URL carries what would be headers in its query.
  const presigned = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [name, value] of query ?? []) {
    if (name.startsWith('X-Amz-') || name === 'x-id') continue;
    if (name.startsWith('x-amz-')) presigned.set(name, value);
    else parameters.set(name, value);
  }

  const copies = typeof headers['x-amz-copy-source'] === 'string' || presigned.has('x-amz-copy-source');
  const found = CANDIDATES[level].get(method)?.find((candidate) => isMeant(candidate, query, copies));
  if (!found) {
    const subresources = [...parameters.keys()].join('&');
    throw notImplemented(
      `${method} of a ${level}${subresources && ` with ?${subresources}`}${copies ? ' with x-amz-copy-source' : ''}`,
    );
  }
  const { operation, shape } = found;

  const input: Record<string, string> = {};
  const params: JsonObject = {};
  if (bucket !== '') params.Bucket = bucket;
  if (key !== '') params.Key = key;
  for (const [name, value] of parameters) {
    const member = shape.query?.[name];
    if (member === undefined) {
      if (shape.selects && name in shape.selects) continue;
      // `?acl` makes a request another operation; `?max-keys=5` would be a parameter of this one.
      throw notImplemented(
        value === '' ? `the sub-resource ${name} (${method} of a ${level})` : `the parameter ${name} of ${operation}`,
      );
    }
    input[nameOf(member)] = value;
    params[nameOf(member)] = typed(member, value);
  }
  const metadata: Record<string, string> = {};
  const integrity: Record<string, string> = {};
  let hasMetadata = false;
  const take = (name: string, value: string): void => {
    const ofBody = BODY_MEMBERS.get(name);
    if (ofBody !== undefined) integrity[ofBody] = value;
    const member = shape.headers?.[name];
    if (member !== undefined) {
      input[nameOf(member)] = value;
      params[nameOf(member)] = typed(member, value);
    } else if (name.startsWith(METADATA_PREFIX)) {
      metadata[name.slice(METADATA_PREFIX.length)] = value;
      hasMetadata = true;
    } else if (
      (name.startsWith('x-amz-') && !COMMON_HEADERS.has(name) && ofBody === undefined) ||
      ACTING_HEADERS.includes(name)
    ) {
      throw notImplemented(`the header ${name} of ${operation}`);
    }
  };
  for (const [name, value] of presigned) if (typeof headers[name] !== 'string') take(name, value);
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string') take(name, value);
  }
  if (input.CopySource !== undefined) params.CopySource = plainSource(input.CopySource);
  if (hasMetadata) params.Metadata = { ...metadata };
  const inHeader = headers['x-amz-expected-bucket-owner'];
  const owner = typeof inHeader === 'string' ? inHeader : presigned.get('x-amz-expected-bucket-owner');
  if (owner !== undefined) {
    input.ExpectedBucketOwner = owner;
    params.ExpectedBucketOwner = owner;
  }
  // The framing of the request is no property of the object.
  if (input.ContentEncoding !== undefined) {
    const encodings = input.ContentEncoding.split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '' && one !== 'aws-chunked');
    delete input.ContentEncoding;
    delete params.ContentEncoding;
    if (encodings.length > 0) {
      input.ContentEncoding = encodings.join(',');
      params.ContentEncoding = input.ContentEncoding;
    }
  }
  return { operation, bucket, key, input, metadata, integrity, params };
};
