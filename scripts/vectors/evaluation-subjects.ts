import * as z from 'zod';

import { binaryMetrics, rocAuc } from '../../shared/evaluation/binary-metrics.ts';
import { bootstrap } from '../../shared/evaluation/bootstrap.ts';
import {
  type Calibration,
  calibrationInTheLarge,
  equalMassCalibration,
  equalWidthCalibration,
} from '../../shared/evaluation/calibration.ts';
import { clustersOf } from '../../shared/evaluation/clusters.ts';
import { compareAuc } from '../../shared/evaluation/delong.ts';
import { clarifyMetrics, fairnessMetrics, pooled, ratesByGroup } from '../../shared/evaluation/fairness.ts';
import { coverage, naiveError, pinballLoss, scaledErrors } from '../../shared/evaluation/forecast-metrics.ts';
import { clopperPearson, wald, wilson } from '../../shared/evaluation/intervals.ts';
import { mcNemar } from '../../shared/evaluation/mcnemar.ts';
import { withoutMissing } from '../../shared/evaluation/missing.ts';
import { multiclassMetrics } from '../../shared/evaluation/multiclass-metrics.ts';
import { benjaminiHochberg, bonferroni, holm } from '../../shared/evaluation/multiple-testing.ts';
import { compareLosses } from '../../shared/evaluation/paired-loss.ts';
import { meanOverQueries, type QueryMetrics, queryMetrics } from '../../shared/evaluation/ranking-metrics.ts';
import { regressionMetrics } from '../../shared/evaluation/regression-metrics.ts';
import { resampledRanking } from '../../shared/evaluation/resampled-ranking.ts';
import { signedRankP } from '../../shared/evaluation/signed-rank.ts';
import { psiNoise } from '../../shared/monitoring/numeric-drift.ts';
import { column } from './columns.ts';
import type { Figures } from './compare.ts';
import type { ReferenceCase } from './reference-file.ts';

const SEED = 1;
/** Enough that a bootstrap's own noise is a small part of the bands the files allow. */
const DRAWS = 20_000;

const binaryInput = z.strictObject({
  y_true: column,
  y_score: column,
  threshold: z.number(),
  sample_weight: column.optional(),
});

/** Figures of a binary model at a threshold. */
export function binary({ input }: ReferenceCase): Figures {
  const { y_true, y_score, threshold, sample_weight } = binaryInput.parse(input);
  const { dropped, ...pairs } = withoutMissing({ labels: y_true, scores: y_score, weights: sample_weight });
  const { metrics, confusion } = binaryMetrics({ ...pairs, threshold });
  return { ...metrics, confusion, n: pairs.labels.length, n_used: pairs.labels.length, n_dropped: dropped };
}

const multiclassInput = z.strictObject({
  y_true: z.array(z.union([z.number(), z.string()])),
  proba: z.array(z.array(z.number())),
  labels: z.array(z.union([z.number(), z.string()])),
  sample_weight: column.optional(),
});

/** Figures of a model of several classes. */
export function multiclass({ input }: ReferenceCase): Figures {
  const { y_true, proba, labels, sample_weight } = multiclassInput.parse(input);
  const unknown = y_true.find((label) => !labels.includes(label));
  if (unknown !== undefined) throw new RangeError(`${unknown} is none of the labels`);
  const { metrics, confusion, classes } = multiclassMetrics({
    labels: Uint32Array.from(y_true, (label) => labels.indexOf(label)),
    probabilities: labels.map((_, at) => Float64Array.from(proba, (row) => row[at] ?? Number.NaN)),
    weights: sample_weight,
  });
  const { f1_micro } = metrics;
  return {
    ...metrics,
    confusion,
    per_class: classes.map((figures, at) => ({ label: labels[at], ...figures })),
    macro: { precision: metrics.precision_macro, recall: metrics.recall_macro, f1: metrics.f1_macro },
    weighted: { precision: metrics.precision_weighted, recall: metrics.recall_weighted, f1: metrics.f1_weighted },
    micro: { precision: f1_micro, recall: f1_micro, f1: f1_micro },
  };
}

const regressionInput = z.strictObject({ y_true: column, y_pred: column, sample_weight: column.optional() });
const forecastInput = z.strictObject({
  history: column,
  actual: column,
  forecast: column,
  lower_q10: column,
  upper_q90: column,
  seasonality: z.int().min(1),
});

/** Figures of a regression, or of a forecast where the input has a history. */
export function regression({ input }: ReferenceCase): Figures {
  if ('history' in input) {
    const { history, actual, forecast, lower_q10, upper_q90, seasonality } = forecastInput.parse(input);
    return {
      ...regressionMetrics({ labels: actual, scores: forecast }),
      ...scaledErrors({ history, actual, forecast, seasonality }),
      mae_naive_in_sample: naiveError(history, seasonality),
      pinball_q10: pinballLoss(actual, lower_q10, 0.1),
      pinball_q90: pinballLoss(actual, upper_q90, 0.9),
      coverage_80: coverage(actual, lower_q10, upper_q90),
    };
  }
  const { y_true, y_pred, sample_weight } = regressionInput.parse(input);
  const pairs = withoutMissing({ labels: y_true, scores: y_pred, weights: sample_weight });
  return {
    ...regressionMetrics(pairs),
    n: pairs.labels.length,
    n_zero_targets: pairs.labels.filter((label) => label === 0).length,
  };
}

const rankingInput = z.strictObject({ queries: z.array(z.strictObject({ relevance: column, score: column })) });

/** The cut-offs a case asks about: its figures are called `ndcg@10`. */
function cutOffsOf(expected: Figures): readonly number[] {
  const asked = JSON.stringify(expected).matchAll(/"[a-z_]+@(\d+)/g);
  return [...new Set(Array.from(asked, ([, k]) => Number(k)))];
}

function queryFigures({ at, reciprocalRank, averagePrecision }: QueryMetrics): Record<string, number | null> {
  const cut = [...at].flatMap(([k, figures]): [string, number | null][] => [
    [`ndcg@${k}`, figures.ndcg],
    [`ndcg@${k}_sklearn_tie_averaged`, figures.ndcgTieAveraged],
    [`ndcg@${k}_exp_gain`, figures.ndcgExponential],
    [`precision@${k}`, figures.precision],
    [`recall@${k}`, figures.recall],
    [`hit@${k}`, figures.hit],
  ]);
  return { ...Object.fromEntries(cut), mrr: reciprocalRank, average_precision: averagePrecision };
}

/** Figures of ranked lists, per query and on the mean. */
export function ranking({ input, expected }: ReferenceCase): Figures {
  const cutOffs = cutOffsOf(expected);
  const queries = rankingInput
    .parse(input)
    .queries.map(({ relevance, score }) => queryFigures(queryMetrics({ relevance, scores: score }, cutOffs)));
  const names = Object.keys(queries[0] ?? {});
  return {
    per_query: queries,
    mean: Object.fromEntries(names.map((name) => [name, meanOverQueries(queries.map((query) => query[name] ?? null))])),
    n_queries: queries.length,
    n_no_relevant: queries.filter((query) => query.average_precision === null).length,
  };
}

function calibrationFigures(calibration: Calibration | null): Figures | null {
  return (
    calibration && {
      ece: calibration.ece,
      mce: calibration.mce,
      bins: calibration.bins.map(({ bin, rows, meanScore, observedRate }) => ({
        bin,
        n: rows,
        mean_score: meanScore,
        observed_rate: observedRate,
      })),
    }
  );
}

/** How far probabilities are from what happened. */
export function calibration({ input, expected }: ReferenceCase): Figures {
  const { y_true, y_score } = z.strictObject({ y_true: column, y_score: column }).parse(input);
  const pairs = withoutMissing({ labels: y_true, scores: y_score });
  const { metrics } = binaryMetrics({ ...pairs, threshold: 0.5 });
  const { meanScore, baseRate, difference } = calibrationInTheLarge(pairs);
  return {
    brier: metrics.brier,
    log_loss: metrics.log_loss,
    ...Object.fromEntries(
      Object.keys(expected).flatMap((name) => {
        const [, binning, bins] = /^equal_(width|mass)_([1-9]\d*)$/.exec(name) ?? [];
        if (binning === undefined) return [];
        const measure = binning === 'width' ? equalWidthCalibration : equalMassCalibration;
        return [[name, calibrationFigures(measure(pairs, Number(bins)))]];
      }),
    ),
    mean_score: meanScore,
    base_rate: baseRate,
    calibration_in_the_large: difference,
  };
}

function delong({ input, expected }: ReferenceCase): Figures {
  const {
    y_true: labels,
    score_challenger: challenger,
    score_champion: champion,
  } = z.strictObject({ y_true: column, score_challenger: column, score_champion: column }).parse(input);
  const compared = compareAuc({ labels, challenger, champion });
  if (compared.standardError === null) return { auc: compared.auc, undefined: true };
  const rankings = [challenger, champion].map((scores) => resampledRanking(labels, scores));
  const redrawn =
    'bootstrap_stratified_crosscheck' in expected
      ? bootstrap({ rows: labels.length, seed: SEED, draws: DRAWS, strata: clustersOf(labels) }, (rows) => {
          const [first = null, second = null] = rankings.map((ranked) => rocAuc(ranked(rows)));
          return first === null || second === null ? null : first - second;
        })
      : null;
  return {
    auc: compared.auc,
    var: compared.variance,
    cov: compared.covariance,
    diff: compared.difference,
    se_diff: compared.standardError,
    z: compared.z,
    p_two_sided: compared.pTwoSided,
    ci95_diff: compared.interval95,
    one_sided_lower95_diff: compared.lower95OneSided,
    bootstrap_stratified_crosscheck: redrawn && { se: redrawn.standardError, ci95_percentile: redrawn.interval95 },
  };
}

function mcnemar({ input }: ReferenceCase): Figures {
  const { b, c } = z.strictObject({ b: z.int(), c: z.int() }).parse(input);
  const tested = mcNemar({ onlyChallengerRight: b, onlyChampionRight: c });
  return {
    b,
    c,
    n_discordant: tested.discordant,
    p_exact: tested.pExact,
    p_midp: tested.pMid,
    chi2: tested.chiSquare,
    p_chi2: tested.pChiSquare,
    chi2_cc: tested.chiSquareCorrected,
    p_chi2_cc: tested.pChiSquareCorrected,
  };
}

function pairedLoss({ input, expected }: ReferenceCase): Figures {
  const {
    loss_challenger: challenger,
    loss_champion: champion,
    margin,
  } = z.strictObject({ loss_challenger: column, loss_champion: column, margin: z.number() }).parse(input);
  const compared = compareLosses({ challenger, champion, margin });
  const differences = challenger.map((loss, row) => loss - (champion[row] ?? 0));
  const redrawn =
    'bootstrap_se' in expected
      ? bootstrap(
          { rows: differences.length, seed: SEED, draws: DRAWS },
          (rows) => rows.reduce((sum, row) => sum + (differences[row] ?? 0), 0) / rows.length,
        )
      : null;
  return {
    n: compared.rows,
    mean_diff: compared.meanDifference,
    se: compared.standardError,
    ci95_normal: compared.interval95,
    t: compared.t,
    p_ttest_rel: compared.pTwoSided,
    upper95_one_sided_normal: compared.upper95OneSided,
    non_inferior: compared.nonInferior,
    superior: compared.superior,
    bootstrap_percentile_ci95: redrawn?.interval95,
    bootstrap_se: redrawn?.standardError,
    wilcoxon_p: signedRankP(differences),
  };
}

const PAIRED_TESTS: Readonly<Record<string, (reference: ReferenceCase) => Figures>> = {
  delong,
  mcnemar,
  paired_loss_difference: pairedLoss,
};

/** Two models on the same rows; the case names the test. */
export function paired(reference: ReferenceCase): Figures {
  const test = Object.entries(PAIRED_TESTS).find(([name]) => name === reference.test)?.[1];
  if (test === undefined) throw new RangeError(`no paired test is called ${JSON.stringify(reference.test)}`);
  return test(reference);
}

const fairnessInput = z.strictObject({
  y_true: column,
  y_pred: column,
  group: z.array(z.string()),
  disadvantaged: z.string().optional(),
});

/** Groups' shares and how alike they are. */
export function fairness({ input }: ReferenceCase): Figures {
  const { y_true, y_pred, group, disadvantaged } = fairnessInput.parse(input);
  const rates = ratesByGroup({ labels: y_true, answers: y_pred, groups: group });
  const figures = { groups: Object.fromEntries(rates), ...fairnessMetrics([...rates.values()]) };
  if (disadvantaged === undefined) return figures;
  const facet = rates.get(disadvantaged);
  if (facet === undefined) throw new RangeError(`no row is in the group ${disadvantaged}`);
  const others = [...rates].filter(([name]) => name !== disadvantaged).map(([, of]) => of);
  return { ...figures, clarify: { disadvantaged, ...clarifyMetrics(pooled(others), facet) } };
}

const pValues = z.strictObject({ p: z.array(z.number()), alpha: z.number() });
const shareOf = z.strictObject({ k: z.int(), n: z.int(), confidence: z.number() });
const psiCase = z.strictObject({ bins: z.int(), n_ref: z.int(), n_cur: z.int(), alpha: z.number() });

/** Families of p-values, intervals of shares, and the noise of PSI; the input says which. */
export function multipleTesting({ input }: ReferenceCase): Figures {
  if ('p' in input) {
    const { p, alpha } = pValues.parse(input);
    return {
      bonferroni: bonferroni(p, alpha),
      holm: holm(p, alpha),
      benjamini_hochberg: benjaminiHochberg(p, alpha),
    };
  }
  if ('k' in input) {
    const { k, n, confidence } = shareOf.parse(input);
    const count = { hits: k, rows: n };
    return {
      wilson: wilson(count, confidence),
      clopper_pearson: clopperPearson(count, confidence),
      wald_clipped: wald(count, confidence),
    };
  }
  const { bins, n_ref, n_cur, alpha } = psiCase.parse(input);
  const noise = psiNoise(bins, n_ref, n_cur, alpha);
  return { psi_critical: noise?.critical ?? null, psi_expected_under_null: noise?.expected ?? null };
}
