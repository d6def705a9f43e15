import { readFile } from 'node:fs/promises';

import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  ListEventBusesCommand,
  ListRuleNamesByTargetCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  type PutEventsRequestEntry,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  type Target,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateTopicCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import {
  ACCOUNT,
  busArn,
  type MessagingCloud,
  openedQueue,
  openQueue,
  openTopic,
  queueArn,
  REGION,
  refusal,
  START,
  startMessagingCloud,
  topicArn,
} from './messaging-cloud.ts';

/** A case of tests/fixtures/pattern-cases.json. */
interface PatternCase {
  readonly id: string;
  readonly pattern: JsonObject | string;
  readonly event?: JsonObject;
  readonly matches?: boolean;
  readonly invalid?: boolean;
}

let world: MessagingCloud;
beforeEach(async () => {
  world = await startMessagingCloud();
});
afterEach(() => world.close());

const PATTERN = JSON.stringify({ source: ['depot'], 'detail-type': ['Parcel Moved'] });

const queue = async (...names: string[]) => {
  for (const QueueName of names) await world.sqs.send(new CreateQueueCommand(openQueue(QueueName)));
};
const rule = async (name: string, targets: Target[], bus?: string, pattern = PATTERN) => {
  await world.events.send(new PutRuleCommand({ Name: name, EventBusName: bus, EventPattern: pattern }));
  await world.events.send(new PutTargetsCommand({ Rule: name, EventBusName: bus, Targets: targets }));
};
const moved = (entry: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  Source: 'depot',
  DetailType: 'Parcel Moved',
  Detail: JSON.stringify({ parcel: 'p-7' }),
  ...entry,
});
const put = async (...entries: PutEventsRequestEntry[]) => {
  const answer = await world.events.send(new PutEventsCommand({ Entries: entries }));
  await world.cloud.settle();
  return answer;
};

describe('an event bus', () => {
  it('is created, described, listed and deleted', async () => {
    const created = await world.events.send(new CreateEventBusCommand({ Name: 'orders', Description: 'test bus' }));
    const described = await world.events.send(new DescribeEventBusCommand({ Name: 'orders' }));
    const listed = await world.events.send(new ListEventBusesCommand({ NamePrefix: 'ord' }));
    await world.events.send(new DeleteEventBusCommand({ Name: 'orders' }));
    const after = await world.events.send(new ListEventBusesCommand({}));

    expect(created.EventBusArn).toBe(busArn('orders'));
    expect(described).toMatchObject({
      Arn: busArn('orders'),
      Name: 'orders',
      Description: 'test bus',
      CreationTime: new Date(START),
    });
    expect(listed.EventBuses?.map(({ Name }) => Name)).toEqual(['orders']);
    expect(after.EventBuses?.map(({ Name }) => Name)).toEqual(['default']);
  });

  it.each([
    [
      new CreateEventBusCommand({ Name: 'default' }),
      'ResourceAlreadyExistsException',
      'Event bus default already exists.',
    ],
    [new DescribeEventBusCommand({ Name: 'none' }), 'ResourceNotFoundException', 'Event bus none does not exist.'],
    [new DeleteEventBusCommand({ Name: 'none' }), 'ResourceNotFoundException', 'Event bus none does not exist.'],
    [new DeleteEventBusCommand({ Name: 'default' }), 'ValidationException', 'Cannot delete event bus default.'],
  ])('refuses %#', async (command, name, message) => {
    expect(await refusal(world.events.send(command as CreateEventBusCommand))).toEqual({ name, message, status: 400 });
  });

  it('refuses a parameter it does not honour, by name', async () => {
    const error = await refusal(
      world.events.send(new CreateEventBusCommand({ Name: 'orders', KmsKeyIdentifier: 'a-key' })),
    );

    expect(error.message).toContain('KmsKeyIdentifier');
  });
});

describe('a rule', () => {
  it('is put, described, listed, disabled, enabled and deleted', async () => {
    await world.events.send(new CreateEventBusCommand({ Name: 'orders' }));
    const request = { Name: 'moved', EventBusName: 'orders', EventPattern: PATTERN };

    const { RuleArn } = await world.events.send(new PutRuleCommand(request));
    const described = await world.events.send(new DescribeRuleCommand({ Name: 'moved', EventBusName: 'orders' }));
    await world.events.send(new DisableRuleCommand({ Name: 'moved', EventBusName: 'orders' }));
    const disabled = await world.events.send(new ListRulesCommand({ EventBusName: 'orders' }));
    await world.events.send(new EnableRuleCommand({ Name: 'moved', EventBusName: 'orders' }));
    const enabled = await world.events.send(new ListRulesCommand({ EventBusName: 'orders', NamePrefix: 'mov' }));
    await world.events.send(new DeleteRuleCommand({ Name: 'moved', EventBusName: 'orders' }));
    const gone = await world.events.send(new ListRulesCommand({ EventBusName: 'orders' }));

    const arn = `arn:aws:events:${REGION}:${ACCOUNT}:rule/orders/moved`;
    expect(RuleArn).toBe(arn);
    expect(described).toMatchObject({
      Arn: arn,
      Name: 'moved',
      EventBusName: 'orders',
      State: 'ENABLED',
      CreatedBy: ACCOUNT,
      EventPattern: PATTERN,
    });
    expect(disabled.Rules).toEqual([
      { Name: 'moved', Arn: arn, EventPattern: PATTERN, State: 'DISABLED', EventBusName: 'orders' },
    ]);
    expect(enabled.Rules?.[0]?.State).toBe('ENABLED');
    expect(gone.Rules).toEqual([]);
  });

  it('keeps its targets when it is put again', async () => {
    await rule('moved', [{ Id: 'q', Arn: queueArn('parcels') }]);

    await world.events.send(new PutRuleCommand({ Name: 'moved', EventPattern: '{"source": ["other"]}' }));

    const { Targets } = await world.events.send(new ListTargetsByRuleCommand({ Rule: 'moved' }));
    expect(Targets).toEqual([{ Id: 'q', Arn: queueArn('parcels') }]);
  });

  it('lists its targets in pages, and its name by target', async () => {
    const targets = ['a', 'b', 'c'].map((Id) => ({ Id, Arn: queueArn('parcels') }));
    await rule('moved', targets);

    const first = await world.events.send(new ListTargetsByRuleCommand({ Rule: 'moved', Limit: 2 }));
    const second = await world.events.send(
      new ListTargetsByRuleCommand({ Rule: 'moved', Limit: 2, NextToken: first.NextToken }),
    );
    const names = await world.events.send(new ListRuleNamesByTargetCommand({ TargetArn: queueArn('parcels') }));

    expect([...(first.Targets ?? []), ...(second.Targets ?? [])]).toEqual(targets);
    expect(second.NextToken).toBeUndefined();
    expect(names.RuleNames).toEqual(['moved']);
  });

  it('removes targets, and only then can be deleted', async () => {
    await rule('moved', [{ Id: 'q', Arn: queueArn('parcels') }]);

    const early = await refusal(world.events.send(new DeleteRuleCommand({ Name: 'moved' })));
    const removed = await world.events.send(new RemoveTargetsCommand({ Rule: 'moved', Ids: ['q'] }));
    await world.events.send(new DeleteRuleCommand({ Name: 'moved' }));

    expect(early.message).toBe("Rule can't be deleted since it has targets.");
    expect(removed).toMatchObject({ FailedEntryCount: 0, FailedEntries: [] });
    expect(await refusal(world.events.send(new DescribeRuleCommand({ Name: 'moved' })))).toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Rule moved does not exist on EventBus default.',
    });
  });

  it.each([
    [
      'a schedule on another bus',
      { ScheduleExpression: 'rate(1 minute)', EventBusName: 'orders' },
      'ValidationException',
      'ScheduleExpression is supported only on the default event bus.',
    ],
    [
      'a broken schedule',
      { ScheduleExpression: 'cron(0 1 * * * *)' },
      'ValidationException',
      'Parameter ScheduleExpression is not valid.',
    ],
    [
      'a broken pattern',
      { EventPattern: '{"source": "depot"}' },
      'InvalidEventPatternException',
      'Event pattern is not valid. Reason: "source" must be an object or an array',
    ],
    ['neither', {}, 'ValidationException', 'Parameter(s) EventPattern or ScheduleExpression must be specified.'],
  ])('refuses %s', async (_, settings, name, message) => {
    await world.events.send(new CreateEventBusCommand({ Name: 'orders' }));

    const error = await refusal(world.events.send(new PutRuleCommand({ Name: 'r', ...settings })));

    expect(error).toEqual({ name, message, status: 400 });
  });

  it('refuses more than five targets', async () => {
    const targets = ['a', 'b', 'c', 'd', 'e', 'f'].map((Id) => ({ Id, Arn: queueArn('parcels') }));

    const error = await refusal(rule('moved', targets));

    expect(error).toEqual({
      name: 'LimitExceededException',
      message: 'The requested resource exceeds the maximum number allowed.',
      status: 400,
    });
  });

  it('keeps the last of two targets with one id', async () => {
    await rule('moved', [
      { Id: 't', Arn: queueArn('parcels'), InputPath: '$.detail' },
      { Id: 't', Arn: queueArn('parcels'), InputPath: '$.notexisting' },
    ]);

    const { Targets } = await world.events.send(new ListTargetsByRuleCommand({ Rule: 'moved' }));

    expect(Targets).toEqual([{ Id: 't', Arn: queueArn('parcels'), InputPath: '$.notexisting' }]);
  });

  it('refuses a pattern of more than 2,048 characters, and more than 300 rules on a bus', async () => {
    const tooMany = {
      name: 'LimitExceededException',
      message: 'The requested resource exceeds the maximum number allowed.',
      status: 400,
    };
    const ofLength = (length: number) => `{"source": ["${'x'.repeat(length - 16)}"]}`;
    const putRule = (Name: string, EventPattern = PATTERN) =>
      world.events.send(new PutRuleCommand({ Name, EventPattern }));

    await putRule('longest', ofLength(2_048));
    const long = await refusal(putRule('long', ofLength(2_049)));
    await Promise.all(Array.from({ length: 299 }, (_, index) => putRule(`rule-${index}`)));
    const another = await refusal(putRule('another'));
    const again = await putRule('rule-7');

    expect([long, another]).toEqual([tooMany, tooMany]);
    expect(again.RuleArn).toMatch(/rule\/rule-7$/);
  });

  it('refuses a bad target id in the words AWS has for it', async () => {
    const error = await refusal(rule('moved', [{ Id: '!@#$', Arn: queueArn('parcels') }]));

    expect(error.message).toBe(
      "1 validation error detected: Value '!@#$' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
    );
  });

  it.each([
    ['another target type', { Arn: `arn:aws:kinesis:${REGION}:${ACCOUNT}:stream/s` }, 'arn:aws:kinesis'],
    [
      'another target setting',
      { Arn: queueArn('parcels'), BatchParameters: { JobDefinition: 'd', JobName: 'n' } },
      'BatchParameters',
    ],
  ])('refuses %s by name', async (_, target, named) => {
    const error = await refusal(rule('moved', [{ Id: 't', ...target }]));

    expect(error.name).toBe('NotImplemented');
    expect(error.message).toContain(named);
  });
});

describe('PutEvents', () => {
  it('gives a matching event to every target, whole', async () => {
    await queue('parcels', 'audit');
    await rule('moved', [
      { Id: 'a', Arn: queueArn('parcels') },
      { Id: 'b', Arn: queueArn('audit'), InputPath: '$.detail' },
    ]);

    const answer = await put(
      moved({ Resources: ['arn:aws:s3:::shelf'], Time: new Date('2001-01-31T23:59:58.750Z') }),
      moved({ Source: 'elsewhere' }),
    );

    expect(answer.FailedEntryCount).toBe(0);
    expect(world.bodies('parcels')).toEqual([
      {
        version: '0',
        id: answer.Entries?.[0]?.EventId,
        'detail-type': 'Parcel Moved',
        source: 'depot',
        account: ACCOUNT,
        time: '2001-01-31T23:59:58Z',
        region: REGION,
        resources: ['arn:aws:s3:::shelf'],
        detail: { parcel: 'p-7' },
      },
    ]);
    expect(world.bodies('audit')).toEqual([{ parcel: 'p-7' }]);
  });

  it.each([
    [{ Source: undefined }, 'InvalidArgument', 'Parameter Source is not valid. Reason: Source is a required argument.'],
    [
      { DetailType: undefined },
      'InvalidArgument',
      'Parameter DetailType is not valid. Reason: DetailType is a required argument.',
    ],
    [{ Detail: undefined }, 'InvalidArgument', 'Parameter Detail is not valid. Reason: Detail is a required argument.'],
    [{ Detail: 'text' }, 'MalformedDetail', 'Detail is malformed.'],
    [{ Detail: '"text"' }, 'MalformedDetail', 'Detail is malformed.'],
    [{ Detail: '[1]' }, 'MalformedDetail', 'Detail is malformed.'],
    [{ Source: 'aws.s3' }, 'NotAuthorizedForSourceException', 'Not authorized for the source.'],
    [
      { DetailType: 'x'.repeat(129) },
      'InvalidArgument',
      'Parameter DetailType is not valid. Reason: DetailType is longer than 128 characters.',
    ],
  ])('fails an entry with %j alone, with status 200', async (entry, ErrorCode, ErrorMessage) => {
    await queue('parcels');
    await rule('moved', [{ Id: 'a', Arn: queueArn('parcels') }]);

    const answer = await put(moved(entry), moved());

    expect(answer.FailedEntryCount).toBe(1);
    expect(answer.Entries?.[0]).toEqual({ ErrorCode, ErrorMessage });
    expect(answer.Entries?.[1]?.EventId).toBeDefined();
    expect(world.bodies('parcels')).toHaveLength(1);
  });

  it('takes an event for a bus that does not exist, and loses it', async () => {
    const answer = await put(moved({ EventBusName: 'nowhere' }));

    expect(answer.FailedEntryCount).toBe(0);
    expect(answer.Entries?.[0]?.EventId).toBeDefined();
    expect(world.logged.map(({ line }) => line)).toEqual(['events: lost an event: no such bus']);
  });

  it('refuses more than ten entries', async () => {
    const error = await refusal(put(...Array.from({ length: 11 }, () => moved())));

    expect(error.name).toBe('ValidationException');
    expect(error.message).toMatch(
      /^1 validation error detected: Value '\[PutEventsRequestEntry\(time=null, source=depot, resources=null, detailType=Parcel Moved, .*, traceHeader=null, kmsKeyIdentifier=null, internalMetadata=null\)\]' at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10$/,
    );
  });

  it('refuses more than 1 MB, all entries together, and takes 1 MB', async () => {
    // 28 bytes are those of the source, the type and the JSON around the text.
    const ofBytes = (bytes: number) => moved({ Detail: JSON.stringify({ text: 'x'.repeat(bytes - 28) }) });

    const whole = await put(ofBytes(600_000), ofBytes(448_576));
    const error = await refusal(put(ofBytes(600_000), ofBytes(448_577)));

    expect(whole.FailedEntryCount).toBe(0);
    expect(error).toEqual({
      name: 'ValidationException',
      message: 'Total size of the entries in the request is over the limit.',
      status: 400,
    });
  });

  it('does not wake a disabled rule', async () => {
    await queue('parcels');
    await rule('moved', [{ Id: 'a', Arn: queueArn('parcels') }]);
    await world.events.send(new DisableRuleCommand({ Name: 'moved' }));

    await put(moved());

    expect(world.bodies('parcels')).toEqual([]);
  });

  it('forwards from bus to bus, the event as it was', async () => {
    await queue('parcels');
    await world.events.send(new CreateEventBusCommand({ Name: 'orders' }));
    await rule('forward', [{ Id: 'b', Arn: busArn('orders') }]);
    await rule('moved', [{ Id: 'q', Arn: queueArn('parcels') }], 'orders');

    const answer = await put(moved());

    expect(world.bodies('parcels')).toMatchObject([{ id: answer.Entries?.[0]?.EventId, detail: { parcel: 'p-7' } }]);
  });

  it('ends a ring of buses', async () => {
    await queue('parcels');
    await world.events.send(new CreateEventBusCommand({ Name: 'orders' }));
    await rule('there', [{ Id: 'b', Arn: busArn('orders') }]);
    await rule('back', [{ Id: 'b', Arn: busArn('default') }], 'orders');
    await rule('moved', [{ Id: 'q', Arn: queueArn('parcels') }]);

    await put(moved());

    expect(world.bodies('parcels')).toHaveLength(1);
  });

  it('publishes to a topic', async () => {
    await world.sns.send(new CreateTopicCommand(openTopic('news')));
    await rule('moved', [
      {
        Id: 't',
        Arn: topicArn('news'),
        InputTransformer: { InputPathsMap: { p: '$.detail.parcel' }, InputTemplate: '"Parcel <p>"' },
      },
    ]);

    await put(moved());

    expect(world.cloud.sns.published(topicArn('news')).map(({ message }) => message)).toEqual(['"Parcel p-7"']);
  });
});

describe('a failed delivery', () => {
  it('goes to the dead-letter queue at once when the target has gone, with the reason', async () => {
    await queue('dead');
    await rule('moved', [{ Id: 'a', Arn: queueArn('gone'), DeadLetterConfig: { Arn: queueArn('dead') } }]);

    const answer = await put(moved());

    const [letter] = world.messages('dead');
    expect(JSON.parse(letter?.body ?? '')).toMatchObject({ id: answer.Entries?.[0]?.EventId });
    expect(letter?.messageAttributes).toEqual({
      RULE_ARN: { dataType: 'String', stringValue: `arn:aws:events:${REGION}:${ACCOUNT}:rule/moved` },
      TARGET_ARN: { dataType: 'String', stringValue: queueArn('gone') },
      ERROR_CODE: { dataType: 'String', stringValue: 'NO_RESOURCE' },
      ERROR_MESSAGE: { dataType: 'String', stringValue: 'The specified queue does not exist.' },
      RETRY_ATTEMPTS: { dataType: 'String', stringValue: '0' },
    });
  });

  it('is dropped and logged without a dead-letter queue', async () => {
    await rule('moved', [{ Id: 'a', Arn: queueArn('gone') }]);

    await put(moved());

    expect(world.logged).toMatchObject([{ line: 'events: dropped an event', facts: { target: queueArn('gone') } }]);
  });

  it('goes to the dead-letter queue when a template gives no JSON', async () => {
    await queue('parcels', 'dead');
    const InputTransformer = { InputPathsMap: { p: '$.detail.parcel' }, InputTemplate: '<p> moved' };
    await rule('moved', [
      { Id: 'a', Arn: queueArn('parcels'), InputTransformer, DeadLetterConfig: { Arn: queueArn('dead') } },
    ]);

    await put(moved());

    expect(world.bodies('parcels')).toEqual([]);
    expect(world.messages('dead')[0]?.messageAttributes.ERROR_CODE?.stringValue).toBe('INVALID_JSON');
  });
});

describe('a schedule', () => {
  it("fires on the cloud's clock, with the event AWS sends", async () => {
    await queue('ticks');
    await world.events.send(new PutRuleCommand({ Name: 'hourly', ScheduleExpression: 'rate(1 hour)' }));
    await world.events.send(new PutTargetsCommand({ Rule: 'hourly', Targets: [{ Id: 'q', Arn: queueArn('ticks') }] }));

    await world.cloud.settle({ advanceMs: 2 * 3_600_000 });

    expect(world.bodies('ticks')).toMatchObject([
      {
        'detail-type': 'Scheduled Event',
        source: 'aws.events',
        time: '2001-02-01T09:00:00Z',
        resources: [`arn:aws:events:${REGION}:${ACCOUNT}:rule/hourly`],
        detail: {},
      },
      { time: '2001-02-01T10:00:00Z' },
    ]);
  });

  it('sends a constant, and stops when it is disabled', async () => {
    await queue('ticks');
    await world.events.send(new PutRuleCommand({ Name: 'daily', ScheduleExpression: 'cron(0 12 * * ? *)' }));
    await world.events.send(
      new PutTargetsCommand({ Rule: 'daily', Targets: [{ Id: 'q', Arn: queueArn('ticks'), Input: '{"noon":true}' }] }),
    );

    await world.cloud.settle({ advanceMs: 24 * 3_600_000 });
    await world.events.send(new DisableRuleCommand({ Name: 'daily' }));
    await world.cloud.settle({ advanceMs: 48 * 3_600_000 });

    expect(world.bodies('ticks')).toEqual([{ noon: true }]);
  });
});

describe('TestEventPattern', () => {
  const event = {
    id: '1',
    account: ACCOUNT,
    source: 'depot',
    time: '2001-01-01T00:00:00Z',
    region: REGION,
    resources: [],
    'detail-type': 'Parcel Moved',
    detail: {},
  };

  it('answers whether an event matches', async () => {
    const test = async (pattern: string) =>
      (await world.events.send(new TestEventPatternCommand({ EventPattern: pattern, Event: JSON.stringify(event) })))
        .Result;

    expect(await test(PATTERN)).toBe(true);
    expect(await test('{"source": ["other"]}')).toBe(false);
  });

  it('answers every case of event-ruler as event-ruler does', async () => {
    const cases = JSON.parse(
      await readFile(new URL('../fixtures/pattern-cases.json', import.meta.url), 'utf8'),
    ) as PatternCase[];
    const answers: Record<string, boolean | string> = {};

    for (const { id, pattern, event: given = {} } of cases) {
      const EventPattern = typeof pattern === 'string' ? pattern : JSON.stringify(pattern);
      // Cases are about some members of an event; the service asks for all of the envelope.
      const Event = JSON.stringify({ ...event, ...given });
      try {
        answers[id] = (await world.events.send(new TestEventPatternCommand({ EventPattern, Event }))).Result ?? 'none';
      } catch (error) {
        answers[id] = error instanceof Error ? error.name : 'none';
      }
    }

    const expected = cases.map(({ id, invalid, matches }) => [
      id,
      invalid ? 'InvalidEventPatternException' : (matches ?? 'none'),
    ]);
    expect(cases).toHaveLength(228);
    expect(answers).toEqual(Object.fromEntries(expected));
  });

  it('refuses an event without its envelope', async () => {
    const error = await refusal(
      world.events.send(new TestEventPatternCommand({ EventPattern: PATTERN, Event: '{"source": "depot"}' })),
    );

    expect(error.name).toBe('ValidationException');
    expect(error.message).toContain('detail-type');
  });
});

describe('a template', () => {
  it('makes buses, rules with targets, archives and policies', async () => {
    const stack = await world.deploy({
      Parcels: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'parcels' } },
      ParcelsPolicy: openedQueue('Parcels'),
      Orders: { Type: 'AWS::Events::EventBus', Properties: { Name: 'orders' } },
      Moved: {
        Type: 'AWS::Events::Rule',
        Properties: {
          Name: 'moved',
          EventBusName: { Ref: 'Orders' },
          EventPattern: { source: ['depot'] },
          State: 'ENABLED',
          Targets: [
            {
              Id: 'q',
              Arn: { 'Fn::GetAtt': ['Parcels', 'Arn'] },
              RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 3600 },
            },
          ],
        },
      },
      Tick: { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression: 'rate(1 day)' } },
      Kept: {
        Type: 'AWS::Events::Archive',
        Properties: { SourceArn: { 'Fn::GetAtt': ['Orders', 'Arn'] }, RetentionDays: 7 },
      },
      Open: {
        Type: 'AWS::Events::EventBusPolicy',
        Properties: {
          EventBusName: { Ref: 'Orders' },
          StatementId: 'own',
          Statement: {
            Effect: 'Allow',
            Principal: { AWS: ACCOUNT },
            Action: 'events:PutEvents',
            Resource: { 'Fn::GetAtt': ['Orders', 'Arn'] },
          },
        },
      },
    });

    await put(moved({ EventBusName: busArn('orders') }));

    expect(stack.resources.Orders).toMatchObject({ ref: 'orders', attributes: { Arn: busArn('orders') } });
    expect(stack.resources.Moved?.ref).toBe('orders|moved');
    expect(stack.resources.Moved?.attributes.Arn).toBe(`arn:aws:events:${REGION}:${ACCOUNT}:rule/orders/moved`);
    expect(world.bodies('parcels')).toHaveLength(1);
  });

  it('is refused with a target the cloud cannot reach, by name', async () => {
    const deployed = world.deploy({
      Moved: {
        Type: 'AWS::Events::Rule',
        Properties: {
          EventPattern: { source: ['depot'] },
          Targets: [{ Id: 's', Arn: `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:m` }],
        },
      },
    });

    await expect(deployed).rejects.toThrow(/stateMachine/);
  });
});
