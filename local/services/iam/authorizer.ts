/** Authorisation in a running cloud: finds the policies, judges, records, refuses. */
import type { Actor, Authorization, Cloud, IamApi, Json, Service } from '../../contracts.ts';
import { destinationKind } from '../../deliver.ts';
import { actorName, type PolicySource } from './authority.ts';
import { denial, denialText, unknownNeeds } from './denial.ts';
import type { Verdict } from './evaluation.ts';
import { judgeIn } from './judgements.ts';
import { MANAGED_POLICIES } from './managed-policies.ts';
import type { Need } from './needs/need.ts';
import { NEEDS } from './needs/table.ts';
import { type Policy, type PolicyKind, readPolicy } from './policy.ts';
import { type AuthorizationLog, documentOf, type PolicySnapshot } from './record.ts';
import type { Roles } from './roles.ts';

/** What puts something into a target of each kind. */
const DELIVERY = {
  queue: 'sqs:SendMessage',
  topic: 'sns:Publish',
  function: 'lambda:InvokeFunction',
  bus: 'events:PutEvents',
} as const;

type Checks = Pick<
  IamApi,
  'allows' | 'authorize' | 'authorizeRequest' | 'authorizeDelivery' | 'trusts' | 'checkPolicy'
>;

export interface Authorizer extends Checks {
  /** Puts the policies as they are now on the record. */
  recordPolicies(): void;
}

/** What a request needs, as a question; its context is put together when a policy looks at it, which most do not. */
class RequestAuthorization implements Authorization {
  readonly by: Actor;
  readonly action: string;
  readonly resource: string;
  readonly need: Need;
  readonly sourceIp: string;

  constructor(by: Actor, need: Need, sourceIp: string) {
    this.by = by;
    this.action = need.action;
    this.resource = need.resource;
    this.need = need;
    this.sourceIp = sourceIp;
  }

  get context(): NonNullable<Authorization['context']> {
    return { 'aws:sourceip': this.sourceIp, ...this.need.context };
  }
}

/** The policies of a role, compiled when they are first asked for after a change. */
interface CompiledRole {
  readonly revision: number;
  readonly identity: readonly Policy[];
  readonly boundary: Policy | undefined;
  readonly trust: Policy;
}

/**
 * @param services Those of the cloud, whose resources may have policies; asked for when needed.
 */
export const createAuthorizer = (
  cloud: Cloud,
  roles: Roles,
  services: () => readonly Service[],
  log: AuthorizationLog,
): Authorizer => {
  const compiledRoles = new Map<string, CompiledRole>();
  /** Of resources whose policy is a text, by ARN: the one that was read last. */
  const compiledTexts = new Map<string, { readonly text: string; readonly policy: Policy }>();
  const compiledDocuments = new WeakMap<object, Policy>();
  const unknownManaged = new Set<string>();

  const managed = (arn: string, roleName: string): Policy[] => {
    const document = roles.managed.get(arn) ?? MANAGED_POLICIES[arn];
    if (document) return [readPolicy(document, 'identity', `policy ${arn}`)];
    // Fails closed: what AWS's policy grants is not known here, so it grants nothing.
    if (!unknownManaged.has(arn)) {
      unknownManaged.add(arn);
      cloud.log(`iam: the managed policy ${arn} is not known to this cloud and grants nothing`, { role: roleName });
    }
    return [];
  };

  const compiled = (roleArn: string): CompiledRole | undefined => {
    const known = compiledRoles.get(roleArn);
    if (known && known.revision === roles.revision()) return known;
    const role = roles.byArn(roleArn);
    if (!role) return undefined;
    const { record, inline, managedArns } = role;
    const where = `role ${record.name}`;
    const boundaryArn = record.permissionsBoundary;
    // A boundary that is not known allows nothing.
    const boundary =
      boundaryArn === undefined
        ? undefined
        : (managed(boundaryArn, record.name)[0] ?? { where: `policy ${boundaryArn}`, statements: [] });
    const made: CompiledRole = {
      revision: roles.revision(),
      identity: [
        ...inline.map(({ name, document }) => readPolicy(document, 'identity', `${where} policy ${name}`)),
        ...managedArns.flatMap((arn) => managed(arn, record.name)),
      ],
      boundary,
      trust: readPolicy(record.trust, 'trust', `${where} trust policy`),
    };
    compiledRoles.set(roleArn, made);
    return made;
  };

  const owners = new Map<string, Service | undefined>();
  const ownerService = (arn: string): Service | undefined => {
    const at = arn.indexOf(':', arn.indexOf(':') + 1) + 1;
    const end = arn.indexOf(':', at);
    const scope = at > 0 && end > 0 ? arn.slice(at, end) : '';
    let owner = owners.get(scope);
    if (!owner && !owners.has(scope)) {
      owner = services().find((service) => service.scope === scope && service.policies !== undefined);
      owners.set(scope, owner);
    }
    return owner;
  };

  const compileResource = (policy: Json, arn: string): Policy => {
    if (typeof policy === 'string') {
      const known = compiledTexts.get(arn);
      if (known?.text === policy) return known.policy;
      const read = readPolicy(documentOf(policy), 'resource', `policy of ${arn}`);
      compiledTexts.set(arn, { text: policy, policy: read });
      return read;
    }
    const document = documentOf(policy);
    let known = compiledDocuments.get(document);
    if (!known) {
      known = readPolicy(document, 'resource', `policy of ${arn}`);
      compiledDocuments.set(document, known);
    }
    return known;
  };

  const source: PolicySource = {
    identity: (roleArn) => compiled(roleArn)?.identity ?? [],
    boundary: (roleArn) => compiled(roleArn)?.boundary,
    trust: (roleArn) => compiled(roleArn)?.trust,
    resource(arn) {
      const policy = arn === '*' ? undefined : ownerService(arn)?.policies?.of(arn);
      return policy === undefined ? undefined : compileResource(policy, arn);
    },
  };

  const judge = judgeIn({ account: cloud.account, region: cloud.region });

  /** By the design of this cloud whoever signs with the administrator's key may do everything. */
  const isAdministrator = ({ by }: Authorization) =>
    'principal' in by && by.principal.accessKeyId !== '' && by.principal.roleArn === undefined;

  const ask = (authorization: Authorization): Verdict => {
    if (isAdministrator(authorization)) return { allowed: true };
    const nowMs = cloud.clock.ms();
    const judgement = judge(authorization, source, nowMs);
    log.note(authorization, nowMs, judgement);
    const { verdict } = judgement;
    if (!verdict.allowed) {
      const { by, action, resource } = authorization;
      cloud.log(`access denied: ${denialText(authorization, verdict, cloud.account)}`, {
        principal: actorName(by, cloud.account),
        action,
        resource,
      });
    }
    return verdict;
  };

  const authorize = (authorization: Authorization, scope?: string): void => {
    const verdict = ask(authorization);
    if (!verdict.allowed) throw denial(authorization, verdict, cloud.account, scope);
  };

  const snapshot = (): PolicySnapshot => ({
    account: cloud.account,
    region: cloud.region,
    roles: roles.api.roles(),
    resources: services().flatMap(({ policies }) =>
      (policies?.all() ?? []).flatMap((arn) => {
        const document = policies?.of(arn);
        return document === undefined ? [] : [{ arn, document: documentOf(document) }];
      }),
    ),
  });

  return {
    allows: (authorization) => ask(authorization).allowed,
    authorize: (authorization) => authorize(authorization),
    authorizeRequest(scope, operation, input, { principal, sourceIp }) {
      const by = { principal };
      if (isAdministrator({ by, action: '', resource: '' })) return;
      const table = NEEDS[scope];
      const needs = table && Object.hasOwn(table, operation) ? table[operation] : undefined;
      if (!needs) throw unknownNeeds(by, scope, operation, cloud.account);
      for (const need of needs(input, cloud)) authorize(new RequestAuthorization(by, need, sourceIp), scope);
    },
    authorizeDelivery(by, targetArn) {
      const action = DELIVERY[destinationKind(targetArn)];
      // What is not there nobody is denied: its service says so itself (SQS: "does not exist or you do not have access").
      if (ownerService(targetArn)?.policies?.has(targetArn) === false) return;
      authorize({ by, action, resource: targetArn });
    },
    trusts(roleArn, service) {
      if (!roles.byArn(roleArn)) return false;
      return ask({ by: { service, sourceArn: '' }, action: 'sts:AssumeRole', resource: roleArn }).allowed;
    },
    checkPolicy(document: Json, kind: PolicyKind, where: string) {
      readPolicy(document, kind, where);
    },
    recordPolicies: () => log.policies(snapshot),
  };
};
