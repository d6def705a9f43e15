/**
 * How an event gets to a target. An event is tried again for 24 hours and up to 185 times, with exponential backoff:
 * EventBridge user guide, eb-rule-retry-policy (documented). What cannot be tried again, or is exhausted, goes to the
 * target's dead-letter queue with attributes that say why, or is dropped: eb-rule-dlq (documented).
 */
import { type Actor, type BusEvent, type Cloud, ServiceError } from '../../contracts.ts';
import { type DestinationKind, destinationKind } from '../../deliver.ts';
import { countForRule } from './metrics.ts';
import type { Dispatch, Rule, Target } from './store.ts';

const DEFAULT_ATTEMPTS = 185;
const DEFAULT_AGE_SECONDS = 86_400;

// *Assumed*: AWS says no more than "exponential back off and jitter"; here retries begin after one second and double. With this ceiling, 185 retries take not quite
// 24 hours. No jitter, so that a run can be repeated.
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 480_000;
const delayBefore = (retry: number) => Math.min(FIRST_DELAY_MS * 2 ** Math.min(retry - 1, 30), LONGEST_DELAY_MS);

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** The error codes are those of the EventBridge user guide, eb-rule-dlq (documented); which fault gets which is *assumed*. */
const failureOf = (error: unknown): Failure => {
  if (!(error instanceof ServiceError)) {
    const message = error instanceof Error ? error.message : String(error);
    return { code: 'INTERNAL_ERROR', message, retryable: true };
  }
  const { code, message, status } = error;
  if (code === 'INVALID_JSON') return { code, message, retryable: false };
  if (/NotFound|NonExistentQueue|QueueDoesNotExist/.test(code))
    return { code: 'NO_RESOURCE', message, retryable: false };
  if (/AccessDenied|NotAuthorized|Authorization/.test(code))
    return { code: 'NO_PERMISSIONS', message, retryable: false };
  if (status === 429 || /Throttl|TooManyRequests/.test(code)) return { code: 'THROTTLING', message, retryable: true };
  // 5xx and 429 are tried again, other 4xx are not: re:Post, eventbridge-resolve-failedinvocation-errors (documented).
  if (status >= 500 && status !== 501) return { code: 'ERROR_FROM_TARGET', message, retryable: true };
  return { code: 'SDK_CLIENT_ERROR', message, retryable: false };
};

/** Puts an event on a bus of this account; `visited` are the buses it has been on. */
export type Forward = (busArn: string, event: BusEvent, visited: readonly string[]) => void;

/** @throws ServiceError for what a function cannot be invoked with. */
const checkPayload = (body: string, targetId: string): string => {
  try {
    JSON.parse(body);
    return body;
  } catch {
    throw new ServiceError('INVALID_JSON', `The input of target ${targetId} is no JSON.`);
  }
};

/** The rule is the source of what its targets get: EventBridge user guide, eb-use-resource-based (documented). */
const onBehalfOf = (rule: Rule): Actor => ({ service: 'events.amazonaws.com', sourceArn: rule.arn });

export const createDispatch = (cloud: Cloud, forward: Forward): Dispatch => {
  /** In whose name an event is delivered: the rule's role, or EventBridge itself. */
  const actorFor = (rule: Rule, { settings: { RoleArn: role } }: Target): Actor =>
    role === undefined ? onBehalfOf(rule) : { role, session: 'events' };

  type Send = (target: Target, body: string, event: BusEvent, visited: readonly string[], by: Actor) => void;
  const senders: Readonly<Record<DestinationKind, Send>> = {
    queue({ settings }, body, _event, _visited, by) {
      const groupId = settings.SqsParameters?.MessageGroupId;
      cloud.sqs.send(settings.Arn, body, groupId === undefined ? { by } : { groupId, by });
    },
    topic: ({ settings }, body, _event, _visited, by) => cloud.sns.publish(settings.Arn, body, { by }),
    function: ({ settings }, body) => cloud.lambda.invokeAsyncText(settings.Arn, checkPayload(body, settings.Id)),
    bus: ({ settings }, _, event, visited) => forward(settings.Arn, event, visited),
  };

  const authorizeTarget = (rule: Rule, target: Target, kind: DestinationKind) => {
    const { Arn: arn, RoleArn: role } = target.settings;
    if (role === undefined) {
      // *Assumed*: from bus to bus within an account neither a role nor a policy is asked for.
      if (kind !== 'bus') cloud.iam.authorizeDelivery(actorFor(rule, target), arn);
      return;
    }
    if (!cloud.iam.trusts(role, 'events.amazonaws.com'))
      throw new ServiceError('AccessDeniedException', `EventBridge may not assume ${role}`);
    cloud.iam.authorizeDelivery(actorFor(rule, target), arn);
  };

  const giveUp = (
    event: BusEvent,
    rule: Rule,
    { settings }: Target,
    failure: Failure,
    retries: number,
    exhausted?: string,
  ) => {
    const facts = {
      rule: rule.arn,
      target: settings.Arn,
      event: event.id,
      error: failure.code,
      reason: failure.message,
    };
    const deadLetters = settings.DeadLetterConfig?.Arn;
    countForRule(cloud, rule, 'FailedInvocations');
    if (deadLetters === undefined) return cloud.log('events: dropped an event', facts);
    try {
      cloud.iam.authorizeDelivery(onBehalfOf(rule), deadLetters);
      // A dead letter is the event as it was, with these attributes: eb-rule-dlq (documented). *Assumed*: all of them are
      // of type String.
      cloud.sqs.send(deadLetters, JSON.stringify(event), {
        attributes: {
          RULE_ARN: rule.arn,
          TARGET_ARN: settings.Arn,
          ERROR_CODE: failure.code,
          ERROR_MESSAGE: failure.message || failure.code,
          RETRY_ATTEMPTS: String(retries),
          ...(exhausted === undefined ? {} : { EXHAUSTED_RETRY_CONDITION: exhausted }),
        },
        by: onBehalfOf(rule),
      });
      countForRule(cloud, rule, 'InvocationsSentToDlq');
    } catch (error) {
      countForRule(cloud, rule, 'InvocationsFailedToBeSentToDlq');
      cloud.log('events: dropped an event: its dead-letter queue failed', {
        ...facts,
        deadLetters,
        because: error instanceof Error ? error.message : String(error),
      });
    }
  };

  return (event, rule, target, visited) => {
    const { settings } = target;
    const kind = destinationKind(settings.Arn);
    const ingestedAt = cloud.clock.ms();
    const attempts = settings.RetryPolicy?.MaximumRetryAttempts ?? DEFAULT_ATTEMPTS;
    const ageMs = (settings.RetryPolicy?.MaximumEventAgeInSeconds ?? DEFAULT_AGE_SECONDS) * 1000;
    const facts = { ruleArn: rule.arn, ruleName: rule.settings.name, ingestedAt: new Date(ingestedAt) };
    const what = `events: ${rule.settings.name} to ${settings.Arn}`;

    const attempt = (retries: number) => {
      if (retries > 0) countForRule(cloud, rule, 'RetryInvocationAttempts');
      try {
        authorizeTarget(rule, target, kind);
        senders[kind](target, target.input(event, facts), event, visited, actorFor(rule, target));
        countForRule(cloud, rule, 'Invocations');
      } catch (error) {
        const failure = failureOf(error);
        const delay = delayBefore(retries + 1);
        if (!failure.retryable) giveUp(event, rule, target, failure, retries);
        else if (retries >= attempts) giveUp(event, rule, target, failure, retries, 'MaximumRetryAttempts');
        else if (cloud.clock.ms() + delay - ingestedAt > ageMs)
          giveUp(event, rule, target, failure, retries, 'MaximumEventAgeInSeconds');
        else cloud.clock.after(delay, () => start(retries + 1), what);
      }
    };
    const start = (retries: number) =>
      void cloud.activity.track(
        what,
        Promise.resolve().then(() => attempt(retries)),
      );
    const copies = cloud.faults.copies({ bus: rule.bus.name, rule: rule.settings.name, target: settings.Arn, event });
    if (copies.length === 0)
      cloud.log('events: a fault lost an event', { rule: rule.arn, target: settings.Arn, event: event.id });
    for (const delay of copies) {
      if (delay <= 0) start(0);
      else cloud.clock.after(delay, () => start(0), what);
    }
  };
};
