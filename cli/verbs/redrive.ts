import { LambdaClient } from '@aws-sdk/client-lambda';
import {
  DeleteMessageCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';

import { functionInvoker } from '../../shared/aws/function-invoker.ts';
import type { Verb } from '../verb.ts';

/** Steps that a queue wakes, each with a dead-letter queue of its own. */
const QUEUE_WOKEN = [
  'read-part',
  'plan-run',
  'launch-training',
  'deploy-model',
  'detect-drift',
  'measure-quality',
] as const;

/** What Lambda writes to an on-failure destination. Source: Lambda guide, "Capturing records of asynchronous invocations". */
const failureRecord = z.object({
  requestContext: z.object({ functionArn: z.string() }),
  requestPayload: z.unknown(),
});

/** A message that is not JSON names no target; anything else is a failure of the command. */
const isNotJson = (error: unknown): false => {
  if (error instanceof SyntaxError) return false;
  throw error;
};

/** Puts one message back where it failed; false when it does not say where that was. */
type PutBack = (message: Message) => Promise<boolean>;

export const redrive: Verb = {
  options: [],
  async run({ place: find }) {
    const place = await find();
    const sqs = new SQSClient({ region: place.region });
    const invoke = functionInvoker(new LambdaClient({ region: place.region }));
    const url = async (name: string) => {
      const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: `millrace-${place.stage}-${name}` }));
      if (!QueueUrl) throw new Error(`no queue ${name}`);
      return QueueUrl;
    };
    const sendTo = async (queueUrl: string, body: string) =>
      void (await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body })));
    const byArn = async (arn: string, body: string): Promise<boolean> => {
      const [, , service, , , resource = ''] = arn.split(':');
      if (service === 'lambda') await invoke(arn.replace(/:\$LATEST$/, ''), JSON.parse(body));
      else if (service === 'sqs') {
        const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: resource }));
        await sendTo(QueueUrl ?? '', body);
      } else return false;
      return true;
    };

    const queues: [name: string, putBack: PutBack][] = [
      // EventBridge says in the message's attributes which target it could not reach.
      // Source: EventBridge guide, "Using dead-letter queues to process undelivered events".
      [
        'delivery-dlq',
        async ({ MessageAttributes, Body = '' }) => {
          const target = MessageAttributes?.TARGET_ARN?.StringValue;
          return target !== undefined && byArn(target, Body);
        },
      ],
      [
        'execution-dlq',
        async ({ Body = '' }) => {
          const record = failureRecord.safeParse(JSON.parse(Body));
          if (!record.success) return false;
          return byArn(record.data.requestContext.functionArn, JSON.stringify(record.data.requestPayload));
        },
      ],
      ...QUEUE_WOKEN.map((step): [string, PutBack] => [
        `${step}-dlq`,
        async ({ Body = '' }) => {
          await sendTo(await url(step), Body);
          return true;
        },
      ]),
    ];

    const counts: Record<string, { redriven: number; left: number }> = {};
    for (const [name, putBack] of queues) {
      const queueUrl = await url(name);
      const count = { redriven: 0, left: 0 };
      counts[name] = count;
      for (;;) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({
            QueueUrl: queueUrl,
            MaxNumberOfMessages: 10,
            MessageAttributeNames: ['All'],
            WaitTimeSeconds: 1,
          }),
        );
        if (Messages.length === 0) break;
        for (const message of Messages) {
          if (!(await putBack(message).catch(isNotJson))) {
            count.left += 1;
            continue;
          }
          await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle }));
          count.redriven += 1;
        }
      }
    }
    const left = Object.values(counts).reduce((sum, count) => sum + count.left, 0);
    const lines = Object.entries(counts).map(
      ([name, count]) =>
        `${name}: ${count.redriven} put back${count.left > 0 ? `, ${count.left} left (they name no target)` : ''}`,
    );
    return { exit: left > 0 ? 1 : 0, text: lines.join('\n'), data: counts };
  },
};
