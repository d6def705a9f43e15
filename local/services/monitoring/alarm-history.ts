/** What happened to alarms: DescribeAlarmHistory (API reference, documented). */
import type { JsonObject } from '../../contracts.ts';

export const HISTORY_TYPES = ['ConfigurationUpdate', 'StateUpdate', 'Action'] as const;
export type HistoryType = (typeof HISTORY_TYPES)[number];

export interface HistoryItem {
  readonly alarmName: string;
  readonly alarmType: 'MetricAlarm' | 'CompositeAlarm';
  readonly type: HistoryType;
  readonly summary: string;
  readonly data: JsonObject;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Which items are asked for. Times in epoch milliseconds. */
export interface HistoryQuery {
  readonly alarmName?: string | undefined;
  readonly alarmTypes?: readonly string[] | undefined;
  readonly type?: HistoryType | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly oldestFirst?: boolean | undefined;
}

export interface AlarmHistory {
  add(item: HistoryItem): void;
  find(query: HistoryQuery): readonly HistoryItem[];
  clear(): void;
}

// The history of an alarm is kept for 30 days, also after the alarm is deleted: AlarmThatSendsEmail and
// API_DescribeAlarmHistory (documented).
const KEPT_MS = 30 * 86_400_000;
/** A cloud that runs for long keeps the newest items only. */
const MOST_ITEMS = 10_000;

/** @param now The cloud's time, epoch milliseconds. */
export const createAlarmHistory = (now: () => number): AlarmHistory => {
  let items: HistoryItem[] = [];
  return {
    add(item) {
      items.push(item);
      if (items.length > MOST_ITEMS * 1.2) items = items.slice(-MOST_ITEMS);
    },
    find({ alarmName, alarmTypes = ['MetricAlarm'], type, start, end, oldestFirst = false }) {
      const since = Math.max(start ?? 0, now() - KEPT_MS);
      const found = items.filter(
        (item) =>
          (alarmName === undefined || item.alarmName === alarmName) &&
          // *Assumed*: an alarm asked for by name is found whatever its type.
          (alarmName !== undefined || alarmTypes.includes(item.alarmType)) &&
          (type === undefined || item.type === type) &&
          item.at >= since &&
          (end === undefined || item.at <= end),
      );
      return oldestFirst ? found : found.reverse();
    },
    clear() {
      items = [];
    },
  };
};

/** An item as it is answered. */
export const historyAnswer = ({ alarmName, alarmType, type, summary, data, at }: HistoryItem): JsonObject => ({
  AlarmName: alarmName,
  AlarmType: alarmType,
  HistoryItemType: type,
  HistorySummary: summary,
  HistoryData: JSON.stringify(data),
  Timestamp: at / 1000,
});
