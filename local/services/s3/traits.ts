/** What an object carries besides its bytes, read from a request. */
import { type Json, ServiceError } from '../../contracts.ts';
import { listOf, parseXml } from '../../http/xml.ts';
import { invalidArgument, malformedXml, notImplemented } from './errors.ts';
import type { Bucket, ObjectTraits } from './store.ts';

const HEADERS = {
  'cache-control': 'CacheControl',
  'content-disposition': 'ContentDisposition',
  'content-encoding': 'ContentEncoding',
  'content-language': 'ContentLanguage',
  expires: 'Expires',
} as const;

const KEPT_HEADERS = Object.entries(HEADERS);

// Documented limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html and …/object-tagging.html
const MAX_METADATA_BYTES = 2048;
const MAX_TAGS = 10;
const MAX_TAG_KEY = 128;
const MAX_TAG_VALUE = 256;

/** S3's own default (recorded). */
const DEFAULT_CONTENT_TYPE = 'binary/octet-stream';

// Classes whose objects can be read at once; the archives would have to be restored first.
const STORAGE_CLASSES = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
];
// With ownership enforced, as every new bucket has it, these change nothing (documented).
const HARMLESS_ACLS = ['private', 'bucket-owner-full-control'];

const checkTags = (tags: readonly (readonly [string, string])[]): ReadonlyMap<string, string> => {
  if (tags.length > MAX_TAGS) throw new ServiceError('BadRequest', 'Object tags cannot be greater than 10');
  const found = new Map<string, string>();
  for (const [key, value] of tags) {
    if (key === '' || key.length > MAX_TAG_KEY)
      throw new ServiceError('InvalidTag', 'The TagKey you have provided is invalid');
    if (value.length > MAX_TAG_VALUE) throw new ServiceError('InvalidTag', 'The TagValue you have provided is invalid');
    // Names that begin with aws: are AWS's own (object tagging, documented; the words are *assumed*).
    if (key.toLowerCase().startsWith('aws:'))
      throw new ServiceError('InvalidTag', 'System tags cannot be added/updated by requester');
    if (found.has(key)) throw new ServiceError('InvalidTag', 'Cannot provide multiple Tags with the same key');
    found.set(key, value);
  }
  return found;
};

const NO_TAGS: ReadonlyMap<string, string> = new Map();

/** @returns Tags of an `x-amz-tagging` header. @throws ServiceError InvalidTag */
export const tagsOfHeader = (header: string | undefined): ReadonlyMap<string, string> =>
  header === undefined ? NO_TAGS : checkTags([...new URLSearchParams(header)]);

const isText = (value: Json | undefined): value is string => typeof value === 'string';

/** @returns Tags of a `Tagging` document. @throws ServiceError MalformedXML, InvalidTag */
export const tagsOfDocument = (text: string): ReadonlyMap<string, string> => {
  const document = parseXml(text, 'Tagging');
  const set = document?.TagSet;
  if (set === undefined) throw malformedXml('a Tagging with a TagSet is expected');
  const tags = listOf(typeof set === 'object' && set !== null && !Array.isArray(set) ? set.Tag : undefined);
  return checkTags(
    tags.map((tag) => {
      if (typeof tag !== 'object' || tag === null || Array.isArray(tag) || !isText(tag.Key) || !isText(tag.Value)) {
        throw malformedXml('a Tag has a Key and a Value');
      }
      return [tag.Key, tag.Value] as const;
    }),
  );
};

/**
 * @param metadata User metadata of the request.
 * @throws ServiceError for values S3 refuses, NotImplemented for those that ask for what is not there.
 */
export const traitsOf = (
  input: Readonly<Record<string, string>>,
  metadata: Readonly<Record<string, string>>,
  bucket: Bucket,
): ObjectTraits => {
  const bytes = Object.entries(metadata).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
  if (bytes > MAX_METADATA_BYTES) {
    throw new ServiceError('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', 400, {
      Size: bytes,
      MaxSizeAllowed: MAX_METADATA_BYTES,
    });
  }
  if (input.ACL !== undefined && !HARMLESS_ACLS.includes(input.ACL)) {
    throw new ServiceError('AccessControlListNotSupported', `The bucket does not allow ACLs (${input.ACL})`);
  }
  const storageClass = input.StorageClass ?? 'STANDARD';
  if (!STORAGE_CLASSES.includes(storageClass)) throw notImplemented(`the storage class ${storageClass}`);
  // A key goes with the word that it is to be used, whatever the bucket has (github.com/aws/aws-cli/issues/1431).
  if (input.SSEKMSKeyId !== undefined && !input.ServerSideEncryption?.startsWith('aws:kms'))
    throw invalidArgument(
      'x-amz-server-side-encryption',
      input.ServerSideEncryption ?? 'null',
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
    );
  const algorithm = input.ServerSideEncryption ?? bucket.encryption.algorithm;
  if (algorithm !== 'AES256' && algorithm !== 'aws:kms' && algorithm !== 'aws:kms:dsse') {
    throw invalidArgument(
      'x-amz-server-side-encryption',
      algorithm,
      'The encryption method specified is not supported',
    );
  }
  // Nothing is encrypted on a laptop's disk; which key was asked for is kept and told.
  const keyId = input.SSEKMSKeyId ?? (input.ServerSideEncryption === undefined ? bucket.encryption.keyId : undefined);
  const headers: Record<string, string> = {};
  for (const [header, member] of KEPT_HEADERS) {
    const value = input[member];
    if (value !== undefined) headers[header] = value;
  }
  return {
    contentType: input.ContentType ?? DEFAULT_CONTENT_TYPE,
    headers,
    metadata: { ...metadata },
    tags: tagsOfHeader(input.Tagging),
    storageClass,
    encryption: { algorithm, ...(keyId !== undefined && algorithm !== 'AES256' && { keyId }) },
  };
};

/** What an object has that is written with no request. */
export const plainTraits = (contentType: string | undefined, bucket: Bucket): ObjectTraits =>
  traitsOf({ ...(contentType !== undefined && { ContentType: contentType }) }, {}, bucket);
