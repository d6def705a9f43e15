/**
 * The alarms that watch a model in service: drift, quality, and silence of the monitoring itself. They stand on three of
 * the model's four metrics, each of which has the dimensions Stage and Model and no others: every combination of
 * dimensions is a metric that is billed by itself.
 */
import type { AlarmRequest } from './alarm.ts';

/** Where the metrics of Millrace's own lie. */
export const METRIC_NAMESPACE = 'Millrace';

/** CloudWatch takes values up to two weeks old. Source: PutMetricData, API reference. */
export const OLDEST_METRIC_MS = 14 * 86_400_000;

/**
 * What is measured of a model, one value a window: `Drift` the largest distance of the window over its limit, `Quality`
 * the lower bound of the loss of quality over its margin, so that of both 1 is the limit; `Heartbeat` 1 whenever a window
 * was looked at, whatever came of it. `ProbeMismatch` counts wrong answers during a rollout.
 */
export type ModelMetric = 'Drift' | 'Quality' | 'Heartbeat' | 'ProbeMismatch';

/** The dimensions of a model's metrics. */
export const metricDimensions = (stage: string, model: string): Readonly<Record<'Stage' | 'Model', string>> => ({
  Stage: stage,
  Model: model,
});

const WATCHES = ['drift', 'quality', 'silence'] as const;
export type Watch = (typeof WATCHES)[number];

/** `mr-<stage>-<model>-watch-<what>`. */
export const watchAlarmName = (stage: string, model: string, watch: Watch): string =>
  `mr-${stage}-${model}-watch-${watch}`;

/** The names of all alarms that watch a model. */
export const watchAlarmNames = (stage: string, model: string): string[] =>
  WATCHES.map((watch) => watchAlarmName(stage, model, watch));

/** Takes a name of {@link watchAlarmName} apart; undefined if it is none of this stage's. */
export const parseWatchAlarmName = (stage: string, name: string): { model: string; watch: Watch } | undefined => {
  const prefix = `mr-${stage}-`;
  const watch = WATCHES.find((one) => name.endsWith(`-watch-${one}`));
  if (watch === undefined || !name.startsWith(prefix)) return undefined;
  const model = name.slice(prefix.length, -`-watch-${watch}`.length);
  return /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(model) ? { model, watch } : undefined;
};

export interface Watched {
  readonly stage: string;
  readonly model: string;
  /** How long a window of monitoring is. */
  readonly windowMs: number;
  readonly watchDrift: boolean;
  readonly watchQuality: boolean;
  /** Topics that hear of silence. Drift and quality are heard by `retrain-model`, which tells what it makes of them. */
  readonly pageArns: readonly string[];
  /** Topics that hear of drift and quality where nothing is retrained, and so no step of ours makes anything of them. */
  readonly judgedArns?: readonly string[];
}

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;

/**
 * How many periods an alarm may look at: with periods of an hour or more seven days in all, else one day.
 * Source: PutMetricAlarm, API reference.
 */
const periodsWithin = (periodSeconds: number, wanted: number): number => {
  const longest = periodSeconds >= HOUR_SECONDS ? 7 * DAY_SECONDS : DAY_SECONDS;
  return Math.max(1, Math.min(wanted, Math.floor(longest / periodSeconds)));
};

/** Periods are whole minutes, and at most a week. Source: PutMetricAlarm, API reference. */
const periodOf = (milliseconds: number): number =>
  Math.min(7 * DAY_SECONDS, Math.max(1, Math.ceil(milliseconds / 60_000)) * 60);

/** Parts of a window in which a heartbeat is looked for: the finer, the sooner silence is noticed. */
const PARTS = 4;

/** Of how many windows an alarm looks at how many must be at their limit: two of three where CloudWatch has room for them. */
export const windowsToAlarm = (windowMs: number): { readonly of: number; readonly needed: number } => {
  const of = periodsWithin(periodOf(windowMs), 3);
  return { of, needed: Math.min(2, of) };
};

/**
 * The PutMetricAlarm requests of a model in service. Drift and quality: two of the last three windows at their limit,
 * and of fewer windows that there are room for in CloudWatch's week, all. A window without a value changes nothing
 * (`ignore`): nothing measured is neither drift nor its absence, and with `missing` one bad window after a gap would be
 * enough (Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data"). Silence: no heartbeat for two
 * windows; where drift is not measured nothing beats. Since a new alarm without data would be silence, whoever puts them publishes a heartbeat first.
 *
 * Values count by their timestamp: `Quality` is to be stamped when it is measured, because labels may come later than an
 * alarm looks back.
 */
export const watchAlarms = (watched: Watched): AlarmRequest[] => {
  const { stage, model, windowMs, watchDrift, watchQuality, pageArns, judgedArns } = watched;
  const on = (metric: ModelMetric) => ({
    Namespace: METRIC_NAMESPACE,
    MetricName: metric,
    Dimensions: Object.entries(metricDimensions(stage, model)).map(([Name, Value]) => ({ Name, Value })),
  });
  const window = periodOf(windowMs);
  const { of: windows, needed } = windowsToAlarm(windowMs);
  const twoOfThree = {
    Statistic: 'Maximum',
    Period: window,
    EvaluationPeriods: windows,
    DatapointsToAlarm: needed,
    Threshold: 1,
    TreatMissingData: 'ignore',
  } as const;
  const toPeople = judgedArns && { AlarmActions: [...judgedArns] };
  const counted =
    windows === 3 ? 'in two of the last three windows' : `in ${windows === 1 ? 'one window' : 'two windows'}`;
  const drift: AlarmRequest = {
    AlarmName: watchAlarmName(stage, model, 'drift'),
    AlarmDescription: `what ${model} is asked is not what it was trained on, ${counted}`,
    ...on('Drift'),
    ...twoOfThree,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    ...toPeople,
  };
  const quality: AlarmRequest = {
    AlarmName: watchAlarmName(stage, model, 'quality'),
    AlarmDescription: `${model} answers worse than when it was promoted, by more than the margin, ${counted}`,
    ...on('Quality'),
    ...twoOfThree,
    // A loss of exactly the margin is allowed.
    ComparisonOperator: 'GreaterThanThreshold',
    ...toPeople,
  };
  const part = periodOf(windowMs / PARTS);
  const parts = periodsWithin(part, 2 * PARTS);
  const silence: AlarmRequest = {
    AlarmName: watchAlarmName(stage, model, 'silence'),
    AlarmDescription: `the monitoring of ${model} has said nothing for two windows`,
    ...on('Heartbeat'),
    Statistic: 'SampleCount',
    Period: part,
    EvaluationPeriods: parts,
    DatapointsToAlarm: parts,
    Threshold: 1,
    ComparisonOperator: 'LessThanThreshold',
    TreatMissingData: 'breaching',
    AlarmActions: [...pageArns],
  };
  return [...(watchDrift ? [drift, silence] : []), ...(watchQuality ? [quality] : [])];
};
