/**
 * The first program of an execution environment: sets the clock, loads the function's module, then answers one
 * invocation after the other over the IPC channel. It ends when the channel does, so no function outlives its cloud.
 */
import { flushCompileCache } from 'node:module';

import { installCloudTime } from './cloud-time.ts';
import { createLogWriter, installConsole, type LogWriter } from './console.ts';
import { failureOf, RuntimeError } from './failure.ts';
import { type Handler, loadHandler } from './handler.ts';
import {
  endOfOutput,
  type FromEnvironment,
  type FunctionFailure,
  type InvokeMessage,
  type ToEnvironment,
} from './messages.ts';

const setClock = installCloudTime();
const channel = process.send?.bind(process);
// The function must not find a channel it does not have on AWS.
Reflect.deleteProperty(process, 'send');
for (const name of ['NODE_COMPILE_CACHE', 'NODE_COMPILE_CACHE_PORTABLE']) Reflect.deleteProperty(process.env, name);
process.once('disconnect', () => process.exit(0));

let handler: Handler | undefined;
let current: InvokeMessage | undefined;
let log: LogWriter = createLogWriter('Text', () => undefined);

const tell = (message: FromEnvironment) =>
  new Promise<void>((resolve) => {
    if (channel) channel(message, undefined, {}, () => resolve());
    else resolve();
  });

const maxMemoryKb = () => process.resourceUsage().maxRSS;

/** Tells the failure of what is under way: the invocation, or else the initialisation. */
const fail = async (failure: FunctionFailure, fatal: boolean): Promise<void> => {
  const invocation = current;
  current = undefined;
  if (!invocation) return tell({ kind: 'init-error', failure });
  end(invocation.requestId);
  return tell({ kind: 'error', requestId: invocation.requestId, failure, fatal, maxMemoryKb: maxMemoryKb() });
};

const end = (requestId: string) => {
  process.stdout.write(endOfOutput(requestId));
  process.stderr.write(endOfOutput(requestId));
};

const logFailure = (what: string, failure: FunctionFailure) =>
  log('ERROR', [`${what} \t${JSON.stringify({ ...failure, stack: failure.trace, trace: undefined })}`]);

// Exit codes 129 and 128 are the Node.js runtime's own (its published source, documented).
process.on('uncaughtException', (thrown) => {
  const failure = failureOf(thrown);
  logFailure('Uncaught Exception', failure);
  fail(failure, true).then(() => process.exit(129));
});
process.on('unhandledRejection', (reason) => {
  const error = new RuntimeError('Runtime.UnhandledPromiseRejection', String(reason));
  const failure = failureOf(error);
  logFailure('Unhandled Promise Rejection', failure);
  fail(failure, true).then(() => process.exit(128));
});

const invoke = async (message: InvokeMessage): Promise<void> => {
  const ready = handler;
  if (!ready) return;
  current = message;
  const env = process.env;
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: message.clientContext === undefined ? undefined : JSON.parse(message.clientContext),
    identity: undefined,
    invokedFunctionArn: message.functionArn,
    awsRequestId: message.requestId,
    getRemainingTimeInMillis: () => message.deadlineMs - Date.now(),
  };
  try {
    const result = await ready(JSON.parse(message.payload), context);
    let payload: string;
    try {
      payload = JSON.stringify(result ?? null) ?? 'null';
    } catch (cause) {
      throw new RuntimeError('Runtime.JSONStringifyError', 'Unable to stringify response body', { cause });
    }
    // What the handler wrote or rejected in its last turn still belongs to this invocation.
    await new Promise((resolve) => setImmediate(resolve));
    if (current !== message) return;
    current = undefined;
    end(message.requestId);
    await tell({ kind: 'response', requestId: message.requestId, payload, maxMemoryKb: maxMemoryKb() });
  } catch (thrown) {
    if (current !== message) return;
    const failure = failureOf(thrown);
    logFailure('Invoke Error', failure);
    await fail(failure, false);
  }
};

process.on('message', (message: ToEnvironment) => {
  setClock(message.clock);
  if (message.kind === 'invoke') {
    invoke(message);
    return;
  }
  log = createLogWriter(message.logFormat, () => current?.requestId);
  installConsole(log);
  loadHandler(message.taskRoot, message.handler).then(
    (loaded) => {
      handler = loaded;
      // The process will be killed rather than exit, and with it what it has compiled.
      setImmediate(flushCompileCache);
      return tell({ kind: 'ready' });
    },
    async (thrown) => {
      const failure = failureOf(thrown);
      logFailure('Uncaught Exception', failure);
      await fail(failure, true);
      process.exit(1);
    },
  );
});
