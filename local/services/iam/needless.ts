/**
 * Needless grants: what could be taken out of the policies without any recorded authorisation coming out differently.
 */
import type { Json, JsonObject } from '../../contracts.ts';
import { ASSUME, judge, ownerOf, type PolicySource, roleOf } from './authority.ts';
import { MANAGED_POLICIES } from './managed-policies.ts';
import { type Policy, type PolicyKind, readPolicy, statementsOf } from './policy.ts';
import { type AuthorizationRecord, documentOf, type PolicySnapshot, type RecordLine } from './record.ts';

/** Something a policy says that can be taken out of it: a statement, or one of its actions or resources. */
export interface Grant {
  /** The role's logical id, or the ARN of the resource whose policy it is. */
  readonly owner: string;
  /** Its inline policy's name; `trust`; `resource`; a managed policy's ARN. */
  readonly policy: string;
  readonly statement: JsonObject;
  /** Left out for the whole statement. */
  readonly element?: { readonly name: 'Action' | 'Resource'; readonly value: string };
}

/** Policies and what was asked of them: one life of a cloud. */
export interface RecordedCloud {
  readonly policies: PolicySnapshot;
  readonly authorizations: readonly AuthorizationRecord[];
}

interface Document {
  readonly owner: string;
  /** Of the role or the resource. */
  readonly ownerArn: string;
  readonly policy: string;
  readonly kind: PolicyKind;
  readonly document: JsonObject;
}

/** Stable across clouds, in which roles, and statements that Lambda names, have other names. */
const keyOf = ({ owner, policy, statement: { Sid: _, ...statement }, element }: Grant): string => {
  const members = Object.entries(statement).sort(([x], [y]) => (x < y ? -1 : 1));
  return JSON.stringify([owner, policy, members, element?.name, element?.value]);
};

const listOf = (value: Json | undefined): readonly Json[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** The parts a document can be made smaller by, each with the document that is left. */
const partsOf = ({ owner, policy, document }: Document): { grant: Grant; rest: JsonObject }[] => {
  const statements = statementsOf(document).map((statement) => documentOf(statement));
  return statements.flatMap((statement, at) => {
    const replaced = (by: readonly JsonObject[]): JsonObject => ({
      ...document,
      Statement: [...statements.slice(0, at), ...by, ...statements.slice(at + 1)],
    });
    const base = { owner, policy, statement };
    const elements = (['Action', 'Resource'] as const).flatMap((name) => {
      const values = listOf(statement[name]);
      if (values.length < 2) return [];
      return values.map((value) => ({
        grant: { ...base, element: { name, value: String(value) } },
        rest: replaced([{ ...statement, [name]: values.filter((one) => one !== value) }]),
      }));
    });
    return [{ grant: base, rest: replaced([]) }, ...elements];
  });
};

const documentsOf = (snapshot: PolicySnapshot): Document[] => [
  ...snapshot.roles.flatMap((role): Document[] => [
    ...role.inline.map(({ name, document }) => ({
      owner: role.logicalId,
      ownerArn: role.arn,
      policy: name,
      kind: 'identity' as const,
      document,
    })),
    { owner: role.logicalId, ownerArn: role.arn, policy: 'trust', kind: 'trust', document: role.trust },
  ]),
  ...snapshot.resources.map(({ arn, document }) => ({
    owner: arn,
    ownerArn: arn,
    policy: 'resource',
    kind: 'resource' as const,
    document: documentOf(document),
  })),
];

const read = (document: JsonObject, kind: PolicyKind): Policy => readPolicy(document, kind, 'a recorded policy');

/** A source over a snapshot in which one document may be replaced. */
const sourceOf = (snapshot: PolicySnapshot, compiled: ReadonlyMap<string, Policy>): PolicySource => {
  const roles = new Map(snapshot.roles.map((role) => [role.arn, role]));
  const at = (owner: string, policy: string) => compiled.get(JSON.stringify([owner, policy]));
  return {
    identity(roleArn) {
      const role = roles.get(roleArn);
      if (!role) return [];
      return [...role.inline.map(({ name }) => name), ...role.managed.map(({ arn }) => arn)].flatMap(
        (policy) => at(role.logicalId, policy) ?? [],
      );
    },
    // A boundary grants nothing; it is no grant to be judged.
    boundary: () => undefined,
    trust(roleArn) {
      const role = roles.get(roleArn);
      return role && at(role.logicalId, 'trust');
    },
    resource: (arn) => at(arn, 'resource'),
  };
};

/** Could a document have a say in an authorisation at all? */
const concerns = ({ by, action, resource }: AuthorizationRecord, { kind, ownerArn }: Document): boolean => {
  if (kind === 'identity') return roleOf(by) === ownerArn;
  return kind === 'trust' ? action === ASSUME && resource === ownerArn : ownerOf(resource) === ownerArn;
};

/** The grants that some authorisation of a recorded cloud needed, by key. */
const neededBy = ({ policies, authorizations }: RecordedCloud): ReadonlySet<string> => {
  const documents = documentsOf(policies);
  const whole = new Map<string, Policy>();
  for (const { owner, policy, kind, document } of documents)
    whole.set(JSON.stringify([owner, policy]), read(document, kind));
  for (const role of policies.roles) {
    for (const { arn, document = MANAGED_POLICIES[arn] } of role.managed)
      if (document) whole.set(JSON.stringify([role.logicalId, arn]), read(document, 'identity'));
  }
  const source = sourceOf(policies, whole);
  const setting = (record: AuthorizationRecord) => ({
    account: policies.account,
    region: policies.region,
    nowMs: record.atMs,
  });

  const verdicts = authorizations.map((record) => ({
    record,
    allowed: judge(record, source, setting(record)).allowed,
  }));
  const needed = new Set<string>();
  for (const document of documents) {
    const concerned = verdicts.filter(({ record }) => concerns(record, document));
    for (const { grant, rest } of partsOf(document)) {
      const compiled = new Map(whole);
      compiled.set(JSON.stringify([document.owner, document.policy]), read(rest, document.kind));
      const without = sourceOf(policies, compiled);
      if (concerned.some(({ record, allowed }) => judge(record, without, setting(record)).allowed !== allowed))
        needed.add(keyOf(grant));
    }
  }
  return needed;
};

/** Everything that the policies of a cloud grant, whole and in parts. */
export const grantsOf = (policies: PolicySnapshot): Grant[] =>
  documentsOf(policies).flatMap((document) => partsOf(document).map(({ grant }) => grant));

/** @returns Those of the grants that none of the recorded clouds needed. */
export const needlessGrants = (clouds: readonly RecordedCloud[], grants: readonly Grant[]): Grant[] => {
  const needed = new Set(clouds.flatMap((cloud) => [...neededBy(cloud)]));
  return grants.filter((grant) => !needed.has(keyOf(grant)));
};

/** Reads a file of the record. The last policies in it are those of its cloud. */
export const readRecordedCloud = (text: string): RecordedCloud | undefined => {
  let policies: PolicySnapshot | undefined;
  const authorizations: AuthorizationRecord[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const read: RecordLine = JSON.parse(line);
    if (read.kind === 'policies') policies = read.policies;
    else authorizations.push(read.authorization);
  }
  return policies && { policies, authorizations };
};
