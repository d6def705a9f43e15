import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as realDelay } from 'node:timers/promises';

import type { Clock } from '../clock.ts';
import type { ContainerFiles, ContainerImage, ContainerProgram } from '../contracts.ts';
import { deadline } from './deadline.ts';
import { type ContainerProcess, startContainer } from './process.ts';

/** What a container answered. */
export interface ContainerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A request that a container gave no answer to. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  readonly reason: 'timeout' | 'connection';
  constructor(reason: 'timeout' | 'connection', message: string) {
    super(message);
    this.reason = reason;
  }
}

/** A container that did not become healthy. */
export class UnhealthyError extends Error {
  override readonly name = 'UnhealthyError';
}

/** A model server: a container run with `serve` whose `/ping` has answered 200. */
export interface ServingContainer {
  /** @throws NoAnswerError when it does not answer in time, or is gone. */
  invoke(body: Uint8Array, headers: Record<string, string>, timeoutMs: number): Promise<ContainerAnswer>;
  running(): boolean;
  /** SIGTERM, and SIGKILL after 30 seconds, as a hosted container is stopped. */
  stop(): Promise<void>;
}

/** What a model server is started with. */
export interface ServingRun {
  readonly image: ContainerImage;
  /** The model lies in their `opt/ml/model`. */
  readonly files: ContainerFiles;
  readonly environment: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
  readonly clock: Clock;
  /** How long it may take until `/ping` answers 200. */
  readonly startupMs: number;
  /** Stops the start. */
  readonly signal?: AbortSignal;
}

// "How Containers Should Respond to Health Check (Ping) Requests": /ping must answer 200 within 2 seconds, and be
// healthy within 4 minutes of the start unless ContainerStartupHealthCheckTimeoutInSeconds says otherwise; a container
// is stopped by SIGTERM and killed 30 seconds later (your-algorithms-inference-code.md, documented).
const PING_TIMEOUT_MS = 2_000;
const PING_EVERY_MS = 25;
const KILL_AFTER_MS = 30_000;
const ENDING_MS = 500;

/** How long a container has to become healthy when the request does not say. */
export const DEFAULT_STARTUP_MS = 4 * 60_000;

const freePort = async (): Promise<number> => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port on the loopback interface');
  return address.port;
};

interface Exchange {
  readonly port: number;
  readonly agent: Agent;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array;
  readonly timeoutMs: number;
}

const exchange = ({ port, agent, method, path, headers = {}, body, timeoutMs }: Exchange): Promise<ContainerAnswer> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, agent, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error) => settle(new NoAnswerError('connection', error.message)));
      response.on('end', () => {
        const flat = Object.entries(response.headers).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value] as const],
        );
        settle({ status: response.statusCode ?? 0, headers: Object.fromEntries(flat), body: Buffer.concat(chunks) });
      });
    });
    const timeout = setTimeout(() => {
      settle(new NoAnswerError('timeout', `no answer to ${method} ${path} within ${timeoutMs} ms`));
      sent.destroy();
    }, timeoutMs);
    const settle = (result: ContainerAnswer | NoAnswerError) => {
      clearTimeout(timeout);
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    sent.on('error', (error) => settle(new NoAnswerError('connection', error.message)));
    sent.end(body);
  });

const stopProcess = async (container: ContainerProcess): Promise<void> => {
  container.terminate();
  const kill = setTimeout(() => container.kill(), KILL_AFTER_MS);
  await container.exited;
  clearTimeout(kill);
};

/** A model server in this process. @throws UnhealthyError when it does not come up. */
const startProgram = async (program: ContainerProgram, run: ServingRun): Promise<ServingContainer> => {
  let running = true;
  const log = (line: string) => run.onLine?.(line);
  const answer = await program
    .serve({ files: run.files, environment: run.environment, log })
    .catch((error: unknown) => {
      throw new UnhealthyError(error instanceof Error ? error.message : String(error), { cause: error });
    });
  return {
    invoke: (body, headers) =>
      running ? answer(body, headers) : Promise.reject(new NoAnswerError('connection', 'the container has ended')),
    running: () => running,
    async stop() {
      running = false;
    },
  };
};

/**
 * Runs a container with `serve` and waits until it is healthy.
 *
 * A process that ends before it is healthy fails at once; AWS would start it again until the time is over (*assumed*
 * to come to the same).
 *
 * @throws UnhealthyError when it is not healthy in time, ends, or the start is stopped.
 */
export const startServing = async (run: ServingRun): Promise<ServingContainer> => {
  if (run.image.program) return startProgram(run.image.program, run);
  const port = await freePort();
  const container = await startContainer({
    image: run.image,
    files: run.files,
    verb: 'serve',
    environment: { ...run.environment, SAGEMAKER_BIND_TO_PORT: String(port) },
    ...(run.onLine ? { onLine: run.onLine } : {}),
  });
  const agent = new Agent({ keepAlive: true });
  let gaveUp: string | undefined;
  const limit = deadline(run.clock, run.startupMs, () => {
    gaveUp = `/ping did not answer 200 within ${run.startupMs / 1000} seconds`;
  });
  try {
    for (;;) {
      if (run.signal?.aborted) gaveUp = 'the start was stopped';
      if (!container.running()) {
        const { code, signal, error } = await container.exited;
        gaveUp = error ?? `the container ended with ${code === undefined ? `signal ${signal}` : `exit code ${code}`}`;
      }
      if (gaveUp !== undefined) throw new UnhealthyError(gaveUp);
      const ping = await exchange({ port, agent, method: 'GET', path: '/ping', timeoutMs: PING_TIMEOUT_MS }).catch(
        (error: NoAnswerError) => error,
      );
      if (!(ping instanceof Error) && ping.status === 200) break;
      await realDelay(PING_EVERY_MS);
    }
  } catch (error) {
    agent.destroy();
    container.kill();
    await container.exited;
    throw error;
  } finally {
    limit.cancel();
  }
  return {
    async invoke(body, headers, timeoutMs) {
      try {
        return await exchange({ port, agent, method: 'POST', path: '/invocations', headers, body, timeoutMs });
      } catch (error) {
        // A broken connection is heard of before the end of the process that broke it.
        if (error instanceof NoAnswerError && error.reason === 'connection') {
          await Promise.race([container.exited, realDelay(ENDING_MS)]);
        }
        throw error;
      }
    },
    running: container.running,
    async stop() {
      agent.destroy();
      await stopProcess(container);
    },
  };
};
