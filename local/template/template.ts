import type { Json, JsonObject } from '../contracts.ts';
import { TemplateError } from './errors.ts';
import { isObject } from './members.ts';

/** A resource as the template declares it, intrinsics and all. */
export interface TemplateResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: JsonObject;
  readonly dependsOn: readonly string[];
  readonly condition?: string;
  readonly deletionPolicy?: string;
}

export interface TemplateOutput {
  readonly name: string;
  readonly value: Json;
  readonly condition?: string;
}

/** A CloudFormation template, its sections checked and nothing resolved yet. */
export interface Template {
  readonly parameters: Readonly<Record<string, { readonly type: string; readonly value?: Json }>>;
  readonly mappings: JsonObject;
  readonly conditions: JsonObject;
  readonly resources: readonly TemplateResource[];
  readonly outputs: readonly TemplateOutput[];
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html (documented). Transform and
// Rules change what a template means and are not implemented, so they are refused like any unknown section.
const SECTIONS = [
  'AWSTemplateFormatVersion',
  'Description',
  'Metadata',
  'Parameters',
  'Mappings',
  'Conditions',
  'Resources',
  'Outputs',
];
// CreationPolicy, UpdatePolicy and the like would need what is not here: signals, updates.
const RESOURCE_ATTRIBUTES = [
  'Type',
  'Properties',
  'DependsOn',
  'Condition',
  'DeletionPolicy',
  'UpdateReplacePolicy',
  'Metadata',
];
// Constraints are checked by AWS before anything is made; the defaults a packaged template carries satisfy them.
const PARAMETER_ATTRIBUTES = [
  'Type',
  'Default',
  'Description',
  'NoEcho',
  'AllowedValues',
  'AllowedPattern',
  'ConstraintDescription',
  'MinLength',
  'MaxLength',
  'MinValue',
  'MaxValue',
];
const PARAMETER_TYPES = ['String', 'Number', 'CommaDelimitedList', 'List<Number>'];

/**
 * Reads the text of a template.
 * @throws TemplateError that lists every section, attribute and shape it does not understand.
 */
export const readTemplate = (text: string): Template => {
  let root: Json;
  try {
    root = JSON.parse(text);
  } catch (cause) {
    throw new TemplateError([`the template is not JSON: ${cause instanceof Error ? cause.message : cause}`], { cause });
  }
  if (!isObject(root)) throw new TemplateError(['the template is not a JSON object']);
  const template = root;

  const problems: string[] = [];
  const unknown = (where: string, object: JsonObject, known: readonly string[]) => {
    for (const name of Object.keys(object)) {
      if (!known.includes(name)) problems.push(`${where}: ${name} is not supported`);
    }
  };
  const section = (name: string): JsonObject => {
    const value = template[name];
    if (value === undefined) return {};
    if (isObject(value)) return value;
    problems.push(`${name} is not an object`);
    return {};
  };
  const optionalName = (where: string, value: Json | undefined) => {
    if (value === undefined || typeof value === 'string') return value;
    problems.push(`${where} is not a string`);
    return undefined;
  };

  unknown('template', template, SECTIONS);

  const parameters: Record<string, { type: string; value?: Json }> = {};
  for (const [name, declared] of Object.entries(section('Parameters'))) {
    if (!isObject(declared)) {
      problems.push(`parameter ${name} is not an object`);
      continue;
    }
    unknown(`parameter ${name}`, declared, PARAMETER_ATTRIBUTES);
    const type = typeof declared.Type === 'string' ? declared.Type : '';
    if (!PARAMETER_TYPES.includes(type)) problems.push(`parameter ${name}: type ${type || 'missing'} is not supported`);
    parameters[name] = { type, ...(declared.Default === undefined ? {} : { value: declared.Default }) };
  }

  const resources: TemplateResource[] = [];
  for (const [logicalId, declared] of Object.entries(section('Resources'))) {
    const where = `resource ${logicalId}`;
    if (!isObject(declared) || typeof declared.Type !== 'string') {
      problems.push(`${where} has no Type`);
      continue;
    }
    unknown(where, declared, RESOURCE_ATTRIBUTES);
    const properties = declared.Properties ?? {};
    if (!isObject(properties)) problems.push(`${where}: Properties is not an object`);
    const given = declared.DependsOn ?? [];
    const dependsOn: string[] = [];
    for (const name of Array.isArray(given) ? given : [given]) {
      if (typeof name === 'string') dependsOn.push(name);
      else problems.push(`${where}: DependsOn is not a list of logical ids`);
    }
    const condition = optionalName(`${where}: Condition`, declared.Condition);
    const deletionPolicy = optionalName(`${where}: DeletionPolicy`, declared.DeletionPolicy);
    resources.push({
      logicalId,
      type: declared.Type,
      properties: isObject(properties) ? properties : {},
      dependsOn,
      ...(condition === undefined ? {} : { condition }),
      ...(deletionPolicy === undefined ? {} : { deletionPolicy }),
    });
  }
  if (resources.length === 0) problems.push('the template has no Resources');

  const outputs: TemplateOutput[] = [];
  for (const [name, declared] of Object.entries(section('Outputs'))) {
    if (!isObject(declared) || declared.Value === undefined) {
      problems.push(`output ${name} has no Value`);
      continue;
    }
    unknown(`output ${name}`, declared, ['Value', 'Description', 'Export', 'Condition']);
    const condition = optionalName(`output ${name}: Condition`, declared.Condition);
    outputs.push({ name, value: declared.Value, ...(condition === undefined ? {} : { condition }) });
  }

  const mappings = section('Mappings');
  const conditions = section('Conditions');
  if (problems.length > 0) throw new TemplateError(problems);
  return { parameters, mappings, conditions, resources, outputs };
};
