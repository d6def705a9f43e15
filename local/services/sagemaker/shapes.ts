/**
 * The members SageMaker's requests share. Limits and patterns are those of the service's published API model
 * (botocore 1.43, `sagemaker/2017-07-24/service-2.json`). A shape lists the members that are honoured, or that AWS, too,
 * only keeps and answers back; any other member is refused by name.
 */
import type { Json } from '../../contracts.ts';
import {
  type Findings,
  integer,
  list,
  map,
  oneOf,
  optional,
  type Reader,
  structure,
  text,
  timestamp,
} from '../parameters.ts';
import { invalid } from './errors.ts';

/** One of the values AWS knows, of which the local cloud does only some: the others are refused by name. */
export const someOf =
  <const All extends readonly string[], const Done extends All[number]>(
    all: All,
    done: readonly Done[],
  ): Reader<Done> =>
  (value, path, findings) => {
    const found = oneOf(...all)(value, path, findings);
    const known = done.find((one) => one === found);
    if (known !== undefined) return known;
    findings.unknown.push(`the value ${found} at ${path}`);
    return done[0] as Done;
  };

/** A value that must also pass a check. @throws ServiceError `ValidationException` with the message if it does not. */
export const checked =
  <T>(reader: Reader<T>, holds: (value: T) => boolean, message: string): Reader<T> =>
  (value: Json | undefined, path: string, findings: Findings) => {
    const read = reader(value, path, findings);
    if (!holds(read)) throw invalid(message);
    return read;
  };

/** Job, endpoint, configuration, variant and group names: at most 63 characters. */
export const name = text({ min: 1, max: 63, pattern: '[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}' });
export const modelName = text({ min: 1, max: 63, pattern: '[a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?' });
export const roleArn = text({
  min: 20,
  max: 2048,
  pattern: 'arn:aws[a-z\\-]*:iam::\\d{12}:role\\/?[a-zA-Z_0-9+=,.@\\-_\\/]+',
});
// The API also takes https forms of an S3 address; the local cloud has no such host names.
export const s3Uri = text({ max: 1024, pattern: 's3:\\/\\/([^\\/]+)\\/?(.*)' });
export const mimeType = text({ max: 256 });
/** Instance types are an open list: AWS adds to it. */
export const instanceType = text({ pattern: 'ml\\.[a-z0-9\\-]+\\.[a-z0-9]+' });
export const image = text({ min: 1, max: 255, pattern: '\\S+' });
export const clientToken = text({ min: 1, max: 36, pattern: '[a-zA-Z0-9\\-]+' });

const TAG_TEXT = '[\\p{L}\\p{Z}\\p{N}_.:\\/=+\\-@]*';
export const tagKey = text({ min: 1, max: 128, pattern: TAG_TEXT });

const tagList = list(structure({ Key: tagKey, Value: text({ max: 256, pattern: TAG_TEXT }) }), { max: 50 });
/** At most 50 tags, no key twice, none of AWS's own ("Tag naming limits and requirements": `aws:` is reserved). */
export const tags = checked(
  checked(
    tagList,
    (all) => all.every(({ Key }) => !Key.toLowerCase().startsWith('aws:')),
    'Tag keys beginning with "aws:" are reserved',
  ),
  (all) => new Set(all.map(({ Key }) => Key)).size === all.length,
  'Duplicate tag keys',
);

const vpcId = text({ max: 32, pattern: '[\\-0-9a-zA-Z]+' });
export const vpcConfig = structure({
  SecurityGroupIds: list(vpcId, { min: 1, max: 5 }),
  Subnets: list(vpcId, { min: 1, max: 16 }),
});

/** Environment variables with their limits: entries, and characters of a name and of a value. */
export const environment = (limits: { entries: number; key: number; value: number }) =>
  checked(
    map(text({ max: limits.value }), { max: limits.entries }),
    (variables) =>
      Object.keys(variables).every((key) => key.length <= limits.key && /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(key)),
    `Names of environment variables must satisfy regular expression pattern [a-zA-Z_][a-zA-Z0-9_]* and have length less than or equal to ${limits.key}`,
  );

/** Where a model's files lie. */
export const modelDataSource = structure({
  S3DataSource: structure({
    S3Uri: s3Uri,
    S3DataType: oneOf('S3Prefix', 'S3Object'),
    CompressionType: oneOf('None', 'Gzip'),
  }),
});

/** The members every List operation has. Times are read as epoch milliseconds. */
export const listMembers = {
  NextToken: optional(text({ max: 8192 })),
  MaxResults: optional(integer({ min: 1, max: 100 })),
  NameContains: optional(text({ max: 63, pattern: '[a-zA-Z0-9\\-]+' })),
  CreationTimeAfter: optional(timestamp()),
  CreationTimeBefore: optional(timestamp()),
  SortOrder: optional(oneOf('Ascending', 'Descending')),
};

/** What operations on things that change have besides. */
export const modifiedMembers = {
  LastModifiedTimeAfter: optional(timestamp()),
  LastModifiedTimeBefore: optional(timestamp()),
};
