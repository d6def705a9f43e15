import { type Actor, type Cloud, type Json, type JsonObject, ServiceError } from '../../contracts.ts';
import type { FunctionDefinition } from './function-definition.ts';
import type { InvocationResult, InvokeOptions, Invoker } from './invoker.ts';
import { countLostRecord } from './metrics.ts';

/** How a function's asynchronous invocations are tried and where they end. */
export interface EventInvokeConfig {
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeSeconds: number;
  /** ARN of a queue, topic, function or bus. */
  readonly onSuccess?: string;
  readonly onFailure?: string;
}

// An asynchronous invocation is tried two more times, and for six hours at most:
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html (documented)
export const DEFAULT_EVENT_INVOKE_CONFIG: EventInvokeConfig = {
  maximumRetryAttempts: 2,
  maximumEventAgeSeconds: 21_600,
};

// Lambda waits one minute before the first retry and two before the second: invocation-async-error-handling (documented).
const RETRY_DELAY_MS = [60_000, 120_000];
// An event that was throttled waits from 1 second, growing, to 5 minutes: invocation-async-error-handling (documented).
// *Assumed*: the wait doubles.
const THROTTLE_DELAY_MS = { first: 1_000, longest: 300_000 };

type Condition = 'Success' | 'RetriesExhausted' | 'EventAgeExceeded' | 'ZeroReservedConcurrency';

interface QueuedEvent {
  readonly requestId: string;
  readonly definition: FunctionDefinition;
  readonly config: EventInvokeConfig;
  /** JSON text. */
  readonly payload: string;
  readonly acceptedAtMs: number;
  readonly invocations: number;
  readonly throttles: number;
  readonly isChecked: boolean;
}

export interface AsynchronousInvocations {
  /** Accepts an event. */
  accept(
    definition: FunctionDefinition,
    config: EventInvokeConfig,
    payload: string,
    options?: Pick<InvokeOptions, 'requestId' | 'isChecked'>,
  ): void;
}

/** Lambda's queue of asynchronous invocations: retries on the cloud's clock, then destination and dead-letter queue. */
export const createAsynchronousInvocations = (cloud: Cloud, invoker: Invoker): AsynchronousInvocations => {
  /** The members of the record a destination gets are those of queues and buses (recorded). */
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
    // *Assumed*: an event that was never run because it was throttled has no response.
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

  const deliver = (event: QueuedEvent, to: 'destination' | 'dead-letter', arn: string, send: () => void) => {
    try {
      send();
    } catch (cause) {
      // Lambda counts this as DestinationDeliveryFailures or DeadLetterErrors and lets the event go (documented).
      countLostRecord(cloud, event.definition, to);
      const what = `delivery to the ${to} target ${arn}`;
      cloud.log(`lambda ${event.definition.name}: ${what} failed: ${cause instanceof Error ? cause.message : cause}`);
    }
  };

  /** What becomes of an event is sent under the function's role (invocation-async-retain-records, documented). */
  const roleOf = ({ definition }: QueuedEvent): Actor => ({ role: definition.role, session: definition.name });

  const toDestination = (arn: string, event: QueuedEvent, condition: Condition, result?: InvocationResult) =>
    deliver(event, 'destination', arn, () => {
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
      } else cloud.deliver(arn, record, roleOf(event));
    });

  const toDeadLetters = (event: QueuedEvent, result: InvocationResult | undefined) => {
    const { deadLetterArn } = event.definition;
    if (deadLetterArn === undefined) return;
    deliver(event, 'dead-letter', deadLetterArn, () => {
      cloud.iam.authorizeDelivery(roleOf(event), deadLetterArn);
      const failure = parse(result?.payload ?? 'null');
      const message =
        typeof failure === 'object' && failure !== null && !Array.isArray(failure) ? failure.errorMessage : undefined;
      // A dead letter is the event itself, with the attributes RequestID, ErrorCode (a number) and ErrorMessage: a
      // function's dead-letter queue (recorded). A topic gets the same attributes, and a message's first KB is kept:
      // docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html (documented).
      const attributes = {
        RequestID: event.requestId,
        ErrorCode: result ? 200 : 429,
        ErrorMessage:
          typeof message === 'string' && message !== ''
            ? message.slice(0, 1024)
            : (result?.functionError ?? 'Rate Exceeded.'),
      };
      const by = roleOf(event);
      if (deadLetterArn.startsWith('arn:aws:sqs:')) cloud.sqs.send(deadLetterArn, event.payload, { attributes, by });
      else cloud.sns.publish(deadLetterArn, event.payload, { attributes, by });
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
    // When the maximum age ends before the next retry, the condition is EventAgeExceeded: destinations (recorded).
    // *Assumed*: the record is sent at once, not when the age is reached.
    if (age >= event.config.maximumEventAgeSeconds * 1000) giveUp(event, 'EventAgeExceeded', result);
    else cloud.clock.after(delayMs, () => attempt(event), `retry of ${event.definition.name}`);
  };

  const run = async (event: QueuedEvent): Promise<void> => {
    let result: InvocationResult;
    try {
      const { definition, payload, requestId, isChecked } = event;
      result = await invoker.invoke(definition, payload, { requestId, isChecked });
    } catch (cause) {
      if (!(cause instanceof ServiceError) || cause.code !== 'TooManyRequestsException') throw cause;
      // A function without any concurrency is not waited for, its events go to their destination at once:
      // docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html (documented); the condition's name is *assumed*.
      if (event.definition.reservedConcurrency === 0) {
        giveUp(event, 'ZeroReservedConcurrency');
        return;
      }
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
    accept(definition, config, payload, { requestId = cloud.id('uuid'), isChecked = false } = {}) {
      attempt({
        requestId,
        definition,
        config,
        payload,
        acceptedAtMs: cloud.clock.ms(),
        invocations: 0,
        throttles: 0,
        isChecked,
      });
    },
  };
};

const parse = (text: string): Json => JSON.parse(text);
