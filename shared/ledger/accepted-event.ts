import type { Verdict } from './facts.ts';

/** What is told of an accepted dataset, by whoever tells it: its rows, and the rules and checks that warned of it. */
export const acceptedData = ({ model, dataset, rows, checks = [] }: Verdict) => ({
  model,
  dataset,
  rows: rows ?? 0,
  warnings: [...new Set(checks.filter(({ result }) => result === 'warn').map(({ rule }) => rule))].sort(),
});
