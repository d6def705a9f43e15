import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import type { ContainerFiles, ContainerImage, ContainerProgram } from '../contracts.ts';

/** How a container's process ended. */
export interface Exit {
  /** Undefined when a signal ended it or it could not be started. */
  readonly code?: number;
  readonly signal?: string;
  /** Why the program could not be started at all. */
  readonly error?: string;
}

/** A running container: one local process. */
export interface ContainerProcess {
  /** Resolves when the process has ended and its output has been read; never rejects. */
  readonly exited: Promise<Exit>;
  readonly running: () => boolean;
  /** Sends SIGTERM. */
  terminate(): void;
  /** Sends SIGKILL. */
  kill(): void;
}

/** What a container is run with. */
export interface ContainerRun {
  readonly image: ContainerImage;
  /** The program finds `opt/ml` in them. */
  readonly files: ContainerFiles;
  readonly verb: 'train' | 'serve';
  readonly environment: Readonly<Record<string, string>>;
  /** Called with each line of standard output and standard error. */
  readonly onLine?: (line: string) => void;
}

// A process that ends without closing its cloud takes its containers with it.
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

const exitOf = (code: number | null, signal: string | null): Exit => ({
  ...(code === null ? {} : { code }),
  ...(signal === null ? {} : { signal }),
});

/** Trains in this process: a signal ends it at once, as far as anybody can see. */
const startProgram = (program: ContainerProgram, { files, environment, onLine }: ContainerRun): ContainerProcess => {
  let running = true;
  const ended = Promise.withResolvers<Exit>();
  const end = (exit: Exit) => {
    running = false;
    ended.resolve(exit);
  };
  const log = (line: string) => {
    if (running) onLine?.(line);
  };
  program.train({ files, environment, log }).then(
    (code) => end({ code }),
    (error: unknown) => {
      log(error instanceof Error ? (error.stack ?? error.message) : String(error));
      end({ code: 1 });
    },
  );
  return {
    exited: ended.promise,
    running: () => running,
    terminate: () => end({ signal: 'SIGTERM' }),
    kill: () => end({ signal: 'SIGKILL' }),
  };
};

/**
 * Runs a container as a local process. It gets none of this process's environment but `PATH` and `HOME`, which an image
 * has of its own, and `CONTAINER_ROOT`, because a plain process cannot be given a root directory of its own.
 */
export const startContainer = async (run: ContainerRun): Promise<ContainerProcess> => {
  if (run.image.program && run.verb === 'train') return startProgram(run.image.program, run);
  const { root } = run.files;
  if (root === undefined) throw new Error(`the image ${run.image.pattern} is a process, and its files lie in memory`);
  await run.files.makeFolder('.');
  const [program, ...args] = run.image.command;
  if (program === undefined) throw new Error(`the image ${run.image.pattern} has no command`);
  const child = spawn(program, [...args, run.verb], {
    cwd: root,
    env: {
      PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
      HOME: root,
      ...run.environment,
      CONTAINER_ROOT: root,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  alive.add(child);
  let running = true;
  const readers = [child.stdout, child.stderr].map((stream) => {
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (line) => run.onLine?.(line));
    return new Promise<void>((resolve) => lines.once('close', resolve));
  });
  const ended = new Promise<Exit>((resolve) => {
    child.once('error', (error) => resolve({ error: error.message }));
    child.once('exit', (code, signal) => resolve(exitOf(code, signal)));
  });
  const exited = ended.then(async (exit) => {
    running = false;
    alive.delete(child);
    if (exit.error === undefined) await Promise.all(readers);
    return exit;
  });
  return {
    exited,
    running: () => running,
    terminate: () => void (running && child.kill('SIGTERM')),
    kill: () => void (running && child.kill('SIGKILL')),
  };
};
