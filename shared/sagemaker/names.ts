/**
 * Names are keys: pure functions of what they name, so that a repeated call finds what the first one made. SageMaker's
 * jobs, models, configurations and endpoints have no other idempotency key.
 */
import { createHash } from 'node:crypto';

import { InvalidEventError } from '../errors.ts';

/** What a name plays in a run; at most 9 characters, attempt and fold included. */
export type Role = RoleOfFold | 'cfg' | `f${number}${RoleOfFold}`;

type RoleOfFold = 'cand' | 'champ' | 'anch' | `try${number}`;

const hex = (text: string, digits: number) => createHash('sha256').update(text).digest('hex').slice(0, digits);

/** SageMaker's limit for jobs, models, configurations and endpoints. Source: CreateTrainingJob, API reference. */
const MAX_LENGTH = 63;

/**
 * `<yyyymmdd>-<10 hex>`, unique for the stage and model: the UTC day of the trigger, and a digest of what was decided.
 */
export const runIdOf = (stage: string, model: string, triggeredAt: Date, about: string): string =>
  `${triggeredAt.toISOString().slice(0, 10).replaceAll('-', '')}-${hex(`${stage}\n${model}\n${about}`, 10)}`;

/** `mr-<stage>-<model>-<yyyymmdd>-<10 hex>[-<role>]`. */
export const runName = (stage: string, model: string, run: string, role: Role): string => {
  const name = `mr-${stage}-${model}-${run}-${role}`;
  if (name.length > MAX_LENGTH) throw new InvalidEventError(`${name} is longer than ${MAX_LENGTH} characters`);
  return name;
};

/** Takes a name of {@link runName} apart; undefined if it is none of this stage's. */
export const parseRunName = (stage: string, name: string): { model: string; run: string; role: string } | undefined => {
  const prefix = `mr-${stage}-`;
  if (!name.startsWith(prefix)) return undefined;
  const match = /^([a-z][a-z0-9]*(?:-[a-z0-9]+)*?)-(\d{8}-[0-9a-f]{10})-([a-z0-9]{1,9})$/.exec(
    name.slice(prefix.length),
  );
  return match?.[1] && match[2] && match[3] ? { model: match[1], run: match[2], role: match[3] } : undefined;
};

/** The role of an attempt to train: of the model that may serve, or of a fold's. */
export const attemptRole = (attempt: number, fold?: number): Role =>
  fold === undefined ? `try${attempt}` : `f${fold}try${attempt}`;

/** Takes a role of {@link attemptRole} apart; undefined if it is another. */
export const parseAttemptRole = (role: string): { attempt: number; fold: number | undefined } | undefined => {
  const [, fold, attempt] = /^(?:f(\d+))?try(\d+)$/.exec(role) ?? [];
  return attempt === undefined
    ? undefined
    : { attempt: Number(attempt), fold: fold === undefined ? undefined : Number(fold) };
};

/** The endpoint of a model's input: a changed input digest, or another kind, gets another endpoint. */
export const endpointName = (
  stage: string,
  model: string,
  inputDigest: string,
  kind: 'instance' | 'serverless',
): string => `mr-${stage}-${model}-${hex(`${inputDigest}\n${kind}`, 6)}`;

/** The model an endpoint of {@link endpointName} belongs to; undefined if the name is none of this stage's. */
export const modelOfEndpoint = (stage: string, name: string): string | undefined => {
  const prefix = `mr-${stage}-`;
  if (!name.startsWith(prefix)) return undefined;
  return /^([a-z][a-z0-9]*(?:-[a-z0-9]+)*)-[0-9a-f]{6}$/.exec(name.slice(prefix.length))?.[1];
};

/** The model package group. */
export const packageGroup = (stage: string, model: string): string => `mr-${stage}-${model}`;
