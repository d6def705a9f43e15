import type { JsonObject } from '../../contracts.ts';
import type { FunctionDefinition } from './function-definition.ts';
import type { Permission, Registry } from './registry.ts';

/** One permission as the statement it stands for: as GetPolicy gives it (recorded). */
const statementOf = (permission: Permission, arn: string): JsonObject => {
  const { principal, sourceArn, sourceAccount, functionUrlAuthType, invokedViaFunctionUrl } = permission;
  const condition: JsonObject = {
    ...(sourceArn === undefined ? {} : { ArnLike: { 'AWS:SourceArn': sourceArn } }),
    ...(sourceAccount === undefined && functionUrlAuthType === undefined
      ? {}
      : {
          StringEquals: {
            ...(sourceAccount === undefined ? {} : { 'AWS:SourceAccount': sourceAccount }),
            ...(functionUrlAuthType === undefined ? {} : { 'lambda:FunctionUrlAuthType': functionUrlAuthType }),
          },
        }),
    ...(invokedViaFunctionUrl === undefined
      ? {}
      : { Bool: { 'lambda:InvokedViaFunctionUrl': String(invokedViaFunctionUrl) } }),
  };
  return {
    Sid: permission.id,
    Effect: 'Allow',
    Principal:
      principal === '*' ? '*' : principal.endsWith('.amazonaws.com') ? { Service: principal } : { AWS: principal },
    Action: permission.action,
    Resource: arn,
    ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
  };
};

/** The function an ARN names, with or without a qualifier. */
export const functionOf = ({ functions }: Pick<Registry, 'functions'>, arn: string): FunctionDefinition | undefined =>
  functions.get(/:function:([^:]+)/.exec(arn)?.[1] ?? '');

// A function's list of permissions is replaced when one is added, so a policy stands as long as its list.
const made = new WeakMap<readonly Permission[], JsonObject>();

/** A function's resource policy; undefined when nothing was permitted, or there is no such function. */
export const functionPolicy = (
  { functions, permissions }: Pick<Registry, 'functions' | 'permissions'>,
  arn: string,
): JsonObject | undefined => {
  const definition = functionOf({ functions }, arn);
  const list = definition && permissions.get(definition.name);
  if (!list) return undefined;
  let policy = made.get(list);
  if (!policy) {
    policy = {
      Version: '2012-10-17',
      Id: 'default',
      Statement: list.map((permission) => statementOf(permission, definition.arn)),
    };
    made.set(list, policy);
  }
  return policy;
};
