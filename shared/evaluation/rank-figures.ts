import { type RankContributions, rankContributions } from './delong.ts';
import { onlyColumn } from './metrics.ts';
import { type Answers, type Sample, weightIn } from './sample.ts';
import { sumOf } from './sums.ts';

function averaged(parts: readonly (RankContributions | null)[], shares: readonly number[]): RankContributions | null {
  const total = shares.reduce((sum, share) => sum + share, 0);
  let [auc, values]: [number, Float64Array | undefined] = [0, undefined];
  for (const [at, part] of parts.entries()) {
    const share = (shares[at] ?? 0) / total;
    if (part === null) return null;
    auc += share * part.auc;
    if (values === undefined) values = new Float64Array(part.values.length);
    for (let row = 0; row < values.length; row += 1) values[row] = (values[row] ?? 0) + share * (part.values[row] ?? 0);
  }
  return values === undefined ? null : { auc, values };
}

/** One class's column among the rows that `among` lets in. */
function areaOf(
  { labels, weights }: Sample,
  answers: Answers,
  positive: number,
  among: (label: number) => boolean,
): RankContributions | null {
  const rows = Uint32Array.from(labels.keys()).filter((row) => among(labels[row] ?? -1));
  const found = rankContributions({
    labels: Float64Array.from(rows, (row) => (labels[row] === positive ? 1 : 0)),
    scores: Float64Array.from(rows, (row) => answers[positive]?.[row] ?? 0),
    weights: weights === null ? undefined : Float64Array.from(rows, (row) => weights[row] ?? 0),
  });
  if (found === null) return null;
  const values = new Float64Array(labels.length);
  rows.forEach((row, at) => {
    values[row] = found.values[at] ?? 0;
  });
  return { auc: found.auc, values };
}

/**
 * An area under the ROC curve, or a mean of several, as a sum over rows; null where it is undefined, undefined where
 * the metric is none. Shares of classes are taken as they are.
 */
export function rankingFigure(metric: string, sample: Sample, answers: Answers): RankContributions | null | undefined {
  const { labels, weights, problem } = sample;
  if (problem === 'binary') {
    if (metric !== 'roc_auc') return undefined;
    return rankContributions({ labels, scores: onlyColumn(answers), weights: weights ?? undefined });
  }
  if (problem === 'regression') return undefined;
  const classes = answers.map((_, label) => label);
  switch (metric) {
    case 'roc_auc_ovr_macro':
    case 'roc_auc_ovr_weighted': {
      const shareOf = (label: number): number =>
        sumOf(labels.length, (row) => (labels[row] === label ? weightIn(weights, row) : 0));
      const parts = classes.map((label) => areaOf(sample, answers, label, () => true));
      return averaged(parts, metric === 'roc_auc_ovr_macro' ? classes.map(() => 1) : classes.map(shareOf));
    }
    case 'roc_auc_ovo_macro': {
      const pairs = classes.flatMap((a) => classes.filter((b) => b !== a).map((b) => [a, b] as const));
      const parts = pairs.map(([a, b]) => areaOf(sample, answers, a, (label) => label === a || label === b));
      return averaged(
        parts,
        parts.map(() => 1),
      );
    }
  }
  return undefined;
}
