/** Everything that can be wrong with a label, or with the file it came in. */
export type LabelProblemCode =
  | 'not_json'
  | 'not_a_label'
  | 'file_unreadable'
  | 'column_missing'
  | 'id_missing'
  | 'key_missing'
  | 'key_invalid'
  | 'label_invalid'
  | 'foreign_id'
  | 'unknown_prediction'
  | 'ambiguous'
  | 'before_prediction'
  | 'contradictory';

/** One problem as a fact has it: `count` is how often it was seen in all, and stands with the first of its kind. */
export interface LabelProblem {
  readonly code: string;
  readonly message: string;
  /** Physical line, from 1. */
  readonly line?: number;
  readonly count?: number;
}

/** So many of each kind are located; the rest is counted. */
const LISTED = 10;

/** Collects what is wrong with a label file in bounded memory. Never holds a value: a label may be personal data. */
export class LabelProblems {
  readonly #listed = new Map<string, LabelProblem[]>();
  readonly #counts = new Map<string, number>();

  add(code: LabelProblemCode | (string & {}), message: string, line?: number, count = 1): void {
    const listed = this.#listed.get(code) ?? [];
    this.#listed.set(code, listed);
    if (listed.length < LISTED) listed.push({ code, message, ...(line !== undefined && { line }) });
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + count);
  }

  count(code: LabelProblemCode): number {
    return this.#counts.get(code) ?? 0;
  }

  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  /** Takes in what was listed and counted before. */
  addAll(problems: readonly LabelProblem[], counts: Readonly<Record<string, number>>): void {
    for (const { code, message, line } of problems) {
      const listed = this.#listed.get(code) ?? [];
      this.#listed.set(code, listed);
      if (listed.length < LISTED) listed.push({ code, message, ...(line !== undefined && { line }) });
    }
    for (const [code, count] of Object.entries(counts)) this.#counts.set(code, (this.#counts.get(code) ?? 0) + count);
  }

  list(): LabelProblem[] {
    return [...this.#listed].flatMap(([code, listed]) =>
      listed.map((problem, place) => (place === 0 ? { ...problem, count: this.#counts.get(code) ?? 1 } : problem)),
    );
  }
}
