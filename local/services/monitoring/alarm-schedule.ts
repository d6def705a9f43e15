/**
 * When alarms are evaluated: at whole minutes of the cloud's clock, alarms with periods below a minute every ten seconds,
 * those that look back over more than a day every hour (AlarmThatSendsEmail, documented). AWS evaluates each alarm at
 * a second of its own within the minute and its windows end at the minute before (published samples); that the second
 * is the minute's first is *assumed*. An alarm none of whose windows can change waits for nothing, so that a clock that
 * is moved on by days is not kept busy: evaluating it again would give the same.
 */
import type { Timer } from '../../clock.ts';
import type { AlarmState, Cloud } from '../../contracts.ts';
import { type Condition, type Datapoint, evaluateCondition, evaluationRange } from './alarm-evaluation.ts';
import type { MetricAlarm } from './alarm-events.ts';
import { conditionOf, queriesOf } from './alarm-settings.ts';
import { isExpression, type MetricStat, type Range, readStat } from './metric-queries.ts';
import { keyOf, type Metrics, type Windows } from './metrics.ts';
import { samplesNeeded } from './statistics.ts';

/** Evaluates alarms when they are due. */
export interface AlarmSchedule {
  /** An alarm was put, or given a state by hand: it is evaluated at the next due time. */
  watch(alarm: MetricAlarm): void;
  forget(alarm: MetricAlarm): void;
  /** How many alarms wait for a due time. */
  waiting(): number;
  clear(): void;
}

type Transition = (alarm: MetricAlarm, state: AlarmState, reason: string, reasonData: string) => void;

interface Watched {
  readonly alarm: MetricAlarm;
  readonly condition: Condition;
  readonly gridMs: number;
  readonly stats: readonly MetricStat[];
  readonly keys: readonly string[];
  /** The data points of these windows, newest first, and how many samples the newest periods have. */
  read(range: Range): readonly Datapoint[];
  /** Samples a percentile needs; undefined when any number will do. */
  readonly needed: number | undefined;
  due: { readonly at: number; readonly timer: Timer } | undefined;
}

const TEN_SECONDS_MS = 10_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_SECONDS = 86_400;

const gridOf = ({ periodSeconds, evaluationPeriods }: Condition): number => {
  if (periodSeconds < 60) return TEN_SECONDS_MS;
  return periodSeconds * evaluationPeriods > DAY_SECONDS ? HOUR_MS : MINUTE_MS;
};

export const createAlarmSchedule = (cloud: Cloud, metrics: Metrics, transition: Transition): AlarmSchedule => {
  const byAlarm = new Map<MetricAlarm, Watched>();
  const byMetric = new Map<string, Set<Watched>>();

  const compile = (alarm: MetricAlarm): Watched => {
    const { settings } = alarm;
    const condition = conditionOf(settings);
    const { queries, watched } = queriesOf(settings);
    const stats = queries.all.flatMap(({ source }) => (isExpression(source) ? [] : [source]));
    const source = queries.all.find(({ id }) => id === watched)?.source;
    const read = (range: Range): readonly Datapoint[] => {
      if (source && !isExpression(source)) {
        const { points, buckets } = readStat(metrics, source, range);
        return buckets
          .flatMap(({ at, sampleCount }) => {
            const value = points.get(at);
            return value === undefined ? [] : [{ at, value, sampleCount }];
          })
          .reverse();
      }
      const value = queries.value(watched, (stat) => readStat(metrics, stat, range).points, range);
      if (value.kind !== 'series') return [];
      return [...value.points]
        .map(([at, each]) => ({ at, value: each, sampleCount: undefined }))
        .sort((a, b) => b.at - a.at);
    };
    const statistic = source && !isExpression(source) ? source.statisticName : '';
    return {
      alarm,
      condition,
      gridMs: gridOf(condition),
      stats,
      keys: [...new Set(stats.map(({ metric }) => keyOf(metric)))],
      read,
      needed: settings.EvaluateLowSampleCountPercentile === 'ignore' ? samplesNeeded(statistic) : undefined,
      due: undefined,
    };
  };

  const schedule = (watched: Watched, at: number) => {
    if (watched.due && watched.due.at <= at) return;
    watched.due?.timer.cancel();
    const timer = cloud.clock.at(
      at,
      () => evaluate(watched),
      `monitoring: evaluates ${watched.alarm.settings.AlarmName}`,
    );
    watched.due = { at, timer };
  };
  const soon = (watched: Watched) => {
    const { gridMs } = watched;
    schedule(watched, Math.floor(cloud.clock.ms() / gridMs) * gridMs + gridMs);
  };

  const evaluate = (watched: Watched) => {
    watched.due = undefined;
    const { alarm, condition, gridMs } = watched;
    const now = cloud.clock.ms();
    const end = Math.floor(now / gridMs) * gridMs;
    const periodMs = condition.periodSeconds * 1000;
    const count = evaluationRange(condition.evaluationPeriods, condition.periodSeconds);
    const start = end - count * periodMs;
    const points = watched.read({ start, end, origin: start });
    const samples = points
      .slice(0, condition.evaluationPeriods)
      .reduce((total, { sampleCount = 0 }) => total + sampleCount, 0);
    // With EvaluateLowSampleCountPercentile `ignore` a percentile alarm keeps its state while there are too few samples:
    // API_PutMetricAlarm (documented).
    const tooFew = watched.needed !== undefined && points.length > 0 && samples < watched.needed;
    const verdict = tooFew ? undefined : evaluateCondition(condition, points, end, now);
    if (verdict && verdict.state !== alarm.state.value)
      transition(alarm, verdict.state, verdict.reason, verdict.reasonData);
    // The transition may have put the alarm anew.
    if (byAlarm.get(alarm) !== watched) return;
    // What only rises and is past the threshold in every window stays so.
    const isPast =
      alarm.state.value === 'ALARM' && points.length === count && condition.comparison.startsWith('GreaterThan');
    const windows: Windows = { end, periodMs, count, gridMs, isRiseSettled: isPast };
    const changes = watched.stats.flatMap(({ metric }) => metrics.nextChange(metric, windows) ?? []);
    if (changes.length > 0) schedule(watched, Math.min(...changes));
  };

  const forget = (alarm: MetricAlarm) => {
    const known = byAlarm.get(alarm);
    if (!known) return;
    known.due?.timer.cancel();
    known.due = undefined;
    byAlarm.delete(alarm);
    for (const key of known.keys) {
      const readers = byMetric.get(key);
      readers?.delete(known);
      if (readers?.size === 0) byMetric.delete(key);
    }
  };

  metrics.watch((key) => {
    for (const watched of byMetric.get(key) ?? []) soon(watched);
  });

  return {
    watch(alarm) {
      forget(alarm);
      const watched = compile(alarm);
      byAlarm.set(alarm, watched);
      for (const key of watched.keys) {
        const readers = byMetric.get(key) ?? new Set();
        readers.add(watched);
        byMetric.set(key, readers);
      }
      soon(watched);
    },
    forget,
    waiting: () => [...byAlarm.values()].filter(({ due }) => due !== undefined).length,
    clear() {
      for (const alarm of [...byAlarm.keys()]) forget(alarm);
    },
  };
};
