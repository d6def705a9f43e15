/** Roles, their policies, and the sessions opened on them. */
import { hash } from 'node:crypto';

import { type Cloud, type IamApi, type JsonObject, type Principal, ServiceError } from '../../contracts.ts';
import type { AuthorizationRecord } from './record.ts';

/** The administrator signs with this key, and the same word as its secret. */
export const ADMINISTRATOR_KEY = 'test';

/** A role as its template declares it, with every policy that says something about it. */
export interface RoleRecord {
  readonly arn: string;
  readonly name: string;
  /** The template's name for it; the same in every cloud, where a generated name is not. */
  readonly logicalId: string;
  readonly id: string;
  readonly path: string;
  readonly createdAt: Date;
  readonly description?: string;
  readonly maxSessionSeconds: number;
  /** The trust policy: who may assume it. */
  readonly trust: JsonObject;
  readonly permissionsBoundary?: string;
  readonly tags: readonly JsonObject[];
  /** Inline policies, of the role itself and of AWS::IAM::Policy resources. */
  readonly inline: readonly { readonly name: string; readonly document: JsonObject }[];
  /** Managed policies by ARN; the document is known for the stack's own, not for AWS's. */
  readonly managed: readonly { readonly arn: string; readonly document?: JsonObject }[];
}

/** IAM as other services and the permission checks see it. */
export interface IamStore extends IamApi {
  /** Every role, its policies attached. */
  roles(): readonly RoleRecord[];
  /** What was asked so far, one of each kind. */
  authorizations(): readonly AuthorizationRecord[];
}

/** The part of IAM that is about who somebody is, not about what they may do. */
export type Identities = Pick<
  IamStore,
  'credentialsFor' | 'principalFor' | 'principalOf' | 'secretOf' | 'tokenOf' | 'roleExists' | 'roles'
>;

/** A session of a role. */
export interface Session {
  readonly principal: Principal;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly roleId: string;
}

/** A session whose secrets are worked out when somebody signs: functions of this process do not. */
class RoleSession implements Session {
  readonly principal: Principal;
  readonly roleId: string;
  readonly #id: string;
  #secret: string | undefined;
  #token: string | undefined;

  /** @param id What tells the session from all others. */
  constructor(principal: Principal, roleId: string, id: string) {
    this.principal = principal;
    this.roleId = roleId;
    this.#id = id;
  }

  get secretAccessKey(): string {
    this.#secret ??= hash('sha256', `secret/${this.#id}`, 'base64').slice(0, 40);
    return this.#secret;
  }

  get sessionToken(): string {
    this.#token ??= hash('sha512', `token/${this.#id}`, 'base64');
    return this.#token;
  }
}

/** A role while policies are still being attached to it. */
export interface Role {
  readonly record: Omit<RoleRecord, 'inline' | 'managed'>;
  readonly inline: { name: string; document: JsonObject }[];
  readonly managedArns: string[];
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html (documented): AROA roles, ASIA temporary keys.
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const MOST_SEEDS = 10_000;
/** Clouds of one process, one after the other, mostly ask for the same. */
const digits = new Map<string, string>();

/** Letters and digits that follow from a seed. */
export const base32Of = (seed: string, length: number): string => {
  const name = `${length}/${seed}`;
  const known = digits.get(name);
  if (known !== undefined) return known;
  const bytes = hash('sha256', seed, 'buffer');
  const made = Array.from({ length }, (_, index) => BASE32[(bytes[index % bytes.length] ?? 0) % 32]).join('');
  if (digits.size >= MOST_SEEDS) digits.clear();
  digits.set(name, made);
  return made;
};

/** What IAM's and STS's operations, and the template's resources, share. */
export interface Roles {
  readonly api: Identities;
  /** What names and ids are derived from: another cloud of another seed gives others. */
  readonly seed: string;
  /** By name, which is unique whatever the path. */
  readonly roles: Map<string, Role>;
  /** Documents of the stack's own managed policies, by ARN. */
  readonly managed: Map<string, JsonObject>;
  byArn(roleArn: string): Role | undefined;
  /** Grows with every change of a role or policy. */
  revision(): number;
  /** To be called after a change of a role or policy. */
  changed(): void;
  /** The session of these credentials, undefined for the administrator's. */
  sessionOf(accessKeyId: string): Session | undefined;
  /** Opens a session, or finds it open. @throws ServiceError NoSuchEntity */
  open(roleArn: string, sessionName: string): Session;
}

export const createRoles = (cloud: Cloud): Roles => {
  const roles = new Map<string, Role>();
  const managed = new Map<string, JsonObject>();
  const sessions = new Map<string, Session>();
  /** The same, by role and name. */
  const opened = new Map<string, Map<string, Session>>();
  const administrator: Principal = { arn: `arn:aws:iam::${cloud.account}:root`, accessKeyId: ADMINISTRATOR_KEY };
  const seed = cloud.id(32);

  const nameOf = (roleArn: string) => roleArn.slice(roleArn.lastIndexOf('/') + 1);
  const byArn = (roleArn: string) => {
    const role = roles.get(nameOf(roleArn));
    return role?.record.arn === roleArn ? role : undefined;
  };
  const open = (roleArn: string, sessionName: string): Session => {
    const role = byArn(roleArn);
    if (!role) throw new ServiceError('NoSuchEntity', `The role with ARN ${roleArn} cannot be found.`, 404);
    let ofRole = opened.get(roleArn);
    if (!ofRole) {
      ofRole = new Map();
      opened.set(roleArn, ofRole);
    }
    const known = ofRole.get(sessionName);
    if (known) return known;
    const id = `${seed}/${roleArn}/${sessionName}`;
    const accessKeyId = `ASIA${base32Of(id, 16)}`;
    const arn = `arn:aws:sts::${cloud.account}:assumed-role/${role.record.name}/${sessionName}`;
    const session = new RoleSession({ arn, accessKeyId, roleArn }, role.record.id, id);
    sessions.set(accessKeyId, session);
    ofRole.set(sessionName, session);
    return session;
  };

  const api: Identities = {
    credentialsFor(roleArn, sessionName) {
      const { principal, secretAccessKey, sessionToken } = open(roleArn, sessionName);
      return { accessKeyId: principal.accessKeyId, secretAccessKey, sessionToken };
    },
    principalFor: (roleArn, sessionName) => open(roleArn, sessionName).principal,
    principalOf: (accessKeyId) =>
      accessKeyId === ADMINISTRATOR_KEY ? administrator : sessions.get(accessKeyId)?.principal,
    secretOf: (accessKeyId) =>
      accessKeyId === ADMINISTRATOR_KEY ? ADMINISTRATOR_KEY : sessions.get(accessKeyId)?.secretAccessKey,
    tokenOf: (accessKeyId) => sessions.get(accessKeyId)?.sessionToken,
    roleExists: (roleArn) => byArn(roleArn) !== undefined,
    roles: () =>
      [...roles.values()].map(({ record, inline, managedArns }) => ({
        ...record,
        inline: structuredClone(inline),
        managed: managedArns.map((arn) => {
          const document = managed.get(arn);
          return document ? { arn, document: structuredClone(document) } : { arn };
        }),
      })),
  };

  let revision = 0;
  return {
    api,
    seed,
    roles,
    managed,
    byArn,
    open,
    revision: () => revision,
    changed() {
      revision++;
    },
    sessionOf: (accessKeyId) => sessions.get(accessKeyId),
  };
};
