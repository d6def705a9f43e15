import type { Json } from '../contracts.ts';
import { TemplateError } from './errors.ts';
import { isObject, scalarText } from './members.ts';

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html (documented)

/** What intrinsic functions ask of their surroundings. Each throws TemplateError for a name it does not know. */
export interface Scope {
  /** A parameter, pseudo parameter or resource. */
  ref(name: string, where: string): Json;
  attribute(logicalId: string, attribute: string, where: string): Json;
  mapping(map: string, top: string, second: string, where: string): Json;
  condition(name: string, where: string): boolean;
}

/** Stands for `AWS::NoValue`: whatever holds it leaves it out. */
const NO_VALUE = Symbol('AWS::NoValue');
type Resolved = Json | typeof NO_VALUE;

const CONDITION_FUNCTIONS = ['Fn::And', 'Fn::Equals', 'Fn::Not', 'Fn::Or'];

/** The intrinsic function an object is, if it is one: a single member named `Ref`, `Condition` or `Fn::…`. */
const functionOf = (value: { [name: string]: Json }): [name: string, argument: Json] | undefined => {
  const [entry, ...more] = Object.entries(value);
  if (!entry || more.length > 0) return undefined;
  return entry[0] === 'Ref' || entry[0].startsWith('Fn::') ? entry : undefined;
};

/** `${Name}`, `${Logical.Attribute}`, and `${!Literal}` in the text of a Sub. */
const SUBSTITUTION = /\$\{(!?)([^${}]*)\}/g;

/** Both spellings of GetAtt: `"Id.Attribute"` (only the first dot parts) and `["Id", "Attribute"]`. */
const attributePath = (argument: Json, where: string): [logicalId: string, attribute: string] => {
  if (typeof argument === 'string') {
    const dot = argument.indexOf('.');
    if (dot > 0 && dot < argument.length - 1) return [argument.slice(0, dot), argument.slice(dot + 1)];
  } else if (Array.isArray(argument)) {
    const [logicalId, ...rest] = argument;
    const attribute = rest.join('.');
    if (typeof logicalId === 'string' && rest.length > 0 && rest.every((part) => typeof part === 'string')) {
      return [logicalId, attribute];
    }
  }
  throw new TemplateError([
    `${where}: Fn::GetAtt takes a resource and a literal attribute, found ${JSON.stringify(argument)}`,
  ]);
};

/** A value with every intrinsic function in it carried out. @throws TemplateError */
export const resolve = (value: Json, scope: Scope, where: string): Json => {
  const resolved = resolveAny(value, scope, where);
  if (resolved === NO_VALUE) throw new TemplateError([`${where}: AWS::NoValue cannot stand alone here`]);
  return resolved;
};

const resolveAny = (value: Json, scope: Scope, where: string): Resolved => {
  if (Array.isArray(value)) {
    return value
      .map((item, index) => resolveAny(item, scope, `${where}[${index}]`))
      .filter((item) => item !== NO_VALUE);
  }
  if (!isObject(value)) return value;
  const intrinsic = functionOf(value);
  if (intrinsic) return carryOut(...intrinsic, scope, where);
  const entries: [string, Json][] = [];
  for (const [name, member] of Object.entries(value)) {
    if (name.startsWith('Fn::')) throw new TemplateError([`${where}: ${name} stands beside other members`]);
    const resolved = resolveAny(member, scope, `${where}.${name}`);
    if (resolved !== NO_VALUE) entries.push([name, resolved]);
  }
  return Object.fromEntries(entries);
};

/** The truth of a condition: a condition function, or `{ "Condition": name }`. */
export const evaluateCondition = (value: Json, scope: Scope, where: string): boolean => {
  if (isObject(value)) {
    const [entry, ...more] = Object.entries(value);
    if (entry && more.length === 0) {
      const [name, argument] = entry;
      if (name === 'Condition' && typeof argument === 'string') return scope.condition(argument, where);
      const parts = Array.isArray(argument) ? argument : [];
      const inner = () => parts.map((part) => evaluateCondition(part, scope, where));
      if (name === 'Fn::Equals' && parts.length === 2) {
        const [left, right] = parts.map((part) => resolve(part, scope, where));
        return JSON.stringify(scalarText(left) ?? left) === JSON.stringify(scalarText(right) ?? right);
      }
      if (name === 'Fn::Not' && parts.length === 1) return !inner()[0];
      if (name === 'Fn::And' && parts.length >= 2) return inner().every((truth) => truth);
      if (name === 'Fn::Or' && parts.length >= 2) return inner().some((truth) => truth);
    }
  }
  throw new TemplateError([
    `${where}: ${JSON.stringify(value)} is no condition; use ${CONDITION_FUNCTIONS.join(', ')}`,
  ]);
};

const carryOut = (name: string, argument: Json, scope: Scope, where: string): Resolved => {
  const fail = (expected: string) =>
    new TemplateError([`${where}: ${name} takes ${expected}, found ${JSON.stringify(argument)}`]);
  const list = (length: number, expected: string): Json[] => {
    if (!Array.isArray(argument) || argument.length !== length) throw fail(expected);
    return argument;
  };
  const text = (value: Json | undefined, expected: string): string => {
    const found = scalarText(value === undefined ? undefined : resolve(value, scope, where));
    if (found === undefined) throw fail(expected);
    return found;
  };
  const texts = (value: Json | undefined, expected: string): string[] => {
    const found = value === undefined ? undefined : resolve(value, scope, where);
    if (!Array.isArray(found)) throw fail(expected);
    return found.map((item) => {
      const itemText = scalarText(item);
      if (itemText === undefined) throw fail(expected);
      return itemText;
    });
  };

  switch (name) {
    case 'Ref': {
      if (typeof argument !== 'string') throw fail('a name');
      return argument === 'AWS::NoValue' ? NO_VALUE : scope.ref(argument, where);
    }
    case 'Fn::GetAtt':
      return scope.attribute(...attributePath(argument, where), where);
    case 'Fn::Sub': {
      const expected = 'a text, or a text and an object of values';
      const [template, own] = Array.isArray(argument) ? argument : [argument, {}];
      if (typeof template !== 'string' || !isObject(own) || (Array.isArray(argument) && argument.length !== 2)) {
        throw fail(expected);
      }
      return template.replace(SUBSTITUTION, (_, literal: string, path: string) => {
        if (literal) return `\${${path}}`;
        const variable = path.trim();
        const given = own[variable];
        if (given !== undefined) return text(given, `a scalar for ${variable}`);
        const value = variable.includes('.')
          ? scope.attribute(...attributePath(variable, where), where)
          : scope.ref(variable, where);
        return text(value, `a scalar for ${variable}`);
      });
    }
    case 'Fn::Join': {
      const expected = 'a delimiter and a list';
      const [delimiter, items] = list(2, expected);
      return texts(items, expected).join(text(delimiter, expected));
    }
    case 'Fn::Split': {
      const expected = 'a delimiter and a text';
      const [delimiter, source] = list(2, expected);
      return text(source, expected).split(text(delimiter, expected));
    }
    case 'Fn::Select': {
      const expected = 'an index within a list';
      const [index, items] = list(2, expected);
      const found = texts(items, expected)[Number(text(index, expected))];
      if (found === undefined) throw fail(expected);
      return found;
    }
    case 'Fn::Base64':
      return Buffer.from(text(argument, 'a text')).toString('base64');
    case 'Fn::FindInMap': {
      const expected = 'a map and two keys';
      const [map, top, second] = list(3, expected).map((part) => text(part, expected));
      return scope.mapping(map ?? '', top ?? '', second ?? '', where);
    }
    case 'Fn::If': {
      const [condition, yes, no] = list(3, 'a condition and two values');
      if (typeof condition !== 'string' || yes === undefined || no === undefined) {
        throw fail('the name of a condition and two values');
      }
      return resolveAny(scope.condition(condition, where) ? yes : no, scope, where);
    }
    default:
      throw new TemplateError([
        CONDITION_FUNCTIONS.includes(name)
          ? `${where}: ${name} belongs under Conditions`
          : `${where}: the function ${name} is not supported`,
      ]);
  }
};

/**
 * The names a value refers to, by Ref, GetAtt and Sub. With `choose`, only the branch of each `Fn::If` that will be
 * taken counts, as AWS does when it orders resources.
 */
export const referencesOf = (value: Json, choose: (condition: string) => boolean, where: string): Set<string> => {
  const found = new Set<string>();
  const visit = (part: Json): void => {
    if (Array.isArray(part)) {
      part.forEach(visit);
      return;
    }
    if (!isObject(part)) return;
    const intrinsic = functionOf(part);
    if (!intrinsic) {
      Object.values(part).forEach(visit);
      return;
    }
    const [name, argument] = intrinsic;
    if (name === 'Ref' && typeof argument === 'string') found.add(argument);
    else if (name === 'Fn::GetAtt') found.add(attributePath(argument, where)[0]);
    else if (name === 'Fn::If' && Array.isArray(argument) && typeof argument[0] === 'string') {
      const branch = choose(argument[0]) ? argument[1] : argument[2];
      if (branch !== undefined) visit(branch);
    } else if (name === 'Fn::Sub') {
      const [template, own] = Array.isArray(argument) ? argument : [argument, {}];
      if (typeof template === 'string') {
        for (const [, literal, path = ''] of template.matchAll(SUBSTITUTION)) {
          const variable = path.trim();
          if (!literal && !(isObject(own) && variable in own)) found.add(variable.split('.')[0] ?? variable);
        }
      }
      if (own !== undefined) visit(own);
    } else visit(argument);
  };
  visit(value);
  return found;
};
