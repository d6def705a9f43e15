/**
 * Lifecycle rules of buckets: what is old enough goes, at midnight.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html and
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-set-lifecycle-configuration-intro.html (documented)
 */
import { type Cloud, type JsonObject, ServiceError } from '../../contracts.ts';
import { flag, integer, list, optional, readInput, structure, text } from '../parameters.ts';
import { type Context, wholeSeconds } from './exchange.ts';
import type { Bucket, Version } from './store.ts';

/** A rule that is in force. Days are whole ones. */
export interface LifecycleRule {
  readonly id: string;
  readonly prefix: string;
  /** After so many days a current object is deleted; a marker goes by which nothing lies any more. */
  readonly expirationDays?: number | undefined;
  /** A marker by which nothing lies goes at once. */
  readonly expiresMarkers: boolean;
  /** Counted from when a version stopped being the current one; so many of them stay whatever their age. */
  readonly noncurrent?: { readonly days: number; readonly newerKept: number } | undefined;
  readonly abortUploadsDays?: number | undefined;
}

const days = (min: number) => integer({ min });
const RULE = structure({
  Id: optional(text({ max: 255 })),
  Status: text(),
  Prefix: optional(text()),
  ExpirationInDays: optional(days(1)),
  ExpiredObjectDeleteMarker: optional(flag()),
  NoncurrentVersionExpiration: optional(
    structure({ NoncurrentDays: days(1), NewerNoncurrentVersions: optional(integer({ min: 1, max: 100 })) }),
  ),
  AbortIncompleteMultipartUpload: optional(structure({ DaysAfterInitiation: days(1) })),
});
const CONFIGURATION = structure({ Rules: list(RULE, { min: 1, max: 1000 }) });

/**
 * The rules in force of a template's LifecycleConfiguration. Transitions, filters by tag and by size, and expiry by date are
 * refused by name.
 * @param where What the refusal names.
 * @throws ServiceError
 */
export const readLifecycle = (where: string, configuration: JsonObject, newId: () => string): LifecycleRule[] => {
  const { Rules } = readInput(`${where}: LifecycleConfiguration`, CONFIGURATION, configuration);
  const rules = Rules.map((rule) => {
    const { Status, ExpirationInDays, ExpiredObjectDeleteMarker = false } = rule;
    const invalid = (message: string) =>
      new ServiceError('ValidationError', `${where}: LifecycleConfiguration: ${message}`);
    if (Status !== 'Enabled' && Status !== 'Disabled') throw invalid('a Status must be Enabled or Disabled');
    // docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-s3-bucket-rule.html (documented): both are set
    // by no rule, and a rule sets at least one of them all.
    if (ExpirationInDays !== undefined && ExpiredObjectDeleteMarker)
      throw invalid('ExpiredObjectDeleteMarker does not go with ExpirationInDays');
    const { NoncurrentVersionExpiration: noncurrent, AbortIncompleteMultipartUpload: abort } = rule;
    if (ExpirationInDays === undefined && !ExpiredObjectDeleteMarker && !noncurrent && !abort)
      throw invalid('At least one action needs to be specified in a rule');
    const read: LifecycleRule = {
      id: rule.Id ?? newId(),
      prefix: rule.Prefix ?? '',
      expirationDays: ExpirationInDays,
      expiresMarkers: ExpiredObjectDeleteMarker,
      noncurrent: noncurrent && { days: noncurrent.NoncurrentDays, newerKept: noncurrent.NewerNoncurrentVersions ?? 0 },
      abortUploadsDays: abort?.DaysAfterInitiation,
    };
    return { Status, read };
  });
  return rules.flatMap(({ Status, read }) => (Status === 'Enabled' ? [read] : []));
};

const DAY_MS = 86_400_000;

/** So many days later, rounded up to the next midnight in UTC (intro-lifecycle-rules, documented). */
const midnightAfter = (fromMs: number, daysLater: number): number =>
  Math.ceil((fromMs + daysLater * DAY_MS) / DAY_MS) * DAY_MS;

/**
 * `x-amz-expiration` of a current object (PutObject, GetObject, HeadObject, documented). *Assumed*: of several rules the one
 * that comes first in time is told.
 */
export const expirationHeader = ({ lifecycle }: Bucket, key: string, lastModified: number): Record<string, string> => {
  let soonest: { at: number; id: string } | undefined;
  for (const { id, prefix, expirationDays } of lifecycle) {
    if (expirationDays === undefined || !key.startsWith(prefix)) continue;
    const at = midnightAfter(lastModified, expirationDays);
    if (!soonest || at < soonest.at) soonest = { at, id };
  }
  if (!soonest) return {};
  const { at, id } = soonest;
  return { 'x-amz-expiration': `expiry-date="${new Date(at).toUTCString()}", rule-id="${encodeURIComponent(id)}"` };
};

/** Takes from a bucket what its rules say, whenever that is. Nothing happens in one without rules. */
export const createLifecycle = (
  { clock, id: newId }: Pick<Cloud, 'clock' | 'id'>,
  { store, blobs, notifications }: Pick<Context, 'store' | 'blobs' | 'notifications'>,
): ((bucket: Bucket) => void) => {
  /** Who deletes: S3 itself, from no address (ev-events, documented). */
  const self = () => ({ requestId: newId('uuid'), sourceIp: undefined });

  /** Applies a rule to a key. @returns When the next of it is due; Infinity for never. */
  const applyTo = (bucket: Bucket, key: string, rule: LifecycleRule, now: number): number => {
    let next = Number.POSITIVE_INFINITY;
    const isDue = (fromMs: number, daysLater: number) => {
      const at = midnightAfter(fromMs, daysLater);
      if (at > now) next = Math.min(next, at);
      return at <= now;
    };
    const remove = (versionId?: string) => {
      const deleted = store.remove(bucket, key, versionId, wholeSeconds(now), {});
      notifications.deleted(bucket, key, deleted, self(), 'Lifecycle Expiration');
    };
    const versions: readonly Version[] = [...(bucket.versions.get(key) ?? [])];
    const [current, ...older] = versions;
    if (!current) return next;
    if (rule.noncurrent) {
      const { days: age, newerKept } = rule.noncurrent;
      // A version is as old as what took its place (noncurrent versions, documented).
      for (const [at, version] of older.entries())
        if (at >= newerKept && isDue(versions[at]?.lastModified ?? now, age)) remove(version.versionId);
    }
    const isAlone = bucket.versions.get(key)?.length === 1;
    if (current.kind === 'marker') {
      if (isAlone && rule.expiresMarkers) remove(current.versionId);
      // With days S3 clears away markers that are so old (lifecycle-configuration-examples, documented).
      else if (isAlone && rule.expirationDays !== undefined && isDue(current.lastModified, rule.expirationDays))
        remove(current.versionId);
    } else if (rule.expirationDays !== undefined && isDue(current.lastModified, rule.expirationDays)) remove();
    return next;
  };

  const apply = (bucket: Bucket, rule: LifecycleRule, now: number): number => {
    let next = Number.POSITIVE_INFINITY;
    const { keys } = bucket.order;
    const found: string[] = [];
    for (let at = bucket.order.from(rule.prefix); keys[at]?.startsWith(rule.prefix); at++) found.push(keys[at] ?? '');
    for (const key of found) next = Math.min(next, applyTo(bucket, key, rule, now));
    if (rule.abortUploadsDays === undefined) return next;
    for (const upload of [...bucket.uploads.values()]) {
      if (!upload.key.startsWith(rule.prefix)) continue;
      const at = midnightAfter(upload.initiated, rule.abortUploadsDays);
      if (at > now) next = Math.min(next, at);
      else {
        bucket.uploads.delete(upload.id);
        for (const part of upload.parts.values()) blobs.release(part.content);
      }
    }
    return next;
  };

  /** What is put in from now on is due so many days later at the earliest. */
  const soonestNew = ({ expirationDays, noncurrent, abortUploadsDays, expiresMarkers }: LifecycleRule): number =>
    Math.min(expirationDays ?? 1e6, noncurrent?.days ?? 1e6, abortUploadsDays ?? 1e6, expiresMarkers ? 1 : 1e6);

  return (bucket) => {
    const look = () => {
      if (store.buckets.get(bucket.name) !== bucket) return;
      const now = clock.ms();
      const next = bucket.lifecycle.map((rule) =>
        Math.min(apply(bucket, rule, now), midnightAfter(now, soonestNew(rule))),
      );
      clock.at(Math.min(...next), look, `s3: lifecycle of ${bucket.name}`);
    };
    if (bucket.lifecycle.length === 0) return;
    const soonest = Math.min(...bucket.lifecycle.map((rule) => midnightAfter(clock.ms(), soonestNew(rule))));
    clock.at(soonest, look, `s3: lifecycle of ${bucket.name}`);
  };
};
