/** What a subject says of CloudWatch's alarms, and what it needs of them. */

/** A query of an alarm on several metrics: one metric, or an expression over others. */
export interface AlarmQuery {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: {
    readonly Metric: {
      readonly Namespace: string;
      readonly MetricName: string;
      readonly Dimensions: { readonly Name: string; readonly Value: string }[];
    };
    /** Seconds. */
    readonly Period: number;
    readonly Stat: string;
  };
  readonly Label?: string;
  /** True of the one query that is compared with the threshold. */
  readonly ReturnData: boolean;
}

/** A request of PutMetricAlarm, in AWS's own members. Either one metric, or `Metrics`. */
export interface AlarmRequest {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly Namespace?: string;
  readonly MetricName?: string;
  /** All dimensions of the metric: an alarm on fewer watches another metric. Source: CloudWatch user guide, dimensions. */
  readonly Dimensions?: { readonly Name: string; readonly Value: string }[];
  readonly Statistic?: 'Average' | 'Maximum' | 'Minimum' | 'SampleCount' | 'Sum';
  /** `p99` and the like. */
  readonly ExtendedStatistic?: string;
  /** Seconds. */
  readonly Period?: number;
  readonly Metrics?: AlarmQuery[];
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly Threshold: number;
  readonly ComparisonOperator:
    | 'GreaterThanOrEqualToThreshold'
    | 'GreaterThanThreshold'
    | 'LessThanOrEqualToThreshold'
    | 'LessThanThreshold';
  readonly TreatMissingData: 'breaching' | 'ignore' | 'missing' | 'notBreaching';
  /** ARNs; at most 5. */
  readonly AlarmActions?: string[];
}

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** An alarm as it stands. */
export interface AlarmDescription {
  readonly name: string;
  readonly arn: string;
  readonly state: AlarmState;
  /** When it went into this state. */
  readonly since: Date;
  readonly reason: string;
}

/** What is asked of CloudWatch's alarms. */
export interface AlarmsApi {
  /** Creates the alarm, or replaces all its settings and keeps its state. Source: PutMetricAlarm, API reference. */
  put(request: AlarmRequest): Promise<void>;
  /** Takes the alarms away; names that no alarm has are none of its business. */
  remove(names: readonly string[]): Promise<void>;
  /** The alarms there are of these names, in the order of the names. */
  describe(names: readonly string[]): Promise<AlarmDescription[]>;
}
