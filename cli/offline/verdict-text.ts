/** What `validate-data` said of a file, as a person reads it in a terminal. */
import { howMany } from '../../shared/report/how-many.ts';
import { textTable } from '../text-table.ts';
import type { Delivery } from './delivery.ts';
import { problemLines } from './problems-text.ts';
import type { Validated } from './steps.ts';

/** What came of the rules, and of the standing checks that have something to tell. */
function checksTable(checks: NonNullable<NonNullable<Validated['verdict']>['checks']>): string[] {
  if (checks.length === 0) return [];
  const shown = checks.map(({ rule, column, index, result, threshold, samples, message }) => [
    `  ${result}`,
    index === null ? `${rule} (always checked)` : rule,
    column ?? '',
    threshold ?? '',
    `${message}${samples.length === 0 ? '' : `; first at ${samples.map(({ part, line }) => `${part === undefined ? '' : `${part}:`}${line}`).join(', ')}`}`,
  ]);
  return textTable([['', 'rule', 'column', 'asked', 'found'], ...shown], () => true);
}

/** The verdict with every problem that was kept, then what came of the rules. */
export function verdictText({ given, name }: Delivery, model: string, { arrival, verdict }: Validated): string {
  if (verdict === undefined) return `${given}: ${arrival.outcome}: ${arrival.reason ?? 'nothing was judged'}`;
  const rows = verdict.rows === null ? 'it could not be read as rows' : `${howMany(verdict.rows, 'row')}`;
  return [
    `${given}: ${verdict.accepted ? 'accepted' : 'rejected'} for ${model}; ${rows}`,
    ...problemLines(verdict.problems, name).map((line) => `  ${line}`),
    ...checksTable(verdict.checks ?? []),
  ].join('\n');
}
