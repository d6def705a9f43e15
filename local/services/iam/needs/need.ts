import type { Json, JsonObject } from '../../../contracts.ts';

/** One thing a request must be allowed to do. */
export interface Need {
  /** `s3:GetObject` */
  readonly action: string;
  /** An ARN; `*` where the action has no resource. */
  readonly resource: string;
  /** Condition keys the request fills in, in lower case. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** Where ARNs are made. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

/** What an operation needs, by its input. A malformed input may need anything: the service refuses it afterwards. */
export type Needs = (input: JsonObject, place: Place) => readonly Need[];

/** By operation. An operation without an entry is denied to every role. */
export type NeedsTable = Readonly<Record<string, Needs>>;

/** A member as text; '' when it is missing. */
export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

export const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

export const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};

/** An action without a resource. */
export const anywhere =
  (action: string): Needs =>
  () => [{ action, resource: '*' }];

/** The condition keys of tags given at creation. */
export const tagContext = (tags: Json | undefined): Record<string, string | readonly string[]> => {
  const pairs = listOf(tags).map(objectOf);
  if (pairs.length === 0) return {};
  return {
    'aws:tagkeys': pairs.map((tag) => textOf(tag.Key)),
    ...Object.fromEntries(pairs.map((tag) => [`aws:requesttag/${textOf(tag.Key).toLowerCase()}`, textOf(tag.Value)])),
  };
};

/** Tags as SQS writes them, by name, in the form that others have: a list of keys and values. */
export const tagList = (tags: Json | undefined): JsonObject[] =>
  Object.entries(objectOf(tags)).map(([Key, Value]) => ({ Key, Value }));

/** The condition key of what takes tags away. */
export const untagContext = (keys: Json | undefined): Record<string, readonly string[]> => ({
  'aws:tagkeys': listOf(keys).map(textOf),
});

/**
 * What makes something: where the request tags it, the right to tag is needed besides.
 * @param tagging The action of tagging by itself.
 */
export const makingWith = (tags: Json | undefined, tagging: string, making: Need): readonly Need[] => {
  const context = tagContext(tags);
  return [
    { ...making, context: { ...making.context, ...context } },
    ...(listOf(tags).length === 0 ? [] : [{ action: tagging, resource: making.resource, context }]),
  ];
};

/**
 * The right to hand a role to a service, wherever a request names one.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html (documented)
 */
export const passRole = (role: Json | undefined, service: string): readonly Need[] =>
  typeof role === 'string'
    ? [{ action: 'iam:PassRole', resource: role, context: { 'iam:passedtoservice': service } }]
    : [];
