/**
 * Who may put events on a bus: its resource policy, statement by statement.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-permissions.html and the API reference,
 * PutPermission and RemovePermission (documented)
 */
import { type Cloud, type Json, type JsonObject, type ResourcePolicies, ServiceError } from '../../contracts.ts';
import { flag, object, optional, readInput, structure, text } from '../parameters.ts';
import type { Bus, EventStore } from './store.ts';

const busName = optional(text({ min: 1, max: 256, pattern: '[\\.\\-_A-Za-z0-9]+' }));
const statementId = text({ min: 1, max: 64, pattern: '[a-zA-Z0-9\\-_]+' });

const PUT = structure({
  EventBusName: busName,
  Action: optional(text({ min: 1, max: 64, pattern: 'events:[a-zA-Z]+' })),
  Principal: optional(text({ min: 1, max: 12, pattern: '(\\d{12}|\\*)' })),
  StatementId: optional(statementId),
  Condition: optional(structure({ Type: text(), Key: text(), Value: text() })),
  Policy: optional(text()),
});
const REMOVE = structure({
  EventBusName: busName,
  StatementId: optional(statementId),
  RemoveAllPermissions: optional(flag()),
});
const PROPERTIES = structure({
  EventBusName: busName,
  StatementId: statementId,
  Statement: optional(object()),
  Action: optional(text()),
  Principal: optional(text()),
  Condition: optional(structure({ Type: optional(text()), Key: optional(text()), Value: optional(text()) })),
});

/** Documented: EventBridge quotas, "Event bus policy size". */
const MOST_BYTES = 10_240;

const invalid = (message: string) => new ServiceError('ValidationException', message);

/** One statement in the words of PutPermission. */
interface Grant {
  readonly sid: string;
  readonly action: string;
  readonly principal: string;
  readonly condition?:
    | { readonly Type?: string | undefined; readonly Key?: string | undefined; readonly Value?: string | undefined }
    | undefined;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export interface BusPolicies {
  /** A bus's document as JSON text; undefined if it has none. */
  textOf(bus: Bus): string | undefined;
  put(input: JsonObject): void;
  remove(input: JsonObject): void;
  /** `AWS::Events::EventBusPolicy`. @returns What `Ref` gives. */
  provision(logicalId: string, properties: JsonObject): string;
  /** As permissions are evaluated. */
  readonly resources: ResourcePolicies;
  /** Of a bus that is gone. */
  forget(bus: Bus): void;
  clear(): void;
}

export const createBusPolicies = (cloud: Pick<Cloud, 'iam' | 'account'>, store: EventStore): BusPolicies => {
  /** By the ARN of the bus. */
  const documents = new Map<string, JsonObject>();

  const statementsOf = (bus: Bus): readonly Json[] => {
    const { Statement: statements = [] } = documents.get(bus.arn) ?? {};
    return Array.isArray(statements) ? statements : [statements];
  };
  const sidOf = (statement: Json): Json | undefined => (isObject(statement) ? statement.Sid : undefined);

  const keep = (bus: Bus, document: JsonObject) => {
    cloud.iam.checkPolicy(document, 'resource', `policy of ${bus.arn}`);
    if (Buffer.byteLength(JSON.stringify(document)) > MOST_BYTES)
      throw new ServiceError(
        'PolicyLengthExceededException',
        `The policy of ${bus.name} is longer than ${MOST_BYTES} bytes.`,
      );
    documents.set(bus.arn, structuredClone(document));
  };
  /** A statement of the same id is replaced (PutPermission, documented). */
  const add = (bus: Bus, statement: JsonObject) => {
    const others = statementsOf(bus).filter((one) => sidOf(one) !== statement.Sid);
    keep(bus, { Version: '2012-10-17', Statement: [...others, statement] });
  };
  const grant = (bus: Bus, { sid, action, principal, condition }: Grant) => {
    if (action !== 'events:PutEvents')
      throw invalid(`Provided value in parameter 'action' is not supported: ${action}`);
    const { Type, Key, Value } = condition ?? {};
    if (condition && (Type === undefined || Key === undefined || Value === undefined))
      throw invalid('A Condition has a Type, a Key and a Value.');
    add(bus, {
      Sid: sid,
      Effect: 'Allow',
      Principal: principal === '*' ? '*' : { AWS: `arn:aws:iam::${principal}:root` },
      Action: action,
      Resource: bus.arn,
      ...(Type !== undefined &&
        Key !== undefined &&
        Value !== undefined && { Condition: { [Type]: { [Key]: Value } } }),
    });
  };
  const needed = (value: string | undefined, name: string): string => {
    if (value !== undefined) return value;
    throw invalid(`Parameter ${name} must be specified.`);
  };

  return {
    textOf(bus) {
      const document = documents.get(bus.arn);
      return document && JSON.stringify(document);
    },
    put(input) {
      const { EventBusName, Action, Principal, StatementId, Condition, Policy } = readInput(
        'PutPermission',
        PUT,
        input,
      );
      const bus = store.bus(EventBusName);
      if (Policy === undefined) {
        const sid = needed(StatementId, 'StatementId');
        const action = needed(Action, 'Action');
        grant(bus, { sid, action, principal: needed(Principal, 'Principal'), condition: Condition });
        return;
      }
      // Documented: a whole policy comes alone.
      if (Action !== undefined || Principal !== undefined || StatementId !== undefined || Condition !== undefined)
        throw invalid('Policy is given without Action, Principal, StatementId and Condition.');
      let document: Json;
      try {
        document = JSON.parse(Policy);
      } catch {
        throw invalid('Parameter Policy is not valid JSON.');
      }
      if (!isObject(document)) throw invalid('Parameter Policy is not a policy document.');
      keep(bus, document);
    },
    remove(input) {
      const { EventBusName, StatementId, RemoveAllPermissions } = readInput('RemovePermission', REMOVE, input);
      const bus = store.bus(EventBusName);
      // The words of both refusals are *assumed*.
      if (!documents.has(bus.arn))
        throw new ServiceError('ResourceNotFoundException', 'EventBus does not have a policy.');
      if (RemoveAllPermissions) {
        documents.delete(bus.arn);
        return;
      }
      const sid = needed(StatementId, 'StatementId');
      const others = statementsOf(bus).filter((one) => sidOf(one) !== sid);
      if (others.length === statementsOf(bus).length)
        throw new ServiceError('ResourceNotFoundException', 'Statement with the provided id does not exist.');
      if (others.length === 0) documents.delete(bus.arn);
      else documents.set(bus.arn, { Version: '2012-10-17', Statement: [...others] });
    },
    provision(logicalId, properties) {
      const given = readInput(`AWS::Events::EventBusPolicy ${logicalId}`, PROPERTIES, properties);
      const { EventBusName, StatementId: sid, Statement, Action, Principal, Condition } = given;
      const bus = store.bus(EventBusName);
      if (Statement === undefined) {
        const action = needed(Action, 'Action');
        grant(bus, { sid, action, principal: needed(Principal, 'Principal'), condition: Condition });
      } else {
        // Documented: Statement, or the other three.
        if (Action !== undefined || Principal !== undefined || Condition !== undefined)
          throw invalid(`${logicalId}: Statement is given without Action, Principal and Condition.`);
        add(bus, { ...Statement, Sid: sid });
      }
      return `${bus.name}|${sid}`;
    },
    resources: {
      has: (arn) => store.findBus(arn) !== undefined,
      of: (arn) => documents.get(arn),
      all: () => [...documents.keys()],
    },
    forget: (bus) => void documents.delete(bus.arn),
    clear: () => documents.clear(),
  };
};
