/** Operations on buckets and their settings. */
import type { Json, JsonObject } from '../../contracts.ts';
import { ServiceError } from '../../contracts.ts';
import { splitUrl } from '../../http/route.ts';
import { readSignature } from '../../http/sigv4.ts';
import { parseXml } from '../../http/xml.ts';
import { invalidArgument, malformedXml, notImplemented } from './errors.ts';
import {
  answerEmpty,
  answerXml,
  type Exchange,
  isoTime,
  noteDocument,
  type S3Operation,
  wholeNumber,
  wholeSeconds,
} from './exchange.ts';
import { readText } from './payload.ts';

const DOCUMENT_LIMIT_BYTES = 256 * 1024;
const MAX_BUCKETS = 10_000;

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html (documented)
const NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const FORBIDDEN_PREFIXES = ['xn--', 'sthree-', 'amzn-s3-demo-'];
const FORBIDDEN_SUFFIXES = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3'];

/** @throws ServiceError InvalidBucketName */
export const checkBucketName = (name: string): void => {
  const isForbidden =
    !NAME.test(name) ||
    name.includes('..') ||
    /^\d+\.\d+\.\d+\.\d+$/.test(name) ||
    FORBIDDEN_PREFIXES.some((prefix) => name.startsWith(prefix)) ||
    FORBIDDEN_SUFFIXES.some((suffix) => name.endsWith(suffix));
  if (isForbidden)
    throw new ServiceError('InvalidBucketName', 'The specified bucket is not valid.', 400, { BucketName: name });
};

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const document = async (exchange: Exchange, root: string): Promise<JsonObject> => {
  const parsed = parseXml(
    await readText(exchange.request, exchange.call, exchange.integrity, DOCUMENT_LIMIT_BYTES),
    root,
  );
  if (!parsed) throw malformedXml(`a ${root} is expected`);
  return parsed;
};

const onlyMembers = (value: JsonObject, root: string, known: readonly string[]) => {
  for (const name of Object.keys(value)) if (!known.includes(name)) throw notImplemented(`${name} of ${root}`);
};

export const listBuckets: S3Operation = ({ cloud, store }, exchange) => {
  const { input } = exchange;
  const prefix = input.Prefix ?? '';
  const max = wholeNumber(input, 'MaxBuckets', 'max-buckets', { least: 1, most: MAX_BUCKETS }, MAX_BUCKETS);
  const after =
    input.ContinuationToken === undefined ? '' : Buffer.from(input.ContinuationToken, 'base64url').toString();
  const names = [...store.buckets.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
  const shown = names.slice(0, max);
  answerXml(exchange, 'ListAllMyBucketsResult', {
    Owner: { ID: cloud.account },
    Buckets: {
      Bucket: shown.map((name) => ({
        Name: name,
        CreationDate: isoTime(store.bucket(name).created),
        BucketArn: `arn:aws:s3:::${name}`,
      })),
    },
    ContinuationToken: shown.length < names.length ? Buffer.from(shown.at(-1) ?? '').toString('base64url') : undefined,
    Prefix: input.Prefix,
  });
};

export const createBucket: S3Operation = async ({ cloud, store }, exchange) => {
  const { bucket: name, input } = exchange;
  const text = await readText(exchange.request, exchange.call, exchange.integrity, DOCUMENT_LIMIT_BYTES);
  // Whatever region a client signs for is taken for the cloud's; the SDKs name it here too. A third one is elsewhere.
  const { query } = splitUrl(exchange.request.url ?? '');
  const signedFor = readSignature(exchange.request.headers, query)?.region;
  const elsewhere = (location: string) =>
    new ServiceError(
      'IllegalLocationConstraintException',
      `The ${location} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  // Everywhere but in us-east-1 the region has to be named (CreateBucketConfiguration, documented; the error is as public
  // issues quote it).
  if (text.trim() === '' && (signedFor ?? cloud.region) !== 'us-east-1') throw elsewhere('unspecified');
  if (text.trim() !== '') {
    const configuration = parseXml(text, 'CreateBucketConfiguration');
    if (!configuration) throw malformedXml('a CreateBucketConfiguration is expected');
    onlyMembers(configuration, 'CreateBucketConfiguration', ['LocationConstraint']);
    const { LocationConstraint: location } = configuration;
    noteDocument(exchange, { CreateBucketConfiguration: configuration });
    if (location !== undefined && location !== cloud.region && location !== signedFor)
      throw elsewhere(String(location));
  }
  checkBucketName(name);
  if (input.ACL !== undefined && input.ACL !== 'private') throw notImplemented(`the bucket ACL ${input.ACL}`);
  if (input.ObjectOwnership !== undefined && input.ObjectOwnership !== 'BucketOwnerEnforced') {
    throw notImplemented(`the object ownership ${input.ObjectOwnership}`);
  }
  if (store.buckets.has(name)) {
    throw new ServiceError(
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
      409,
      { BucketName: name },
    );
  }
  store.addBucket(name, wholeSeconds(cloud.clock.ms()));
  answerEmpty(exchange, 200, { location: `/${name}` });
};

export const headBucket: S3Operation = ({ cloud, store }, exchange) => {
  store.bucket(exchange.bucket);
  answerEmpty(exchange, 200, { 'x-amz-bucket-region': cloud.region, 'x-amz-access-point-alias': 'false' });
};

export const deleteBucket: S3Operation = ({ store }, exchange) => {
  const bucket = store.bucket(exchange.bucket);
  if (bucket.versions.size > 0) {
    const message = `The bucket you tried to delete is not empty${bucket.versioning === 'Disabled' ? '' : '. You must delete all versions in the bucket.'}`;
    throw new ServiceError('BucketNotEmpty', message, 409, { BucketName: bucket.name });
  }
  store.removeBucket(bucket.name);
  answerEmpty(exchange, 204);
};

export const getBucketLocation: S3Operation = ({ cloud, store }, exchange) => {
  store.bucket(exchange.bucket);
  // us-east-1 is told as nothing (documented).
  answerXml(exchange, 'LocationConstraint', cloud.region === 'us-east-1' ? '' : cloud.region);
};

export const getBucketVersioning: S3Operation = ({ store }, exchange) => {
  const { versioning } = store.bucket(exchange.bucket);
  answerXml(exchange, 'VersioningConfiguration', versioning === 'Disabled' ? {} : { Status: versioning });
};

export const putBucketVersioning: S3Operation = async ({ store }, exchange) => {
  const configuration = await document(exchange, 'VersioningConfiguration');
  noteDocument(exchange, { VersioningConfiguration: configuration });
  onlyMembers(configuration, 'VersioningConfiguration', ['Status']);
  const { Status: status } = configuration;
  if (status !== 'Enabled' && status !== 'Suspended') {
    throw new ServiceError('IllegalVersioningConfigurationException', 'The Versioning element must be specified');
  }
  store.bucket(exchange.bucket).versioning = status;
  answerEmpty(exchange, 200);
};

export const getBucketNotification: S3Operation = ({ store }, exchange) => {
  const { eventBridge } = store.bucket(exchange.bucket);
  answerXml(exchange, 'NotificationConfiguration', eventBridge ? { EventBridgeConfiguration: {} } : {});
};

export const putBucketNotification: S3Operation = async ({ store }, exchange) => {
  const configuration = await document(exchange, 'NotificationConfiguration');
  onlyMembers(configuration, 'NotificationConfiguration', ['EventBridgeConfiguration']);
  const { EventBridgeConfiguration: bridge } = configuration;
  if (bridge !== undefined && bridge !== '' && !(isObject(bridge) && Object.keys(bridge).length === 0)) {
    throw invalidArgument(
      'EventBridgeConfiguration',
      JSON.stringify(bridge),
      'EventBridgeConfiguration has no members',
    );
  }
  noteDocument(exchange, { NotificationConfiguration: bridge === undefined ? {} : { EventBridgeConfiguration: {} } });
  // The request replaces what was there: without the element, EventBridge is off (documented).
  store.bucket(exchange.bucket).eventBridge = bridge !== undefined;
  answerEmpty(exchange, 200);
};
