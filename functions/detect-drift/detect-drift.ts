import { DriftMeasuredV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import type { MetricValue, PublishMetrics } from '../../shared/aws/metrics-publisher.ts';
import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import type { Champion } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { type DriftFact, driftFactSchema } from '../../shared/monitoring/drift-fact.ts';
import { metricDimensions, OLDEST_METRIC_MS } from '../../shared/monitoring/watch-alarms.ts';
import { isClosed, parseWindow, windowName, windowText } from '../../shared/monitoring/windows.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { type MeasureRunDeps, runMeasurer } from './measure-run.ts';
import { championsIn } from './serving.ts';

export interface DetectDriftDeps extends MeasureRunDeps {
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
 * window's champion is the one at its end; a window that spans several is measured for each of them.
 *
 * @throws CapacityError while a window with too few rows waits for the one before it.
 */
export const detectDrift = ({ ledger, store, publish, tell, stage }: DetectDriftDeps) => {
  const measureRun = runMeasurer({ ledger, store });

  const measured = async (
    { model, window: text }: ClosedWindow,
    champions: readonly Champion[],
    { now, waitingSince }: Pick<Woken<unknown>, 'now' | 'waitingSince'>,
  ): Promise<DriftFact> => {
    const window = parseWindow(text);
    const isPatient = now.getTime() - (waitingSince ?? now).getTime() < PATIENCE_MS;
    const measurements = [];
    for (const champion of champions) {
      const key = keys.definition(model, champion.definitionDigest);
      const { definition } = await ledger.read(publishedDefinitionSchema, key);
      measurements.push(await measureRun({ champion, definition }, window, isPatient));
    }
    const [last, ...earlier] = measurements;
    if (last === undefined) throw new RangeError(`no champion of ${model} answered in ${windowName(window)}`);
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
    const champions = stands ? [] : await championsIn(ledger, model, window);
    if (stands === undefined && champions.length === 0) return { outcome: 'not_in_service' };
    const fact = stands ?? (await measured(data, champions, woken));
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
