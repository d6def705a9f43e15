import { QualityMeasuredV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import type { PublishMetrics } from '../../shared/aws/metrics-publisher.ts';
import { boundedMap } from '../../shared/data/bounded-map.ts';
import { digestOf } from '../../shared/definition/canonical-json.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { type CaptureTally, captureBatches, emptyTally } from '../../shared/monitoring/capture.ts';
import { estimateHistory, estimateShown } from '../../shared/monitoring/estimate-guard.ts';
import { type JoinedWindow, LabelJoin } from '../../shared/monitoring/label-join.ts';
import { labelHourSchema } from '../../shared/monitoring/label-store.ts';
import { type LiveQuality, liveQuality } from '../../shared/monitoring/live-quality.ts';
import { type QualityFact, qualityFactSchema } from '../../shared/monitoring/quality-fact.ts';
import { metricDimensions, OLDEST_METRIC_MS } from '../../shared/monitoring/watch-alarms.ts';
import { isClosed, parseWindow, type Window, windowName, windowText } from '../../shared/monitoring/windows.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { type Judged, type JudgedDeps, type Judging, judgedIn } from './judged.ts';
import { coveredBefore } from './past-estimates.ts';
import { type HourInputs, hourInputs } from './window-inputs.ts';

export interface MeasureWindowDeps extends JudgedDeps {
  readonly tell: Tell;
  readonly publish: PublishMetrics;
  readonly stage: string;
}

interface Joined {
  readonly rows: JoinedWindow;
  readonly tally: CaptureTally;
}

/** Reads a window hour by hour: the labels of an hour, and what was captured in it. */
async function join(
  ledger: Ledger,
  captured: Judged['captured'],
  hours: readonly HourInputs[],
  { shape, classes, meaning }: Judging,
  window: Window,
): Promise<Joined> {
  const joining = new LabelJoin({ window, outputs: shape.outputs, classes, meaning });
  const tally = emptyTally();
  for (const { labels, captures } of hours) {
    joining.hour(await boundedMap(labels, (key) => ledger.read(labelHourSchema, key)));
    for (const { key } of captures) {
      const { body } = await captured.open(key);
      for await (const batch of captureBatches(body, key, shape, tally)) {
        for (let record = 0; record < batch.records; record += 1) {
          joining.take(
            batch.inferenceId(record) ?? batch.eventId(record),
            batch.atMs[record] ?? Number.NaN,
            batch.predictions,
            batch.firstRow[record] ?? 0,
            batch.firstRow[record + 1] ?? 0,
          );
        }
      }
    }
  }
  return { rows: joining.finish(), tally };
}

/** What was captured cannot be believed where most of it cannot be read. */
function mostlyUnreadable(live: LiveQuality, { records, unreadable }: CaptureTally): LiveQuality {
  if (unreadable <= records) return live;
  return {
    ...live,
    outcome: 'error',
    reasons: [
      {
        code: 'capture_unreadable',
        message: `${unreadable} of ${records + unreadable} captured records cannot be read`,
        value: unreadable,
        limit: records,
      },
    ],
    value: null,
    interval: null,
    drop: null,
    score: null,
    degraded: false,
    estimate: null,
  };
}

const HOUR_MS = 3_600_000;

/** Why a window has no figure, and how long labels have left. */
function immatureText({ window, reasons }: QualityFact, leftMs: number): string {
  const left = leftMs > 0 ? `labels are due in ${Math.ceil(leftMs / HOUR_MS)} h` : 'labels have had their time';
  const why = reasons.map(({ message }) => message).join(', ');
  return `${window.start.slice(0, 16)}Z to ${window.end.slice(0, 16)}Z: ${why}; ${left}`;
}

const LOOKED_BACK = 3;
/** A day is left for whoever tries again. */
const OLDEST_MS = OLDEST_METRIC_MS - 86_400_000;

/**
 * When a window's value counts: when its labels were due, so that windows whose labels land together stay apart; but no
 * longer ago than the alarm looks back or CloudWatch takes, and never in the future.
 */
function stampOf({ startMs, endMs }: Window, labelDelayMs: number, now: Date): Date {
  const due = endMs + labelDelayMs;
  const isSeen = due <= now.getTime() && now.getTime() - due < Math.min(LOOKED_BACK * (endMs - startMs), OLDEST_MS);
  return isSeen ? new Date(due) : now;
}

/**
 * Measures the quality of one window from the labels there are by now. The same labels and the same capture are measured
 * once; what comes later is measured again and stands beside it, so that nothing that was said is rewritten.
 */
export const measureWindow =
  ({ tell, publish, stage, ...deps }: MeasureWindowDeps) =>
  async ({
    data,
    now,
  }: Woken<{ model: string; window: { start: string; end: string } }>): Promise<Outcome & { said?: string[] }> => {
    const { model } = data;
    const window = parseWindow(data.window);
    const name = windowName(window);
    if (!isClosed(window, now.getTime())) return { outcome: 'open' };
    const judged = await judgedIn(deps, model, window);
    if (judged === undefined) return { outcome: 'no_model' };
    const { run, others, isStill, quality } = judged;
    if (quality === null) return { outcome: 'not_asked' };
    const { ledger } = deps;
    const labelDelayMs = quality.label_delay;
    const isDue = now.getTime() >= window.endMs + labelDelayMs;

    const follow = async (key: string, fact: QualityFact): Promise<void> => {
      if (fact.outcome === 'immature') return;
      const { asOf, metric, value, score, degraded, labelCoverage, reasons } = fact;
      if (score !== null && isStill) {
        const dimensions = metricDimensions(stage, model);
        const at = stampOf(window, labelDelayMs, new Date(asOf));
        await publish([{ name: 'Quality', value: score, dimensions, at }]);
      }
      const told = { model, run, window: data.window, asOf, metric, value, score, degraded, labelCoverage, reasons };
      await tell(
        QualityMeasuredV1,
        key,
        { ...told, outcome: fact.outcome, qualityKey: key },
        { now, correlationId: `${model}/${name}` },
      );
    };

    const { captured } = judged;
    const hours = await hourInputs(ledger, model, { captured, folders: await judged.folders() }, window);
    const hasLabels = hours.some(({ labels }) => labels.length > 0);
    if (!hasLabels && !isDue) return { outcome: 'no_labels' };
    const inputs = digestOf({
      run,
      isDue,
      labels: hours.flatMap(({ labels }) => labels),
      captures: hours.flatMap(({ captures }) => captures.map(({ key, sizeBytes }) => `${key} ${sizeBytes}`)),
    });
    const latest = (await ledger.keys(`${keys.monitoring(model)}${name}/quality-`)).at(-1);
    const before = latest === undefined ? undefined : await ledger.read(qualityFactSchema, latest);
    if (latest !== undefined && before?.inputs === inputs) {
      await follow(latest, before);
      return { outcome: 'existed' };
    }

    const judging = await judged.judging();
    const { rows, tally } = await join(ledger, captured, hours, judging, window);
    const { problem, policy, isIndependent, evaluation } = judging;
    const measured = liveQuality({
      problem,
      policy,
      isIndependent,
      evaluation,
      window,
      joined: rows,
      now,
      labelDelayMs,
    });
    const live = mostlyUnreadable(measured, tally);
    const key = keys.quality(model, name, now);
    const fact = await ledger.record(qualityFactSchema, key, {
      ...live,
      estimate: await guarded(ledger, model, run, window, live),
      model,
      run,
      window: windowText(window),
      asOf: now.toISOString(),
      counts: { ...rows.counts, records: tally.records, unreadable: tally.unreadable, probes: tally.probes },
      problems: tally.problems.map(({ code, message, file, line }) => ({ code, message, file, line })),
      otherRuns: [...others],
      inputs,
    });
    await follow(key, fact);
    if (fact.outcome !== 'immature') return { outcome: fact.outcome };
    // A window nobody asked anything in waits for no label.
    if (fact.predictions === 0) return { outcome: 'no_predictions' };
    return { outcome: 'immature', said: [immatureText(fact, window.endMs + labelDelayMs - now.getTime())] };
  };

/** An estimate is written down for its own record; without labels beside it, it is withheld unless the record is good. */
async function guarded(
  ledger: Ledger,
  model: string,
  run: string,
  window: Window,
  { estimate }: LiveQuality,
): Promise<QualityFact['estimate']> {
  if (estimate === null) return null;
  const history = estimateHistory(await coveredBefore(ledger, model, run, window));
  const shown = estimateShown(history);
  return estimate.covered === null && !shown ? null : { ...estimate, shown, history };
}
