import type { Cloud } from '../../contracts.ts';
import type { ExecutionEnvironment, Invocation, Outcome } from './execution-environment.ts';
import type { FunctionDefinition } from './function-definition.ts';

/** What an invocation comes to that took longer than its function may. */
export const timedOut = (
  cloud: Pick<Cloud, 'clock'>,
  { timeoutSeconds, memorySizeMb }: FunctionDefinition,
  requestId: string,
  durationMs: number,
): Outcome => {
  // Both texts: the documentation's examples of Sandbox.Timedout (documented).
  const text = `Task timed out after ${timeoutSeconds.toFixed(2)} seconds`;
  return {
    kind: 'error',
    failure: { errorType: 'Sandbox.Timedout', errorMessage: `RequestId: ${requestId} Error: ${text}` },
    logged: `${cloud.clock.now().toISOString()} ${requestId} ${text}`,
    status: 'timeout',
    durationMs,
    maxMemoryMb: memorySizeMb,
  };
};

/**
 * Invokes a function, unless a fault makes it too slow: then it ends as timed out, before it has begun or with all done
 * but the answer, and its environment is ended, as Lambda does (lambda-runtime-environment.html, documented).
 */
export const invokeInTime = async (
  cloud: Cloud,
  definition: FunctionDefinition,
  environment: ExecutionEnvironment,
  invocation: Invocation,
  onLine: (line: string) => void,
): Promise<Outcome> => {
  const { requestId } = invocation;
  const late = cloud.faults.timesOut?.({ functionName: definition.name, requestId });
  if (late === undefined) return environment.invoke(invocation, onLine);
  const timeoutMs = definition.timeoutSeconds * 1000;
  const endsAt = cloud.clock.ms() + timeoutMs;
  if (late === 'after') await environment.invoke(invocation, onLine);
  // While a clock stands the invocation is awaited before the clock is moved: it takes no time then.
  if (cloud.clock.flows)
    await new Promise<void>((resolve) => cloud.clock.at(endsAt, resolve, `time-out of ${definition.name}`));
  await environment.stop();
  return timedOut(cloud, definition, requestId, timeoutMs);
};
