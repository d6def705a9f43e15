import { CloudWatch } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { IAM } from '@aws-sdk/client-iam';
import { Lambda } from '@aws-sdk/client-lambda';
import { S3 } from '@aws-sdk/client-s3';
import { SageMaker } from '@aws-sdk/client-sagemaker';
import { SageMakerRuntime } from '@aws-sdk/client-sagemaker-runtime';
import { SNS } from '@aws-sdk/client-sns';
import { SQS } from '@aws-sdk/client-sqs';
import { STS } from '@aws-sdk/client-sts';

import type { Json } from '../../../local/contracts.ts';
import { isObject } from './expectation.ts';
import { realised } from './placeholders.ts';
import type { Client, Outcome, Refusal } from './run-story.ts';

/** What a client of the SDK is pointed with. Without endpoint and credentials, it is AWS and the user's own. */
export interface Pointing {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const CLIENTS = {
  s3: [S3],
  sagemaker: [SageMaker, SageMakerRuntime],
  events: [EventBridge],
  sqs: [SQS],
  sns: [SNS],
  logs: [CloudWatchLogs],
  monitoring: [CloudWatch],
  lambda: [Lambda],
  iam: [IAM],
  sts: [STS],
} as const;

/** The SDK's clients of a service, by its name in a signature's scope: those of its runtime after its own. */
export const clientsOf = (service: string) => Object.entries(CLIENTS).find(([name]) => name === service)?.[1] ?? [];

const NOBODY = { accessKeyId: 'AKIAIOSFODNN7NOBODY0', secretAccessKey: 'nobody-has-this-secret' };

const isReadable = (value: object): value is { transformToString(): Promise<string> } =>
  'transformToString' in value && typeof value.transformToString === 'function';

/** An answer as JSON: times in ISO, bytes as text, what is not there left out. */
const plain = async (value: unknown): Promise<Json | undefined> => {
  if (value === undefined || typeof value === 'function') return undefined;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object') return String(value);
  if (value instanceof Date) return value.toISOString();
  // The SDK's lazy JSON is a String object.
  if (value instanceof String) return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (isReadable(value)) return value.transformToString();
  if (Array.isArray(value)) return Promise.all(value.map(async (each) => (await plain(each)) ?? null));
  const members: { [name: string]: Json } = {};
  for (const [name, member] of Object.entries(value)) {
    const made = name === '$metadata' ? undefined : await plain(member);
    if (made !== undefined) members[name] = made;
  }
  return members;
};

const refusalOf = (error: Error): Refusal => {
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? Number(metadata.httpStatusCode)
      : undefined;
  // Not an answer of a service: it did not get so far.
  if (status === undefined) throw error;
  return { name: error.name, message: error.message, status };
};

/**
 * Sends requests through the AWS SDK for JavaScript.
 * @param now What times in parameters are counted from.
 */
export const sdkClient = (pointing: Pointing, now: () => Date): Client & { close(): void } => {
  const made = new Map<string, readonly object[]>();
  const clients = (service: string, signer: 'nobody' | undefined): readonly object[] => {
    const name = `${signer ?? ''}/${service}`;
    const found = made.get(name);
    if (found) return found;
    const config = {
      ...pointing,
      ...(signer && { credentials: NOBODY }),
      // A repeat would hide an error that should not have been.
      maxAttempts: pointing.endpoint === undefined ? 3 : 1,
    };
    const fresh = clientsOf(service).map((Made) => new Made(config));
    made.set(name, fresh);
    return fresh;
  };
  return {
    tells: 'name',
    async send({ service, operation, params, signer }): Promise<Outcome> {
      const name = `${operation.charAt(0).toLowerCase()}${operation.slice(1)}`;
      const client = clients(service, signer).find((each) => typeof Reflect.get(each, name) === 'function');
      const method: unknown = client && Reflect.get(client, name);
      if (!client || typeof method !== 'function') throw new Error(`the SDK has no ${service} ${operation}`);
      const real = realised<Uint8Array | Date>(params, now(), {
        bytes: (text) => Buffer.from(text),
        time: (iso) => new Date(iso),
      });
      try {
        const output: unknown = await Reflect.apply(method, client, [real]);
        const answer = await plain(output);
        return { answer: isObject(answer) ? answer : {} };
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        return { refused: refusalOf(error) };
      }
    },
    close() {
      for (const each of [...made.values()].flat()) {
        const destroy: unknown = Reflect.get(each, 'destroy');
        if (typeof destroy === 'function') Reflect.apply(destroy, each, []);
      }
      made.clear();
    },
  };
};
