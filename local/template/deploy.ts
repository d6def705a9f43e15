import { readFile } from 'node:fs/promises';

import {
  type Cloud,
  type Deployment,
  type Json,
  type ProvisionedResource,
  type Provisioner,
  type Service,
  ServiceError,
} from '../contracts.ts';
import { TemplateError } from './errors.ts';
import { evaluateCondition, referencesOf, resolve, type Scope } from './intrinsics.ts';
import { isObject, scalarText } from './members.ts';
import { inOrder } from './order.ts';
import { readTemplate, type Template, type TemplateResource } from './template.ts';

export interface DeployOptions {
  /** File of the packaged template, JSON. */
  readonly template: string;
  /** Folder with the zips; the last part of a function's or layer's S3Key is looked up there. */
  readonly artifacts: string;
  /**
   * By layer name or logical id: a folder that stands for `/opt`, because the packaged layer may be for another
   * machine than this one.
   */
  readonly layers?: Readonly<Record<string, string>>;
  readonly stack: string;
  /** Values for the template's parameters; its defaults fill the rest. */
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface DeployedResource {
  readonly type: string;
  /** What `Ref` gives. */
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface DeployedStack {
  readonly outputs: Record<string, string>;
  /** By logical id. Resources whose condition is false are left out. */
  readonly resources: Record<string, DeployedResource>;
}

const PSEUDO = 'AWS::';

/**
 * Deploys a packaged template: checks all of it, then makes each resource, in the order of their dependencies, through
 * the service that owns its type. Updates are not known: a stack is deployed into a cloud once. Whoever calls this then
 * tells the services that they are `started`.
 * @throws TemplateError before anything is made when a type, property, function or reference is not known, naming the
 * logical id; later when a service refuses a resource.
 */
export const deployTemplate = async (
  cloud: Pick<Cloud, 'account' | 'region' | 'id'>,
  services: readonly Service[],
  options: DeployOptions,
): Promise<DeployedStack> => {
  const template = readTemplate(await readFile(options.template, 'utf8'));
  const provisioners = new Map<string, Provisioner>();
  for (const service of services) {
    for (const [type, provisioner] of Object.entries(service.resources ?? {})) provisioners.set(type, provisioner);
  }

  const made = new Map<string, ProvisionedResource>();
  const scope = createScope(cloud, template, options, made);
  const where = (resource: TemplateResource) => `${resource.type} ${resource.logicalId}`;
  const wanted = template.resources.filter(
    (resource) => resource.condition === undefined || scope.condition(resource.condition, where(resource)),
  );
  const ordered = orderResources(template, wanted, provisioners, scope);

  const deployment: Deployment = {
    stack: options.stack,
    artifacts: options.artifacts,
    layers: options.layers ?? {},
  };
  for (const resource of ordered) {
    const provisioner = provisioners.get(resource.type);
    if (!provisioner) throw new TemplateError([`${where(resource)}: the type is not supported`]);
    const properties = resolve(resource.properties, scope, where(resource));
    if (!isObject(properties)) throw new TemplateError([`${where(resource)}: Properties is not an object`]);
    try {
      const { logicalId, type, deletionPolicy } = resource;
      const provisioned = await provisioner.create(
        { logicalId, type, properties, ...(deletionPolicy === undefined ? {} : { deletionPolicy }) },
        deployment,
      );
      made.set(logicalId, provisioned);
    } catch (cause) {
      if (cause instanceof TemplateError) throw cause;
      const reason =
        cause instanceof ServiceError ? `${cause.code}: ${cause.message}` : cause instanceof Error ? cause.message : '';
      const text = reason.includes(where(resource)) ? reason : `${where(resource)}: ${reason}`;
      throw new TemplateError([text], { cause });
    }
  }

  const outputs: Record<string, string> = {};
  for (const output of template.outputs) {
    const place = `output ${output.name}`;
    if (output.condition !== undefined && !scope.condition(output.condition, place)) continue;
    const value = scalarText(resolve(output.value, scope, place));
    if (value === undefined) throw new TemplateError([`${place} is not a string`]);
    outputs[output.name] = value;
  }

  const resources: Record<string, DeployedResource> = {};
  for (const { logicalId, type } of ordered) {
    const provisioned = made.get(logicalId);
    if (provisioned) resources[logicalId] = { type, ref: provisioned.ref, attributes: provisioned.attributes };
  }
  return { outputs, resources };
};

/** Checks everything that can be checked before the first resource is made, and orders the resources. */
const orderResources = (
  template: Template,
  wanted: readonly TemplateResource[],
  provisioners: ReadonlyMap<string, Provisioner>,
  scope: Scope,
): TemplateResource[] => {
  const problems: string[] = [];
  const byId = new Map(wanted.map((resource) => [resource.logicalId, resource]));
  const declared = new Set(template.resources.map((resource) => resource.logicalId));
  const dependencies = new Map<string, Set<string>>();

  for (const resource of wanted) {
    const { logicalId, type, properties } = resource;
    const provisioner = provisioners.get(type);
    if (!provisioner) {
      problems.push(`${type} ${logicalId}: the type ${type} is not supported`);
      continue;
    }
    for (const name of Object.keys(properties)) {
      if (!provisioner.properties.includes(name)) {
        problems.push(
          `${type} ${logicalId}: the property ${name} is not supported; supported: ${provisioner.properties.join(', ')}`,
        );
      }
    }
    const needs = new Set<string>();
    for (const name of resource.dependsOn) {
      if (byId.has(name)) needs.add(name);
      // A resource whose condition is false is left out, and so is the wait for it.
      else if (!declared.has(name))
        problems.push(`${type} ${logicalId}: DependsOn names ${name}, which is no resource`);
    }
    const choose = (condition: string) => scope.condition(condition, `${type} ${logicalId}`);
    for (const name of referencesOf(properties, choose, `${type} ${logicalId}`)) {
      if (byId.has(name)) needs.add(name);
      else if (declared.has(name)) {
        problems.push(`${type} ${logicalId}: refers to ${name}, whose condition is false`);
      } else if (!name.startsWith(PSEUDO) && !(name in template.parameters)) {
        problems.push(`${type} ${logicalId}: refers to ${name}, which is neither a resource nor a parameter`);
      }
    }
    dependencies.set(logicalId, needs);
  }
  if (problems.length > 0) throw new TemplateError(problems);
  return inOrder([...byId.keys()], dependencies).flatMap((name) => byId.get(name) ?? []);
};

const createScope = (
  cloud: Pick<Cloud, 'account' | 'region' | 'id'>,
  template: Template,
  options: DeployOptions,
  made: ReadonlyMap<string, ProvisionedResource>,
): Scope => {
  const stackId = `arn:aws:cloudformation:${cloud.region}:${cloud.account}:stack/${options.stack}/${cloud.id('uuid')}`;
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html (documented);
  // AWS::NoValue is the resolver's, AWS::NotificationARNs is refused.
  const pseudo: Record<string, string> = {
    'AWS::AccountId': cloud.account,
    'AWS::Partition': 'aws',
    'AWS::Region': cloud.region,
    'AWS::StackId': stackId,
    'AWS::StackName': options.stack,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const deciding = new Set<string>();

  const unknownParameters = Object.keys(options.parameters ?? {}).filter((name) => !(name in template.parameters));
  if (unknownParameters.length > 0) {
    throw new TemplateError(unknownParameters.map((name) => `parameter ${name} is not the template's`));
  }
  const parameter = (name: string, where: string): Json | undefined => {
    const declared = template.parameters[name];
    if (!declared) return undefined;
    const value = scalarText(options.parameters?.[name] ?? declared.value);
    if (value === undefined) throw new TemplateError([`${where}: the parameter ${name} has no value`]);
    return declared.type === 'String' || declared.type === 'Number'
      ? value
      : value.split(',').map((item) => item.trim());
  };

  const scope: Scope = {
    ref(name, where) {
      const value = name.startsWith(PSEUDO) ? pseudo[name] : (parameter(name, where) ?? made.get(name)?.ref);
      if (value === undefined) throw new TemplateError([`${where}: Ref ${name} is not known`]);
      return value;
    },
    attribute(logicalId, attribute, where) {
      const resource = made.get(logicalId);
      const value = resource?.attributes[attribute];
      if (value !== undefined) return value;
      throw new TemplateError([
        resource
          ? `${where}: ${logicalId} has no attribute ${attribute}, it has ${Object.keys(resource.attributes).join(', ') || 'none'}`
          : `${where}: GetAtt of ${logicalId}, which is no resource here`,
      ]);
    },
    mapping(map, top, second, where) {
      const outer = template.mappings[map];
      const inner = isObject(outer) ? outer[top] : undefined;
      const value = isObject(inner) ? inner[second] : undefined;
      if (value === undefined) throw new TemplateError([`${where}: no ${map}.${top}.${second} in Mappings`]);
      return value;
    },
    condition(name, where) {
      const declared = template.conditions[name];
      if (declared === undefined) throw new TemplateError([`${where}: the condition ${name} is not declared`]);
      if (deciding.has(name)) throw new TemplateError([`condition ${name} depends on itself`]);
      deciding.add(name);
      try {
        return evaluateCondition(declared, scope, `condition ${name}`);
      } finally {
        deciding.delete(name);
      }
    },
  };
  return scope;
};
