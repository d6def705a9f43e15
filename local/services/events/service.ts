import {
  type BusEvent,
  type Cloud,
  type EventsApi,
  type Json,
  type JsonObject,
  type Operation,
  type Service,
  ServiceError,
} from '../../contracts.ts';
import { jsonCopy } from '../../json-copy.ts';
import { anything, flag, integer, list, oneOf, optional, present, readInput, structure, text } from '../parameters.ts';
import { archiveOperations } from './archive-operations.ts';
import { createArchives } from './archives.ts';
import { createBusPolicies } from './bus-policies.ts';
import { createDispatch } from './delivery.ts';
import { pageOf } from './page.ts';
import { compilePattern } from './pattern.ts';
import { judge, readEntries } from './put-events.ts';
import { createReplays } from './replays.ts';
import { eventResources } from './resources.ts';
import { NAME, targetAnswer, targetList } from './settings.ts';
import { type Bus, createEventStore, eventTime, type Rule } from './store.ts';

const BUS_NAME = '[/\\.\\-_A-Za-z0-9]+';
const ruleName = text({ min: 1, max: 64, pattern: NAME });
const busReference = optional(text({ min: 1, max: 1600 }));
const limit = optional(integer({ min: 1, max: 100 }));
const token = optional(text({ min: 1, max: 2048 }));
const ruleReference = structure({ Name: ruleName, EventBusName: busReference });

const INPUTS = {
  createBus: structure({
    Name: text({ min: 1, max: 256, pattern: BUS_NAME }),
    Description: optional(text({ max: 512 })),
    Tags: optional(list(anything())),
  }),
  bus: structure({ Name: text({ min: 1, max: 256, pattern: BUS_NAME }) }),
  describeBus: structure({ Name: busReference }),
  listBuses: structure({ NamePrefix: optional(text({ min: 1, max: 256 })), Limit: limit, NextToken: token }),
  putRule: structure({
    Name: ruleName,
    EventBusName: busReference,
    EventPattern: optional(text({ max: 4096 })),
    ScheduleExpression: optional(text({ max: 256 })),
    State: optional(oneOf('ENABLED', 'DISABLED')),
    Description: optional(text({ max: 512 })),
    RoleArn: optional(text({ min: 1, max: 1600 })),
    Tags: optional(list(anything())),
  }),
  deleteRule: structure({ Name: ruleName, EventBusName: busReference, Force: optional(flag()) }),
  listRules: structure({
    NamePrefix: optional(text({ min: 1, max: 64 })),
    EventBusName: busReference,
    Limit: limit,
    NextToken: token,
  }),
  putTargets: structure({ Rule: ruleName, EventBusName: busReference, Targets: targetList }),
  listTargets: structure({ Rule: ruleName, EventBusName: busReference, Limit: limit, NextToken: token }),
  removeTargets: structure({
    Rule: ruleName,
    EventBusName: busReference,
    Ids: list(text({ min: 1, max: 64, pattern: NAME }), { min: 1, max: 100 }),
    Force: optional(flag()),
  }),
  namesByTarget: structure({
    TargetArn: text({ min: 1, max: 1600 }),
    EventBusName: busReference,
    Limit: limit,
    NextToken: token,
  }),
  testPattern: structure({ EventPattern: text({ max: 4096 }), Event: text() }),
};

const seconds = (ms: number) => ms / 1000;

const ruleAnswer = ({ arn, bus, settings }: Rule): JsonObject =>
  present({
    Name: settings.name,
    Arn: arn,
    EventPattern: settings.pattern,
    ScheduleExpression: settings.scheduleExpression,
    State: settings.state,
    Description: settings.description,
    RoleArn: settings.roleArn,
    EventBusName: bus.name,
  });

const busAnswer = ({ name, arn, description, createdAt }: Bus, policy: string | undefined): JsonObject =>
  present({
    Name: name,
    Arn: arn,
    Description: description,
    Policy: policy,
    CreationTime: seconds(createdAt),
    LastModifiedTime: seconds(createdAt),
  });

const ENVELOPE = ['id', 'account', 'source', 'time', 'region', 'resources', 'detail-type'];

/** The event of TestEventPattern must have these members: TestEventPattern (documented). */
const readEvent = (event: string): JsonObject => {
  let parsed: Json = null;
  try {
    parsed = JSON.parse(event) as Json;
  } catch {
    // Reported below, like JSON that is no event.
  }
  const found = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : {};
  const missing = ENVELOPE.filter((name) => !Object.hasOwn(found, name));
  if (missing.length > 0)
    throw new ServiceError(
      'ValidationException',
      `Parameter Event is not valid. Reason: missing ${missing.join(', ')}`,
    );
  return found;
};

/** EventBridge: buses, rules, targets, schedules, archives and replays. */
export const createEvents = (cloud: Cloud): { service: Service; api: EventsApi } => {
  const archives = createArchives(cloud);
  const dispatch = createDispatch(cloud, (busArn, event, visited) => {
    const bus = store.bus(busArn);
    // *Assumed*: AWS does not say what ends a ring of buses that forward to each other; here an event visits each once.
    if (visited.includes(bus.arn)) cloud.log('events: not forwarded in a ring', { bus: bus.arn, event: event.id });
    else store.publish(bus, event, visited);
  });
  const store = createEventStore(cloud, dispatch, archives.take);
  const replays = createReplays(cloud, store);
  const policies = createBusPolicies(cloud, store);

  const newEvent = (
    source: string,
    detailType: string,
    detail: JsonObject,
    resources: readonly string[],
    at = cloud.clock.ms(),
  ): BusEvent => ({
    version: '0',
    id: cloud.id('uuid'),
    'detail-type': detailType,
    source,
    account: cloud.account,
    time: eventTime(at),
    region: cloud.region,
    resources: [...resources],
    detail,
  });

  const putEvents: Operation = (input) => {
    const results = readEntries(input).map((entry): JsonObject => {
      const judged = judge(entry);
      if ('code' in judged) return { ErrorCode: judged.code, ErrorMessage: judged.message };
      const event = newEvent(judged.source, judged.detailType, judged.detail, entry.Resources ?? [], entry.Time);
      const bus = store.findBus(entry.EventBusName ?? 'default');
      // An entry for a bus that does not exist is taken, and lost: PutEvents (recorded).
      if (bus) store.publish(bus, event);
      else cloud.log('events: lost an event: no such bus', { bus: entry.EventBusName ?? '', event: event.id });
      return { EventId: event.id };
    });
    return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
  };

  const setState =
    (operation: string, state: 'ENABLED' | 'DISABLED'): Operation =>
    (input) => {
      const { Name, EventBusName } = readInput(operation, ruleReference, input);
      store.setState(store.rule(Name, EventBusName), state);
      return undefined;
    };

  const operations: Readonly<Record<string, Operation>> = {
    PutEvents: putEvents,
    CreateEventBus(input) {
      const { Name, Description } = readInput('CreateEventBus', INPUTS.createBus, input);
      return present({ EventBusArn: store.createBus(Name, Description).arn, Description });
    },
    DescribeEventBus(input) {
      const bus = store.bus(readInput('DescribeEventBus', INPUTS.describeBus, input).Name);
      return busAnswer(bus, policies.textOf(bus));
    },
    PutPermission(input) {
      policies.put(input);
      return undefined;
    },
    RemovePermission(input) {
      policies.remove(input);
      return undefined;
    },
    ListEventBuses(input) {
      const { NamePrefix = '', Limit, NextToken } = readInput('ListEventBuses', INPUTS.listBuses, input);
      const found = store.buses().filter(({ name }) => name.startsWith(NamePrefix));
      const { items, next } = pageOf(found, Limit, NextToken);
      return present({ EventBuses: items.map((bus) => busAnswer(bus, policies.textOf(bus))), NextToken: next });
    },
    DeleteEventBus(input) {
      const { Name } = readInput('DeleteEventBus', INPUTS.bus, input);
      const bus = store.bus(Name);
      store.deleteBus(Name);
      policies.forget(bus);
      return undefined;
    },
    PutRule(input) {
      const given = readInput('PutRule', INPUTS.putRule, input);
      const rule = store.putRule(store.bus(given.EventBusName), {
        name: given.Name,
        pattern: given.EventPattern,
        scheduleExpression: given.ScheduleExpression,
        state: given.State ?? 'ENABLED',
        description: given.Description,
        roleArn: given.RoleArn,
        tags: given.Tags,
      });
      return { RuleArn: rule.arn };
    },
    DescribeRule(input) {
      const { Name, EventBusName } = readInput('DescribeRule', ruleReference, input);
      return { ...ruleAnswer(store.rule(Name, EventBusName)), CreatedBy: cloud.account };
    },
    ListRules(input) {
      const { NamePrefix = '', EventBusName, Limit, NextToken } = readInput('ListRules', INPUTS.listRules, input);
      const found = [...store.bus(EventBusName).rules.values()].filter((rule) =>
        rule.settings.name.startsWith(NamePrefix),
      );
      const { items, next } = pageOf(found, Limit, NextToken);
      return present({ Rules: items.map(ruleAnswer), NextToken: next });
    },
    DeleteRule(input) {
      const { Name, EventBusName } = readInput('DeleteRule', INPUTS.deleteRule, input);
      store.deleteRule(store.bus(EventBusName), Name);
      return undefined;
    },
    EnableRule: setState('EnableRule', 'ENABLED'),
    DisableRule: setState('DisableRule', 'DISABLED'),
    PutTargets(input) {
      const { Rule, EventBusName, Targets } = readInput('PutTargets', INPUTS.putTargets, input);
      store.putTargets(store.rule(Rule, EventBusName), Targets);
      return { FailedEntryCount: 0, FailedEntries: [] };
    },
    ListTargetsByRule(input) {
      const { Rule, EventBusName, Limit, NextToken } = readInput('ListTargetsByRule', INPUTS.listTargets, input);
      const targets = [...store.rule(Rule, EventBusName).targets.values()];
      const { items, next } = pageOf(targets, Limit, NextToken);
      return present({ Targets: items.map(({ settings }) => targetAnswer(settings)), NextToken: next });
    },
    ListRuleNamesByTarget(input) {
      const { TargetArn, EventBusName, Limit, NextToken } = readInput(
        'ListRuleNamesByTarget',
        INPUTS.namesByTarget,
        input,
      );
      const names = [...store.bus(EventBusName).rules.values()]
        .filter(({ targets }) => [...targets.values()].some(({ settings }) => settings.Arn === TargetArn))
        .map(({ settings }) => settings.name);
      const { items, next } = pageOf(names, Limit, NextToken);
      return present({ RuleNames: items, NextToken: next });
    },
    RemoveTargets(input) {
      const { Rule, EventBusName, Ids } = readInput('RemoveTargets', INPUTS.removeTargets, input);
      const rule = store.rule(Rule, EventBusName);
      // *Assumed*: an id that no target has fails by itself, as the answer's shape provides for.
      const failed = Ids.filter((id) => !rule.targets.delete(id)).map((id) => ({
        TargetId: id,
        ErrorCode: 'ResourceNotFoundException',
        ErrorMessage: `Target ${id} does not exist on rule ${rule.settings.name}.`,
      }));
      return { FailedEntryCount: failed.length, FailedEntries: failed };
    },
    TestEventPattern(input) {
      const { EventPattern, Event } = readInput('TestEventPattern', INPUTS.testPattern, input);
      return { Result: compilePattern(EventPattern)(readEvent(Event)) };
    },
    ...archiveOperations(store, archives, replays),
  };

  return {
    service: {
      scope: 'events',
      api: { protocol: 'json-1.1', target: 'AWSEvents', operations },
      resources: eventResources({
        store,
        archives,
        policies,
        id: (length) => cloud.id(length),
      }),
      policies: policies.resources,
      async close() {
        replays.close();
        archives.close();
        store.close();
        policies.clear();
      },
    },
    api: {
      emit: ({ source, detailType, resources, detail }) =>
        store.publish(store.bus(undefined), newEvent(source, detailType, jsonCopy(detail), resources)),
      put: (busArn, { source, detailType, resources = [], detail }) =>
        store.publish(store.bus(busArn), newEvent(source, detailType, jsonCopy(detail), resources)),
    },
  };
};
