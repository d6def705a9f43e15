/** Functions that run in the cloud's process: no start, no bundle, no socket. The packaged ones stay the truth. */
import type { Cloud, Json } from '../contracts.ts';
import { openRoleLog } from '../role-log.ts';
import type { ExecutionEnvironment, Invocation, Outcome } from '../services/lambda/execution-environment.ts';
import type { FunctionDefinition } from '../services/lambda/function-definition.ts';
import { failureOf } from '../services/lambda/runtime/failure.ts';
import { timedOut } from '../services/lambda/time-out.ts';
import { createInProcessClient, type InProcessClient } from './client.ts';
import type { InnerDoor } from './door.ts';

/** What a function finds around it. */
export interface InProcessContext {
  readonly functionName: string;
  readonly region: string;
  /** The variables the function was declared with. */
  readonly environment: Readonly<Record<string, string>>;
  /** Signs as the function's role. */
  readonly client: InProcessClient;
}

/** What a handler gets beside its event, of Lambda's context object. */
export interface InvocationContext {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  /** In real time, as the deadline is. */
  readonly getRemainingTimeInMillis: () => number;
}

export type InProcessHandler = (event: Json, context: InvocationContext) => Promise<unknown>;

/** A function's module: run once for each execution environment. */
export type InProcessFunction = (context: InProcessContext) => InProcessHandler;

/** The functions that there are, by name. */
export type InProcessFunctions = (functionName: string) => InProcessFunction | undefined;

/** How often invocations are looked at that take long. */
const LOOK_MS = 50;
const deadlines = new Set<{ readonly at: number; readonly pass: () => void }>();
let looking: NodeJS.Timeout | undefined;

const look = (): void => {
  const now = performance.now();
  for (const deadline of deadlines) {
    if (deadline.at > now) continue;
    deadlines.delete(deadline);
    deadline.pass();
  }
  if (deadlines.size > 0) return;
  clearInterval(looking);
  looking = undefined;
};

/**
 * Calls back once so much real time has passed, and up to {@link LOOK_MS} more: to set a timer of its own takes as long as
 * some invocations do.
 * @returns What calls it off.
 */
const afterReal = (ms: number, pass: () => void): (() => void) => {
  const deadline = { at: performance.now() + ms, pass };
  deadlines.add(deadline);
  looking ??= setInterval(look, LOOK_MS);
  return () => void deadlines.delete(deadline);
};

/** Starts environments whose functions are called in this process. */
export const createInProcessStart =
  (functions: InProcessFunctions, door: () => InnerDoor) =>
  async (cloud: Cloud, definition: FunctionDefinition): Promise<ExecutionEnvironment> => {
    const program = functions(definition.name);
    if (!program) throw new Error(`no function ${definition.name} was given to run in this process`);
    const date = cloud.clock.now().toISOString().slice(0, 10).replaceAll('-', '/');
    const logStream = `${date}/[$LATEST]${cloud.id(32)}`;
    const log = openRoleLog(cloud, { role: definition.role, session: definition.name }, definition.logGroup, logStream);
    let isAlive = true;
    const killed = Promise.withResolvers<'killed'>();
    const principal = cloud.iam.principalFor(definition.role, definition.name);
    const client = createInProcessClient(door(), principal, () => isAlive);
    let handler: InProcessHandler | undefined;
    let initDurationMs: number | undefined;

    const run = async ({ requestId, payload }: Invocation, onLine: (line: string) => void): Promise<Outcome> => {
      const began = performance.now();
      const measured = () => ({ durationMs: performance.now() - began, maxMemoryMb: definition.memorySizeMb });
      const timeoutMs = definition.timeoutSeconds * 1000;
      const late = Promise.withResolvers<'late'>();
      const callOff = afterReal(timeoutMs, () => late.resolve('late'));
      const work = async (): Promise<Outcome> => {
        try {
          handler ??= program({
            functionName: definition.name,
            region: cloud.region,
            environment: definition.environment,
            client,
          });
          initDurationMs ??= performance.now() - began;
          const result = await handler(JSON.parse(payload), {
            functionName: definition.name,
            functionVersion: '$LATEST',
            invokedFunctionArn: definition.arn,
            memoryLimitInMB: String(definition.memorySizeMb),
            awsRequestId: requestId,
            logGroupName: definition.logGroup,
            logStreamName: logStream,
            getRemainingTimeInMillis: () => began + timeoutMs - performance.now(),
          });
          return { kind: 'response', payload: JSON.stringify(result ?? null), ...measured() };
        } catch (thrown) {
          const failure = failureOf(thrown);
          const message = `Invoke Error \t${JSON.stringify({ ...failure, stack: failure.trace, trace: undefined })}`;
          const timestamp = cloud.clock.now().toISOString();
          // The Node.js runtime logs what a handler throws as an Invoke Error: docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html (documented).
          if (isAlive) {
            onLine(
              definition.logFormat === 'JSON'
                ? JSON.stringify({ timestamp, level: 'ERROR', requestId, message })
                : [timestamp, requestId, 'ERROR', message].join('\t'),
            );
          }
          return { kind: 'error', failure, ...measured() };
        }
      };
      const outcome = await Promise.race([work(), late.promise, killed.promise]);
      callOff();
      if (outcome === 'late') {
        isAlive = false;
        return timedOut(cloud, definition, requestId, measured().durationMs);
      }
      if (outcome !== 'killed') return outcome;
      const message = `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`;
      return {
        kind: 'error',
        failure: { errorType: 'Runtime.ExitError', errorMessage: message },
        logged: `${message}\nRuntime.ExitError`,
        status: 'error',
        ...measured(),
      };
    };

    return {
      logStream,
      log,
      initDurationMs: () => initDurationMs,
      usable: () => isAlive,
      invoke: run,
      async stop() {
        isAlive = false;
        killed.resolve('killed');
      },
    };
  };
