/** Whether the parts of a dataset have the same columns. */
import type { ProblemLog } from './problems.ts';

/**
 * The columns that all parts have to agree on. The order does not count. A part with a header has those of the first;
 * one without (JSON Lines) may lack some, and may add some as long as no part has had a header.
 */
export class AgreedColumns {
  readonly #log: Pick<ProblemLog, 'add'>;
  #first: string | undefined;
  readonly #names = new Set<string>();
  #closed = false;

  constructor(log: Pick<ProblemLog, 'add'>) {
    this.#log = log;
  }

  /** Whether a part with these columns belongs to the dataset; if not, the log is told. `open`: it has no header. */
  agree(part: string, told: string | undefined, names: readonly string[], open: boolean): boolean {
    const isFirst = this.#first === undefined || (this.#first === part && open);
    this.#first ??= part;
    const missing = isFirst || open ? [] : [...this.#names].filter((name) => !names.includes(name));
    const added = isFirst || (open && !this.#closed) ? [] : names.filter((name) => !this.#names.has(name));
    if (missing.length === 0 && added.length === 0) {
      for (const name of names) this.#names.add(name);
      this.#closed ||= !open;
      return true;
    }
    const differs = [
      ...(missing.length > 0 ? [`lacks ${missing.join(', ')}`] : []),
      ...(added.length > 0 ? [`adds ${added.join(', ')}`] : []),
    ];
    this.#log.add('part_schema_differs', `its columns are not those of ${this.#first}: it ${differs.join(' and ')}`, {
      part: told,
    });
    return false;
  }
}
