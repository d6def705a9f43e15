import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Cloud } from '../../contracts.ts';
import { openRoleLog, type RoleLog } from '../../role-log.ts';
import { compileCacheOf } from './compile-cache.ts';
import type { FunctionDefinition } from './function-definition.ts';
import {
  type ClockReading,
  endOfOutput,
  type FromEnvironment,
  type FunctionFailure,
  type ToEnvironment,
} from './runtime/messages.ts';
import { timedOut } from './time-out.ts';

/** What an invocation came to. */
export type Outcome =
  | { readonly kind: 'response'; readonly payload: string; readonly durationMs: number; readonly maxMemoryMb: number }
  | {
      readonly kind: 'error';
      readonly failure: FunctionFailure;
      /** What Lambda itself logs, for failures the runtime had no chance to log. */
      readonly logged?: string;
      readonly status?: 'timeout' | 'error';
      readonly durationMs: number;
      readonly maxMemoryMb: number;
    };

export interface Invocation {
  readonly requestId: string;
  /** JSON text. */
  readonly payload: string;
  readonly clientContext?: string;
}

/** A process that runs one function, one invocation at a time: what Lambda calls an execution environment. */
export interface ExecutionEnvironment {
  readonly logStream: string;
  readonly log: RoleLog;
  /** How long loading the module took, milliseconds; undefined until it is over. */
  readonly initDurationMs: () => number | undefined;
  /** False once the process has ended or is ending. */
  readonly usable: () => boolean;
  /** Never rejects: whatever goes wrong is the outcome. */
  invoke(invocation: Invocation, onLine: (line: string) => void): Promise<Outcome>;
  /** Ends the process at once. Resolves when it has ended. */
  stop(): Promise<void>;
}

/** How functions come to run: as processes of their own ({@link startEnvironment}), or however a cloud was told. */
export type StartEnvironment = (cloud: Cloud, definition: FunctionDefinition) => Promise<ExecutionEnvironment>;

const RUNTIME = fileURLToPath(new URL('./runtime/main.ts', import.meta.url));

// Lambda gives the initialisation 10 s and, when that is not enough, does it again as a part of the invocation, within
// the function's timeout (docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html, documented). Here one
// attempt has the sum of both.
const INIT_LIMIT_MS = 10_000;

const SIGNALS: Readonly<Record<string, string>> = {
  SIGABRT: 'aborted',
  SIGKILL: 'killed',
  SIGSEGV: 'segmentation fault',
};

const environmentOf = async (
  cloud: Cloud,
  definition: FunctionDefinition,
  taskRoot: string,
  temporary: string,
  logStream: string,
): Promise<Record<string, string>> => {
  const opt = await Promise.all(definition.layers.map((layer) => layer.folder()));
  // A later layer lies over an earlier one.
  const layers = opt.reverse();
  const inLayers = (...parts: string[]) =>
    layers.map((layer) => join(layer, ...parts)).filter((path) => existsSync(path));
  const credentials = cloud.iam.credentialsFor(definition.role, definition.name);
  const nodeVersion = definition.runtime.replace(/^nodejs(\d+)\.x$/, 'node$1');
  return {
    ...definition.environment,
    // https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime (documented)
    _HANDLER: definition.handler,
    AWS_REGION: cloud.region,
    AWS_DEFAULT_REGION: cloud.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${definition.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memorySizeMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: definition.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    LAMBDA_TASK_ROOT: taskRoot,
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    PATH: [...inLayers('bin'), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
    LD_LIBRARY_PATH: [taskRoot, join(taskRoot, 'lib'), ...inLayers('lib')].join(delimiter),
    NODE_PATH: [...inLayers('nodejs', nodeVersion, 'node_modules'), ...inLayers('nodejs', 'node_modules')].join(
      delimiter,
    ),
    // Lambda's /tmp is the environment's own; a process cannot be given one, but can be told where temporary files go.
    TMPDIR: temporary,
    // Without it the SDK would look for the settings of whoever runs the cloud.
    HOME: temporary,
    // Halves the start of every process but the first; the runtime takes them away before the function sees them.
    NODE_COMPILE_CACHE: compileCacheOf(cloud.directory),
    NODE_COMPILE_CACHE_PORTABLE: '1',
    // Where AWS is, is the one thing that differs from AWS.
    AWS_ENDPOINT_URL: cloud.url(),
  };
};

/** Calls back with each line of a stream, and tells the marks that end an invocation's output from the lines. */
const splitLines = (
  stream: NodeJS.ReadableStream | null,
  onLine: (line: string) => void,
  onMark: (mark: string) => void,
) => {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const at = part.indexOf('\u0000');
      const line = at < 0 ? part : part.slice(0, at);
      if (line !== '' || at < 0) onLine(line);
      if (at >= 0) onMark(`${part.slice(at)}\n`);
    }
  });
  stream?.on('end', () => {
    if (rest !== '') onLine(rest);
    rest = '';
  });
};

/**
 * Starts an execution environment; the process loads the function's module at once. It inherits nothing of this
 * process's environment, has the credentials of the function's role, its memory limit and the cloud's time.
 */
export const startEnvironment: StartEnvironment = async (cloud, definition) => {
  const id = cloud.id(32);
  const date = cloud.clock.now().toISOString().slice(0, 10).replaceAll('-', '/');
  const logStream = `${date}/[$LATEST]${id}`;
  const log = openRoleLog(cloud, { role: definition.role, session: definition.name }, definition.logGroup, logStream);
  const taskRoot = await definition.code.folder();
  const temporary = join(cloud.directory, 'lambda', 'tmp', id);
  await mkdir(temporary, { recursive: true });
  const env = await environmentOf(cloud, definition, taskRoot, temporary, logStream);

  const startedAt = performance.now();
  const child: ChildProcess = fork(RUNTIME, [], {
    cwd: taskRoot,
    env,
    execArgv: [`--max-old-space-size=${definition.memorySizeMb}`],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'json',
  });

  let initDurationMs: number | undefined;
  let initFailure: FunctionFailure | undefined;
  let running = true;
  let marks: { readonly mark: string; left: number; readonly whole: () => void } | undefined;
  let onLine: (line: string) => void = (line) => log([line]);
  const writeInitLine = onLine;
  let onMessage: (message: FromEnvironment) => void = () => undefined;

  const clockReading = (): ClockReading => ({
    cloudMs: cloud.clock.ms(),
    machineMs: Date.now(),
    rate: cloud.clock.rate || 1,
  });
  const send = (message: ToEnvironment) => {
    if (child.connected) child.send(message, () => undefined);
  };
  const initialised = new Promise<void>((resolve) => {
    child.on('message', (message: FromEnvironment) => {
      if (message.kind === 'ready') {
        initDurationMs = performance.now() - startedAt;
        resolve();
      } else if (message.kind === 'init-error') {
        initFailure = message.failure;
        running = false;
        resolve();
      } else onMessage(message);
    });
  });
  for (const stream of [child.stdout, child.stderr]) {
    splitLines(
      stream,
      (line) => onLine(line),
      (mark) => {
        if (marks?.mark === mark && --marks.left === 0) marks.whole();
      },
    );
  }
  let exitReason = '';
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      running = false;
      exitReason = `error: ${error.message}`;
      resolve();
    });
    child.once('close', (code, signal) => {
      running = false;
      if (signal) exitReason = `with error: signal: ${SIGNALS[signal] ?? signal}`;
      else exitReason = code === 0 ? 'without providing a reason' : `with error: exit status ${code}`;
      // What the process said last may still lie in the channel.
      setImmediate(resolve);
    });
  });
  const kill = async () => {
    running = false;
    child.kill('SIGKILL');
    await exited;
  };

  send({
    kind: 'init',
    clock: clockReading(),
    taskRoot,
    handler: definition.handler,
    logFormat: definition.logFormat,
  });

  const run = async ({ requestId, payload, clientContext }: Invocation): Promise<Outcome> => {
    const timeoutMs = definition.timeoutSeconds * 1000;
    // The machine's time, not the cloud's: a function works no faster when the cloud's clock is advanced.
    const within = <T>(work: Promise<T>, limitMs: number): Promise<T | 'late'> => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), limitMs);
      });
      return Promise.race([work, late]).finally(() => clearTimeout(timer));
    };
    const startedInit = performance.now();
    const exitedEarly = (durationMs: number): Outcome => {
      const message = `RequestId: ${requestId} Error: Runtime exited ${exitReason}`;
      return {
        kind: 'error',
        failure: { errorType: 'Runtime.ExitError', errorMessage: message },
        logged: `${message}\nRuntime.ExitError`,
        status: 'error',
        durationMs,
        maxMemoryMb: definition.memorySizeMb,
      };
    };

    const init = await within(Promise.race([initialised, exited]), INIT_LIMIT_MS + timeoutMs);
    if (init === 'late') {
      await kill();
      return timedOut(cloud, definition, requestId, performance.now() - startedInit);
    }
    if (initFailure) {
      await exited;
      const durationMs = performance.now() - startedInit;
      return { kind: 'error', failure: initFailure, status: 'error', durationMs, maxMemoryMb: definition.memorySizeMb };
    }
    if (!running) {
      await exited;
      return exitedEarly(performance.now() - startedInit);
    }

    const startedInvoke = performance.now();
    const passed = () => performance.now() - startedInvoke;
    const whole = new Promise<void>((resolve) => {
      marks = { mark: endOfOutput(requestId), left: 2, whole: resolve };
    });
    const answered = new Promise<FromEnvironment>((resolve) => {
      onMessage = (message) => {
        if ('requestId' in message && message.requestId === requestId) resolve(message);
      };
    });
    send({
      kind: 'invoke',
      requestId,
      payload,
      clock: clockReading(),
      deadlineMs: cloud.clock.ms() + timeoutMs,
      functionArn: definition.arn,
      ...(clientContext === undefined ? {} : { clientContext }),
    });
    const answer = await within(Promise.race([answered, exited]), timeoutMs);
    const durationMs = passed();
    if (answer === 'late') {
      await kill();
      return timedOut(cloud, definition, requestId, durationMs);
    }
    if (!answer) return exitedEarly(durationMs);
    await Promise.race([whole, exited]);
    if (answer.kind === 'response') {
      return {
        kind: 'response',
        payload: answer.payload,
        durationMs,
        maxMemoryMb: Math.ceil(answer.maxMemoryKb / 1024),
      };
    }
    if (answer.kind !== 'error') return exitedEarly(durationMs);
    if (answer.fatal) await exited;
    return { kind: 'error', failure: answer.failure, durationMs, maxMemoryMb: Math.ceil(answer.maxMemoryKb / 1024) };
  };

  return {
    logStream,
    log,
    initDurationMs: () => initDurationMs,
    usable: () => running,
    async invoke(invocation, write) {
      onLine = write;
      try {
        return await run(invocation);
      } finally {
        onLine = writeInitLine;
        onMessage = () => undefined;
        marks = undefined;
      }
    },
    stop: kill,
  };
};
