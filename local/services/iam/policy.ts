/**
 * Policy documents, read once into what evaluation asks of them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html (documented)
 */
import { type Json, type JsonObject, ServiceError } from '../../contracts.ts';
import { conditionKey } from './condition-keys.ts';
import { type Condition, compileConditions } from './conditions.ts';
import { arnPattern, type TextPattern, textPattern, variablesOf } from './wildcard.ts';

/** Whom a statement of a resource or trust policy is about. */
export interface Principals {
  /** `*`: everybody, with or without a signature. */
  readonly everybody: boolean;
  /** Account ids, and ARNs of accounts, roles and sessions. */
  readonly aws: readonly string[];
  /** `lambda.amazonaws.com` */
  readonly services: readonly string[];
}

export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  /** Of resource and trust policies only. */
  readonly principals?: Principals;
  readonly actions: readonly TextPattern[];
  /** True for NotAction: every action but these. */
  readonly exceptActions: boolean;
  /** Empty in a trust policy, which is about the role it belongs to. */
  readonly resources: readonly TextPattern[];
  /** True for NotResource. */
  readonly exceptResources: boolean;
  readonly conditions: readonly Condition[];
}

export interface Policy {
  /** What it belongs to, for messages: `role blue-Reader policy read`. */
  readonly where: string;
  readonly statements: readonly Statement[];
}

/** What a policy is attached to: decides which elements it must and must not have. */
export type PolicyKind = 'identity' | 'resource' | 'trust';

const malformed = (message: string) => new ServiceError('MalformedPolicyDocument', message);

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const texts = (value: Json | undefined, where: string): string[] => {
  const list = Array.isArray(value) ? value : [value];
  return list.map((one) => {
    if (typeof one !== 'string') throw malformed(`${where} is a text or a list of texts`);
    return one;
  });
};

const known = (object: JsonObject, names: readonly string[], where: string) => {
  for (const name of Object.keys(object))
    if (!names.includes(name)) throw malformed(`${where}: ${name} is not implemented in this cloud`);
};

const readPrincipals = (value: Json | undefined, where: string): Principals => {
  if (value === '*') return { everybody: true, aws: [], services: [] };
  if (!isObject(value)) throw malformed(`${where}: Principal is * or an object`);
  known(value, ['AWS', 'Service'], `${where}: Principal`);
  const aws = value.AWS === undefined ? [] : texts(value.AWS, `${where}: Principal AWS`);
  return {
    everybody: aws.includes('*'),
    aws: aws.filter((one) => one !== '*'),
    services: value.Service === undefined ? [] : texts(value.Service, `${where}: Principal Service`),
  };
};

/** One of an element and its Not-form; both or neither is an error. */
const either = (statement: JsonObject, name: string, where: string) => {
  const not = `Not${name}`;
  if ((statement[name] === undefined) === (statement[not] === undefined))
    throw malformed(`${where} needs ${name} or ${not}, and not both`);
  const except = statement[name] === undefined;
  return { except, patterns: texts(except ? statement[not] : statement[name], `${where}: ${except ? not : name}`) };
};

const ACTION = /^(\*|[a-z0-9-]+:[A-Za-z0-9*?]+)$/i;

const readStatement = (value: Json, kind: PolicyKind, where: string): Statement => {
  if (!isObject(value)) throw malformed(`${where} is an object`);
  known(
    value,
    [
      'Sid',
      'Effect',
      'Action',
      'NotAction',
      'Condition',
      ...(kind === 'trust' ? [] : ['Resource', 'NotResource']),
      ...(kind === 'identity' ? [] : ['Principal']),
    ],
    where,
  );
  if (value.Effect !== 'Allow' && value.Effect !== 'Deny') throw malformed(`${where}: Effect is Allow or Deny`);
  const actions = either(value, 'Action', where);
  const strange = actions.patterns.find((action) => !ACTION.test(action));
  if (strange !== undefined) throw malformed(`${where}: ${strange} is no action`);
  const resources = kind === 'trust' ? { except: false, patterns: [] } : either(value, 'Resource', where);
  for (const resource of resources.patterns) {
    if (resource !== '*' && !resource.startsWith('arn:'))
      throw malformed(`${where}: ${resource} is neither * nor an ARN`);
    for (const variable of variablesOf(resource)) conditionKey(variable, where);
  }
  return {
    effect: value.Effect,
    ...(kind === 'identity' ? {} : { principals: readPrincipals(value.Principal, where) }),
    actions: actions.patterns.map((action) => textPattern(action, { ignoreCase: true })),
    exceptActions: actions.except,
    resources: resources.patterns.map(arnPattern),
    exceptResources: resources.except,
    conditions: compileConditions(value.Condition, where),
  };
};

/** A document's statements as they stand: one alone may stand without a list. */
export const statementsOf = (document: JsonObject): readonly Json[] => {
  const { Statement: statement } = document;
  if (statement === undefined) return [];
  return Array.isArray(statement) ? statement : [statement];
};

/** Policies by what was read: clouds of one process, one after the other, mostly stand on the same template. */
const read = new Map<string, Policy>();
const MOST_READ = 2_000;

/**
 * Reads a policy document.
 * @param where What it belongs to; every error begins with it.
 * @throws ServiceError MalformedPolicyDocument naming the element, operator or key that is wrong or not implemented.
 */
export const readPolicy = (document: Json, kind: PolicyKind, where: string): Policy => {
  const text = JSON.stringify([kind, where, document]);
  const known = read.get(text);
  if (known) return known;
  const policy = compilePolicy(document, kind, where);
  if (read.size >= MOST_READ) read.clear();
  read.set(text, policy);
  return policy;
};

const compilePolicy = (document: Json, kind: PolicyKind, where: string): Policy => {
  if (!isObject(document)) throw malformed(`${where} is an object`);
  known(document, ['Version', 'Id', 'Statement'], where);
  const { Version: version = '2008-10-17' } = document;
  if (version !== '2012-10-17' && version !== '2008-10-17') throw malformed(`${where}: there is no version ${version}`);
  // Documented: variables came with 2012-10-17; before, `${` is text.
  if (version === '2008-10-17' && JSON.stringify(document).includes('${'))
    throw malformed(`${where}: policy variables need the version 2012-10-17`);
  const statements = statementsOf(document);
  if (document.Statement === undefined) throw malformed(`${where} has no Statement`);
  return {
    where,
    statements: statements.map((statement, index) => readStatement(statement, kind, `${where} statement ${index + 1}`)),
  };
};
