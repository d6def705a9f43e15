import type { Judgement } from './replication.ts';
import { MARGINS } from './replication.ts';
import { atTheLimit, bootstrapAtTheLimit, falsePromotions, handicappedPasses, power } from './tables.ts';

const METRICS = [
  ['roc_auc', 'ROC AUC (DeLong)'],
  ['log_loss', 'log loss (paired difference)'],
  ['accuracy', 'accuracy at 0.2 (paired difference)'],
] as const;

/** Every table of the study in Markdown. Shares are per cent, in brackets their 95 % intervals. */
export function report(judgements: readonly Judgement[]): string {
  const pairs = new Set(judgements.map(({ replication }) => replication)).size;
  const sections = [
    `${pairs} pairs: ${2 * pairs} models by one recipe, and ${pairs} that lost the hour of the day`,
    "### Promoted under `superior`, of candidates by the champion's own recipe",
    ...METRICS.slice(0, 2).flatMap(([metric, title]) => [title, falsePromotions(judgements, metric)]),
    `### Passed under \`non_inferior\`, of candidates worse by exactly the margin`,
    ...METRICS.slice(0, 2).flatMap(([metric, title]) =>
      metric === 'accuracy' ? [] : [`${title}, margin ${MARGINS[metric]}`, handicappedPasses(judgements, metric)],
    ),
    '### The lower bound above the truth, gates of days drawn one by one',
    ...METRICS.flatMap(([metric, title]) => [title, atTheLimit(judgements, metric, 'drawn')]),
    '### The lower bound above the truth, gates of consecutive days',
    ...METRICS.flatMap(([metric, title]) => [title, atTheLimit(judgements, metric, 'consecutive')]),
    '### The lower bound above the truth, F1 by the bootstrap of days',
    bootstrapAtTheLimit(judgements),
    '### How far a gate sees',
    'ROC AUC',
    power(judgements, 'roc_auc', [0.005, 0.01, 0.02, 0.03]),
    'log loss',
    power(judgements, 'log_loss', [0.003, 0.005, 0.01, 0.02]),
  ];
  return sections.join('\n\n');
}
