/**
 * The record of authorisations: what was asked on whose authority, and the answer. Kept bounded: of those that the same
 * statements decide in the same way, the first is kept.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Actor, Authorization, Json, JsonObject } from '../../contracts.ts';
import type { Judgement } from './judgements.ts';
import type { RoleRecord } from './roles.ts';

/** An authorisation and its answer. */
export interface AuthorizationRecord extends Authorization {
  readonly allowed: boolean;
  /** Epoch milliseconds, by the cloud's clock. */
  readonly atMs: number;
}

/** The policies that answered. */
export interface PolicySnapshot {
  readonly account: string;
  readonly region: string;
  readonly roles: readonly RoleRecord[];
  readonly resources: readonly { readonly arn: string; readonly document: Json }[];
}

/** A line of the file. */
export type RecordLine =
  | { readonly kind: 'policies'; readonly policies: PolicySnapshot }
  | { readonly kind: 'authorization'; readonly authorization: AuthorizationRecord };

export interface AuthorizationLog {
  /**
   * @param judgement How it was judged: of authorisations with one footprint the first is kept.
   */
  note(authorization: Authorization, atMs: number, judgement: Judgement): void;
  policies(snapshot: () => PolicySnapshot): void;
  all(): readonly AuthorizationRecord[];
}

/** Refusals have no statement to tell them apart; there are few where things work. */
const MOST_REFUSALS = 1_000;

/** A set that holds them weakly costs the garbage collector more than all these questions. */
const MOST_NOTED = 10_000;

const actorKey = (actor: Actor): string => {
  if ('principal' in actor) return actor.principal.roleArn ?? 'anonymous';
  if ('role' in actor) return actor.role;
  return `${actor.service} ${actor.sourceArn}`;
};

/** Without the access key, which is nobody's business. */
const withoutKey = (actor: Actor): Actor =>
  'principal' in actor ? { principal: { ...actor.principal, accessKeyId: '' } } : actor;

/** What judgements are recorded by: a judgement is of one actor and one action, in this cloud and the next. */
const recordKeys = new WeakMap<Judgement, string>();

const recordKeyOf = ({ by, action, resource, context }: Authorization, judgement: Judgement): string => {
  let key = recordKeys.get(judgement);
  if (key === undefined) {
    const { verdict, footprint } = judgement;
    const actor = actorKey(by);
    key = verdict.allowed
      ? `${actor} ${action} ${footprint}`
      : `denied ${actor} ${action} ${resource} ${JSON.stringify(context)}`;
    recordKeys.set(judgement, key);
  }
  return key;
};

interface Noticed {
  readonly authorization: Authorization;
  readonly allowed: boolean;
  readonly atMs: number;
}

const recordOf = ({ authorization, allowed, atMs }: Noticed): AuthorizationRecord => {
  const { by, action, resource, context } = authorization;
  return { by: withoutKey(by), action, resource, ...(context && { context }), allowed, atMs };
};

let opened = 0;

/** @param folder Lines are appended to a file of this log's own in it. Without one the record is in memory only. */
export const createAuthorizationLog = (folder: string | undefined): AuthorizationLog => {
  const known = new Set<string>();
  /** A judgement that is remembered is of one question: whoever asks it again adds nothing. */
  const noted = new Set<Judgement>();
  const seen = (judgement: Judgement) => {
    if (noted.size >= MOST_NOTED) noted.clear();
    noted.add(judgement);
  };
  /** Put into the form of a record when they are read. */
  const kept: Noticed[] = [];
  let refusals = 0;
  const file = folder === undefined ? undefined : join(folder, `${process.pid}-${++opened}.jsonl`);
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  // At once: whoever reads the record must find what a process that was killed has asked. Lines are few.
  const write = (line: RecordLine) => {
    if (file !== undefined) appendFileSync(file, `${JSON.stringify(line)}\n`);
  };
  return {
    note(authorization, atMs, judgement) {
      if (noted.has(judgement)) return;
      const { allowed } = judgement.verdict;
      const key = recordKeyOf(authorization, judgement);
      if (known.has(key) || (!allowed && ++refusals > MOST_REFUSALS)) {
        seen(judgement);
        return;
      }
      known.add(key);
      seen(judgement);
      const noticed = { authorization, allowed, atMs };
      kept.push(noticed);
      if (file !== undefined) write({ kind: 'authorization', authorization: recordOf(noticed) });
    },
    policies(snapshot) {
      if (file !== undefined) write({ kind: 'policies', policies: snapshot() });
    },
    all: () => kept.map(recordOf),
  };
};

/** @returns A document that may come as JSON text. */
export const documentOf = (policy: Json): JsonObject => {
  const document: Json = typeof policy === 'string' ? JSON.parse(policy) : policy;
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new TypeError('a policy document is a JSON object');
  return document;
};
