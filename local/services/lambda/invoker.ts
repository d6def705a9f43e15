import { type Cloud, ServiceError } from '../../contracts.ts';
import type { EnvironmentPool } from './environment-pool.ts';
import type { Outcome } from './execution-environment.ts';
import type { FunctionDefinition } from './function-definition.ts';
import { countInvocation, countThrottle } from './metrics.ts';
import { invokeInTime } from './time-out.ts';
import { sendTraces } from './traces.ts';

export interface InvocationResult {
  readonly requestId: string;
  /** JSON text: the function's answer, or its error object. */
  readonly payload: string;
  /** Lambda's Node.js runtimes report every failure as unhandled. */
  readonly functionError?: 'Unhandled';
  /** The last 4 KB of the invocation's log. */
  readonly logTail: string;
}

export interface InvokeOptions {
  /** One id for an event and its retries. A fresh one by default. */
  readonly requestId?: string;
  /** JSON text. */
  readonly clientContext?: string;
  /** The payload is known to be JSON. */
  readonly isChecked?: boolean;
}

export interface Invoker {
  /**
   * Runs a function once and waits for the end.
   * @throws ServiceError TooManyRequestsException when the function's reserved concurrency is used up;
   * InvalidRequestContentException when the payload is not JSON.
   */
  invoke(definition: FunctionDefinition, payload: string, options?: InvokeOptions): Promise<InvocationResult>;
}

const LOG_TAIL_BYTES = 4096;
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (documented): 6 MB; the byte beyond which
// Lambda answers so is from its error message.
const MAX_RESPONSE_BYTES = 6_291_556;

/** A result that makes the tail of its log when it is asked for: few ask. */
class LoggedResult implements InvocationResult {
  readonly requestId: string;
  readonly payload: string;
  declare readonly functionError?: 'Unhandled';
  readonly #lines: readonly string[];

  constructor(requestId: string, lines: readonly string[], payload: string, failed: boolean) {
    this.requestId = requestId;
    this.#lines = lines;
    this.payload = payload;
    if (failed) this.functionError = 'Unhandled';
  }

  get logTail(): string {
    return Buffer.from(this.#lines.map((line) => `${line}\n`).join(''))
      .subarray(-LOG_TAIL_BYTES)
      .toString();
  }
}

const milliseconds = (value: number) => value.toFixed(2);

export const createInvoker = (cloud: Cloud, pool: EnvironmentPool): Invoker => {
  const run = async (
    definition: FunctionDefinition,
    payload: string,
    { requestId = cloud.id('uuid'), clientContext }: InvokeOptions,
  ): Promise<InvocationResult> =>
    pool.use(definition, async (environment) => {
      const lines: string[] = [];
      const write = (line: string) => {
        lines.push(line);
        environment.log([line]);
      };
      const json = definition.logFormat === 'JSON';
      const platform = (text: string, type: string, record: object) => {
        const time = cloud.clock.now().toISOString();
        write(json ? JSON.stringify({ time, type, record: { requestId, ...record } }) : text);
      };

      const cold = environment.initDurationMs() === undefined;
      platform(`START RequestId: ${requestId} Version: $LATEST`, 'platform.start', { version: '$LATEST' });
      const outcome: Outcome = await invokeInTime(
        cloud,
        definition,
        environment,
        { requestId, payload, ...(clientContext === undefined ? {} : { clientContext }) },
        write,
      );
      if (outcome.kind === 'error' && outcome.logged) outcome.logged.split('\n').forEach(write);

      const failed = outcome.kind === 'error' ? (outcome.status ?? 'error') : 'success';
      const initMs = cold ? environment.initDurationMs() : undefined;
      // Initialisation is billed since August 2025 (aws.amazon.com/blogs/compute, documented).
      const billedMs = Math.ceil(outcome.durationMs + (initMs ?? 0));
      if (!json) write(`END RequestId: ${requestId}`);
      // The report: docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html (documented); its status is told for
      // time-outs and failures of the runtime only.
      platform(
        [
          `REPORT RequestId: ${requestId}`,
          `Duration: ${milliseconds(outcome.durationMs)} ms`,
          `Billed Duration: ${billedMs} ms`,
          `Memory Size: ${definition.memorySizeMb} MB`,
          `Max Memory Used: ${outcome.maxMemoryMb} MB`,
          ...(initMs === undefined ? [] : [`Init Duration: ${milliseconds(initMs)} ms`]),
          ...(outcome.kind === 'error' && outcome.status ? [`Status: ${outcome.status}`] : []),
        ].join('\t'),
        'platform.report',
        {
          status: failed,
          metrics: {
            durationMs: outcome.durationMs,
            billedDurationMs: billedMs,
            memorySizeMB: definition.memorySizeMb,
            maxMemoryUsedMB: outcome.maxMemoryMb,
            ...(initMs === undefined ? {} : { initDurationMs: initMs }),
          },
        },
      );

      countInvocation(cloud, definition, outcome.durationMs, outcome.kind === 'error');
      sendTraces(cloud, definition);
      if (outcome.kind === 'error') return new LoggedResult(requestId, lines, JSON.stringify(outcome.failure), true);
      if (Buffer.byteLength(outcome.payload) > MAX_RESPONSE_BYTES) {
        const failure = {
          errorType: 'Function.ResponseSizeTooLarge',
          errorMessage: `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`,
        };
        return new LoggedResult(requestId, lines, JSON.stringify(failure), true);
      }
      return new LoggedResult(requestId, lines, outcome.payload, false);
    });

  return {
    async invoke(definition, payload, options = {}) {
      try {
        if (!options.isChecked) JSON.parse(payload);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new ServiceError(
          'InvalidRequestContentException',
          `Could not parse request body into json: ${reason}`,
          400,
          { Type: 'User' },
        );
      }
      try {
        return await cloud.activity.track(`lambda ${definition.name}`, run(definition, payload, options));
      } catch (error) {
        if (error instanceof ServiceError && error.code === 'TooManyRequestsException')
          countThrottle(cloud, definition);
        throw error;
      }
    },
  };
};
