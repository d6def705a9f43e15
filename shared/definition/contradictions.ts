/** What a definition must not say although each part of it is well formed. */
import { metricNamed, metricsOf } from '../evaluation/metrics.ts';
import { FAIRNESS_LIMITS } from '../evaluation/policy.ts';
import { suggestion } from '../features/names.ts';
import { LONGEST_WAIT_SECONDS, longestWaitSeconds, type Traffic } from '../rollout/traffic.ts';
import { type Cluster, clusterColumn, timeBlock } from './cluster.ts';
import { type Margin, relativeMargin } from './evaluation-schema.ts';
import { USUAL_SHARES } from './schema.ts';

/** The parts of a definition that are looked at together. */
interface Settings {
  readonly problem: 'binary' | 'multiclass' | 'regression';
  readonly data: {
    readonly label: { readonly name: string; readonly sql: string | null };
    readonly time: string | null;
    readonly key: readonly string[] | null;
    readonly features:
      | readonly {
          readonly name: string;
          readonly sql: string | null;
          readonly kind: 'number' | 'category' | null;
          readonly encoding: string;
        }[]
      | null;
    readonly protected: readonly string[];
    readonly post_event: readonly string[];
    readonly entity: string | null;
    readonly weight: string | null;
    readonly split: {
      readonly validation: number | null;
      readonly gate: number | null;
      readonly embargo: number;
      readonly folds: number | null;
      readonly max_shared: number;
    };
  };
  readonly training: {
    readonly algorithm: unknown;
    readonly input: string;
    readonly spot: boolean;
    readonly max_runtime: number;
    readonly class_balance: string;
    readonly hyperparameters: Readonly<Record<string, unknown>>;
  };
  readonly evaluation: {
    readonly metric: string;
    readonly thresholds: Readonly<Record<string, number>>;
    readonly threshold: number | null;
    readonly champion: { readonly mode: string; readonly margin: Margin };
    readonly anchor: { readonly margin: Margin } | null;
    readonly cluster: Cluster;
    readonly slices: readonly {
      readonly column: string;
      readonly margin: Margin;
      readonly floors: Readonly<Record<string, number>>;
    }[];
    readonly fairness: readonly { readonly column: string; readonly limits: Readonly<Record<string, number>> }[];
    readonly suspicion: { readonly jump: Margin | null };
  };
  readonly deployment: {
    readonly existing: { readonly endpoint: string } | null;
    readonly count: number | null;
    readonly traffic: Traffic | null;
  };
  readonly monitoring: {
    readonly window: number;
    readonly drift: unknown;
    readonly quality: { readonly join: 'inference_id' | 'key'; readonly baseline: number | null } | null;
  };
  readonly retraining: {
    readonly on: readonly string[];
    readonly budget: { readonly per: number };
    readonly data: { readonly mode: string; readonly half_life?: number };
  };
}

/** A setting that does not go with another. */
export interface Contradiction {
  readonly path: readonly (string | number)[];
  /** What would have been right. */
  readonly expected: string;
}

type Refuse = (path: Contradiction['path'], expected: string) => void;

/** Everything in a definition that goes against something else in it. */
export function contradictionsIn(settings: Settings): Contradiction[] {
  const found: Contradiction[] = [];
  const refuse: Refuse = (path, expected) => found.push({ path, expected });
  refuseColumns(settings, refuse);
  refusePostEvent(settings, refuse);
  refuseEncodings(settings, refuse);
  refuseSplit(settings, refuse);
  refuseMetrics(settings, refuse);
  refuseComparison(settings, refuse);
  refuseFairness(settings, refuse);
  refuseTraining(settings, refuse);
  refuseRollout(settings, refuse);
  refuseExisting(settings, refuse);
  refuseTimes(settings, refuse);
  return found;
}

function refuseColumns({ data, evaluation }: Settings, refuse: Refuse): void {
  const features = data.features ?? [];
  refuseRepeats(
    features.map(({ name }) => name),
    (i) => refuse(['data', 'features', i], 'each feature once; this name is taken'),
  );
  for (const [list, path] of [
    [data.key ?? [], ['data', 'key']],
    [data.protected, ['data', 'protected']],
    [data.post_event, ['data', 'post_event']],
    [evaluation.slices.map(({ column }) => column), ['evaluation', 'slices']],
    [evaluation.fairness.map(({ column }) => column), ['evaluation', 'fairness']],
  ] as const) {
    refuseRepeats(list, (i) => refuse([...path, i], 'each column once'));
  }
  const labelColumn = data.label.sql === null ? data.label.name : undefined;
  features.forEach(({ name, sql }, i) => {
    if (name === data.label.name)
      refuse(['data', 'features', i], "no feature of the label's name: a model cannot be given what it is to predict");
    if (sql === null && data.protected.includes(name))
      refuse(['data', 'features', i], 'no protected column: data.protected are never features');
    if (sql === null && data.post_event.includes(name))
      refuse(['data', 'features', i], `no ${name}: data.post_event are known only after the event, and never features`);
    if (sql === null && name === data.weight)
      refuse(['data', 'features', i], 'no weight column: data.weight is not a feature');
  });
  if (labelColumn === undefined) return;
  const roles = [
    ['time', data.time],
    ['weight', data.weight],
    ['entity', data.entity],
  ] as const;
  for (const [role, column] of roles) {
    if (column === labelColumn) refuse(['data', role], 'a column that is not the label');
  }
  data.key?.forEach((column, i) => {
    if (column === labelColumn)
      refuse(['data', 'key', i], 'a column that is not the label: a key must not depend on it');
  });
  data.protected.forEach((column, i) => {
    if (column === labelColumn) refuse(['data', 'protected', i], 'a column that is not the label');
  });
  evaluation.slices.forEach(({ column }, i) => {
    if (column === labelColumn)
      refuse(['evaluation', 'slices', i], 'a column that is not the label: within one answer there is nothing to tell');
  });
  if (clusterColumn(evaluation.cluster) === labelColumn)
    refuse(['evaluation', 'cluster'], 'a column that is not the label');
}

/**
 * Roles that need a column before the event is over. The others read it beside the rows that train or judge, and may: the
 * label is made of such columns as a rule, a weight may say what the event cost, and a protected column is no feature either.
 */
function refusePostEvent({ data, monitoring }: Settings, refuse: Refuse): void {
  if (data.time !== null && data.post_event.includes(data.time))
    refuse(
      ['data', 'time'],
      'a column that is not in data.post_event: rows are split and windows cut by when an event was, not by when its end was known',
    );
  if (monitoring.quality?.join !== 'key') return;
  data.key?.forEach((column, i) => {
    if (data.post_event.includes(column))
      refuse(
        ['data', 'key', i],
        'a column that is not in data.post_event: with monitoring.quality.join a record to predict brings the key',
      );
  });
}

function refuseRepeats(names: readonly string[], refuse: (index: number) => void): void {
  names.forEach((name, i) => {
    if (names.indexOf(name) < i) refuse(i);
  });
}

function refuseEncodings({ problem, data, deployment }: Settings, refuse: Refuse): void {
  data.features?.forEach(({ kind, encoding }, i) => {
    const path = ['data', 'features', i, 'encoding'];
    if (encoding === 'ordinal') return;
    if (kind === 'number') refuse(path, `kind: category as well, or no encoding: a number needs none`);
    if (encoding === 'target' && problem === 'multiclass')
      refuse(path, 'ordinal or frequency: the labels of a multiclass model have no average');
    if (deployment.existing !== null)
      refuse(path, 'ordinal, beside deployment.existing: its numbers were not learned here');
  });
}

function refuseSplit({ data, training }: Settings, refuse: Refuse): void {
  const { validation, gate, embargo, folds, max_shared } = data.split;
  const kept = (validation ?? 0) + (gate ?? 0);
  if (kept >= 1)
    refuse(
      ['data', 'split', 'gate'],
      `validation and gate below 1 together, so that rows are left to train on; they are ${Number(kept.toFixed(6))}`,
    );
  if (folds !== null && data.time !== null)
    refuse(
      ['data', 'split', 'folds'],
      'no folds beside data.time: the rows of the other folds would tell of the time that is judged',
    );
  if (folds !== null && validation === null && training.hyperparameters.early_stopping_rounds !== undefined)
    refuse(
      ['data', 'split', 'validation'],
      'a share of the rows, such as 0.1: early_stopping_rounds needs rows to stop the training by, and with folds there are none by themselves',
    );
  if (max_shared !== USUAL_SHARES.shared) {
    const path = ['data', 'split', 'max_shared'];
    if (data.time !== null) refuse(path, 'no max_shared beside data.time: rows of different times are not equal');
    else if (data.entity !== null) refuse(path, 'no max_shared beside data.entity: its rows stay on one side');
    else if (data.key === null)
      refuse(path, 'data.key as well: what tells equal rows apart is looked for in a declared key alone');
  }
  if (embargo > 0 && data.time === null)
    refuse(['data', 'split', 'embargo'], 'data.time as well: without a time there is nothing to keep a distance in');
  if (data.entity !== null && data.time !== null)
    refuse(['data', 'entity'], 'no entity beside data.time: rows that have a time are split by it alone');
}

function refuseMetrics({ problem, evaluation }: Settings, refuse: Refuse): void {
  // Models of several classes cannot be judged yet, so there are no names to check against (see honoured.ts).
  const known = metricsOf(problem).map(({ name }) => name);
  if (known.length === 0) return;
  const expected = (name: string): string =>
    `a metric of ${problem} models: ${known.join(', ')}${suggestion(name, known)}`;
  const metric = metricNamed(problem, evaluation.metric);
  if (metric === undefined) refuse(['evaluation', 'metric'], expected(evaluation.metric));
  else if (metric.test === null) {
    const tested = metricsOf(problem).filter(({ test }) => test !== null);
    refuse(
      ['evaluation', 'metric'],
      `a metric whose difference between two models can be tested (${metric.name} can be a threshold): ${tested.map(({ name }) => name).join(', ')}`,
    );
  }
  const refuseLimits = (limits: Readonly<Record<string, number>>, under: Contradiction['path']): void => {
    for (const [name, limit] of Object.entries(limits)) {
      const path = [...under, name];
      if (!known.includes(name)) refuse(path, expected(name));
      else if (SHARES.has(name) && (limit < 0 || limit > 1)) refuse(path, `a number from 0 to 1, as every ${name} is`);
    }
  };
  refuseLimits(evaluation.thresholds, ['evaluation', 'thresholds']);
  evaluation.slices.forEach(({ floors }, i) => {
    refuseLimits(floors, ['evaluation', 'slices', i, 'floors']);
  });
  if (evaluation.threshold !== null && problem !== 'binary') {
    refuse(['evaluation', 'threshold'], `nothing: a ${problem} model's answer has no threshold`);
  }
}

function refuseComparison({ evaluation }: Settings, refuse: Refuse): void {
  const { champion, anchor, thresholds, slices, suspicion } = evaluation;
  if (champion.mode === 'threshold') {
    if (Object.keys(thresholds).length === 0)
      refuse(
        ['evaluation', 'champion', 'mode'],
        'evaluation.thresholds as well: with threshold they are all that is asked',
      );
    if (anchor !== null)
      refuse(['evaluation', 'anchor'], 'null, or another champion.mode: threshold compares with nothing');
  }
  const kind = relativeMargin(champion.margin) === undefined ? 'in units of the metric' : 'a percentage';
  const isOfKind = (margin: Margin): boolean =>
    (relativeMargin(margin) === undefined) === (relativeMargin(champion.margin) === undefined);
  const refuseKind = (path: Contradiction['path']): void => refuse(path, `${kind}, as evaluation.champion.margin is`);
  if (anchor !== null) {
    const size = (margin: Margin): number => relativeMargin(margin) ?? Number(margin);
    if (!isOfKind(anchor.margin)) refuseKind(['evaluation', 'anchor', 'margin']);
    else if (size(anchor.margin) < size(champion.margin))
      refuse(
        ['evaluation', 'anchor', 'margin'],
        `at least champion.margin, which is ${champion.margin}: several promotions together may take more than one`,
      );
  }
  slices.forEach(({ margin }, i) => {
    if (!isOfKind(margin)) refuseKind(['evaluation', 'slices', i, 'margin']);
  });
  if (suspicion.jump !== null && !isOfKind(suspicion.jump)) refuseKind(['evaluation', 'suspicion', 'jump']);
}

function refuseFairness({ problem, data, evaluation }: Settings, refuse: Refuse): void {
  evaluation.fairness.forEach(({ column, limits }, i) => {
    const path = ['evaluation', 'fairness', i];
    if (problem !== 'binary') refuse(path, 'no fairness: it is judged of yes and no, and this model answers otherwise');
    else if (!data.protected.includes(column))
      refuse(path, `a column of data.protected${suggestion(column, data.protected)}: others may be features`);
    if (Object.keys(limits).length === 0) refuse([...path, 'limits'], 'at least one limit');
    for (const name of Object.keys(limits).filter((name) => !FAIRNESS_LIMITS.some((known) => known === name))) {
      refuse([...path, 'limits', name], `one of ${FAIRNESS_LIMITS.join(', ')}${suggestion(name, FAIRNESS_LIMITS)}`);
    }
  });
}

const SHARES: ReadonlySet<string> = new Set([
  'roc_auc',
  'average_precision',
  'brier',
  'accuracy',
  'balanced_accuracy',
  'precision',
  'recall',
  'specificity',
  'f1',
  'ece',
  'mce',
  'f1_macro',
  'f1_micro',
  'f1_weighted',
  'precision_macro',
  'precision_weighted',
  'recall_macro',
  'recall_weighted',
  'roc_auc_ovr_macro',
  'roc_auc_ovr_weighted',
  'roc_auc_ovo_macro',
  'top2_accuracy',
]);

/**
 * Waiting and running together may take a spot job of an algorithm that does not checkpoint 3,600 seconds.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
 */
const SPOT_MAX_RUNTIME_MS = 3_600_000;

function refuseTraining({ problem, training }: Settings, refuse: Refuse): void {
  if (training.class_balance === 'weights') {
    if (problem === 'regression')
      refuse(['training', 'class_balance'], 'none: the labels of a regression have no classes');
    if (training.algorithm !== 'xgboost')
      refuse(
        ['training', 'class_balance'],
        'none, beside an image of your own: the weights are a column that xgboost reads',
      );
    if (Object.hasOwn(training.hyperparameters, 'scale_pos_weight'))
      refuse(
        ['training', 'hyperparameters', 'scale_pos_weight'],
        'no scale_pos_weight beside class_balance: the rare class would count for more twice',
      );
  }
  if (training.algorithm === 'xgboost' && training.input !== 'encoded') {
    refuse(['training', 'input'], 'encoded: the built-in xgboost reads nothing else');
  }
  if (training.spot && training.max_runtime > SPOT_MAX_RUNTIME_MS) {
    refuse(
      ['training', 'max_runtime'],
      'at most 1h, because spot is true (the default) and a spot job without checkpoints may take no longer; or spot: false',
    );
  }
}

function refuseRollout({ deployment }: Settings, refuse: Refuse): void {
  const { traffic, count } = deployment;
  if (traffic === null) return;
  const longest = longestWaitSeconds(traffic, Math.max(count ?? 0, 2));
  if (traffic.wait !== 'auto' && traffic.wait > longest * 1000) {
    const expected =
      longest === LONGEST_WAIT_SECONDS
        ? "at most 1h, SageMaker's longest interval"
        : `at most ${Math.floor(longest / 60)}m, because all steps together may take no longer than SageMaker's 8h; or a larger size`;
    refuse(['deployment', 'traffic', 'wait'], expected);
  }
  // https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
  if (traffic.type !== 'all_at_once' && (count ?? 0) < 2) {
    refuse(
      ['deployment', 'count'],
      `at least 2: with one instance there is no part of the traffic to shift by ${traffic.type}`,
    );
  }
}

function refuseExisting({ problem, data, deployment, monitoring }: Settings, refuse: Refuse): void {
  const { quality } = monitoring;
  if (deployment.existing === null) {
    if ((quality?.baseline ?? null) !== null)
      refuse(['monitoring', 'quality', 'baseline'], 'no baseline: of a model that is trained here, the gate says it');
    return;
  }
  if (data.features === null)
    refuse(
      ['data', 'features'],
      "the features in the order of the endpoint's input: captured values are told by place",
    );
  if (monitoring.drift === null)
    refuse(['monitoring', 'drift'], 'drift: an existing endpoint is watched for it in any case');
  if (quality !== null && problem === 'multiclass')
    refuse(
      ['monitoring', 'quality'],
      'no quality of a multiclass model beside deployment.existing: which answer stands for which class is not known',
    );
  if (quality?.join === 'key') refuseForeignKey(data, refuse);
}

/** What an existing endpoint is sent is all that is known of a row: its key must be among that, and as it was. */
function refuseForeignKey({ key, features }: Settings['data'], refuse: Refuse): void {
  if (key === null) {
    refuse(['data', 'key'], 'the columns of the key, each a feature: beside deployment.existing there is no default');
    return;
  }
  const sent = (features ?? []).filter(({ sql }) => sql === null).map(({ name }) => name);
  key.forEach((column, i) => {
    if (sent.includes(column)) return;
    const known = sent.length === 0 ? '' : `: ${sent.join(', ')}${suggestion(column, sent)}`;
    refuse(
      ['data', 'key', i],
      `a column that is a feature as it is${known}. The endpoint is sent nothing else of a row`,
    );
  });
}

/** Settings that say how a model is made, approved or made again. */
const OF_MAKING = ['training', 'approval', 'retraining'] as const;

/** Settings of `evaluation` that say how two models are compared, and not how live quality is measured. */
const OF_COMPARING = [
  ['thresholds'],
  ['champion', 'mode'],
  ['anchor'],
  ['refresh'],
  ['slices'],
  ['fairness'],
  ['limits'],
  ['gate_uses'],
  ['suspicion'],
] as const;

/**
 * What must not be written beside `deployment.existing`: defaults stand in their place, but whoever writes them expects
 * something of them.
 *
 * @param isGiven Whether the file says something at a path.
 */
export function besideExisting(
  { deployment, monitoring }: Pick<Settings, 'deployment' | 'monitoring'>,
  isGiven: (path: Contradiction['path']) => boolean,
): Contradiction[] {
  if (deployment.existing === null) return [];
  const refused: Contradiction[] = OF_MAKING.map((name) => ({
    path: [name],
    expected: `no ${name} beside deployment.existing: nothing is trained where Millrace only watches`,
  }));
  if (monitoring.quality === null) {
    refused.push({
      path: ['evaluation'],
      expected:
        'no evaluation beside deployment.existing, unless monitoring.quality is asked for: it says how that is measured',
    });
  } else {
    for (const below of OF_COMPARING) {
      refused.push({
        path: ['evaluation', ...below],
        expected: `no ${below.join('.')} beside deployment.existing: there is one model, and nothing to compare it with`,
      });
    }
  }
  return refused.filter(({ path }) => isGiven(path));
}

function refuseTimes({ data, evaluation, monitoring, retraining }: Settings, refuse: Refuse): void {
  const block = timeBlock(evaluation.cluster);
  if (block !== undefined && data.time === null) {
    refuse(
      ['evaluation', 'cluster'],
      `data.time as well, to cut into blocks; or { column: ${block} }, if that is a column; or none`,
    );
  }
  if (monitoring.window < 60_000) refuse(['monitoring', 'window'], 'at least 1m');
  // PutMetricAlarm, API reference: an alarm looks back seven days at most.
  if (monitoring.window > 604_800_000)
    refuse(['monitoring', 'window'], "at most 7d: CloudWatch's alarms look back no further");
  if (retraining.data.mode === 'weighted') {
    if (data.time === null)
      refuse(['retraining', 'data', 'mode'], 'data.time as well: without a time no row is older than another');
    if ((retraining.data.half_life ?? 0) < 60_000) refuse(['retraining', 'data', 'half_life'], 'at least 1m');
  }
  if (retraining.budget.per < 60_000) refuse(['retraining', 'budget', 'per'], 'at least 1m');
  if (new Set(retraining.on).size < retraining.on.length) refuse(['retraining', 'on'], 'each trigger once');
}
