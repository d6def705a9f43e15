import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import type { ContainerFiles, S3Api } from '../contracts.ts';
import { inside } from './archive.ts';

/** An object a job reads. */
export interface InputObject {
  readonly bucket: string;
  readonly key: string;
  /** Its name relative to the folder the data source names. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** A problem with a job's data, in words for its FailureReason. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/**
 * Bucket and key of an `s3://` URI.
 *
 * @throws InputError for anything else (SageMaker also takes https forms, the local cloud does not).
 */
export const parseS3Uri = (uri: string): { bucket: string; key: string } => {
  const match = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(uri);
  if (!match) throw new InputError(`not an s3:// URI: ${uri}`);
  return { bucket: match[1] ?? '', key: match[2] ?? '' };
};

const afterLastSlash = (prefix: string) => prefix.lastIndexOf('/') + 1;

const prefixObjects = (s3: S3Api, uri: string): InputObject[] => {
  const { bucket, key: prefix } = parseS3Uri(uri);
  if (!s3.bucketExists(bucket)) return [];
  // S3Prefix is a prefix of the key, not a folder: `s3://b/train` also takes `train-01/x`. CreateTrainingJob,
  // S3DataSource. A key that ends in `/` is the mark of a folder, not data.
  return s3
    .list(bucket, prefix)
    .filter(({ key }) => !key.endsWith('/'))
    .map(({ key, size }) => ({ bucket, key, name: key.slice(afterLastSlash(prefix)), sizeBytes: size }));
};

/**
 * FastFile takes folders by their whole names: CreateTrainingJob and AlgorithmSpecification, TrainingInputMode (documented);
 * that the job fails, and its words, are *assumed*.
 */
const checkWholeFolder = (uri: string, objects: readonly InputObject[]) => {
  const { key: prefix } = parseS3Uri(uri);
  if (prefix === '' || prefix.endsWith('/')) return;
  if (objects.some(({ key }) => key !== prefix && key.charAt(prefix.length) !== '/'))
    throw new InputError(`FastFile takes the whole name of a folder, and "${uri}" is the beginning of one`);
};

const manifestObjects = async (s3: S3Api, uri: string): Promise<InputObject[]> => {
  const place = parseS3Uri(uri);
  const found = s3.bucketExists(place.bucket) ? await s3.read(place.bucket, place.key) : undefined;
  if (!found) throw new InputError(`No manifest found at "${uri}"`);
  let manifest: unknown;
  try {
    manifest = JSON.parse(await text(found.body));
  } catch {
    throw new InputError(`The manifest "${uri}" is not JSON`);
  }
  const [head, ...names] = Array.isArray(manifest) ? (manifest as unknown[]) : [];
  const prefix = typeof head === 'object' && head !== null && 'prefix' in head ? head.prefix : undefined;
  if (typeof prefix !== 'string' || prefix === '') {
    throw new InputError(`The manifest "${uri}" does not begin with {"prefix": "s3://…"}`);
  }
  const { bucket, key: start } = parseS3Uri(prefix);
  const sizes = new Map(s3.bucketExists(bucket) ? s3.list(bucket, start).map(({ key, size }) => [key, size]) : []);
  return names.map((name) => {
    if (typeof name !== 'string') throw new InputError(`The manifest "${uri}" holds something other than names`);
    const key = start + name;
    const sizeBytes = sizes.get(key);
    if (sizeBytes === undefined)
      throw new InputError(`The manifest "${uri}" names "s3://${bucket}/${key}", which does not exist`);
    return { bucket, key, name, sizeBytes };
  });
};

/**
 * The objects an S3 data source names, in the order of their keys (a prefix) or of the manifest.
 *
 * @throws InputError when there is none, the manifest is not one, or a folder's name is not whole that has to be.
 */
export const inputObjects = async (
  s3: S3Api,
  source: { type: 'S3Prefix' | 'ManifestFile'; uri: string; wholeFolder?: boolean },
): Promise<InputObject[]> => {
  const objects =
    source.type === 'ManifestFile' ? await manifestObjects(s3, source.uri) : prefixObjects(s3, source.uri);
  // The words are SageMaker's as public issues quote them; *assumed*.
  if (objects.length === 0)
    throw new InputError(`No S3 objects found under S3 URL "${source.uri}" given in input data source.`);
  if (source.wholeFolder) checkWholeFolder(source.uri, objects);
  return objects;
};

/** @throws InputError when the object is no longer there. */
export const openObject = async (s3: S3Api, object: { bucket: string; key: string }): Promise<Readable> => {
  const found = await s3.read(object.bucket, object.key);
  if (!found) throw new InputError(`s3://${object.bucket}/${object.key} does not exist`);
  return found.body;
};

/** Copies objects into a folder of a container, each under its relative name. */
export const download = async (
  s3: S3Api,
  objects: readonly InputObject[],
  files: ContainerFiles,
  folder: string,
): Promise<void> => {
  await files.makeFolder(folder);
  for (const object of objects) {
    await files.write(inside(folder, object.name), await openObject(s3, object));
  }
};
