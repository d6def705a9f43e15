/** PutMetricData: what it takes, and what it says to the rest. Limits: API reference, PutMetricData and MetricDatum (documented). */
import { type Json, type JsonObject, ServiceError } from '../../contracts.ts';
import {
  integer,
  list,
  oneOf,
  optional,
  type Read,
  type Reader,
  readInput,
  structure,
  text,
  timestamp,
} from '../parameters.ts';
import { invalidCombination, invalidValue, missing } from './errors.ts';
import { type Datum, type MetricIdentity, summarize, UNITS } from './metrics.ts';

/** The JSON protocol writes NaN and the infinities as strings. */
const float: Reader<number> = (value: Json | undefined, path) => {
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  if (typeof value === 'number') return value;
  throw invalidValue(`The value for parameter ${path} is not a number.`);
};

/** A metric has up to 30 dimensions, with names to 255 and values to 1024 characters: API_Dimension (documented). */
export const dimensions = list(structure({ Name: text({ min: 1, max: 255 }), Value: text({ min: 1, max: 1024 }) }), {
  max: 30,
});

export const metricName = text({ min: 1, max: 255 });
export const namespace = text({ min: 1, max: 255, pattern: '[^:].*' });

const shape = structure({
  Namespace: namespace,
  MetricData: list(
    structure({
      MetricName: metricName,
      Dimensions: optional(dimensions),
      Timestamp: optional(timestamp()),
      Value: optional(float),
      Values: optional(list(float)),
      Counts: optional(list(float)),
      StatisticValues: optional(structure({ SampleCount: float, Sum: float, Minimum: float, Maximum: float })),
      Unit: optional(oneOf(...UNITS)),
      StorageResolution: optional(integer({ min: 1 })),
    }),
  ),
});

type Given = Read<typeof shape>['MetricData'][number];

const MOST_METRICS = 1000;
/**
 * A request has at most 1 MB: API_PutMetricData (documented). *Assumed*: unpacked, as CloudWatch's own agent counts, and
 * refused in these words.
 */
const MOST_BYTES = 1_000_000;
const MOST_VALUES = 150;
const LARGEST = 2 ** 360;
const OLDEST_MS = 14 * 86_400_000;
const NEWEST_MS = 2 * 3_600_000;

const checkNumbers = (where: string, name: string, numbers: readonly number[]) => {
  const bad = numbers.find((each) => !(Math.abs(each) <= LARGEST));
  if (bad !== undefined) throw invalidValue(`The value ${bad} for parameter ${where}.${name} is invalid.`);
};

const datumOf = (given: Given, where: string, now: number): Datum => {
  const { Value, Values, Counts, StatisticValues, Timestamp = now, Unit = 'None', StorageResolution = 60 } = given;
  // Value, Values and StatisticValues of a datum exclude each other (recorded).
  const exclusive = (one: string, other: string) =>
    invalidCombination(
      `The parameters ${where}.${one} and ${where}.${other} are mutually exclusive and you have specified both.`,
    );
  if (Value !== undefined && Values) throw exclusive('Value', 'Values');
  if (Value !== undefined && StatisticValues) throw exclusive('Value', 'StatisticValues');
  if (Values && StatisticValues) throw exclusive('Values', 'StatisticValues');
  if (StorageResolution !== 1 && StorageResolution !== 60)
    throw invalidValue(`The value ${StorageResolution} for parameter ${where}.StorageResolution is invalid.`);
  if (Timestamp < now - OLDEST_MS)
    throw invalidValue(`The parameter ${where}.Timestamp must specify a time within the past two weeks.`);
  if (Timestamp > now + NEWEST_MS)
    throw invalidValue(`The parameter ${where}.Timestamp must specify a time no more than two hours in the future.`);
  if (StatisticValues) {
    const { SampleCount, Sum, Minimum, Maximum } = StatisticValues;
    checkNumbers(where, 'StatisticValues', [SampleCount, Sum, Minimum, Maximum]);
    if (SampleCount <= 0 || Minimum > Maximum)
      throw invalidValue(`The value for parameter ${where}.StatisticValues is invalid.`);
    return {
      at: Timestamp,
      unit: Unit,
      resolution: StorageResolution,
      sampleCount: SampleCount,
      sum: Sum,
      minimum: Minimum,
      maximum: Maximum,
      values: undefined,
    };
  }
  const values = Values ?? (Value === undefined ? [] : [Value]);
  if (values.length === 0)
    throw missing(
      `At least one of the parameters ${where}.Value, ${where}.Values or ${where}.StatisticValues must be specified.`,
    );
  if (values.length > MOST_VALUES)
    throw invalidValue(`The collection ${where}.Values must not have a size greater than ${MOST_VALUES}.`);
  // Values and Counts are of the same size (recorded).
  if (Counts && (!Values || Counts.length !== values.length))
    throw invalidValue(`The parameters ${where}.Values and ${where}.Counts must be of the same size.`);
  checkNumbers(where, Values ? 'Values' : 'Value', values);
  checkNumbers(where, 'Counts', Counts ?? []);
  if (Counts?.some((count) => count <= 0)) throw invalidValue(`The value for parameter ${where}.Counts is invalid.`);
  return summarize(
    Timestamp,
    Unit,
    values.map((value, index) => ({ value, count: Counts?.[index] ?? 1 })),
    StorageResolution,
  );
};

/**
 * Dimensions as a record. Names and values are ASCII with at least one character that is no space, and a name does not
 * begin with a colon (API_Dimension, documented; the words of the refusal are *assumed*).
 * @throws ServiceError InvalidParameterValueException for those, and for a name given twice.
 */
export const dimensionsOf = (given: Read<typeof dimensions> | undefined, where: string): Record<string, string> => {
  const record: Record<string, string> = {};
  for (const { Name, Value } of given ?? []) {
    if (Object.hasOwn(record, Name)) throw invalidValue(`The dimension ${Name} is given twice in ${where}.`);
    for (const part of [Name, Value])
      if (!/^(?=.*\S)[\x20-\x7e]*$/.test(part))
        throw invalidValue(`The value ${part} of a dimension in ${where} must be ASCII and more than spaces.`);
    if (Name.startsWith(':')) throw invalidValue(`The dimension ${Name} in ${where} must not begin with a colon.`);
    record[Name] = Value;
  }
  return record;
};

/**
 * Reads a request.
 * @param now Epoch milliseconds: data without a time is of now; data too old or too far ahead is refused.
 * @throws ServiceError before anything is taken.
 */
export const readMetricData = (input: JsonObject, now: number): { metric: MetricIdentity; datum: Datum }[] => {
  const { Namespace, MetricData } = readInput('PutMetricData', shape, input);
  const bytes = Buffer.byteLength(JSON.stringify(input));
  if (bytes > MOST_BYTES)
    throw new ServiceError('RequestEntityTooLarge', `Request of ${bytes} bytes exceeds ${MOST_BYTES} bytes`, 413);
  // Namespaces that begin with AWS/ are AWS's own: API_PutMetricData (documented); that it refuses them is *assumed*.
  if (Namespace.startsWith('AWS/')) throw invalidValue('The value AWS/ for parameter Namespace is invalid.');
  if (MetricData.length > MOST_METRICS)
    throw invalidValue(`The collection MetricData must not have a size greater than ${MOST_METRICS}.`);
  return MetricData.map((given, index) => {
    const where = `MetricData.member.${index + 1}`;
    return {
      metric: { namespace: Namespace, name: given.MetricName, dimensions: dimensionsOf(given.Dimensions, where) },
      datum: datumOf(given, where, now),
    };
  });
};
