/** Columns at the end of a table without a name and without a value, as spreadsheets leave them: what is told of them. */
import type { ReadDataset } from './read-dataset.ts';
import type { RuleResult } from './rules/result.ts';

/** A sentence for each place they are at; none where there are none. */
export function unnamedText({ unnamed }: Pick<ReadDataset, 'unnamed'>): string[] {
  const told = unnamed.map(({ from, count }) => {
    const which =
      count === 1 ? `column ${from} has` : `columns ${from} ${count === 2 ? 'and' : 'to'} ${from + count - 1} have`;
    return `${which} neither a name nor a value, and ${count === 1 ? 'is' : 'are'} left out`;
  });
  return [...new Set(told)];
}

/** A warning of each. */
export const unnamedColumns = (read: Pick<ReadDataset, 'unnamed' | 'rows'>): RuleResult[] =>
  unnamedText(read).map((message) => ({
    rule: 'unnamed_columns',
    index: null,
    severity: 'warn',
    result: 'warn',
    value: null,
    threshold: null,
    evaluated: read.rows ?? 0,
    samples: [],
    message,
  }));
