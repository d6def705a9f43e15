/**
 * What EventBridge's operations need. Actions and resources: the Service Authorization Reference, "Actions, resources,
 * and condition keys for Amazon EventBridge" (documented).
 */
import type { Json, JsonObject } from '../../../contracts.ts';
import {
  anywhere,
  listOf,
  makingWith,
  type Need,
  type Needs,
  type NeedsTable,
  objectOf,
  type Place,
  passRole,
  textOf,
} from './need.ts';

const SERVICE = 'events.amazonaws.com';
const DEFAULT_BUS = 'default';

/** A bus is named by name or ARN. */
const busName = (value: Json | undefined) => textOf(value).split('/').at(-1) || DEFAULT_BUS;
const busArn = ({ account, region }: Place, value: Json | undefined) =>
  `arn:aws:events:${region}:${account}:event-bus/${busName(value)}`;

/** Rules of the default bus have no bus in their ARN. */
const ruleArn = ({ account, region }: Place, input: JsonObject, member: string) => {
  const bus = busName(input.EventBusName);
  return `arn:aws:events:${region}:${account}:rule/${bus === DEFAULT_BUS ? '' : `${bus}/`}${textOf(input[member])}`;
};

const onRule =
  (action: string, member = 'Name', more: (input: JsonObject) => readonly Need[] = () => []): Needs =>
  (input, place) => [{ action: `events:${action}`, resource: ruleArn(place, input, member) }, ...more(input)];

const onBus =
  (action: string, member = 'Name'): Needs =>
  (input, place) => [{ action: `events:${action}`, resource: busArn(place, input[member]) }];

const archiveArn = ({ account, region }: Place, value: Json | undefined) =>
  `arn:aws:events:${region}:${account}:archive/${textOf(value).split('/').at(-1)}`;
const onArchive =
  (action: string): Needs =>
  (input, place) => [{ action: `events:${action}`, resource: archiveArn(place, input.ArchiveName) }];

const replayArn = ({ account, region }: Place, value: Json | undefined) =>
  `arn:aws:events:${region}:${account}:replay/${textOf(value)}`;
const onReplay =
  (action: string): Needs =>
  (input, place) => [{ action: `events:${action}`, resource: replayArn(place, input.ReplayName) }];

export const EVENTS_NEEDS: NeedsTable = {
  // Each entry is an event of its own, to a bus of its own.
  PutEvents: (input, place) =>
    listOf(input.Entries)
      .map(objectOf)
      .map((entry) => ({
        action: 'events:PutEvents',
        resource: busArn(place, entry.EventBusName),
        context: { 'events:source': textOf(entry.Source), 'events:detail-type': textOf(entry.DetailType) },
      })),
  // Tags at creation need events:TagResource besides: API_PutRule (documented); that a bus is alike is *assumed*.
  CreateEventBus: (input, place) =>
    makingWith(input.Tags, 'events:TagResource', {
      action: 'events:CreateEventBus',
      resource: busArn(place, input.Name),
    }),
  DescribeEventBus: onBus('DescribeEventBus'),
  DeleteEventBus: onBus('DeleteEventBus'),
  ListEventBuses: anywhere('events:ListEventBuses'),
  PutPermission: onBus('PutPermission', 'EventBusName'),
  RemovePermission: onBus('RemovePermission', 'EventBusName'),
  PutRule: (input, place) => [
    ...makingWith(input.Tags, 'events:TagResource', {
      action: 'events:PutRule',
      resource: ruleArn(place, input, 'Name'),
    }),
    ...passRole(input.RoleArn, SERVICE),
  ],
  DescribeRule: onRule('DescribeRule'),
  DeleteRule: onRule('DeleteRule'),
  EnableRule: onRule('EnableRule'),
  DisableRule: onRule('DisableRule'),
  ListRules: anywhere('events:ListRules'),
  PutTargets: onRule('PutTargets', 'Rule', (input) =>
    listOf(input.Targets).flatMap((target) => passRole(objectOf(target).RoleArn, SERVICE)),
  ),
  RemoveTargets: onRule('RemoveTargets', 'Rule'),
  ListTargetsByRule: onRule('ListTargetsByRule', 'Rule'),
  ListRuleNamesByTarget: anywhere('events:ListRuleNamesByTarget'),
  // Which of the resources it names an action is asked for is *assumed*: archive and bus, or archive and replay.
  CreateArchive: (input, place) => [
    { action: 'events:CreateArchive', resource: archiveArn(place, input.ArchiveName) },
    { action: 'events:CreateArchive', resource: busArn(place, input.EventSourceArn) },
  ],
  DescribeArchive: onArchive('DescribeArchive'),
  UpdateArchive: onArchive('UpdateArchive'),
  DeleteArchive: onArchive('DeleteArchive'),
  ListArchives: anywhere('events:ListArchives'),
  StartReplay: (input, place) => [
    { action: 'events:StartReplay', resource: archiveArn(place, input.EventSourceArn) },
    { action: 'events:StartReplay', resource: replayArn(place, input.ReplayName) },
  ],
  DescribeReplay: onReplay('DescribeReplay'),
  CancelReplay: onReplay('CancelReplay'),
  ListReplays: anywhere('events:ListReplays'),
  TestEventPattern: anywhere('events:TestEventPattern'),
};
