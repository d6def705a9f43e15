/** What every command on files shares: a folder of its own that goes away, refusals told as answers, signs of life. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Answer, VerbInput } from '../verb.ts';
import { InputProblem } from './input-problem.ts';

/** What cannot be done with the files that were named, as an answer: exit 2. */
const refusal = ({ code, file, message, toDo }: InputProblem): Answer => ({
  exit: 2,
  // A message that lists problems has the code of each.
  text: `cannot run: ${message}${message.includes(`(${code})`) ? '' : ` (${code})`}\nwhat to do: ${toDo}`,
  data: { problem: { code, file, message, toDo } },
});

/** Runs a command on files with a folder for what it writes on the way. */
export async function onFiles(work: (directory: string) => Promise<Answer>): Promise<Answer> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-files-'));
  try {
    return await work(directory);
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    return refusal(error);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const FIRST_SIGN_MS = 2000;
const LATER_SIGNS_MS = 10_000;

/** Says what is going on once it takes long, and from time to time how long it has taken. */
export async function withSigns<T>(progress: VerbInput['progress'], what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const sign = (): void => {
    const seconds = Math.round((performance.now() - began) / 1000);
    progress(`${what} … ${seconds} s`);
    timer = setTimeout(sign, LATER_SIGNS_MS);
  };
  let timer = setTimeout(sign, FIRST_SIGN_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}
