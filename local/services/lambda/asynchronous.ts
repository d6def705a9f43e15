import { type Actor, type Cloud, type Json, type JsonObject, ServiceError } from '../../contracts.ts';
import type { FunctionDefinition } from './function-definition.ts';
import type { InvocationResult, Invoker } from './invoker.ts';

/** How a function's asynchronous invocations are tried and where they end. */
export interface EventInvokeConfig {
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeSeconds: number;
  /** ARN of a queue, topic, function or bus. */
  readonly onSuccess?: string;
  readonly onFailure?: string;
}

// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html (documented)
export const DEFAULT_EVENT_INVOKE_CONFIG: EventInvokeConfig = {
  maximumRetryAttempts: 2,
  maximumEventAgeSeconds: 21_600,
};

// One minute before the first retry, two before the second (same page, documented).
const RETRY_DELAY_MS = [60_000, 120_000];
// An event that was throttled waits from 1 second, growing, to 5 minutes (same page, documented); that it doubles is
// assumed.
const THROTTLE_DELAY_MS = { first: 1_000, longest: 300_000 };

type Condition = 'Success' | 'RetriesExhausted' | 'EventAgeExceeded';

interface QueuedEvent {
  readonly requestId: string;
  readonly definition: FunctionDefinition;
  readonly config: EventInvokeConfig;
  /** JSON text. */
  readonly payload: string;
  readonly acceptedAtMs: number;
  readonly invocations: number;
  readonly throttles: number;
}

export interface AsynchronousInvocations {
  /** Accepts an event. @returns its request id. */
  accept(definition: FunctionDefinition, config: EventInvokeConfig, payload: string, requestId?: string): string;
}

/** Lambda's queue of asynchronous invocations: retries on the cloud's clock, then destination and dead-letter queue. */
export const createAsynchronousInvocations = (cloud: Cloud, invoker: Invoker): AsynchronousInvocations => {
  /** The record a destination gets: recorded, for queues and buses. */
  const recordOf = (event: QueuedEvent, condition: Condition, result: InvocationResult | undefined): JsonObject => ({
    version: '1.0',
    timestamp: cloud.clock.now().toISOString(),
    requestContext: {
      requestId: event.requestId,
      functionArn: `${event.definition.arn}:$LATEST`,
      condition,
      approximateInvokeCount: event.invocations,
    },
    requestPayload: parse(event.payload),
    // An event that was never run because it was throttled has no response: assumed.
    ...(result
      ? {
          responseContext: {
            statusCode: 200,
            executedVersion: '$LATEST',
            ...(result.functionError ? { functionError: result.functionError } : {}),
          },
          responsePayload: parse(result.payload),
        }
      : {}),
  });

  const deliver = (event: QueuedEvent, what: string, send: () => void) => {
    try {
      send();
    } catch (cause) {
      // Lambda counts this as DestinationDeliveryFailures or DeadLetterErrors and lets the event go (documented).
      cloud.log(`lambda ${event.definition.name}: ${what} failed: ${cause instanceof Error ? cause.message : cause}`);
    }
  };

  /** What becomes of an event is sent under the function's role (same page as the retries, "Destinations", documented). */
  const roleOf = ({ definition }: QueuedEvent): Actor => ({ role: definition.role, session: definition.name });

  const toDestination = (arn: string, event: QueuedEvent, condition: Condition, result?: InvocationResult) =>
    deliver(event, `delivery to the destination ${arn}`, () => {
      cloud.iam.authorizeDelivery(roleOf(event), arn);
      const record = recordOf(event, condition, result);
      const [, , service] = arn.split(':');
      if (service === 'events') {
        const outcome = condition === 'Success' ? 'Success' : 'Failure';
        cloud.deliver(arn, {
          source: 'lambda',
          'detail-type': `Lambda Function Invocation Result - ${outcome}`,
          resources: [arn, `${event.definition.arn}:$LATEST`],
          detail: record,
        });
      } else cloud.deliver(arn, record);
    });

  const toDeadLetters = (event: QueuedEvent, result: InvocationResult | undefined) => {
    const { deadLetterArn } = event.definition;
    if (deadLetterArn === undefined) return;
    deliver(event, `delivery to the dead-letter target ${deadLetterArn}`, () => {
      cloud.iam.authorizeDelivery(roleOf(event), deadLetterArn);
      if (!deadLetterArn.startsWith('arn:aws:sqs:')) {
        cloud.sns.publish(deadLetterArn, event.payload);
        return;
      }
      const failure = parse(result?.payload ?? 'null');
      const message =
        typeof failure === 'object' && failure !== null && !Array.isArray(failure) ? failure.errorMessage : undefined;
      // Attributes and the event itself as the body: recorded.
      cloud.sqs.send(deadLetterArn, event.payload, {
        attributes: {
          RequestID: event.requestId,
          ErrorCode: result ? '200' : '429',
          ErrorMessage: typeof message === 'string' ? message.slice(0, 1024) : 'Rate Exceeded.',
        },
      });
    });
  };

  const giveUp = (event: QueuedEvent, condition: Condition, result?: InvocationResult) => {
    const { onFailure } = event.config;
    if (onFailure !== undefined) toDestination(onFailure, event, condition, result);
    toDeadLetters(event, result);
    if (onFailure === undefined && event.definition.deadLetterArn === undefined) {
      cloud.log(`lambda ${event.definition.name}: an event is lost (${condition})`, { requestId: event.requestId });
    }
  };

  const again = (event: QueuedEvent, delayMs: number, result?: InvocationResult) => {
    const age = cloud.clock.ms() - event.acceptedAtMs + delayMs;
    // Recorded: with a maximum age that ends before the next retry the condition is EventAgeExceeded; that the record
    // is sent at once, not when the age is reached, is assumed.
    if (age >= event.config.maximumEventAgeSeconds * 1000) giveUp(event, 'EventAgeExceeded', result);
    else cloud.clock.after(delayMs, () => attempt(event), `retry of ${event.definition.name}`);
  };

  const run = async (event: QueuedEvent): Promise<void> => {
    let result: InvocationResult;
    try {
      result = await invoker.invoke(event.definition, event.payload, { requestId: event.requestId });
    } catch (cause) {
      if (!(cause instanceof ServiceError) || cause.code !== 'TooManyRequestsException') throw cause;
      const delay = Math.min(THROTTLE_DELAY_MS.first * 2 ** event.throttles, THROTTLE_DELAY_MS.longest);
      again({ ...event, throttles: event.throttles + 1 }, delay);
      return;
    }
    const tried = { ...event, invocations: event.invocations + 1, throttles: 0 };
    if (!result.functionError) {
      if (tried.config.onSuccess !== undefined) toDestination(tried.config.onSuccess, tried, 'Success', result);
      return;
    }
    const delay = RETRY_DELAY_MS[tried.invocations - 1];
    if (tried.invocations > tried.config.maximumRetryAttempts || delay === undefined) {
      giveUp(tried, 'RetriesExhausted', result);
    } else again(tried, delay, result);
  };

  const attempt = (event: QueuedEvent): void => {
    const { name } = event.definition;
    cloud.activity.track(`asynchronous invocation of ${name}`, run(event)).catch((cause: unknown) => {
      cloud.log(`lambda ${name}: ${cause instanceof Error ? (cause.stack ?? cause.message) : cause}`);
    });
  };

  return {
    accept(definition, config, payload, requestId = cloud.id('uuid')) {
      attempt({
        requestId,
        definition,
        config,
        payload,
        acceptedAtMs: cloud.clock.ms(),
        invocations: 0,
        throttles: 0,
      });
      return requestId;
    },
  };
};

const parse = (text: string): Json => JSON.parse(text);
