/**
 * Multipart uploads.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html (documented)
 */
import { createHash } from 'node:crypto';

import type { Json, JsonObject } from '../../contracts.ts';
import { ServiceError } from '../../contracts.ts';
import { listOf, parseXml } from '../../http/xml.ts';
import { joined } from './blobs.ts';
import {
  algorithmNamed,
  type Checksum,
  type ChecksumAlgorithm,
  type ChecksumType,
  canBeComposite,
  canBeFullObject,
  checksumHeader,
  combineComposite,
  combineFullObject,
  DEFAULT_ALGORITHM,
} from './checksums.ts';
import { authorizeDecryption, authorizeEncryption } from './encryption-keys.ts';
import { invalidArgument, invalidRequest, malformedXml, notImplemented } from './errors.ts';
import {
  answerEmpty,
  answerXml,
  encryptionHeaders,
  isoTime,
  newVersionHeader,
  note,
  noteDocument,
  quoted,
  type S3Operation,
  wholeNumber,
  wholeSeconds,
} from './exchange.ts';
import { compareKeys } from './key-order.ts';
import { openPayload, readText } from './payload.ts';
import type { Upload, UploadedPart } from './store.ts';
import { traitsOf } from './traits.ts';

const MAX_PARTS = 10_000;
const MIN_PART_BYTES = 5 * 1024 * 1024;
const COMPLETE_LIMIT_BYTES = 4 * 1024 * 1024;
const PAGE_SIZE = 1000;

/** @throws ServiceError InvalidArgument */
export const checkPartNumber = (text: string | undefined): number => {
  const number = Number(text);
  if (!/^\d+$/.test(text ?? '') || number < 1 || number > MAX_PARTS) {
    throw invalidArgument(
      'partNumber',
      text ?? '',
      `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`,
    );
  }
  return number;
};

const checksumForm = (
  input: Readonly<Record<string, string>>,
): Pick<Upload, 'algorithm' | 'checksumType' | 'declared'> => {
  const { ChecksumAlgorithm: named, ChecksumType: type } = input;
  if (named === undefined) {
    if (type !== undefined)
      throw invalidRequest('The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.');
    return { algorithm: DEFAULT_ALGORITHM, checksumType: 'FULL_OBJECT', declared: false };
  }
  const algorithm = algorithmNamed(named);
  if (!algorithm) throw notImplemented(`the checksum algorithm ${named}`);
  // What a type defaults to depends on the algorithm (documented).
  const checksumType = type ?? (canBeComposite(algorithm) ? 'COMPOSITE' : 'FULL_OBJECT');
  const isPossible =
    (checksumType === 'COMPOSITE' && canBeComposite(algorithm)) ||
    (checksumType === 'FULL_OBJECT' && canBeFullObject(algorithm));
  if (!isPossible)
    throw invalidRequest(
      `The ${checksumType} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  return { algorithm, checksumType: checksumType as ChecksumType, declared: true };
};

export const createMultipartUpload: S3Operation = (context, exchange) => {
  const { cloud, store } = context;
  const { input, metadata, key, response } = exchange;
  const bucket = store.bucket(exchange.bucket);
  const traits = authorizeEncryption(context, exchange, traitsOf(input, metadata, bucket));
  // Documented (mpuoverview): both rights are needed; that they are asked for at the beginning is *assumed*.
  authorizeDecryption(context, exchange, traits);
  const upload: Upload = {
    id: cloud.id(64),
    key,
    initiated: wholeSeconds(cloud.clock.ms()),
    traits,
    ...checksumForm(input),
    parts: new Map(),
  };
  bucket.uploads.set(upload.id, upload);
  for (const [name, value] of Object.entries(encryptionHeaders(upload.traits.encryption)))
    response.setHeader(name, value);
  if (upload.declared) {
    response.setHeader('x-amz-checksum-algorithm', upload.algorithm);
    response.setHeader('x-amz-checksum-type', upload.checksumType);
  }
  answerXml(exchange, 'InitiateMultipartUploadResult', { Bucket: bucket.name, Key: key, UploadId: upload.id });
};

export const uploadPart: S3Operation = async ({ cloud, store, blobs }, exchange) => {
  const { request, input, key } = exchange;
  const bucket = store.bucket(exchange.bucket);
  const number = checkPartNumber(input.PartNumber);
  const upload = store.upload(bucket, key, input.UploadId ?? '');
  const payload = openPayload(request, exchange.call, exchange.integrity, { always: upload.algorithm });
  if (upload.declared && payload.declared && payload.declared !== upload.algorithm) {
    throw invalidRequest(
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm.toLowerCase()}, actual checksum Type: ${payload.declared.toLowerCase()}`,
    );
  }
  const content = await blobs.write(payload.bytes(), () => undefined);
  note(exchange, { Body: { bytes: content.size } });
  try {
    // It may have been completed or aborted while the part came in.
    store.upload(bucket, key, upload.id);
  } catch (error) {
    blobs.release(content);
    throw error;
  }
  const part: UploadedPart = {
    content,
    etag: payload.md5(),
    checksum: payload.checksum(upload.algorithm),
    lastModified: wholeSeconds(cloud.clock.ms()),
  };
  const before = upload.parts.get(number);
  upload.parts.set(number, part);
  if (before) blobs.release(before.content);
  const told = payload.declared ?? upload.algorithm;
  answerEmpty(exchange, 200, {
    etag: quoted(part.etag),
    [checksumHeader(told)]: payload.checksum(told),
    ...encryptionHeaders(upload.traits.encryption),
  });
};

interface NamedPart {
  readonly number: number;
  readonly etag: string;
  /** In the upload's algorithm, if the request repeats it. */
  readonly checksum: string | undefined;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const namedPart = (value: Json, algorithm: ChecksumAlgorithm): NamedPart => {
  if (!isObject(value) || typeof value.PartNumber !== 'string' || typeof value.ETag !== 'string') {
    throw malformedXml('a Part has a PartNumber and an ETag');
  }
  const checksum = value[`Checksum${algorithm}`];
  return {
    number: checkPartNumber(value.PartNumber.trim()),
    etag: value.ETag.trim().replace(/^"|"$/g, ''),
    checksum: typeof checksum === 'string' ? checksum.trim() : undefined,
  };
};

/** The uploaded parts a completion names, in order. @throws ServiceError InvalidPartOrder, InvalidPart, EntityTooSmall */
const chosenParts = (upload: Upload, named: readonly NamedPart[]): UploadedPart[] => {
  if (named.some(({ number }, index) => number <= (named[index - 1]?.number ?? 0))) {
    throw new ServiceError(
      'InvalidPartOrder',
      'The list of parts was not in ascending order. The parts list must be specified in order by part number.',
    );
  }
  return named.map(({ number, etag, checksum }, index) => {
    const part = upload.parts.get(number);
    if (!part || part.etag !== etag || (checksum !== undefined && checksum !== part.checksum)) {
      throw new ServiceError(
        'InvalidPart',
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        400,
        { UploadId: upload.id, PartNumber: number, ETag: etag },
      );
    }
    if (index < named.length - 1 && part.content.size < MIN_PART_BYTES) {
      throw new ServiceError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', 400, {
        ProposedSize: part.content.size,
        MinSizeAllowed: MIN_PART_BYTES,
        PartNumber: number,
        ETag: part.etag,
      });
    }
    return part;
  });
};

const combinedChecksum = ({ algorithm, checksumType }: Upload, parts: readonly UploadedPart[]): Checksum => ({
  algorithm,
  type: checksumType,
  value:
    checksumType === 'FULL_OBJECT'
      ? combineFullObject(
          algorithm,
          parts.map(({ checksum, content }) => ({ value: checksum, size: content.size })),
        )
      : combineComposite(
          algorithm,
          parts.map(({ checksum }) => checksum),
        ),
});

export const completeMultipartUpload: S3Operation = async ({ cloud, store, blobs, notifications }, exchange) => {
  const { request, input, key, call, response } = exchange;
  // The checksum headers are of the object to be, not of this body.
  const document = parseXml(
    await readText(request, exchange.call, {}, COMPLETE_LIMIT_BYTES),
    'CompleteMultipartUpload',
  );
  if (!document) throw malformedXml('a CompleteMultipartUpload is expected');
  const bucket = store.bucket(exchange.bucket);
  const upload = store.upload(bucket, key, input.UploadId ?? '');
  const named = listOf(document.Part).map((part) => namedPart(part, upload.algorithm));
  noteDocument(exchange, {
    MultipartUpload: {
      Parts: named.map(({ number, etag, checksum }) => ({
        PartNumber: number,
        ETag: quoted(etag),
        ...(checksum !== undefined && { [`Checksum${upload.algorithm}`]: checksum }),
      })),
    },
  });
  if (named.length === 0) throw malformedXml('at least one Part');
  if (input.ChecksumType !== undefined && input.ChecksumType !== upload.checksumType) {
    throw invalidRequest(
      `The upload was created using the ${upload.checksumType} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  const parts = chosenParts(upload, named);
  const content = joined(parts.map((part) => part.content));
  if (input.MpuObjectSize !== undefined && Number(input.MpuObjectSize) !== content.size) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${input.MpuObjectSize} does not match what was computed: ${content.size}`,
    );
  }
  const checksum = combinedChecksum(upload, parts);
  const expected = input[`Checksum${upload.algorithm}`];
  if (expected !== undefined && expected !== checksum.value) {
    throw new ServiceError('BadDigest', `The ${upload.algorithm} you specified did not match the calculated checksum.`);
  }
  const md5 = createHash('md5');
  for (const part of parts) md5.update(Buffer.from(part.etag, 'hex'));
  // The parts are released with the upload; what the object is made of it holds itself.
  blobs.hold(content);
  try {
    const object = store.put(
      bucket,
      key,
      {
        lastModified: wholeSeconds(cloud.clock.ms()),
        content,
        etag: `${md5.digest('hex')}-${parts.length}`,
        checksum,
        traits: upload.traits,
      },
      { ifMatch: input.IfMatch, ifNoneMatch: input.IfNoneMatch },
    );
    bucket.uploads.delete(upload.id);
    for (const part of upload.parts.values()) blobs.release(part.content);
    notifications.created(bucket, key, object, 'CompleteMultipartUpload', call);
    const headers = { ...encryptionHeaders(object.traits.encryption), ...newVersionHeader(object.versionId) };
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    answerXml(exchange, 'CompleteMultipartUploadResult', {
      Location: `${cloud.url()}/${bucket.name}/${encodeURIComponent(key)}`,
      Bucket: bucket.name,
      Key: key,
      ETag: quoted(object.etag),
      ChecksumType: checksum.type,
      [`Checksum${checksum.algorithm}`]: checksum.value,
    });
  } catch (error) {
    // A condition that failed leaves the upload as it was (documented).
    blobs.release(content);
    throw error;
  }
};

export const abortMultipartUpload: S3Operation = ({ store, blobs }, exchange) => {
  const bucket = store.bucket(exchange.bucket);
  const upload = store.upload(bucket, exchange.key, exchange.input.UploadId ?? '');
  bucket.uploads.delete(upload.id);
  for (const part of upload.parts.values()) blobs.release(part.content);
  answerEmpty(exchange, 204);
};

export const listParts: S3Operation = ({ cloud, store }, exchange) => {
  const { input } = exchange;
  const bucket = store.bucket(exchange.bucket);
  const upload = store.upload(bucket, exchange.key, input.UploadId ?? '');
  const max = Math.min(
    wholeNumber(input, 'MaxParts', 'max-parts', { least: 0, most: 2 ** 31 - 1 }, PAGE_SIZE),
    PAGE_SIZE,
  );
  const marker = wholeNumber(input, 'PartNumberMarker', 'part-number-marker', { least: 0, most: 2 ** 31 - 1 }, 0);
  const rest = [...upload.parts].filter(([number]) => number > marker).sort(([a], [b]) => a - b);
  const shown = rest.slice(0, max);
  answerXml(exchange, 'ListPartsResult', {
    Bucket: bucket.name,
    Key: upload.key,
    UploadId: upload.id,
    PartNumberMarker: marker,
    NextPartNumberMarker: shown.at(-1)?.[0] ?? 0,
    MaxParts: max,
    IsTruncated: shown.length < rest.length,
    Initiator: { ID: cloud.account },
    Owner: { ID: cloud.account },
    StorageClass: upload.traits.storageClass,
    ...(upload.declared && { ChecksumAlgorithm: upload.algorithm, ChecksumType: upload.checksumType }),
    Part: shown.map(([number, part]) => ({
      PartNumber: number,
      LastModified: isoTime(part.lastModified),
      ETag: quoted(part.etag),
      Size: part.content.size,
      ...(upload.declared && { [`Checksum${upload.algorithm}`]: part.checksum }),
    })),
  });
};

export const listMultipartUploads: S3Operation = ({ cloud, store }, exchange) => {
  const { input } = exchange;
  const bucket = store.bucket(exchange.bucket);
  if (input.Delimiter) throw notImplemented('delimiter of ListMultipartUploads');
  const isUrl = input.EncodingType === 'url';
  const encode = (key: string) => (isUrl ? encodeURIComponent(key).replaceAll('%2F', '/') : key);
  const max = Math.min(
    wholeNumber(input, 'MaxUploads', 'max-uploads', { least: 0, most: 2 ** 31 - 1 }, PAGE_SIZE),
    PAGE_SIZE,
  );
  const { Prefix: prefix = '', KeyMarker: keyMarker = '', UploadIdMarker: idMarker = '' } = input;
  const isPast = ({ key, id }: Upload): boolean => {
    if (keyMarker === '') return true;
    const order = compareKeys(key, keyMarker);
    return order > 0 || (order === 0 && idMarker !== '' && id > idMarker);
  };
  const all = [...bucket.uploads.values()]
    .filter((upload) => upload.key.startsWith(prefix) && isPast(upload))
    .sort((a, b) => compareKeys(a.key, b.key) || (a.id < b.id ? -1 : 1));
  const shown = all.slice(0, max);
  const last = shown.at(-1);
  const isTruncated = shown.length < all.length && max > 0;
  answerXml(exchange, 'ListMultipartUploadsResult', {
    Bucket: bucket.name,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: idMarker,
    NextKeyMarker: isTruncated && last ? encode(last.key) : undefined,
    NextUploadIdMarker: isTruncated && last ? last.id : undefined,
    Prefix: encode(prefix),
    EncodingType: input.EncodingType,
    MaxUploads: max,
    IsTruncated: isTruncated,
    Upload: shown.map((upload) => ({
      Key: encode(upload.key),
      UploadId: upload.id,
      Initiator: { ID: cloud.account },
      Owner: { ID: cloud.account },
      StorageClass: upload.traits.storageClass,
      Initiated: isoTime(upload.initiated),
      ...(upload.declared && { ChecksumAlgorithm: upload.algorithm, ChecksumType: upload.checksumType }),
    })),
  });
};
