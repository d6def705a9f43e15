/**
 * What is wrong with a delivery of data, told so that its sender can mend it: a code a program can act on, a sentence a
 * person can act on, and where it is. A problem never carries a value of a row: values may be personal data.
 */
/** Every kind of problem reading and checking can find. */
export const PROBLEM_CODES = [
  'empty_file',
  'no_rows',
  'not_a_table',
  'format_unsupported',
  'encoding',
  'binary_content',
  'gzip_corrupt',
  'zstd_corrupt',
  'decompression_bomb',
  'json_invalid',
  'json_nested',
  'too_large',
  'out_of_time',
  'header_missing',
  'header_repeated',
  'header_name_empty',
  'header_name_invalid',
  'column_duplicated',
  'too_many_columns',
  'ragged_row',
  'quote_unclosed',
  'quote_misplaced',
  'carriage_return',
  'record_too_long',
  'parquet_corrupt',
  'manifest_invalid',
  'column_type_unsupported',
  'part_schema_differs',
  'column_missing',
  'column_type_mismatch',
  'cell_not_parsed',
  'number_inexact',
  'notation',
  'label_missing',
  'label_invalid',
  'time_missing',
  'rule_broken',
] as const;

/** One kind of problem. */
export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** Problems that are no fault of the data: it is more than one function reads. */
const BEYOND_LIMITS: readonly string[] = ['too_large', 'too_many_columns', 'out_of_time'] satisfies ProblemCode[];

/** The first of the problems that says that data is more than one function reads: it is not judged, and not refused. */
export const beyondLimits = <T extends { readonly code: string }>(problems: readonly T[]): T | undefined =>
  problems.find(({ code }) => BEYOND_LIMITS.includes(code));

/**
 * One problem. `line` is the physical line of a text file, counted from 1 (the header is line 1), or the row of a
 * Parquet file, counted from 1. `count` is how often it occurs here: 1 for a located problem, more for the summary of
 * those that were not listed one by one. The counts of one code add up to its total.
 */
export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  readonly part?: string;
  readonly line?: number;
  readonly column?: string;
  /** The rule of `data.rules`, or the standing check, that is broken. */
  readonly rule?: string;
  readonly count: number;
}

/** Where a problem is, as far as it is known. */
export interface ProblemPlace {
  readonly part?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: string | undefined;
}

interface Tally {
  readonly located: Problem[];
  readonly place: ProblemPlace;
  unlisted: number;
}

/**
 * Collects problems in bounded memory: of each code in each part and column the first `limit` are kept one by one, the
 * rest is counted.
 */
export class ProblemLog {
  readonly #limit: number;
  readonly #tallies = new Map<string, Tally>();

  /** @param limit how many problems of one code, part and column are listed one by one. */
  constructor(limit = 20) {
    this.#limit = limit;
  }

  /** Records one problem. */
  add(code: ProblemCode, message: string, place: ProblemPlace = {}): void {
    const tally = this.#tally(code, place);
    if (tally.located.length < this.#limit) {
      tally.located.push(problem(code, message, place, 1));
    } else {
      tally.unlisted += 1;
    }
  }

  /** Records `count` further problems of a kind that were counted without being located. */
  addUnlisted(code: ProblemCode, count: number, place: ProblemPlace = {}): void {
    if (count > 0) this.#tally(code, place).unlisted += count;
  }

  /** Whether nothing was found. */
  get empty(): boolean {
    return this.#tallies.size === 0;
  }

  /** The problems in the order they were first met; what was not listed closes its kind with a count. */
  list(): Problem[] {
    const problems: Problem[] = [];
    for (const [key, tally] of this.#tallies) {
      problems.push(...tally.located);
      if (tally.unlisted > 0) {
        const code = PROBLEM_CODES.find((known) => key.startsWith(`${known}\0`));
        if (code === undefined) throw new Error(`no problem code in ${JSON.stringify(key)}`);
        const { part, column } = tally.place;
        problems.push(
          problem(code, `${tally.unlisted.toLocaleString('en-US')} more of the same`, { part, column }, tally.unlisted),
        );
      }
    }
    return problems;
  }

  #tally(code: ProblemCode, place: ProblemPlace): Tally {
    const key = `${code}\0${place.part ?? ''}\0${place.column ?? ''}`;
    let tally = this.#tallies.get(key);
    if (tally === undefined) {
      tally = { located: [], place, unlisted: 0 };
      this.#tallies.set(key, tally);
    }
    return tally;
  }
}

function problem(code: ProblemCode, message: string, place: ProblemPlace, count: number): Problem {
  return {
    code,
    message,
    ...(place.part === undefined ? {} : { part: place.part }),
    ...(place.line === undefined ? {} : { line: place.line }),
    ...(place.column === undefined ? {} : { column: place.column }),
    count,
  };
}
