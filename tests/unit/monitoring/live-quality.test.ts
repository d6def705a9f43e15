import { describe, expect, it } from 'vitest';

import type { Evaluation } from '../../../shared/evaluation/evaluation.ts';
import { randomStream } from '../../../shared/evaluation/random.ts';
import type { JoinedWindow } from '../../../shared/monitoring/label-join.ts';
import { type LiveQualityInput, liveQuality } from '../../../shared/monitoring/live-quality.ts';
import { evaluation, RUN, scored } from '../evaluation/decision-evidence.ts';

const DAY_MS = 86_400_000;
const WINDOW = { startMs: Date.parse('2001-01-25T00:00:00Z'), endMs: Date.parse('2001-01-26T00:00:00Z') };
const DUE = new Date(WINDOW.endMs + DAY_MS);

const COUNTS: JoinedWindow['counts'] = {
  requests: 0,
  duplicates: 0,
  elsewhere: 0,
  unmatched: 0,
  corrected: 0,
  otherMeaning: 0,
  ambiguous: 0,
  invalid: 0,
};

/** Rows spread over the window whose labels follow their scores; `flipped` of them the wrong way round. */
const rows = (count: number, { flipped = 0, labelled = 1, seed = 7 } = {}): JoinedWindow => {
  const random = randomStream(seed);
  const scores = Float64Array.from({ length: count }, () => random.uniform());
  const labels = scores.map((score, row) => {
    const truth = random.uniform() < score ? 1 : 0;
    if (row >= labelled * count) return Number.NaN;
    return random.uniform() < flipped ? 1 - truth : truth;
  });
  return {
    scores: [scores],
    labels,
    atMs: scores.map((_, row) => WINDOW.startMs + ((row * 7919) % count) * (DAY_MS / count)),
    lagMs: labels.filter((label) => !Number.isNaN(label)).map((_, row) => row * 1000),
    classes: null,
    counts: COUNTS,
  };
};

const promoted = (
  figures: Record<string, number>,
  intervals: Record<string, [number, number]>,
  more: Partial<Evaluation> = {},
): Evaluation =>
  evaluation({
    rows: 20_000,
    cluster: null,
    candidate: { ...scored(RUN, { ece: 0.01, ...figures }), intervals },
    trivial: {},
    ...more,
  });

/** The area under the curve of rows made as above is 5/6. */
const AUC = promoted({ roc_auc: 0.833 }, { roc_auc: [0.827, 0.839] });

const judge = (joined: JoinedWindow, more: Partial<LiveQualityInput> = {}) =>
  liveQuality({
    problem: 'binary',
    policy: {
      metric: 'roc_auc',
      confidence: 0.95,
      operatingPoint: 0.5,
      relativeMargins: false,
      champion: { mode: 'non_inferior', margin: 0.02 },
    },
    isIndependent: false,
    window: WINDOW,
    joined,
    evaluation: AUC,
    now: DUE,
    labelDelayMs: DAY_MS,
    ...more,
  });

const codes = ({ reasons }: { reasons: readonly { code: string }[] }) => reasons.map(({ code }) => code);

describe('the quality of a window', () => {
  it('is the metric on rows with a label, within an interval of blocks of time', () => {
    const live = judge(rows(4000));

    expect(live).toMatchObject({
      outcome: 'measured',
      mature: 'labels',
      clusters: 24,
      labelCoverage: 1,
      degraded: false,
    });
    expect(live.value).toBeCloseTo(0.833, 1);
    expect(live.interval?.[0]).toBeLessThan(live.value ?? 0);
    expect(live.interval?.[1]).toBeGreaterThan(live.value ?? 1);
    expect(live.score).toBeLessThan(1);
    expect(live.figures.ece).toBeLessThan(0.05);
    expect(live.calibration).toHaveLength(10);
  });

  it('is degraded where the lower bound of its loss is above the margin', () => {
    const live = judge(rows(4000, { flipped: 0.15 }));

    expect(live.degraded).toBe(true);
    expect(live.drop?.low).toBeGreaterThan(0.02);
    expect(live.drop?.value).toBeGreaterThan(live.drop?.low ?? 1);
    expect(live.score).toBeCloseTo((live.drop?.low ?? 0) / 0.02, 12);
    expect(codes(live)).toContain('degraded');
  });

  it('is no loss where few rows could have shown it by chance', () => {
    const live = judge(rows(60, { flipped: 0.15, seed: 5 }));

    expect(live.drop?.value).toBeGreaterThan(0.02);
    expect(live.degraded).toBe(false);
  });

  it('is not judged before most labels are there, or have had their time', () => {
    const some = rows(4000, { labelled: 0.5, flipped: 0.15 });

    const early = judge(some, { now: new Date(DUE.getTime() - 1) });
    const late = judge(some);

    expect(early).toMatchObject({ outcome: 'immature', mature: null, value: null, score: null, degraded: false });
    expect(codes(early)).toContain('too_few_labels');
    expect(early.labelCoverage).toBe(0.5);
    expect(late).toMatchObject({ outcome: 'measured', mature: 'age', degraded: true });
  });

  it('is not judged where no label ever came, and no prediction', () => {
    expect(codes(judge(rows(100, { labelled: 0 })))).toEqual(['no_labels']);
    expect(judge(rows(0))).toMatchObject({ outcome: 'immature', labelCoverage: null });
    expect(codes(judge(rows(0)))).toEqual(['no_predictions']);
  });

  it('takes a window for one day of those the gate saw vary', () => {
    const days = promoted(
      { roc_auc: 0.833 },
      { roc_auc: [0.803, 0.863] },
      { cluster: { by: 'day', clusters: 25, largest: 1000 } },
    );
    const bad = rows(4000, { flipped: 0.08 });

    expect(judge(bad).degraded).toBe(true);
    expect(judge(bad, { evaluation: days }).degraded).toBe(false);
  });

  it('counts a loss upwards where less is better, and a margin as a share where it is one', () => {
    const evaluation = promoted({ log_loss: 0.5 }, { log_loss: [0.495, 0.505] });
    const policy = {
      metric: 'log_loss',
      confidence: 0.95,
      operatingPoint: 0.5,
      relativeMargins: true,
      champion: { mode: 'non_inferior', margin: 0.02 },
    } as const;

    const live = judge(rows(4000, { flipped: 0.2 }), { evaluation, policy });

    expect(live.margin).toBeCloseTo(0.01, 12);
    expect(live.drop?.value).toBeCloseTo((live.value ?? 0) - 0.5, 12);
    expect(live.degraded).toBe(true);
  });

  it('says when only some kinds of rows get a label', () => {
    const all = rows(4000);
    const chosen = {
      ...all,
      labels: all.labels.map((label, row) => ((all.scores[0]?.[row] ?? 0) > 0.4 ? label : Number.NaN)),
    };

    const live = judge(chosen);
    const fair = judge(rows(4000, { labelled: 0.6 }));

    expect(live.selection).toMatchObject({ selective: true });
    expect(live.selection?.labelledMean).toBeGreaterThan(live.selection?.unlabelledMean ?? 1);
    expect(codes(live)).toContain('selective_labels');
    expect(fair.selection).toMatchObject({ selective: false });
  });

  it('has no figure where all labels are alike', () => {
    const all = rows(500);
    const live = judge({ ...all, labels: all.labels.map(() => 1) });

    expect(live).toMatchObject({ outcome: 'measured', value: null, drop: null, score: null, degraded: false });
    expect(codes(live)).toContain('metric_undefined');
  });

  it('is an error where the answers are no probabilities', () => {
    const all = rows(500);
    expect(judge({ ...all, scores: [all.scores[0]?.map((score) => score * 3) ?? new Float64Array(0)] })).toMatchObject({
      outcome: 'error',
      value: null,
    });
  });

  it('is measured for classes and numbers too', () => {
    const random = randomStream(3);
    const truth = Float64Array.from({ length: 600 }, () => random.below(3));
    const column = (of: number) => truth.map((label) => (label === of ? 0.6 : 0.2));
    const base = rows(600);
    const classes = { ...base, scores: [column(0), column(1)], labels: truth, classes: ['a', 'b', 'new'] };
    const accuracy = {
      metric: 'accuracy',
      confidence: 0.95,
      operatingPoint: 0.5,
      champion: { mode: 'non_inferior', margin: 0.02 },
    } as const;

    const live = judge(classes, {
      problem: 'multiclass',
      policy: accuracy,
      evaluation: promoted({ accuracy: 1 }, { accuracy: [0.99, 1] }, { problem: 'multiclass' }),
    });
    const numbers = judge(
      { ...base, labels: base.labels.map((_, row) => (base.scores[0]?.[row] ?? 0) + (random.uniform() - 0.5)) },
      {
        problem: 'regression',
        policy: { ...accuracy, metric: 'rmse' },
        evaluation: promoted({ rmse: 0.289 }, { rmse: [0.28, 0.298] }, { problem: 'regression' }),
      },
    );

    expect(live.value).toBeCloseTo(1 - truth.filter((label) => label === 2).length / 600, 12);
    expect(live.degraded).toBe(true);
    expect(numbers.value).toBeCloseTo(0.289, 1);
    expect(numbers.degraded).toBe(false);
  });
});

describe('a gate that told how far its figure varies', () => {
  const CLUSTERS = 16;
  const ERROR = 0.0075;
  const cluster = { by: 'day', clusters: CLUSTERS, largest: 1000 };
  /** Half a two-sided interval by Student's t of 15 degrees of freedom at 95 %. */
  const HALF = 2.131449546 * ERROR;
  const told = (candidateSpread: Evaluation['candidateSpread'], more: Partial<Evaluation> = {}) =>
    promoted({ roc_auc: 0.833 }, { roc_auc: [0.833 - HALF, 0.833 + HALF] }, { cluster, candidateSpread, ...more });
  const spread = { metric: 'roc_auc', standardError: ERROR, degreesOfFreedom: CLUSTERS - 1, byCluster: ERROR };
  const bad = rows(4000, { flipped: 0.08 });
  const lowBy = (evaluation: Evaluation, more: Partial<LiveQualityInput> = {}) =>
    judge(bad, { evaluation, ...more }).drop?.low ?? Number.NaN;
  /** The same rows, called a window of so many days. */
  const days = (count: number) => ({ window: { ...WINDOW, startMs: WINDOW.endMs - count * DAY_MS } });

  it('has its error taken out of the interval where it told nothing, or of another metric', () => {
    const withoutWord = lowBy(told(undefined));

    expect(lowBy(told(null))).toBe(withoutWord);
    expect(lowBy(told({ ...spread, metric: 'log_loss', standardError: 1 }))).toBe(withoutWord);
    expect(lowBy(told(spread))).toBeCloseTo(withoutWord, 8);
  });

  /** A gate that joined neighbours for its own error. */
  const joined = { ...spread, standardError: 1.75 * ERROR, degreesOfFreedom: 4 };
  // The interval is made of that error and those degrees of freedom.
  const half = 2.776445105 * joined.standardError;
  const older = promoted({ roc_auc: 0.833 }, { roc_auc: [0.833 - half, 0.833 + half] }, { cluster });
  const withIt = { ...older, candidateSpread: joined };

  it('has a day held against single days, though it joined neighbours for its own error', () => {
    const live = judge(bad, { evaluation: withIt });

    const error = Math.hypot(ERROR * Math.sqrt(CLUSTERS), joined.standardError);
    // Welch and Satterthwaite: (0.03² + 0.013125²)² / (0.03⁴/15 + 0.013125⁴/4) = 18.7 degrees of freedom.
    expect(live.drop?.low).toBeCloseTo((live.drop?.value ?? 0) - 1.7304 * error, 4);
  });

  it('lets a loss be found that its interval alone would hide', () => {
    const worse = rows(4000, { flipped: 0.12 });

    expect(judge(worse, { evaluation: older }).degraded).toBe(false);
    expect(judge(worse, { evaluation: withIt }).degraded).toBe(true);
    const moving = { ...older, candidateSpread: { ...joined, byCluster: joined.standardError } };
    expect(judge(worse, { evaluation: moving }).degraded).toBe(false);
  });

  it('has several days taken for as alike as it found neighbours, and never for more than one day', () => {
    const apart = told(spread);
    const somewhat = told({ ...spread, standardError: 1.5 * ERROR });
    const alike = told({ ...spread, standardError: 9 * ERROR });

    const estimated = (evaluation: Evaluation, count: number) => {
      const [low = 0, high = 0] = judge(bad, { evaluation, ...days(count) }).estimate?.interval ?? [];
      return (high - low) / 2 / 2.131449546;
    };

    const day = ERROR * Math.sqrt(CLUSTERS);
    expect(estimated(apart, 1)).toBeCloseTo(day, 6);
    expect(estimated(somewhat, 1)).toBeCloseTo(day, 6);
    expect(estimated(apart, 4)).toBeCloseTo(day / 2, 6);
    expect(estimated(somewhat, 4)).toBeCloseTo((1.5 * day) / 2, 6);
    expect(estimated(alike, 4)).toBeCloseTo(day, 6);
  });

  it('has rows taken for independent where it did so', () => {
    const single = told({ ...spread, degreesOfFreedom: null, byCluster: null }, { cluster: null, rows: 4000 });

    const live = judge(bad, { evaluation: single });

    const error = Math.hypot(ERROR, ERROR);
    expect(live.drop?.low).toBeCloseTo((live.drop?.value ?? 0) - 1.644853627 * error, 3);
  });
});

describe('an estimate of the quality', () => {
  it('stands beside what came true, and says whether it was right', () => {
    const right = judge(rows(4000, { seed: 4 }));
    const wrong = judge(rows(4000, { flipped: 0.3 }));

    expect(right.estimate).toMatchObject({ estimated: true, method: 'cbpe', metric: 'roc_auc', covered: true });
    expect(right.estimate?.value).toBeCloseTo(0.833, 1);
    expect(wrong.estimate).toMatchObject({ covered: false });
  });

  it('is made where labels are missing, and is covered by nothing then', () => {
    expect(judge(rows(4000, { labelled: 0 })).estimate).toMatchObject({ estimated: true, covered: null });
  });

  it.each([
    [
      'of a model that was not calibrated',
      { evaluation: promoted({ roc_auc: 0.833, ece: 0.2 }, { roc_auc: [0.827, 0.839] }) },
    ],
    ['where nothing says how far it varies', { evaluation: promoted({ roc_auc: 0.833 }, {}) }],
    [
      'of a metric that probabilities cannot tell',
      {
        evaluation: promoted({ log_loss: 0.5 }, { log_loss: [0.49, 0.51] }),
        policy: {
          metric: 'log_loss',
          confidence: 0.95,
          operatingPoint: 0.5,
          champion: { mode: 'non_inferior', margin: 0.02 },
        },
      },
    ],
  ] as const)('is not made %s', (_, more) => {
    expect(judge(rows(500), more).estimate).toBeNull();
  });
});

describe('a figure that somebody says the metric was', () => {
  const bad = rows(4000, { flipped: 0.08 });

  it('is what the window is held against, by the error of the window alone', () => {
    const said = judge(bad, { evaluation: 0.9 });

    expect(said).toMatchObject({ baseline: 0.9, degraded: true, estimate: null });
    expect(said.drop?.value).toBeCloseTo(0.9 - (said.value ?? 0), 12);
    expect(said.drop?.low).toBeLessThan(said.drop?.value ?? 0);
    // A figure at the upper end of what the window allows is no loss.
    expect(judge(bad, { evaluation: said.interval?.[1] ?? 0 }).drop?.low).toBeLessThan(0.02);
  });

  it('is asked for where nobody says it, and nothing is judged', () => {
    const unsaid = judge(bad, { evaluation: null });

    expect(unsaid).toMatchObject({ outcome: 'measured', baseline: null, drop: null, score: null, degraded: false });
    expect(unsaid.reasons.map(({ code }) => code)).toContain('no_baseline');
  });
});
