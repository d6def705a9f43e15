/** Broken rules as problems of a dataset, so that its sender is told. */
import type { Problem } from '../problems.ts';
import type { RuleResult } from './result.ts';

/** One problem for each rule that failed or could not be evaluated, at the first row that breaks it. */
export const ruleProblems = (results: readonly RuleResult[]): Problem[] =>
  results
    .filter(({ result }) => result === 'fail' || result === 'error')
    .map(({ rule, result, column, message, samples, failed }): Problem => {
      const [first, ...others] = samples;
      const more = others
        .filter(({ part }) => part === first?.part)
        .map(({ line }) => line.toLocaleString('en-US'))
        .join(', ');
      return {
        code: 'rule_broken',
        message: `${rule}: ${message}${result === 'error' ? ' (a rule that cannot be evaluated counts as broken)' : ''}${more === '' ? '' : `; also line${more.includes(', ') ? 's' : ''} ${more}`}`,
        ...(first?.part === undefined ? {} : { part: first.part }),
        ...(first === undefined ? {} : { line: first.line }),
        ...(column === undefined ? {} : { column }),
        rule,
        count: Math.max(1, failed ?? 1),
      };
    });
