/**
 * How a message gets to its subscribers. What a queue or function cannot take now is tried again, 100,015 times over 23
 * days; a client-side error (the endpoint has gone) is not: SNS developer guide, sns-message-delivery-retries (documented).
 * What is not delivered goes to the subscription's dead-letter queue, or is lost: sns-dead-letter-queues (documented).
 */
import { type Actor, type Cloud, ServiceError } from '../../contracts.ts';
import { envelope, lambdaEvent, type Message } from './message.ts';
import type { Subscription } from './topics.ts';

const LONGEST_SECONDS = 20;
const MOST_RETRIES = 100_015;

/** Three retries at once, two a second apart, ten with backoff from 1 to 20 s, the rest 20 s apart: sns-message-delivery-retries (documented). */
const delayBeforeMs = (retry: number): number => {
  if (retry <= 3) return 0;
  if (retry <= 5) return 1_000;
  if (retry <= 15) return 1_000 * Math.min(LONGEST_SECONDS, 2 ** ((retry - 5) / 2));
  return 1_000 * LONGEST_SECONDS;
};

const isRetryable = (error: unknown) =>
  !(error instanceof ServiceError) || error.status === 429 || (error.status >= 500 && error.status !== 501);

/** Codes of SQS as a subscription sees them: github.com/aws/aws-cdk/issues/19796, the first; the others by its likeness. */
const SEEN: Readonly<Record<string, string>> = {
  KmsAccessDenied: 'KMS.AccessDeniedException',
  KmsDisabled: 'KMS.DisabledException',
  KmsNotFound: 'KMS.NotFoundException',
};

/** Gives a message to a subscriber, soon; never throws. */
export const createDelivery =
  (cloud: Cloud) =>
  (message: Message, subscription: Subscription): void => {
    const { endpoint, protocol, arn } = subscription;
    const what = `sns: ${subscription.topic.name} to ${endpoint}`;

    const sqsAttributes = (): Record<string, string> =>
      Object.fromEntries(Object.entries(message.attributes).map(([name, { Value }]) => [name, Value]));
    const body = () => (subscription.raw ? message.message : JSON.stringify(envelope(message, arn, cloud.url())));
    const by: Actor = { service: 'sns.amazonaws.com', sourceArn: subscription.topic.arn };
    const send = () => {
      cloud.iam.authorizeDelivery(by, endpoint);
      if (protocol === 'lambda') cloud.lambda.invokeAsync(endpoint, lambdaEvent(message, arn, cloud.url()));
      else cloud.sqs.send(endpoint, body(), subscription.raw ? { attributes: sqsAttributes(), by } : { by });
    };
    const giveUp = (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      const code = error instanceof ServiceError ? (SEEN[error.code] ?? error.code) : 'InternalError';
      const facts = { topic: subscription.topic.arn, endpoint, message: message.id, error: code, reason };
      if (subscription.deadLetters === undefined) return cloud.log('sns: lost a message', facts);
      try {
        cloud.iam.authorizeDelivery(by, subscription.deadLetters);
        cloud.sqs.send(subscription.deadLetters, body(), {
          attributes: { RequestID: message.id, ErrorCode: code, ErrorMessage: reason || code },
          by,
        });
      } catch (second) {
        cloud.log('sns: lost a message: its dead-letter queue failed', {
          ...facts,
          because: second instanceof Error ? second.message : String(second),
        });
      }
    };
    const attempt = (retries: number) => {
      try {
        send();
      } catch (error) {
        if (!isRetryable(error) || retries >= MOST_RETRIES) giveUp(error);
        else cloud.clock.after(delayBeforeMs(retries + 1), () => start(retries + 1), what);
      }
    };
    const start = (retries: number) =>
      void cloud.activity.track(
        what,
        Promise.resolve().then(() => attempt(retries)),
      );
    if (!subscription.pending) start(0);
  };
