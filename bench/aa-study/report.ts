import { type Judgement, MARGINS } from './replication.ts';
import { atTheLimit, bootstrapAtTheLimit, falsePromotions, gateAlone, handicappedPasses, power } from './tables.ts';

/** The metrics candidates are made worse by, and how they are compared. */
const HANDICAPPED = [
  ['roc_auc', 'ROC AUC (DeLong)'],
  ['log_loss', 'log loss (paired difference)'],
] as const;
const COMPARED = [...HANDICAPPED, ['accuracy', 'accuracy at 0.2 (paired difference)']] as const;

const pairsIn = (judgements: readonly Judgement[]): number =>
  new Set(judgements.map(({ replication }) => replication)).size;

/**
 * Every table of the study in Markdown. Shares are per cent, in brackets their 95 % intervals.
 * @param lookedAt pairs up to this one helped to choose the gate's rule; the others are told apart, too
 */
export function report(judgements: readonly Judgement[], lookedAt: number): string {
  const fresh = judgements.filter(({ replication }) => replication > lookedAt);
  return [
    `${pairsIn(judgements)} pairs of models by one recipe`,
    ...(fresh.length === 0
      ? []
      : [
          `### The gate on the ${pairsIn(fresh)} pairs that its rule was not chosen by`,
          ...HANDICAPPED.flatMap(([metric, title]) => [title, gateAlone(fresh, metric)]),
        ]),
    "### Promoted under `superior`: candidates by the champion's own recipe",
    ...HANDICAPPED.flatMap(([metric, title]) => [title, falsePromotions(judgements, metric)]),
    '### Passed under `non_inferior`: candidates worse by exactly the margin',
    ...HANDICAPPED.flatMap(([metric, title]) => [
      `${title}, margin ${MARGINS[metric]}`,
      handicappedPasses(judgements, metric),
    ]),
    '### The bound above the truth: days drawn one by one',
    ...COMPARED.flatMap(([metric, title]) => [title, atTheLimit(judgements, metric, 'drawn')]),
    '### The bound above the truth: consecutive days',
    ...COMPARED.flatMap(([metric, title]) => [title, atTheLimit(judgements, metric, 'consecutive')]),
    '### The bound above the truth: F1, days drawn again',
    bootstrapAtTheLimit(judgements),
    '### How far a gate sees',
    'ROC AUC',
    power(judgements, 'roc_auc', [0.005, 0.01, 0.02, 0.03]),
    'log loss',
    power(judgements, 'log_loss', [0.003, 0.005, 0.01, 0.02]),
  ].join('\n\n');
}
