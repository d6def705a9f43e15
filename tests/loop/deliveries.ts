/** What goes over the buses: listened to, delivered twice, delivered again. */
import {
  DisableRuleCommand,
  EnableRuleCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';

import type { World } from './world.ts';

/** AWS's events come on this bus. */
const DEFAULT_BUS = 'default';

const eventSchema = z.looseObject({
  id: z.string(),
  source: z.string(),
  'detail-type': z.string(),
  time: z.string(),
  resources: z.array(z.string()),
  detail: z.record(z.string(), z.json()),
});

/** An event as EventBridge hands it to a target. */
export type DeliveredEvent = z.infer<typeof eventSchema>;

/** @returns Everything in a queue, oldest first; the queue is empty afterwards. */
export const drain = async (sqs: SQSClient, QueueUrl: string): Promise<string[]> => {
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) return bodies;
    for (const { Body = '', ReceiptHandle } of Messages) {
      bodies.push(Body);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
};

/** Lets rules and topics in. */
const OPEN = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: ['events.amazonaws.com', 'sns.amazonaws.com'] },
      Action: 'sqs:SendMessage',
      Resource: '*',
    },
  ],
};

const listener = async (world: World, name: string): Promise<{ url: string; arn: string }> => {
  const { QueueUrl: url = '' } = await world.sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { Policy: JSON.stringify(OPEN) } }),
  );
  const asked = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] });
  return { url, arn: (await world.sqs.send(asked)).Attributes?.QueueArn ?? '' };
};

/** Listens to every event of both buses. @returns The way to what has been heard since it was last asked. */
export const hearEvents = async (world: World): Promise<() => Promise<DeliveredEvent[]>> => {
  const { url, arn } = await listener(world, 'heard-events');
  for (const EventBusName of [DEFAULT_BUS, world.outputs.BusName]) {
    const rule = { Name: 'hear-everything', EventBusName };
    await world.events.send(new PutRuleCommand({ ...rule, EventPattern: '{"source":[{"prefix":""}]}' }));
    await world.events.send(
      new PutTargetsCommand({ Rule: rule.Name, EventBusName, Targets: [{ Id: 'heard', Arn: arn }] }),
    );
  }
  return async () => (await drain(world.sqs, url)).map((body) => eventSchema.parse(JSON.parse(body)));
};

/** Listens to what people are told. @returns The way to the subjects since it was last asked. */
export const hearNotices = async (world: World): Promise<() => Promise<string[]>> => {
  const { url, arn } = await listener(world, 'heard-notices');
  const TopicArn = world.outputs.NoticesTopicArn;
  await world.sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arn }));
  return async () => (await drain(world.sqs, url)).map((body) => String(JSON.parse(body).Subject));
};

interface Rule {
  readonly name: string;
  readonly bus: string;
  readonly pattern: string;
  readonly targets: readonly Target[];
}

/** The stack's own rules that wait for events, with their targets. */
const eventRules = async (world: World): Promise<Rule[]> => {
  const found: Rule[] = [];
  for (const bus of [DEFAULT_BUS, world.outputs.BusName ?? '']) {
    const { Rules = [] } = await world.events.send(new ListRulesCommand({ EventBusName: bus }));
    for (const { Name: name = '', EventPattern: pattern } of Rules) {
      if (pattern === undefined || name.startsWith('hear-')) continue;
      const asked = new ListTargetsByRuleCommand({ Rule: name, EventBusName: bus });
      found.push({ name, bus, pattern, targets: (await world.events.send(asked)).Targets ?? [] });
    }
  }
  return found;
};

/**
 * The rules that bring a step its events, to be switched off and on: what comes while a rule is off is lost.
 * @throws Error when no rule does.
 */
export const rulesTo = async (world: World, step: string) => {
  const found = (await eventRules(world)).filter(({ targets }) =>
    targets.some(({ Arn = '' }) => Arn.endsWith(`:millrace-dev-${step}`)),
  );
  if (found.length === 0) throw new Error(`no rule brings ${step} an event`);
  const each = async (command: typeof DisableRuleCommand | typeof EnableRuleCommand) => {
    for (const { name, bus } of found) await world.events.send(new command({ Name: name, EventBusName: bus }));
  };
  return { off: () => each(DisableRuleCommand), on: () => each(EnableRuleCommand) };
};

/** From now on every rule delivers every event twice. */
export const deliverTwice = async (world: World): Promise<void> => {
  for (const { name, bus, targets } of await eventRules(world)) {
    const again = targets.map((target) => ({ ...target, Id: `${target.Id}-again` }));
    await world.events.send(new PutTargetsCommand({ Rule: name, EventBusName: bus, Targets: again }));
  }
};

const queueUrl = async (world: World, arn: string): Promise<string> =>
  (await world.sqs.send(new GetQueueUrlCommand({ QueueName: arn.slice(arn.lastIndexOf(':') + 1) }))).QueueUrl ?? '';

/**
 * Delivers events again as EventBridge does when it delivers more than once: the same envelope, to every target that
 * waits for it.
 * @returns How many deliveries that were.
 */
export const deliverAgain = async (world: World, events: readonly DeliveredEvent[]): Promise<number> => {
  let deliveries = 0;
  const rules = await eventRules(world);
  for (const event of events) {
    const Event = JSON.stringify(event);
    const bus = event.source === 'millrace' ? world.outputs.BusName : DEFAULT_BUS;
    for (const { pattern, targets } of rules.filter((rule) => rule.bus === bus)) {
      const { Result } = await world.events.send(new TestEventPatternCommand({ EventPattern: pattern, Event }));
      if (!Result) continue;
      for (const { Arn = '' } of targets) {
        deliveries += 1;
        if (Arn.startsWith('arn:aws:lambda:')) {
          await world.lambda.send(new InvokeCommand({ FunctionName: Arn, InvocationType: 'Event', Payload: Event }));
        } else {
          const QueueUrl = await queueUrl(world, Arn);
          await world.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: Event }));
        }
      }
    }
  }
  return deliveries;
};

/** Says the same again under a new envelope, of this moment: as whoever said it does when it is not sure that it did. */
export const sayAgain = async (world: World, events: readonly DeliveredEvent[]): Promise<void> => {
  for (const event of events) {
    const { source, 'detail-type': detailType, resources, detail } = event;
    if (source !== 'millrace') {
      // Only AWS itself may say what AWS says: PutEvents refuses such a source.
      world.cloud.events.emit({ source, detailType, resources, detail });
      continue;
    }
    const { FailedEntryCount } = await world.events.send(
      new PutEventsCommand({
        Entries: [
          {
            EventBusName: world.outputs.BusName,
            Source: source,
            DetailType: detailType,
            Resources: resources,
            Detail: JSON.stringify(detail),
          },
        ],
      }),
    );
    if (FailedEntryCount !== 0) throw new Error(`${detailType} could not be said again`);
  }
};
