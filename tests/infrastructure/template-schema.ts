/** CloudFormation's own word on what a resource may hold, all the way down. */
import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec';

import type { Resource } from './packaged.ts';

/** `{ Ref: … }` or `{ 'Fn::…': … }`: what it becomes is not known before the deployment. */
const isIntrinsic = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const [name, ...others] = Object.keys(value);
  return name !== undefined && others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'));
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** CloudFormation takes numbers and booleans for text, and text for them. */
const isScalar = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);

/**
 * Gives a function that says what in a template's resources CloudFormation would not know, or would miss: types,
 * properties, members of members, and values of another shape.
 */
export const templateSchema = async () => {
  const spec = await loadAwsServiceSpec();
  const resourceOf = (type: string) => spec.lookup('resource', 'cloudFormationType', 'equals', type)[0];
  type Properties = NonNullable<ReturnType<typeof resourceOf>>['properties'];
  type Shape = Properties[string]['type'];

  const membersOf = (path: string, value: Readonly<Record<string, unknown>>, known: Properties): string[] => [
    ...Object.entries(value).flatMap(([name, member]) => {
      const property = Object.hasOwn(known, name) ? known[name] : undefined;
      return property === undefined ? [`${path} has no ${name}`] : misfits(`${path}.${name}`, member, property.type);
    }),
    ...Object.entries(known)
      .filter(([name, property]) => property.required && !Object.hasOwn(value, name))
      .map(([name]) => `${path} needs ${name}`),
  ];

  const misfits = (path: string, value: unknown, shape: Shape): string[] => {
    if (isIntrinsic(value)) return [];
    const is = (right: boolean): string[] => (right ? [] : [`${path} is not of type ${shape.type}`]);
    switch (shape.type) {
      case 'string':
      case 'date-time':
        return is(isScalar(value));
      case 'number':
      case 'integer':
        return is(isScalar(value) && value !== '' && Number.isFinite(Number(value)));
      case 'boolean':
        return is(['true', 'false'].includes(String(value)));
      case 'json':
        return is(isObject(value) || typeof value === 'string');
      case 'null':
        return is(value === null);
      case 'tag':
        return isObject(value)
          ? Object.keys(value)
              .filter((name) => !['Key', 'Value'].includes(name))
              .map((name) => `${path} has no ${name}`)
          : is(false);
      case 'array':
        if (!Array.isArray(value)) return is(false);
        return value.flatMap((element, index) => misfits(`${path}[${index}]`, element, shape.element));
      case 'map':
        if (!isObject(value)) return is(false);
        return Object.entries(value).flatMap(([name, element]) => misfits(`${path}.${name}`, element, shape.element));
      case 'ref':
        if (!isObject(value)) return is(false);
        return membersOf(path, value, spec.get('typeDefinition', shape.reference.$ref).properties);
      case 'union': {
        const tried = shape.types.map((type) => misfits(path, value, type));
        return tried.some((found) => found.length === 0) ? [] : (tried[0] ?? []);
      }
    }
  };

  return (resources: Readonly<Record<string, Resource>>): string[] =>
    Object.entries(resources).flatMap(([id, { Type, Properties: given = {} }]) => {
      const known = resourceOf(Type);
      return known === undefined ? [`${id}: unknown type ${Type}`] : membersOf(`${id}`, given, known.properties);
    });
};
