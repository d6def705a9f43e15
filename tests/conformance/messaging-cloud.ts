/** A local cloud and the SDK's clients of its messaging and monitoring services. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';

import { createCloud, type DeployedStack, type LocalCloud } from '../../local/cloud.ts';
import type { Json, JsonObject, SqsMessage } from '../../local/contracts.ts';

export const ACCOUNT = '000000000000';
export const REGION = 'eu-west-1';
/** A Thursday. */
export const START = '2001-02-01T08:00:00.000Z';

export interface MessagingCloud {
  readonly cloud: LocalCloud;
  readonly events: EventBridgeClient;
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly monitoring: CloudWatchClient;
  /** What the cloud logged: events that were dropped, and why. */
  readonly logged: { readonly line: string; readonly facts: JsonObject | undefined }[];
  /** Deploys a template that consists of these resources. */
  deploy(resources: JsonObject): Promise<DeployedStack>;
  /** Everything in a queue, read once, as JSON bodies. */
  bodies(queue: string): Json[];
  messages(queue: string): readonly SqsMessage[];
  close(): Promise<void>;
}

export const queueArn = (name: string) => `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`;
export const topicArn = (name: string) => `arn:aws:sns:${REGION}:${ACCOUNT}:${name}`;
export const busArn = (name: string) => `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/${name}`;
export const functionArn = (name: string) => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;

/** Lets AWS's services in: what a queue or topic must say that rules, topics and alarms send to. */
const OPEN: JsonObject = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: ['events.amazonaws.com', 'sns.amazonaws.com', 'cloudwatch.amazonaws.com'] },
      Action: ['sqs:SendMessage', 'sns:Publish'],
      Resource: '*',
    },
  ],
};
/** The input of CreateQueue for a queue that AWS's services may send to. */
export const openQueue = (name: string) => ({ QueueName: name, Attributes: { Policy: JSON.stringify(OPEN) } });
/** The same of CreateTopic. */
export const openTopic = (name: string) => ({ Name: name, Attributes: { Policy: JSON.stringify(OPEN) } });
/** The resource that opens a queue of a template, by its logical id. */
export const openedQueue = (logicalId: string): JsonObject => ({
  Type: 'AWS::SQS::QueuePolicy',
  Properties: { Queues: [{ Ref: logicalId }], PolicyDocument: OPEN },
});

export const startMessagingCloud = async (options: { flow?: boolean } = {}): Promise<MessagingCloud> => {
  const logged: { line: string; facts: JsonObject | undefined }[] = [];
  const cloud = await createCloud({
    start: new Date(START),
    region: REGION,
    flow: options.flow ?? false,
    log: (line, facts) => logged.push({ line, facts }),
  });
  const config = {
    endpoint: cloud.url,
    region: REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  const events = new EventBridgeClient(config);
  const sqs = new SQSClient(config);
  const sns = new SNSClient(config);
  const monitoring = new CloudWatchClient(config);
  const messages = (queue: string) => cloud.sqs.peek(queueArn(queue));
  return {
    cloud,
    events,
    sqs,
    sns,
    monitoring,
    logged,
    async deploy(resources) {
      const folder = await mkdtemp(join(tmpdir(), 'template-'));
      const template = join(folder, 'template.json');
      await writeFile(template, JSON.stringify({ Resources: resources }));
      try {
        return await cloud.deploy({ template, artifacts: folder, stack: 'test' });
      } finally {
        await rm(folder, { recursive: true });
      }
    },
    bodies: (queue) => messages(queue).map(({ body }) => JSON.parse(body) as Json),
    messages,
    async close() {
      for (const client of [events, sqs, sns, monitoring]) client.destroy();
      await cloud.close();
    },
  };
};

/** The error a request is refused with. */
export const refusal = async (
  request: Promise<unknown>,
): Promise<{ name: string; message: string; status: number }> => {
  try {
    await request;
  } catch (error) {
    if (error instanceof Error && '$metadata' in error) {
      const { httpStatusCode } = error.$metadata as { httpStatusCode?: number };
      return { name: error.name, message: error.message, status: httpStatusCode ?? 0 };
    }
    throw error;
  }
  throw new Error('the request was answered');
};
