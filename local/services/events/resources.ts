import { type Provisioner, ServiceError } from '../../contracts.ts';
import { anything, list, object, oneOf, optional, readInput, structure, text } from '../parameters.ts';
import { archiveMembers, archiveName } from './archive-operations.ts';
import type { Archives } from './archives.ts';
import type { BusPolicies } from './bus-policies.ts';
import { NAME, targetList } from './settings.ts';
import type { EventStore } from './store.ts';

const BUS_NAME = '[/\\.\\-_A-Za-z0-9]+';

const busProperties = structure({
  Name: text({ min: 1, max: 256, pattern: BUS_NAME }),
  Description: optional(text({ max: 512 })),
  Tags: optional(list(anything())),
});

const ruleProperties = structure({
  Name: optional(text({ min: 1, max: 64, pattern: NAME })),
  Description: optional(text({ max: 512 })),
  EventBusName: optional(text({ min: 1, max: 1600 })),
  EventPattern: optional(object()),
  ScheduleExpression: optional(text({ max: 256 })),
  State: optional(oneOf('ENABLED', 'DISABLED')),
  RoleArn: optional(text({ min: 1, max: 1600 })),
  Tags: optional(list(anything())),
  Targets: optional(targetList),
});

const archiveProperties = structure({
  ArchiveName: optional(archiveName),
  SourceArn: text({ min: 1, max: 1600 }),
  EventPattern: optional(object()),
  ...archiveMembers,
});

export interface EventResources {
  readonly store: EventStore;
  readonly archives: Archives;
  readonly policies: BusPolicies;
  readonly id: (length: number) => string;
}

/** How CloudFormation makes buses, rules, archives and policies; `Ref` and attributes are those of each type's page (documented). */
export const eventResources = ({
  store,
  archives,
  policies,
  id,
}: EventResources): Readonly<Record<string, Provisioner>> => ({
  'AWS::Events::EventBus': {
    properties: ['Name', 'Description', 'Tags'],
    create({ properties }) {
      const { Name, Description } = readInput('AWS::Events::EventBus', busProperties, properties);
      const bus = store.createBus(Name, Description);
      return { ref: Name, attributes: { Arn: bus.arn, Name } };
    },
  },
  'AWS::Events::Rule': {
    properties: [
      'Name',
      'Description',
      'EventBusName',
      'EventPattern',
      'ScheduleExpression',
      'State',
      'RoleArn',
      'Tags',
      'Targets',
    ],
    create({ logicalId, properties }) {
      const given = readInput(`AWS::Events::Rule ${logicalId}`, ruleProperties, properties);
      const bus = store.bus(given.EventBusName);
      const name = given.Name ?? `${logicalId.slice(0, 50)}-${id(12)}`;
      if (bus.rules.has(name))
        throw new ServiceError('AlreadyExists', `Rule ${name} already exists on event bus ${bus.name}.`);
      const rule = store.putRule(bus, {
        name,
        pattern: given.EventPattern && JSON.stringify(given.EventPattern),
        scheduleExpression: given.ScheduleExpression,
        state: given.State ?? 'ENABLED',
        description: given.Description,
        roleArn: given.RoleArn,
        tags: given.Tags,
      });
      if (given.Targets) store.putTargets(rule, given.Targets);
      // The Ref of a rule on a custom bus is `bus|rule`: AWS::Events::Rule (documented).
      return { ref: bus.name === 'default' ? name : `${bus.name}|${name}`, attributes: { Arn: rule.arn } };
    },
  },
  'AWS::Events::Archive': {
    properties: ['ArchiveName', 'Description', 'EventPattern', 'RetentionDays', 'SourceArn'],
    create({ logicalId, properties }) {
      const given = readInput(`AWS::Events::Archive ${logicalId}`, archiveProperties, properties);
      const name = given.ArchiveName ?? `${logicalId.slice(0, 35)}-${id(12)}`;
      const archive = archives.create(name, store.bus(given.SourceArn), {
        description: given.Description,
        pattern: given.EventPattern && JSON.stringify(given.EventPattern),
        retentionDays: given.RetentionDays,
      });
      return { ref: name, attributes: { Arn: archive.arn, ArchiveName: name } };
    },
  },
  'AWS::Events::EventBusPolicy': {
    properties: ['EventBusName', 'StatementId', 'Statement', 'Action', 'Principal', 'Condition'],
    create: ({ logicalId, properties }) => ({ ref: policies.provision(logicalId, properties), attributes: {} }),
  },
});
