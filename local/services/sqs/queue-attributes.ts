import { type Json, type JsonObject, ServiceError } from '../../contracts.ts';
import { invalidAttribute, invalidParameter, notImplemented } from './errors.ts';

/** Where messages go that were received too often. */
interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

/** Which queues may have this one as their dead-letter queue. */
interface RedriveAllowPolicy {
  readonly redrivePermission: 'allowAll' | 'denyAll' | 'byQueue';
  readonly sourceQueueArns?: readonly string[];
}

/** A queue's settings. Times in seconds, sizes in bytes. */
export interface QueueSettings {
  readonly DelaySeconds: number;
  readonly MaximumMessageSize: number;
  readonly MessageRetentionPeriod: number;
  readonly ReceiveMessageWaitTimeSeconds: number;
  readonly VisibilityTimeout: number;
  readonly FifoQueue: boolean;
  readonly ContentBasedDeduplication: boolean;
  readonly RedrivePolicy?: RedrivePolicy;
  readonly RedriveAllowPolicy?: RedriveAllowPolicy;
  readonly Policy?: string;
  readonly SqsManagedSseEnabled: boolean;
  /** Id, ARN or alias. */
  readonly KmsMasterKeyId?: string;
  readonly KmsDataKeyReusePeriodSeconds: number;
}

/** A queue's defaults and ranges, and the largest message of 1 MiB, are those of CreateQueue (documented). */
export const DEFAULTS: QueueSettings = {
  DelaySeconds: 0,
  MaximumMessageSize: 1_048_576,
  MessageRetentionPeriod: 345_600,
  ReceiveMessageWaitTimeSeconds: 0,
  VisibilityTimeout: 30,
  FifoQueue: false,
  ContentBasedDeduplication: false,
  SqsManagedSseEnabled: true,
  KmsDataKeyReusePeriodSeconds: 300,
};

const whole =
  (low: number, high: number) =>
  (name: string, value: string): number => {
    if (!/^\d{1,9}$/.test(value) || Number(value) < low || Number(value) > high) throw invalidAttribute(name);
    return Number(value);
  };

const truth = (name: string, value: string): boolean => {
  if (value !== 'true' && value !== 'false') throw invalidAttribute(name);
  return value === 'true';
};

const QUEUE_ARN = /^arn:aws:sqs:[^:]+:\d{12}:[\w-]{1,80}(?:\.fifo)?$/;

const redrive = (name: string, value: string): RedrivePolicy | undefined => {
  if (value === '') return undefined;
  let policy: Json;
  try {
    policy = JSON.parse(value) as Json;
  } catch {
    throw invalidParameter(
      `Value ${value} for parameter ${name} is invalid. Reason: Redrive policy is not a valid JSON map.`,
    );
  }
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) throw invalidAttribute(name);
  const { deadLetterTargetArn, maxReceiveCount, ...rest } = policy;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw notImplemented(`${unknown} in a redrive policy`);
  if (typeof deadLetterTargetArn !== 'string' || !QUEUE_ARN.test(deadLetterTargetArn))
    throw invalidParameter(
      `Value ${value} for parameter ${name} is invalid. Reason: Invalid value for deadLetterTargetArn.`,
    );
  const count = Number(maxReceiveCount ?? 10);
  if (!Number.isInteger(count) || count < 1 || count > 1000)
    throw invalidParameter(
      `Value ${value} for parameter ${name} is invalid. Reason: Invalid value for maxReceiveCount: ${String(maxReceiveCount)}, valid values are from 1 to 1000 both inclusive.`,
    );
  return { deadLetterTargetArn, maxReceiveCount: count };
};

// Up to ten queues can be named: SetQueueAttributes (documented).
const MOST_SOURCES = 10;

const redriveAllow = (name: string, value: string): RedriveAllowPolicy | undefined => {
  if (value === '') return undefined;
  const refused = (reason: string) =>
    invalidParameter(`Value ${value} for parameter ${name} is invalid. Reason: ${reason}`);
  let policy: Json;
  try {
    policy = JSON.parse(value) as Json;
  } catch {
    throw refused('Redrive allow policy is not a valid JSON map.');
  }
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) throw invalidAttribute(name);
  const { redrivePermission, sourceQueueArns, ...rest } = policy;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw notImplemented(`${unknown} in a redrive allow policy`);
  if (redrivePermission !== 'allowAll' && redrivePermission !== 'denyAll' && redrivePermission !== 'byQueue')
    throw refused('Invalid value for redrivePermission.');
  // Source queues are named with byQueue and with nothing else: SetQueueAttributes (documented).
  if ((redrivePermission === 'byQueue') !== (sourceQueueArns !== undefined))
    throw refused('sourceQueueArns goes with the redrivePermission byQueue.');
  if (sourceQueueArns === undefined) return { redrivePermission };
  if (!Array.isArray(sourceQueueArns) || sourceQueueArns.length === 0 || sourceQueueArns.length > MOST_SOURCES)
    throw refused(`sourceQueueArns must name 1 to ${MOST_SOURCES} queues.`);
  const arns = sourceQueueArns.map(String);
  if (!arns.every((arn) => QUEUE_ARN.test(arn))) throw refused('Invalid value for sourceQueueArns.');
  return { redrivePermission, sourceQueueArns: arns };
};

/** @returns Whether a queue with these settings lets another have it as its dead-letter queue. */
export const allowsRedriveFrom = ({ RedriveAllowPolicy: policy }: QueueSettings, sourceArn: string): boolean => {
  // Without a policy every queue may: SetQueueAttributes (documented).
  if (policy === undefined || policy.redrivePermission === 'allowAll') return true;
  return policy.redrivePermission === 'byQueue' && (policy.sourceQueueArns ?? []).includes(sourceArn);
};

const jsonText = (name: string, value: string): string | undefined => {
  if (value === '') return undefined;
  try {
    JSON.parse(value);
  } catch {
    throw invalidAttribute(name);
  }
  return value;
};

const READERS: {
  readonly [K in keyof QueueSettings]-?: (name: string, value: string) => QueueSettings[K] | undefined;
} = {
  DelaySeconds: whole(0, 900),
  MaximumMessageSize: whole(1024, 1_048_576),
  MessageRetentionPeriod: whole(60, 1_209_600),
  ReceiveMessageWaitTimeSeconds: whole(0, 20),
  VisibilityTimeout: whole(0, 43_200),
  FifoQueue(name, value) {
    // False is no value of it: github.com/aws/aws-sdk-php/issues/1331.
    if (truth(name, value)) return true;
    throw new ServiceError('InvalidAttributeName', `Unknown Attribute ${name}.`);
  },
  ContentBasedDeduplication: truth,
  RedrivePolicy: redrive,
  RedriveAllowPolicy: redriveAllow,
  Policy: jsonText,
  SqsManagedSseEnabled: truth,
  // *Assumed*: that there is such a key is found out when the first message comes.
  KmsMasterKeyId: (_name, value) => (value === '' ? undefined : value),
  KmsDataKeyReusePeriodSeconds: whole(60, 86_400),
};

const isSetting = (name: string): name is keyof QueueSettings => Object.hasOwn(READERS, name);

/** Attributes AWS has and the local cloud does not honour. */
const NOT_IMPLEMENTED = ['DeduplicationScope', 'FifoThroughputLimit'];

const textOf = (value: Json): string => {
  if (typeof value === 'string') return value;
  // CloudFormation writes numbers, booleans and policies as they are.
  return JSON.stringify(value);
};

/**
 * Settings with these attributes laid over them.
 * @throws ServiceError InvalidAttributeName, InvalidAttributeValue, NotImplemented.
 */
export const withAttributes = (base: QueueSettings, attributes: JsonObject): QueueSettings => {
  const changed: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(attributes)) {
    if (NOT_IMPLEMENTED.includes(name)) throw notImplemented(`the queue attribute ${name}`);
    if (!isSetting(name)) throw new ServiceError('InvalidAttributeName', `Unknown Attribute ${name}.`);
    const read = READERS[name](name, textOf(value));
    if (read === undefined) delete changed[name];
    else changed[name] = read;
  }
  if (changed.KmsMasterKeyId !== undefined && changed.SqsManagedSseEnabled === true) {
    // A queue has one kind of encryption: SetQueueAttributes (documented); the words are those of public issues.
    if (attributes.SqsManagedSseEnabled !== undefined && attributes.KmsMasterKeyId !== undefined)
      throw new ServiceError(
        'InvalidAttributeValue',
        'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
      );
    // What is set last holds (*assumed*).
    if (attributes.SqsManagedSseEnabled === undefined) changed.SqsManagedSseEnabled = false;
    else delete changed.KmsMasterKeyId;
  }
  return changed as unknown as QueueSettings;
};

/** Settings as GetQueueAttributes gives them: text. */
export const settingsAnswer = (settings: QueueSettings): Record<string, string> => {
  const answer: Record<string, string> = {};
  for (const [name, value] of Object.entries(settings)) {
    // FIFO attributes are shown of FIFO queues only: GetQueueAttributes (documented).
    if (!settings.FifoQueue && (name === 'FifoQueue' || name === 'ContentBasedDeduplication')) continue;
    // Without a key its reuse period means nothing: CreateQueue (documented); that it is not shown is *assumed*.
    if (name === 'KmsDataKeyReusePeriodSeconds' && settings.KmsMasterKeyId === undefined) continue;
    answer[name] = typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
  return answer;
};
