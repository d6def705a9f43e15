import { DriftMeasuredV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import type { MetricValue, PublishMetrics } from '../../shared/aws/metrics-publisher.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { type DriftFact, driftFactSchema } from '../../shared/monitoring/drift-fact.ts';
import { metricDimensions, OLDEST_METRIC_MS } from '../../shared/monitoring/watch-alarms.ts';
import { isClosed, parseWindow, windowName, windowText } from '../../shared/monitoring/windows.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { type Watched, windowMeasurer } from './measure-window.ts';
import { type ServingDeps, servingIn } from './serving.ts';

export interface DetectDriftDeps extends ServingDeps {
  readonly publish: PublishMetrics;
  readonly tell: Tell;
  readonly stage: string;
}

/** A closed window of a model. */
export interface ClosedWindow {
  readonly model: string;
  readonly window: { readonly start: string; readonly end: string };
}

/** How long a window waits for the one before it to be looked at. */
const PATIENCE_MS = 6 * 3_600_000;
/** An event has 256 KB; reasons beyond these are in the fact. Source: PutEvents, API reference. */
const TOLD_REASONS = 50;

/**
 * Holds a closed window of a model against the baseline of the run that answered, and records what came of it once. The
 * window's champion is the one at its end; a window that spans several is measured for each of them. An endpoint that came
 * from elsewhere is held against the newest data there was at the window's end.
 *
 * @throws CapacityError while a window with too few rows waits for the one before it.
 */
export const detectDrift = (deps: DetectDriftDeps) => {
  const { ledger, publish, tell, stage } = deps;
  const measure = windowMeasurer(ledger);

  const measured = async (
    { model, window: text }: ClosedWindow,
    serving: readonly Watched[],
    { now, waitingSince }: Pick<Woken<unknown>, 'now' | 'waitingSince'>,
  ): Promise<DriftFact> => {
    const window = parseWindow(text);
    const isPatient = now.getTime() - (waitingSince ?? now).getTime() < PATIENCE_MS;
    const measurements = [];
    for (const watched of serving) measurements.push(await measure(watched, window, isPatient));
    const [last, ...earlier] = measurements;
    if (last === undefined) throw new RangeError(`no model of ${model} answered in ${windowName(window)}`);
    return ledger.record(driftFactSchema, keys.drift(model, windowName(window)), {
      model,
      window: windowText(window),
      ...last,
      earlier,
      measuredAt: now.toISOString(),
    });
  };

  const publishMetrics = async ({ model, window, score }: DriftFact, now: Date): Promise<void> => {
    const dimensions = metricDimensions(stage, model);
    const end = new Date(window.end);
    const values: MetricValue[] = [{ name: 'Heartbeat', value: 1, unit: 'Count', dimensions, at: now }];
    if (score !== null && now.getTime() - end.getTime() < OLDEST_METRIC_MS) {
      values.push({ name: 'Drift', value: score, dimensions, at: end });
    }
    await publish(values);
  };

  return async (woken: Woken<ClosedWindow>): Promise<Outcome> => {
    const { data, now } = woken;
    const { model } = data;
    const window = parseWindow(data.window);
    // Whoever says so too early is wrong: more may come.
    if (!isClosed(window, now.getTime())) return { outcome: 'not_closed' };
    const stands = await ledger.find(driftFactSchema, keys.drift(model, windowName(window)));
    const serving = stands ? [] : await servingIn(deps, model, window);
    if (stands === undefined && serving.length === 0) return { outcome: 'not_in_service' };
    const fact = stands ?? (await measured(data, serving, woken));
    await publishMetrics(fact, now);
    const { run, outcome, score, drifted, reasons } = fact;
    await tell(
      DriftMeasuredV1,
      `${model}/${windowName(window)}`,
      {
        model,
        run,
        window: fact.window,
        outcome,
        score,
        drifted: [...drifted],
        reasons: reasons.slice(0, TOLD_REASONS),
        driftKey: keys.drift(model, windowName(window)),
      },
      { now, correlationId: run },
    );
    return { outcome: stands ? 'existed' : outcome };
  };
};
