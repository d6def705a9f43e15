/** What `detect-drift` would have found and published of a window, for tests of what comes after it. */
import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';

import { keys } from '../../shared/ledger/keys.ts';
import { driftFactSchema } from '../../shared/monitoring/drift-fact.ts';
import { METRIC_NAMESPACE, metricDimensions } from '../../shared/monitoring/watch-alarms.ts';
import { type Window, windowName, windowText } from '../../shared/monitoring/windows.ts';
import type { World } from '../loop/world.ts';
import { clientsOn } from './clients.ts';

/** A window in which one feature drifted so far; 1 is the limit. */
export interface FoundDrift {
  readonly model: string;
  readonly window: Window;
  readonly score: number;
}

/** Records the window's fact, of the model in service. */
export const recordDrift = async (world: World, { model, window, score }: FoundDrift): Promise<void> => {
  const none = { files: 0, bytes: 0, records: 0, rows: 0, duplicates: 0, unchecked: 0, outside: 0, probes: 0 };
  await world.ledger.record(driftFactSchema, keys.drift(model, windowName(window)), {
    model,
    run: (await world.champion(model))?.run ?? '',
    window: windowText(window),
    outcome: 'measured',
    score,
    drifted: ['distance'],
    reasons: [],
    counts: { ...none, unreadable: 0 },
    unreadable: { codes: {}, first: [] },
    sampling: 100,
    measured: { windows: 1, start: windowText(window).start, rows: 0 },
    report: null,
    profileKey: null,
    earlier: [],
    measuredAt: windowText(window).end,
  });
};

/** Publishes the window's metric: the alarm hears of it. */
export const publishDrift = async (world: World, { model, window, score }: FoundDrift): Promise<void> => {
  const Dimensions = Object.entries(metricDimensions('dev', model)).map(([Name, Value]) => ({ Name, Value }));
  await clientsOn(world.cloud.client()).cloudWatch.send(
    new PutMetricDataCommand({
      Namespace: METRIC_NAMESPACE,
      MetricData: [{ MetricName: 'Drift', Value: score, Dimensions, Timestamp: new Date(window.endMs) }],
    }),
  );
};
