import type { Reason } from '../../events/vocabulary.ts';
import type { AcceptedDataset } from '../../shared/ledger/accepted-data.ts';
import type { Champion, RunPlan, Slot, SplitMethod } from '../../shared/ledger/facts.ts';
import { REJECTIONS_THAT_PAUSE } from '../../shared/ledger/rejections.ts';
import { pauseReason } from '../../shared/monitoring/retraining-decision.ts';
import { howMany } from '../../shared/report/how-many.ts';
import { runIdOf } from '../../shared/sagemaker/names.ts';
import { mergeDays, timeCut } from './time-cut.ts';

/** What of a definition decides whether and on what to train. Durations in milliseconds. */
export interface RunPolicy {
  /** Whether data that lands starts a run; the first run of a model it always does. */
  readonly onNewData: boolean;
  readonly cooldownMs: number;
  readonly budget: { readonly runs: number; readonly dollars: number; readonly perMs: number };
  /** How far back the data of a run goes; null for all of it. */
  readonly windowMs: number | null;
  /** The column of the rows' time; null without one. */
  readonly time: string | null;
  readonly split: { readonly validation: number; readonly gate: number; readonly embargoMs: number };
}

export interface RunEvidence {
  readonly model: string;
  readonly stage: string;
  readonly now: Date;
  readonly trigger: {
    readonly kind: 'new_data' | 'requested' | 'retraining';
    readonly eventId: string;
    readonly occurredAt: Date;
    readonly reason?: string;
    readonly causes?: readonly string[];
    readonly override: readonly ('cooldown' | 'budget')[];
  };
  readonly definitionDigest: string;
  readonly rulesDigest: string;
  readonly policy: RunPolicy;
  readonly slot: Slot | undefined;
  readonly champion: Champion | undefined;
  /** The best model of the past where that is not the champion. */
  readonly anchor?: RunPlan['anchor'];
  /** How the champion's rows were split; undefined without a champion, or where it is not recorded. */
  readonly championSplit: SplitMethod | undefined;
  /** Every accepted dataset of the model under the rules in force, but for those that no key means any more. */
  readonly datasets: readonly AcceptedDataset[];
  /** How many datasets were judged under other rules and not under those in force. */
  readonly unjudged: number;
  /** Candidates that were rejected in a row under the definition in force. */
  readonly rejections: number;
  /** What the run is expected to cost. */
  readonly cost: NonNullable<RunPlan['cost']>;
}

export type RunDecision =
  | { readonly outcome: 'run'; readonly plan: RunPlan }
  /** Not now; `reasons` answers a request. `retry`: the same evidence may be decided otherwise later. */
  | { readonly outcome: 'none'; readonly reasons: readonly Reason[]; readonly retry: boolean };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const none = (code: string, message: string, retry: boolean, value?: number, limit?: number): RunDecision => ({
  outcome: 'none',
  retry,
  reasons: [{ code, message, ...(value !== undefined && { value }), ...(limit !== undefined && { limit }) }],
});

/**
 * Before which time the gate must not begin: the champion has been trained on what is older. A champion whose rows were
 * split in another way says nothing about this time; preparing finds that out too, and its candidate is held.
 */
const seenBefore = ({ champion, championSplit, policy }: RunEvidence): number => {
  const comparable =
    championSplit === undefined || (championSplit.by === 'time' && championSplit.column === policy.time);
  return comparable && champion?.trainedBefore ? Date.parse(champion.trainedBefore) : Number.NEGATIVE_INFINITY;
};

const noData = (unjudged: number): RunDecision => {
  if (unjudged === 0) return none('no_data', 'no accepted dataset yet', true);
  const waiting = unjudged === 1 ? '1 dataset waits' : `${unjudged} datasets wait`;
  const message = `no dataset is accepted under the rules in force yet; ${waiting} to be judged again under them`;
  return none('no_data', message, true, unjudged);
};

/** Cooldown and budget bind every trigger; a model's first run is exempt, a request may override. */
const spending = ({
  policy,
  slot,
  now,
  trigger,
  cost,
}: RunEvidence): { refusal?: RunDecision; overrode: ('cooldown' | 'budget')[] } => {
  const history = slot?.history ?? [];
  const overrode: ('cooldown' | 'budget')[] = [];
  if (history.length === 0) return { overrode };
  const lastEnd = Math.max(...history.map((run) => Date.parse(run.endedAt ?? run.startedAt)));
  const rested = now.getTime() - lastEnd;
  if (rested < policy.cooldownMs) {
    if (!trigger.override.includes('cooldown')) {
      const [hours, limit] = [rested / HOUR_MS, policy.cooldownMs / HOUR_MS];
      return {
        overrode,
        refusal: none(
          'cooldown',
          `the last run ended ${hours.toFixed(1)} hours ago; ${limit} are asked for`,
          true,
          hours,
          limit,
        ),
      };
    }
    overrode.push('cooldown');
  }
  const { runs, dollars: most, perMs } = policy.budget;
  const days = perMs / DAY_MS;
  const within = history.filter((run) => now.getTime() - Date.parse(run.startedAt) < perMs);
  const spent = within.length;
  // A run whose price was not known, or that was planned before prices were looked at, is counted as a run only.
  const dollars = within.reduce((sum, run) => sum + (run.dollars ?? 0), cost.dollars ?? 0);
  const over =
    spent >= runs
      ? none(
          'budget',
          `${howMany(spent, 'run')} in the last ${howMany(days, 'day')}; ${runs} ${runs === 1 ? 'is' : 'are'} allowed`,
          true,
          spent,
          runs,
        )
      : cost.dollars !== null && dollars > most
        ? none(
            'budget',
            `with this run an estimated $${dollars.toFixed(2)} in ${howMany(days, 'day')} (${cost.basis}); $${most} are allowed`,
            true,
            dollars,
            most,
          )
        : undefined;
  if (over) {
    if (!trigger.override.includes('budget')) return { overrode, refusal: over };
    overrode.push('budget');
  }
  return { overrode };
};

/**
 * Whether a run starts, and on what: which datasets, and where in time they are cut. Pure: the same evidence gives the
 * same decision, and a repeated trigger the same run.
 */
export const decideRun = (evidence: RunEvidence): RunDecision => {
  const { model, stage, policy, trigger, champion, now } = evidence;
  const { datasets: available } = evidence;
  if (available.length === 0) return noData(evidence.unjudged);
  const fresh = available.filter((accepted) => !accepted.taken).map((accepted) => accepted.dataset.dataset);
  // Whoever asks for a run has looked.
  if (trigger.kind !== 'requested' && evidence.rejections >= REJECTIONS_THAT_PAUSE) {
    return { outcome: 'none', retry: true, reasons: [pauseReason(evidence.rejections)] };
  }
  const isFirst = champion === undefined && (evidence.slot?.history.length ?? 0) === 0;
  if (trigger.kind === 'new_data' && !policy.onNewData && !isFirst) {
    return none('not_on_new_data', 'retraining.on does not name new_data', false);
  }
  if (trigger.kind === 'new_data' && fresh.length === 0) {
    return none('no_new_data', 'every accepted dataset has been taken by a run', false);
  }
  if (trigger.kind === 'retraining' && fresh.length === 0) {
    const message = 'every accepted dataset has been taken by a run: the same data cannot make a better model';
    return none('no_new_data', message, false);
  }
  const { refusal, overrode } = spending(evidence);
  if (refusal) return refusal;

  const about = trigger.kind === 'new_data' ? fresh.toSorted().join('\n') : trigger.eventId;
  const planned = (datasets: readonly AcceptedDataset[], cut: RunPlan['cut']): RunDecision => ({
    outcome: 'run',
    plan: {
      model,
      run: runIdOf(stage, model, trigger.occurredAt, about),
      stage,
      plannedAt: now.toISOString(),
      trigger: {
        kind: trigger.kind,
        eventId: trigger.eventId,
        ...(trigger.reason !== undefined && { reason: trigger.reason }),
        ...(trigger.causes !== undefined && { causes: [...trigger.causes] }),
        overrode,
      },
      definitionDigest: evidence.definitionDigest,
      rulesDigest: evidence.rulesDigest,
      datasets: datasets.map((accepted) => accepted.dataset.dataset),
      fresh,
      cut,
      champion: champion
        ? { run: champion.run, modelName: champion.modelName, inputDigest: champion.inputDigest }
        : null,
      anchor: evidence.anchor ?? null,
      cost: evidence.cost,
    },
  });

  if (policy.time === null) {
    const oldest = policy.windowMs === null ? Number.NEGATIVE_INFINITY : now.getTime() - policy.windowMs;
    const within = available.filter((accepted) => !accepted.taken || Date.parse(accepted.dataset.receivedAt) >= oldest);
    if (within.length === 0) return none('no_recent_data', 'all accepted data is older than the window', true);
    return planned(within, null);
  }

  const daysOf = (accepted: AcceptedDataset) =>
    accepted.profile.columns.find((column) => column.name === policy.time)?.days ?? [];
  const lastDay = available.flatMap(daysOf).reduce((last, [day]) => (day > last ? day : last), '');
  if (lastDay === '') return none('no_times', `no row of the accepted data has a time in ${policy.time}`, false);
  const end = Date.parse(`${lastDay}T00:00:00Z`) + DAY_MS;
  const from = policy.windowMs === null ? Number.NEGATIVE_INFINITY : end - policy.windowMs;
  const within = available.filter((accepted) =>
    daysOf(accepted).some(([day]) => Date.parse(`${day}T00:00:00Z`) + DAY_MS > from),
  );
  const cut = timeCut(mergeDays(within.map(daysOf), from), policy.split, seenBefore(evidence), policy.split.embargoMs);
  if (!cut) {
    return none(
      'no_unseen_rows',
      'no rows are newer than everything the champion was trained on, with older ones left to train on',
      false,
    );
  }
  return planned(within, {
    from: Number.isFinite(from) ? new Date(from).toISOString() : null,
    validation: new Date(cut.validation).toISOString(),
    gate: new Date(cut.gate).toISOString(),
    embargoMs: policy.split.embargoMs,
  });
};
