/**
 * Which state data puts an alarm into, and why. Sources: CloudWatch user guide, "Alarm evaluation"
 * (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html) and "Configuring how CloudWatch alarms
 * treat missing data" (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html,
 * documented).
 */
import type { AlarmState } from '../../contracts.ts';

export const COMPARISONS = {
  GreaterThanOrEqualToThreshold: {
    words: 'greater than or equal to',
    breaches: (value: number, threshold: number) => value >= threshold,
  },
  GreaterThanThreshold: {
    words: 'greater than',
    breaches: (value: number, threshold: number) => value > threshold,
  },
  LessThanThreshold: {
    words: 'less than',
    breaches: (value: number, threshold: number) => value < threshold,
  },
  LessThanOrEqualToThreshold: {
    words: 'less than or equal to',
    breaches: (value: number, threshold: number) => value <= threshold,
  },
} as const;
export type Comparison = keyof typeof COMPARISONS;

export const MISSING_DATA = ['breaching', 'notBreaching', 'ignore', 'missing'] as const;
export type MissingData = (typeof MISSING_DATA)[number];

/** What an alarm compares, and how. */
export interface Condition {
  /** N: how many periods count. */
  readonly evaluationPeriods: number;
  /** M: how many of them must breach. */
  readonly datapointsToAlarm: number;
  /** Whether M was given: the reason then says more. */
  readonly mOfN: boolean;
  readonly comparison: Comparison;
  readonly threshold: number;
  readonly missingData: MissingData;
  readonly periodSeconds: number;
  /** Named in the reason's data, when the alarm has a single metric. */
  readonly statistic?: string | undefined;
  readonly unit?: string | undefined;
}

/** The value of one period. */
export interface Datapoint {
  /** Start of the period, epoch milliseconds. */
  readonly at: number;
  readonly value: number;
  /** Undefined for the result of an expression. */
  readonly sampleCount: number | undefined;
}

export interface Verdict {
  readonly state: AlarmState;
  // Put into words only when they are asked for: most evaluations change nothing.
  readonly reason: string;
  /** JSON text. */
  readonly reasonData: string;
}

/**
 * How many periods an alarm looks back over, beyond those that count, when some are missing: more than the
 * evaluation periods, 5 for 3 in the example of alarms-and-missing-data (documented). That it is always 2 more, and a
 * minute more for periods below a minute, is *assumed*.
 */
export const evaluationRange = (evaluationPeriods: number, periodSeconds: number): number =>
  evaluationPeriods + (periodSeconds < 60 ? Math.ceil(60 / periodSeconds) : 2);

/** A number as Java writes it: reasons have `30.0` and `1.0E7` (recorded). */
export const javaNumber = (value: number): string => {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || size < 1e-3)) {
    const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
    return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
};

/** `21/11/26 13:20:00`: seen in reasons (recorded). */
const reasonTime = (ms: number): string => {
  const [date = '', time = ''] = new Date(ms).toISOString().split('T');
  const [year = '', month, day] = date.split('-');
  return `${day}/${month}/${year.slice(2)} ${time.slice(0, 8)}`;
};

const dataTime = (ms: number): string => `"${new Date(ms).toISOString().replace('Z', '+0000')}"`;

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

const missingWords = { breaching: 'Breaching', notBreaching: 'NonBreaching' } as const;

/** A verdict that is explained when somebody asks: few change an alarm's state. */
class ExplainedVerdict implements Verdict {
  readonly state: AlarmState;
  readonly #reason: () => string;
  readonly #reasonData: () => string;

  constructor(state: AlarmState, reason: () => string, reasonData: () => string) {
    this.state = state;
    this.#reason = reason;
    this.#reasonData = reasonData;
  }

  get reason(): string {
    return this.#reason();
  }

  get reasonData(): string {
    return this.#reasonData();
  }
}

/**
 * Puts data through an alarm's condition.
 * @param recent The data points there are in the evaluation range, newest first.
 * @param end Where the newest period ends, epoch milliseconds.
 * @param now When this is asked, epoch milliseconds.
 * @returns undefined when the alarm keeps its state.
 */
export const evaluateCondition = (
  condition: Condition,
  recent: readonly Datapoint[],
  end: number,
  now: number,
): Verdict | undefined => {
  const { evaluationPeriods: n, datapointsToAlarm: m, missingData, comparison, threshold, periodSeconds } = condition;
  const { breaches, words } = COMPARISONS[comparison];
  const isBreach = ({ value }: Datapoint) => breaches(value, threshold);
  // With enough data, the newest that there is counts, from further back if need be; else all there is (documented).
  const used = recent.slice(0, n);
  const breaching = used.filter(isBreach);
  const fine = used.filter((point) => !isBreach(point));
  const absent = n - used.length;

  const reasonDataOf = (): string => {
    const oldestFirst = [...used].reverse();
    const [oldest] = oldestFirst;
    const evaluated =
      used.length > 0
        ? // Published samples of several data points name the newest alone here; that it is always so is *assumed*.
          used
            .slice(0, 1)
            .map(
              ({ at, value, sampleCount }) =>
                `{"timestamp":${dataTime(at)},${sampleCount === undefined ? '' : `"sampleCount":${javaNumber(sampleCount)},`}"value":${javaNumber(value)}}`,
            )
        : Array.from(
            { length: n },
            (_, index) => `{"timestamp":${dataTime(end - (index + 1) * periodSeconds * 1000)}}`,
          );
    // The reason data of an alarm has these members in this order, and numbers with a fraction (recorded).
    return `{${[
      '"version":"1.0"',
      `"queryDate":${dataTime(now)}`,
      ...(oldest ? [`"startDate":${dataTime(oldest.at)}`] : []),
      ...(condition.unit === undefined ? [] : [`"unit":"${condition.unit}"`]),
      ...(condition.statistic === undefined ? [] : [`"statistic":"${condition.statistic}"`]),
      `"period":${periodSeconds}`,
      `"recentDatapoints":[${oldestFirst.map(({ value }) => javaNumber(value)).join(',')}]`,
      `"threshold":${javaNumber(threshold)}`,
      `"evaluatedDatapoints":[${evaluated.join(',')}]`,
    ].join(',')}}`;
  };

  const crossedText = (state: 'OK' | 'ALARM'): string => {
    const named = state === 'ALARM' ? breaching : fine;
    const treated =
      absent > 0 && (missingData === 'breaching' || missingData === 'notBreaching')
        ? `${counted(absent, 'missing datapoint')} ${absent === 1 ? 'was' : 'were'} treated as [${missingWords[missingData]}]`
        : undefined;
    if (named.length === 0) {
      const received =
        used.length === 0
          ? 'no datapoints were received'
          : `${counted(used.length, 'datapoint')} ${used.length === 1 ? 'was' : 'were'} received`;
      // A state that missing data alone brought about is explained by how many data points came (recorded).
      return `${received} for ${counted(n, 'period')} and ${treated}.`;
    }
    const values = named.map(({ at, value }) => `${javaNumber(value)} (${reasonTime(at)})`).join(', ');
    const comparisonText = `${named.length === 1 ? 'was' : 'were'} ${state === 'ALARM' ? '' : 'not '}${words} the threshold (${javaNumber(threshold)})`;
    const and = treated === undefined ? '' : ` and ${treated}`;
    if (!condition.mOfN) return `${counted(named.length, 'datapoint')} [${values}] ${comparisonText}${and}.`;
    // The reason of an alarm with DatapointsToAlarm also says how many are needed: the samples of
    // docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html (documented).
    const [least, move] = state === 'ALARM' ? [m, 'OK -> ALARM'] : [n - m + 1, 'ALARM -> OK'];
    return `${named.length} out of the last ${n} datapoints [${values}] ${comparisonText}${and} (minimum ${counted(least, 'datapoint')} for ${move} transition).`;
  };
  const crossed = (state: 'OK' | 'ALARM'): Verdict =>
    new ExplainedVerdict(state, () => `Threshold Crossed: ${crossedText(state)}`, reasonDataOf);
  const unknown = (): Verdict =>
    new ExplainedVerdict(
      'INSUFFICIENT_DATA',
      () => `Insufficient Data: ${n === 1 ? '1 datapoint was' : `${n} datapoints were`} unknown.`,
      reasonDataOf,
    );

  if (breaching.length >= m) return crossed('ALARM');
  if (absent === 0) return crossed('OK');
  if (missingData === 'breaching') return crossed(breaching.length + absent >= m ? 'ALARM' : 'OK');
  if (missingData === 'notBreaching') return crossed('OK');
  if (fine.length > 0) return crossed('OK');
  // All there is breaches, but there is too little of it.
  if (missingData === 'ignore') return undefined;
  const oldest = breaching.at(-1);
  // An alarm does not go off before the oldest breaching data point is as old as M periods: until then the next ones may
  // be fine. Then it does, however little data there is (alarms-and-missing-data, "Avoiding premature transitions to
  // alarm state", documented).
  if (oldest && (end - oldest.at) / (periodSeconds * 1000) >= m) return crossed('ALARM');
  // The 2018 edition of that page has this row: insufficient data (documented).
  return unknown();
};
