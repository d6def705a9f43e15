import type { Place } from './place.ts';

/** What a command came to: 0 yes, 1 no, 2 could not tell. `data` is what `--json` prints. */
export interface Answer {
  readonly exit: 0 | 1 | 2;
  readonly text: string;
  readonly data: unknown;
  /** What goes on once the answer is printed, such as serving until it is told to stop. */
  readonly afterwards?: () => Promise<void>;
}

export interface VerbInput {
  /** Looked up when it is first needed, so that wrong use is told before anything is asked of AWS. */
  readonly place: () => Promise<Place>;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | undefined>>;
  /** The switches that were given. */
  readonly switches: ReadonlySet<string>;
  readonly now: Date;
  /** Says on stderr how long work goes on. */
  readonly progress: (line: string) => void;
}

/** One command. */
export interface Verb {
  /** Names of the options it takes, each with a value. */
  readonly options: readonly string[];
  /** Names of the options it takes without a value. */
  readonly switches?: readonly string[];
  readonly run: (input: VerbInput) => Promise<Answer>;
}

/** The command was given wrongly; shown with its usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The one argument a verb needs. */
export const onlyArgument = (args: readonly string[], what: string): string => {
  const [first, ...rest] = args;
  if (first === undefined || rest.length > 0) throw new UsageError(`expected one ${what}, found ${args.length}`);
  return first;
};
