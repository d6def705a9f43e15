import {
  CancelReplayCommand,
  CreateArchiveCommand,
  type CreateArchiveRequest,
  CreateEventBusCommand,
  DeleteArchiveCommand,
  DeleteEventBusCommand,
  DescribeArchiveCommand,
  DescribeReplayCommand,
  ListArchivesCommand,
  type ListArchivesRequest,
  ListReplaysCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  StartReplayCommand,
  type StartReplayRequest,
  UpdateArchiveCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import {
  ACCOUNT,
  busArn,
  type MessagingCloud,
  openQueue,
  queueArn,
  REGION,
  refusal,
  START,
  startMessagingCloud,
} from './messaging-cloud.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const HOUR = 60 * MINUTE;
const STARTED = Date.parse(START);
const archiveArn = (name: string) => `arn:aws:events:${REGION}:${ACCOUNT}:archive/${name}`;
const PATTERN = JSON.stringify({ source: ['depot'] });

let world: MessagingCloud;
beforeEach(async () => {
  world = await startMessagingCloud();
  await world.events.send(new CreateEventBusCommand({ Name: 'orders' }));
});
afterEach(() => world.close());

const archive = (more: Partial<CreateArchiveRequest> = {}) =>
  world.events.send(new CreateArchiveCommand({ ArchiveName: 'kept', EventSourceArn: busArn('orders'), ...more }));
const described = (ArchiveName = 'kept') => world.events.send(new DescribeArchiveCommand({ ArchiveName }));
const put = async (Source: string, parcel: number, Time?: Date) => {
  const Detail = JSON.stringify({ parcel });
  await world.events.send(
    new PutEventsCommand({ Entries: [{ Source, DetailType: 'Moved', Detail, EventBusName: 'orders', Time }] }),
  );
  await world.cloud.settle();
};
/** A rule of the bus with a queue of the same name. */
const rule = async (name: string) => {
  await world.sqs.send(new CreateQueueCommand(openQueue(name)));
  const { RuleArn = '' } = await world.events.send(
    new PutRuleCommand({ Name: name, EventBusName: 'orders', EventPattern: PATTERN }),
  );
  await world.events.send(
    new PutTargetsCommand({ Rule: name, EventBusName: 'orders', Targets: [{ Id: 'q', Arn: queueArn(name) }] }),
  );
  return RuleArn;
};
const replay = (more: Partial<StartReplayRequest> = {}) =>
  world.events.send(
    new StartReplayCommand({
      ReplayName: 'again',
      EventSourceArn: archiveArn('kept'),
      EventStartTime: new Date(STARTED - HOUR),
      EventEndTime: new Date(STARTED + HOUR),
      Destination: { Arn: busArn('orders') },
      ...more,
    }),
  );
const describedReplay = (ReplayName = 'again') => world.events.send(new DescribeReplayCommand({ ReplayName }));
const replayed = (queue: string) => world.bodies(queue).filter((body) => 'replay-name' in (body as JsonObject));

describe('an archive', () => {
  it('is created, described, listed, changed and deleted', async () => {
    const created = await archive({ Description: 'all', EventPattern: PATTERN, RetentionDays: 1 });
    const answer = await described();
    const listed = await world.events.send(new ListArchivesCommand({ NamePrefix: 'ke' }));
    const changed = await world.events.send(new UpdateArchiveCommand({ ArchiveName: 'kept', RetentionDays: 2 }));
    const after = await described();
    await world.events.send(new DeleteArchiveCommand({ ArchiveName: 'kept' }));
    const gone = await world.events.send(new ListArchivesCommand({}));

    const state = { ArchiveArn: archiveArn('kept'), CreationTime: new Date(START), State: 'ENABLED' };
    const inList = {
      ArchiveName: 'kept',
      CreationTime: new Date(START),
      EventCount: 0,
      EventSourceArn: busArn('orders'),
      RetentionDays: 1,
      SizeBytes: 0,
      State: 'ENABLED',
    };
    expect(created).toMatchObject(state);
    expect(answer).toMatchObject({ ...inList, ...state, Description: 'all', EventPattern: PATTERN });
    expect(listed.Archives).toEqual([inList]);
    expect(changed).toMatchObject(state);
    expect(after).toMatchObject({ RetentionDays: 2, Description: 'all', EventPattern: PATTERN });
    expect(gone.Archives).toEqual([]);
  });

  it('is listed by name, source and state', async () => {
    await archive();
    await archive({ ArchiveName: 'others', EventSourceArn: busArn('default') });
    const names = async (filter: ListArchivesRequest) => {
      const { Archives = [] } = await world.events.send(new ListArchivesCommand(filter));
      return Archives.map(({ ArchiveName }) => ArchiveName);
    };

    expect(await names({ NamePrefix: 'kept' })).toEqual(['kept']);
    expect(await names({ NamePrefix: 'nothing' })).toEqual([]);
    expect(await names({ EventSourceArn: busArn('default') })).toEqual(['others']);
    expect(await names({ State: 'ENABLED' })).toEqual(['kept', 'others']);
    expect(await names({ State: 'CREATING' })).toEqual([]);
  });

  it('takes what its pattern matches, for as long as it retains it', async () => {
    await archive({ EventPattern: PATTERN, RetentionDays: 1 });

    await put('depot', 1);
    await put('elsewhere', 2);
    const first = await described();
    await world.cloud.clock.advance(DAY - 1);
    await put('depot', 3);
    const second = await described();
    await world.cloud.clock.advance(1);
    const third = await described();

    expect([first.EventCount, second.EventCount, third.EventCount]).toEqual([1, 2, 1]);
    // Source, type, detail and time of one event.
    expect(first.SizeBytes).toBe('depot'.length + 'Moved'.length + '{"parcel":1}'.length + 20);
  });

  it('takes everything without a pattern, and keeps it for ever without a retention', async () => {
    await archive();

    await put('depot', 1);
    await put('elsewhere', 2);
    await world.cloud.clock.advance(5_000 * DAY);

    expect(await described()).toMatchObject({ EventCount: 2, RetentionDays: 0 });
  });

  it.each([
    ['a second time', () => archive(), 'ResourceAlreadyExistsException', 'Archive kept already exists.'],
    [
      'of a bus that is not there',
      () => archive({ ArchiveName: 'new', EventSourceArn: busArn('nowhere') }),
      'ResourceNotFoundException',
      'Event bus nowhere does not exist.',
    ],
    [
      'with a pattern that is none',
      () => archive({ ArchiveName: 'new', EventPattern: '{"source": []}' }),
      'InvalidEventPatternException',
      'Event pattern is not valid. Reason: Empty arrays are not allowed',
    ],
  ])('is not created %s', async (_, create, name, message) => {
    await archive();

    expect(await refusal(create())).toEqual({ name, message, status: 400 });
  });

  it('that is not there is named in the error', async () => {
    const missing = { name: 'ResourceNotFoundException', message: 'Archive none does not exist.', status: 400 };

    const nothing = await refusal(world.events.send(new UpdateArchiveCommand({ ArchiveName: 'none' })));
    const changed = await refusal(
      world.events.send(new UpdateArchiveCommand({ ArchiveName: 'none', Description: 'd' })),
    );
    const deleted = await refusal(world.events.send(new DeleteArchiveCommand({ ArchiveName: 'none' })));
    const listed = await refusal(world.events.send(new ListArchivesCommand({ EventSourceArn: busArn('none') })));

    expect(await refusal(described('none'))).toEqual(missing);
    expect(nothing).toEqual({
      name: 'ValidationException',
      message: 'At least one of EventPattern, RetentionDays or Description must be provided.',
      status: 400,
    });
    expect([changed, deleted]).toEqual([missing, missing]);
    expect(listed).toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Event bus none does not exist.',
    });
  });

  it('is made by a template', async () => {
    const stack = await world.deploy({
      Kept: {
        Type: 'AWS::Events::Archive',
        Properties: { SourceArn: busArn('orders'), EventPattern: { source: ['depot'] }, RetentionDays: 7 },
      },
    });

    const name = stack.resources.Kept?.ref ?? '';
    await put('depot', 1);

    expect(stack.resources.Kept?.attributes.Arn).toBe(archiveArn(name));
    expect(await described(name)).toMatchObject({ EventCount: 1, RetentionDays: 7, EventPattern: PATTERN });
  });
});

describe('a replay', () => {
  it('sends the events of its time again, with its name, and they are not archived again', async () => {
    await archive();
    await rule('parcels');
    await put('depot', 1);
    await put('depot', 2, new Date(STARTED - 2 * HOUR));
    const [original] = world.bodies('parcels');

    const started = await replay({ Description: 'once more' });
    const starting = await describedReplay();
    await world.cloud.settle({ advanceMs: MINUTE });
    const completed = await describedReplay();
    const listed = await world.events.send(new ListReplaysCommand({}));

    expect(started).toMatchObject({
      ReplayArn: `arn:aws:events:${REGION}:${ACCOUNT}:replay/again`,
      State: 'STARTING',
      ReplayStartTime: new Date(START),
    });
    expect(starting.State).toBe('STARTING');
    expect(starting).not.toHaveProperty('EventLastReplayedTime');
    expect(replayed('parcels')).toEqual([{ ...(original as JsonObject), 'replay-name': 'again' }]);
    expect(Object.keys(replayed('parcels')[0] as JsonObject)).toEqual([
      'version',
      'id',
      'detail-type',
      'source',
      'account',
      'time',
      'region',
      'replay-name',
      'resources',
      'detail',
    ]);
    const inList = {
      ReplayName: 'again',
      EventSourceArn: archiveArn('kept'),
      State: 'COMPLETED',
      EventStartTime: new Date(STARTED - HOUR),
      EventEndTime: new Date(STARTED + HOUR),
      EventLastReplayedTime: new Date(START),
      ReplayStartTime: new Date(START),
      ReplayEndTime: expect.any(Date),
    };
    expect(listed.Replays).toEqual([inList]);
    expect(completed).toMatchObject({
      ...inList,
      Description: 'once more',
      Destination: { Arn: busArn('orders') },
    });
    expect(await described()).toMatchObject({ EventCount: 2 });
  });

  it('goes minute after minute, by the time in the events', async () => {
    await archive();
    await rule('parcels');
    await put('depot', 3, new Date(STARTED + 3 * MINUTE));
    await put('depot', 2, new Date(STARTED + 40_000));
    await put('depot', 1, new Date(STARTED + 10_000));
    const parcels = () => replayed('parcels').map((body) => ((body as JsonObject).detail as JsonObject).parcel);

    await replay();
    await world.cloud.settle({ advanceMs: 1_000 });
    const first = { parcels: parcels(), ...(await describedReplay()) };
    await world.cloud.settle({ advanceMs: 1_000 });
    const second = { parcels: parcels(), ...(await describedReplay()) };

    expect(first).toMatchObject({
      parcels: [1, 2],
      State: 'RUNNING',
      EventLastReplayedTime: new Date(STARTED + 40_000),
    });
    expect(second).toMatchObject({ parcels: [1, 2, 3], EventLastReplayedTime: new Date(STARTED + 3 * MINUTE) });
  });

  it('goes to the rules it names and to no other', async () => {
    await archive();
    const chosen = await rule('chosen');
    await rule('other');
    await put('depot', 1);

    await replay({ Destination: { Arn: busArn('orders'), FilterArns: [chosen] } });
    await world.cloud.settle({ advanceMs: MINUTE });

    expect(replayed('chosen')).toHaveLength(1);
    expect(replayed('other')).toHaveLength(0);
    expect((await describedReplay()).Destination).toEqual({ Arn: busArn('orders'), FilterArns: [chosen] });
  });

  it('can be cancelled while it runs, and not afterwards', async () => {
    await archive();
    await rule('parcels');
    await put('depot', 1);
    await replay();

    const cancelled = await world.events.send(new CancelReplayCommand({ ReplayName: 'again' }));
    const cancelling = await describedReplay();
    await world.cloud.settle({ advanceMs: MINUTE });
    const after = await describedReplay();
    const again = await refusal(world.events.send(new CancelReplayCommand({ ReplayName: 'again' })));

    expect(cancelled).toMatchObject({ ReplayArn: after.ReplayArn, State: 'CANCELLING' });
    expect(cancelling.State).toBe('CANCELLING');
    expect(cancelling).not.toHaveProperty('ReplayEndTime');
    expect(after.State).toBe('CANCELLED');
    expect(again.name).toBe('IllegalStatusException');
    expect(replayed('parcels')).toEqual([]);
  });

  it('is one of ten at most', async () => {
    await archive();
    for (let index = 0; index < 10; index++) await replay({ ReplayName: `replay-${index}` });

    const eleventh = await refusal(replay({ ReplayName: 'replay-10' }));
    await world.cloud.settle({ advanceMs: MINUTE });
    const later = await replay({ ReplayName: 'replay-10' });
    const page = await world.events.send(new ListReplaysCommand({ NamePrefix: 'replay-', Limit: 3 }));
    const next = await world.events.send(
      new ListReplaysCommand({ NamePrefix: 'replay-', Limit: 3, NextToken: page.NextToken }),
    );
    const active = await world.events.send(new ListReplaysCommand({ State: 'STARTING' }));

    expect(eleventh).toEqual({
      name: 'LimitExceededException',
      message: 'The requested resource exceeds the maximum number allowed.',
      status: 400,
    });
    expect(later.State).toBe('STARTING');
    expect(page.Replays?.map(({ ReplayName }) => ReplayName)).toEqual(['replay-0', 'replay-1', 'replay-2']);
    expect(next.Replays?.map(({ ReplayName }) => ReplayName)).toEqual(['replay-3', 'replay-4', 'replay-5']);
    expect(active.Replays?.map(({ ReplayName }) => ReplayName)).toEqual(['replay-10']);
  });

  it.each<[string, Partial<StartReplayRequest>, string, string]>([
    [
      'that ends before it begins',
      { EventEndTime: new Date(STARTED - HOUR) },
      'ValidationException',
      'Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.',
    ],
    [
      'to a bus that is not there',
      { Destination: { Arn: busArn('nowhere') } },
      'ResourceNotFoundException',
      'Event bus nowhere does not exist.',
    ],
    [
      'to another bus',
      { Destination: { Arn: busArn('default') } },
      'ValidationException',
      'Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.',
    ],
    [
      'of an archive that is not there',
      { EventSourceArn: archiveArn('none') },
      'ValidationException',
      'Parameter EventSourceArn is not valid. Reason: Archive none does not exist.',
    ],
    [
      'of a name that is taken',
      { ReplayName: 'taken' },
      'ResourceAlreadyExistsException',
      'Replay taken already exists.',
    ],
  ])('is refused %s', async (_, request, name, message) => {
    await archive();
    await replay({ ReplayName: 'taken' });

    expect(await refusal(replay(request))).toEqual({ name, message, status: 400 });
  });

  it('that is not there is named in the error', async () => {
    expect(await refusal(describedReplay('none'))).toEqual({
      name: 'ResourceNotFoundException',
      message: 'Replay none does not exist.',
      status: 400,
    });
  });

  it('fails when its bus goes', async () => {
    await archive();
    await put('depot', 1);
    await replay();

    await world.events.send(new DeleteEventBusCommand({ Name: 'orders' }));
    await world.cloud.settle({ advanceMs: MINUTE });

    expect(await describedReplay()).toMatchObject({ State: 'FAILED', StateReason: expect.stringContaining('orders') });
  });
});
