/** The operations that list. */
import { invalidArgument } from './errors.ts';
import { answerXml, isoTime, quoted, type S3Operation, wholeNumber } from './exchange.ts';
import { listPage } from './listing.ts';
import type { StoredObject, Version } from './store.ts';

const PAGE_SIZE = 1000;
const MAX_INTEGER = 2 ** 31 - 1;

type Input = Readonly<Record<string, string>>;

/** Keys may hold what XML cannot; clients ask for them URL-encoded. */
const encoder = (input: Input): ((text: string) => string) => {
  const { EncodingType: type } = input;
  if (type === undefined || type === '') return (text) => text;
  if (type !== 'url') throw invalidArgument('encoding-type', type, 'Invalid Encoding Method specified in Request');
  return (text) => encodeURIComponent(text).replaceAll('%2F', '/');
};

const maxOf = (input: Input, member: string, argument: string) =>
  Math.min(wholeNumber(input, member, argument, { least: 0, most: MAX_INTEGER }, PAGE_SIZE), PAGE_SIZE);

const objectRow = (key: string, object: StoredObject, encode: (text: string) => string) => ({
  Key: encode(key),
  LastModified: isoTime(object.lastModified),
  ETag: quoted(object.etag),
  ChecksumAlgorithm: object.checksum.algorithm,
  ChecksumType: object.checksum.type,
  Size: object.content.size,
  StorageClass: object.traits.storageClass,
});

// The token is opaque to clients, and must not be taken for a key.
const TOKEN_PREFIX = 'after:';
const tokenOf = (last: string) => Buffer.from(`${TOKEN_PREFIX}${last}`).toString('base64url');
const afterOf = (token: string): string => {
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith(TOKEN_PREFIX))
    throw invalidArgument('continuation-token', token, 'The continuation token provided is incorrect');
  return text.slice(TOKEN_PREFIX.length);
};

export const listObjectsV2: S3Operation = ({ cloud, store }, exchange) => {
  const { input } = exchange;
  const bucket = store.bucket(exchange.bucket);
  const encode = encoder(input);
  const max = maxOf(input, 'MaxKeys', 'max-keys');
  const { ContinuationToken: token, StartAfter: startAfter, Prefix: prefix = '', Delimiter: delimiter = '' } = input;
  const owner = input.FetchOwner?.toLowerCase() === 'true' ? { ID: cloud.account } : undefined;
  const after = token === undefined ? (startAfter ?? '') : afterOf(token);
  const page = listPage(bucket.order, { prefix, delimiter, after, max }, (key) => {
    const object = store.current(bucket, key);
    return object ? [{ ...objectRow(key, object, encode), Owner: owner }] : [];
  });
  answerXml(exchange, 'ListBucketResult', {
    Name: bucket.name,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    StartAfter: startAfter === undefined ? undefined : encode(startAfter),
    ContinuationToken: token,
    NextContinuationToken: page.truncated && page.last !== undefined ? tokenOf(page.last) : undefined,
    KeyCount: page.rows.length + page.commonPrefixes.length,
    MaxKeys: max,
    EncodingType: input.EncodingType,
    IsTruncated: page.truncated,
    Contents: page.rows,
    CommonPrefixes: page.commonPrefixes.map((common) => ({ Prefix: encode(common) })),
  });
};

export const listObjects: S3Operation = ({ cloud, store }, exchange) => {
  const { input } = exchange;
  const bucket = store.bucket(exchange.bucket);
  const encode = encoder(input);
  const max = maxOf(input, 'MaxKeys', 'max-keys');
  const { Marker: marker = '', Prefix: prefix = '', Delimiter: delimiter = '' } = input;
  const page = listPage(bucket.order, { prefix, delimiter, after: marker, max }, (key) => {
    const object = store.current(bucket, key);
    return object ? [{ ...objectRow(key, object, encode), Owner: { ID: cloud.account } }] : [];
  });
  answerXml(exchange, 'ListBucketResult', {
    Name: bucket.name,
    Prefix: encode(prefix),
    Marker: encode(marker),
    // Only with a delimiter; without one, the last key is the next marker (documented).
    NextMarker: page.truncated && delimiter !== '' && page.last !== undefined ? encode(page.last) : undefined,
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    MaxKeys: max,
    EncodingType: input.EncodingType,
    IsTruncated: page.truncated,
    Contents: page.rows,
    CommonPrefixes: page.commonPrefixes.map((common) => ({ Prefix: encode(common) })),
  });
};

export const listObjectVersions: S3Operation = ({ cloud, store }, exchange) => {
  const { input } = exchange;
  const bucket = store.bucket(exchange.bucket);
  const encode = encoder(input);
  const max = maxOf(input, 'MaxKeys', 'max-keys');
  const {
    KeyMarker: marker = '',
    VersionIdMarker: versionMarker,
    Prefix: prefix = '',
    Delimiter: delimiter = '',
  } = input;
  if (versionMarker !== undefined && marker === '') {
    throw invalidArgument(
      'version-id-marker',
      versionMarker,
      'A version-id marker cannot be specified without a key marker.',
    );
  }
  const rowsOf = (key: string): { key: string; version: Version; isLatest: boolean }[] =>
    (bucket.versions.get(key) ?? []).map((version, index) => ({ key, version, isLatest: index === 0 }));
  const told =
    versionMarker === undefined
      ? undefined
      : rowsOf(marker).findIndex(({ version }) => version.versionId === versionMarker) + 1;
  const page = listPage(
    bucket.order,
    { prefix, delimiter, after: marker, max, ...(told !== undefined && { toldOfAfter: told }) },
    rowsOf,
  );
  const common = ({ key, version, isLatest }: (typeof page.rows)[number]) => ({
    Key: encode(key),
    VersionId: version.versionId,
    IsLatest: isLatest,
    LastModified: isoTime(version.lastModified),
    Owner: { ID: cloud.account },
  });
  const lastRow = page.rows.at(-1);
  answerXml(exchange, 'ListVersionsResult', {
    Name: bucket.name,
    Prefix: encode(prefix),
    KeyMarker: encode(marker),
    VersionIdMarker: versionMarker ?? '',
    NextKeyMarker: page.truncated && page.last !== undefined ? encode(page.last) : undefined,
    NextVersionIdMarker: page.truncated && lastRow?.key === page.last ? lastRow?.version.versionId : undefined,
    MaxKeys: max,
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    EncodingType: input.EncodingType,
    IsTruncated: page.truncated,
    Version: page.rows.flatMap((row) =>
      row.version.kind === 'object' ? [{ ...objectRow(row.key, row.version, encode), ...common(row) }] : [],
    ),
    DeleteMarker: page.rows.flatMap((row) => (row.version.kind === 'marker' ? [common(row)] : [])),
    CommonPrefixes: page.commonPrefixes.map((prefixed) => ({ Prefix: encode(prefixed) })),
  });
};
