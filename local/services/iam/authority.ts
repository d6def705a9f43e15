/** Authorisations as questions, and the policies that answer them. */
import type { Actor, Authorization } from '../../contracts.ts';
import { type Asker, decide, type Grounds, type Question, type Verdict } from './evaluation.ts';
import type { Policy } from './policy.ts';

export type { Grounds } from './evaluation.ts';

/** Where policies come from: the roles and resources of a running cloud, or a record of them. */
export interface PolicySource {
  identity(roleArn: string): readonly Policy[];
  boundary(roleArn: string): Policy | undefined;
  trust(roleArn: string): Policy | undefined;
  /** By the ARN of the resource that has a policy. */
  resource(ownerArn: string): Policy | undefined;
}

/** What an authorisation is judged within. */
export interface Setting {
  readonly account: string;
  readonly region: string;
  /** Epoch milliseconds. */
  readonly nowMs: number;
}

/** Its resource is a role, whose trust policy decides. */
export const ASSUME = 'sts:AssumeRole';

const nameOf = (roleArn: string) => roleArn.slice(roleArn.lastIndexOf('/') + 1);

/** `arn:aws:sts::<account>:assumed-role/<role>/<session>` */
export const sessionArnOf = (account: string, roleArn: string, session: string): string =>
  `arn:aws:sts::${account}:assumed-role/${nameOf(roleArn)}/${session}`;

/** The ARN an actor is known by; a service by its name. */
export const actorName = (actor: Actor, account: string): string => {
  if ('principal' in actor) return actor.principal.arn;
  if ('role' in actor) return sessionArnOf(account, actor.role, actor.session);
  return actor.service;
};

const askerOf = (actor: Actor, account: string): Asker => {
  if ('service' in actor) return { kind: 'service', service: actor.service };
  const roleArn = roleOf(actor);
  if (roleArn === undefined) return { kind: 'anonymous' };
  return { kind: 'role', roleArn, sessionArn: actorName(actor, account), account };
};

/** The ARN that carries the policy of a resource: an object's is its bucket's. */
export const ownerOf = (resource: string): string =>
  resource.startsWith('arn:aws:s3:::') && resource.includes('/') ? resource.slice(0, resource.indexOf('/')) : resource;

/** Keys that AWS fills in by itself, from who asks, of what, when and where: no request says anything of them. */
const GLOBAL_KEYS: ReadonlySet<string> = new Set([
  'aws:currenttime',
  'aws:epochtime',
  'aws:requestedregion',
  'aws:resourceaccount',
  'aws:securetransport',
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principaltype',
  'aws:principalisawsservice',
  'aws:principalservicename',
  'aws:sourcearn',
  'aws:sourceaccount',
  'aws:sourceowner',
]);

/** Does a key's value come from the request? */
export const isOfRequest = (key: string): boolean => !GLOBAL_KEYS.has(key);

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html (documented) */
const globalValue = (key: string, { by, resource }: Authorization, setting: Setting): string | undefined => {
  const asker = askerOf(by, setting.account);
  const isService = asker.kind === 'service';
  switch (key) {
    case 'aws:currenttime':
      return new Date(setting.nowMs).toISOString();
    case 'aws:epochtime':
      return String(Math.floor(setting.nowMs / 1000));
    case 'aws:requestedregion':
      return setting.region;
    case 'aws:resourceaccount':
      return resource === '*' ? undefined : setting.account;
    // The plain HTTP of loopback stands for AWS's HTTPS: a stack that demands it must run here.
    case 'aws:securetransport':
      return 'true';
    case 'aws:principalaccount':
      return asker.kind === 'role' ? setting.account : undefined;
    case 'aws:principalarn':
      // Documented: the role's ARN, not the session's.
      return asker.kind === 'role' ? asker.roleArn : undefined;
    case 'aws:principaltype':
      return asker.kind === 'role' ? 'AssumedRole' : asker.kind === 'anonymous' ? 'Anonymous' : undefined;
    case 'aws:principalisawsservice':
      return String(isService);
    case 'aws:principalservicename':
      return isService ? asker.service : undefined;
    case 'aws:sourcearn':
      return 'sourceArn' in by && by.sourceArn !== '' ? by.sourceArn : undefined;
    case 'aws:sourceaccount':
      return 'sourceArn' in by && by.sourceArn !== '' ? setting.account : undefined;
    // What SNS's default policy goes by: alarms publish for their owner, rules do not
    // (docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html and
    // docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html, documented).
    case 'aws:sourceowner':
      return isService && asker.service === 'cloudwatch.amazonaws.com' ? setting.account : undefined;
    default:
      return undefined;
  }
};

/** An authorisation as a question to policies. */
export const questionOf = (authorization: Authorization, setting: Setting): Question => {
  const { by, action, resource, context = {} } = authorization;
  return {
    asker: askerOf(by, setting.account),
    action,
    resource,
    valuesOf(key) {
      const given = isOfRequest(key) ? context[key] : globalValue(key, authorization, setting);
      if (given === undefined) return undefined;
      return typeof given === 'string' ? [given] : given;
    },
  };
};

/** The role whose policies an actor stands on; undefined for services and whoever did not sign. */
export const roleOf = (actor: Actor): string | undefined => {
  if ('service' in actor) return undefined;
  return 'role' in actor ? actor.role : actor.principal.roleArn;
};

/** One list, so that it is the same from one question to the next. */
const NO_POLICIES: readonly Policy[] = [];

/** The policies that bear on an authorisation. */
export const groundsOf = ({ by, action, resource }: Authorization, source: PolicySource): Grounds => {
  const roleArn = roleOf(by);
  return {
    identity: roleArn === undefined ? NO_POLICIES : source.identity(roleArn),
    boundary: roleArn === undefined ? undefined : source.boundary(roleArn),
    resource: action === ASSUME ? source.trust(resource) : source.resource(ownerOf(resource)),
    // A key's policy has to allow, or to let the account's policies do so:
    // docs.aws.amazon.com/kms/latest/developerguide/key-policies.html (documented).
    resourceMustAllow: action === ASSUME ? 'trust' : action.startsWith('kms:') ? 'resource-based' : undefined,
  };
};

/** The verdict on an authorisation. */
export const judge = (authorization: Authorization, source: PolicySource, setting: Setting): Verdict =>
  decide(questionOf(authorization, setting), groundsOf(authorization, source));
