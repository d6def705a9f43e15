import type { AcceptedData } from '../../shared/ledger/accepted-data.ts';

export interface FreshLabels {
  /** Rows with a label, of accepted datasets that no run has taken. */
  readonly newLabels: number;
  /** The dataset that was judged last, where it was rejected after the model in service was planned. */
  readonly rejectedDataset: string | null;
}

/**
 * What there is to learn from that has not been learned from. Of a label that is computed, each row counts: whether it can
 * be computed is not known before a run.
 */
export function freshLabels(
  { datasets, verdicts }: Pick<AcceptedData, 'datasets' | 'verdicts'>,
  label: { readonly name: string; readonly sql: string | null },
  plannedAt: Date,
): FreshLabels {
  const labelled = datasets
    .filter(({ taken }) => !taken)
    .map(({ profile }) => {
      const column = label.sql === null ? profile.columns.find(({ name }) => name === label.name) : undefined;
      return profile.rows - (column?.nulls ?? 0);
    });
  const [last] = verdicts.toSorted((a, b) => Date.parse(b.judgedAt) - Date.parse(a.judgedAt));
  const isRejected = last !== undefined && !last.accepted && Date.parse(last.judgedAt) > plannedAt.getTime();
  return {
    newLabels: labelled.reduce((sum, rows) => sum + rows, 0),
    rejectedDataset: isRejected ? last.dataset : null,
  };
}
