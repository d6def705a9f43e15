import { RunDeclinedV1, RunPlannedV1 } from '../../events/index.ts';
import type { Reason } from '../../events/vocabulary.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { boundedMap } from '../../shared/data/bounded-map.ts';
import { policyOf as gatePolicyOf } from '../../shared/definition/policy.ts';
import type { ModelDefinition } from '../../shared/definition/schema.ts';
import { DependencyError } from '../../shared/errors.ts';
import { acceptedData } from '../../shared/ledger/accepted-data.ts';
import { withDaysOf } from '../../shared/ledger/dataset-days.ts';
import {
  championSchema,
  declinedSchema,
  preparedSchema,
  type RunPlan,
  runEndSchema,
  runPlanSchema,
  type Slot,
  slotSchema,
  takenSchema,
  trainedSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { readPublished } from '../../shared/ledger/published.ts';
import { rejectionsInARow } from '../../shared/ledger/rejections.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { runIdOf } from '../../shared/sagemaker/names.ts';
import { chooseAnchor } from './choose-anchor.ts';
import { decideRun, type RunEvidence, type RunPolicy } from './decide-run.ts';
import { estimateCost } from './estimate-cost.ts';

export interface PlanRunDeps {
  readonly ledger: Ledger;
  readonly tell: Tell;
  readonly stage: string;
}

/** What asks whether a run should start; the kinds of event differ only in this. */
export interface RunTrigger {
  readonly model: string;
  readonly kind: RunEvidence['trigger']['kind'];
  readonly reason?: string;
  /** Codes of what monitoring saw. */
  readonly causes?: readonly string[];
  readonly override?: readonly ('cooldown' | 'budget')[];
  /** Whether somebody waits for an answer. */
  readonly answer: boolean;
}

const policyOf = ({ data, retraining }: ModelDefinition): RunPolicy => ({
  onNewData: retraining.on.includes('new_data'),
  cooldownMs: retraining.cooldown,
  budget: { runs: retraining.budget.runs, dollars: retraining.budget.dollars, perMs: retraining.budget.per },
  windowMs: retraining.data.mode === 'sliding' ? retraining.data.window : null,
  time: data.time,
  split: {
    validation: data.split.validation ?? 0,
    gate: data.split.gate ?? 0,
    embargoMs: data.split.embargo,
  },
});

/** How many earlier runs tell how long training takes. */
const PAST_RUNS = 8;

/** How long the trainings of the latest runs took; those that did not come so far say nothing. */
const pastSeconds = async (ledger: Ledger, model: string, slot: Slot | undefined): Promise<number[]> => {
  const latest = (slot?.history ?? []).slice(-PAST_RUNS);
  const trained = await boundedMap(latest, ({ run }) => ledger.find(trainedSchema, keys.trained(model, run)));
  return trained.flatMap((fact) => fact?.trainingSeconds ?? []);
};

/**
 * Decides whether a run starts: the only step that decides to spend. The slot is taken by compare-and-swap with the
 * whole plan in it, so that of two triggers one wins, and whoever finds the slot can finish what a crash left undone.
 */
export const planRun =
  ({ ledger, tell, stage }: PlanRunDeps) =>
  async ({ data: trigger, now, occurredAt, eventId }: Woken<RunTrigger>): Promise<Outcome & { run?: string }> => {
    const { model } = trigger;
    const context = (run: string) => ({ now, correlationId: run });

    /** What is asked, or what it is about, is answered once: later, when the slot is free or the cooldown over, it is not taken for a new one. */
    const answerOnce = async (about: string, reasons: readonly Reason[]): Promise<readonly Reason[]> => {
      const declined = await ledger.record(declinedSchema, keys.declined(model, about), {
        model,
        eventId: about,
        reasons: [...reasons],
        declinedAt: now.toISOString(),
      });
      await tell(RunDeclinedV1, about, { model, reasons: declined.reasons }, context(about));
      return declined.reasons;
    };
    const decline = async (reasons: readonly Reason[], outcome: string): Promise<Outcome> =>
      trigger.answer ? { outcome: (await answerOnce(eventId, reasons))[0]?.code ?? outcome } : { outcome };

    /** What follows from a taken slot; each part is harmless to repeat. */
    const finish = async (plan: RunPlan) => {
      await ledger.record(runPlanSchema, keys.plan(model, plan.run), plan);
      for (const dataset of plan.fresh) {
        await ledger.record(takenSchema, keys.taken(model, dataset), {
          dataset,
          run: plan.run,
          takenAt: plan.plannedAt,
        });
      }
      await tell(RunPlannedV1, `${model}/${plan.run}`, { model, run: plan.run }, context(plan.run));
    };

    if (trigger.kind !== 'new_data') {
      const answered = await ledger.find(declinedSchema, keys.declined(model, eventId));
      if (answered) return decline(answered.reasons, 'declined');
      // The same request again, after its run has ended: the run's name says so, whatever cooldown or budget say now.
      const asked = runIdOf(stage, model, occurredAt, eventId);
      const plan = await ledger.find(runPlanSchema, keys.plan(model, asked));
      const flight = (await ledger.find(slotSchema, keys.slot(model)))?.flight;
      if (plan && flight?.run !== asked) return { outcome: 'existed', run: asked };
    }
    const published = await readPublished(ledger, model);
    if (!published)
      return decline([{ code: 'unknown_model', message: `no model ${model} is published` }], 'unknown_model');

    const slot = await ledger.find(slotSchema, keys.slot(model));
    if (slot?.flight) {
      const { flight } = slot;
      const end = await ledger.find(runEndSchema, keys.end(model, flight.run));
      if (!end) {
        const under = await ledger.keys(keys.prepared(model, flight.run));
        if (under.length === 0) await finish(flight);
        if (flight.trigger.eventId === eventId) return { outcome: 'planned', run: flight.run };
        return decline([{ code: 'busy', message: `run ${flight.run} is in flight` }], 'busy');
      }
      // Its end is written and the slot was not released: a crash came between.
      await concludeRun({ ledger, tell }, end, now);
      if (trigger.kind !== 'new_data' && flight.trigger.eventId === eventId) {
        return { outcome: 'existed', run: flight.run };
      }
    }

    const { definition } = published;
    const { existing } = definition.deployment;
    if (existing !== null) {
      const message = `${model} is deployed elsewhere, as ${existing.endpoint}: it is watched, and no run is planned`;
      return decline([{ code: 'deployed_elsewhere', message }], 'deployed_elsewhere');
    }
    // As it was before anything was weighed, or as the end of the flight has left it.
    const seen = slot?.flight ? await ledger.find(slotSchema, keys.slot(model)) : slot;
    const champion = await ledger.find(championSchema, keys.champion(model));
    if (champion?.retired) {
      const message = `${model} was taken out of service (${champion.retired.reason}); npx millrace rollback ${model} puts it back`;
      return decline([{ code: 'model_retired', message }], 'model_retired');
    }
    const data = await acceptedData(ledger, model, published.rulesDigest);
    // Nothing but a person starts a run on data that was learned from: then nothing of earlier runs is weighed.
    const weighs = trigger.kind === 'requested' || data.datasets.some(({ taken }) => !taken);
    const championPrepared =
      champion && weighs ? await ledger.find(preparedSchema, keys.prepared(model, champion.run)) : undefined;
    const gate = gatePolicyOf(definition);
    const anchor =
      gate.anchor && weighs
        ? await chooseAnchor(ledger, model, champion, {
            metric: gate.metric,
            sinceMs: now.getTime() - gate.anchor.pastMs,
          })
        : null;
    const rejections = await rejectionsInARow(ledger, model, seen, published.digest);
    const { training } = definition;
    const cost = estimateCost({
      instances: training.instance,
      maxRuntimeMs: training.max_runtime,
      pastSeconds: weighs ? await pastSeconds(ledger, model, seen) : [],
      folds:
        definition.data.split.folds === null
          ? null
          : { count: definition.data.split.folds, others: (champion ? 1 : 0) + (anchor ? 1 : 0) },
    });
    const policy = policyOf(definition);
    const decision = decideRun({
      model,
      stage,
      now,
      trigger: {
        kind: trigger.kind,
        eventId,
        occurredAt,
        ...(trigger.reason !== undefined && { reason: trigger.reason }),
        ...(trigger.causes !== undefined && { causes: trigger.causes }),
        override: trigger.override ?? [],
      },
      definitionDigest: published.digest,
      rulesDigest: published.rulesDigest,
      policy,
      slot: seen,
      champion,
      anchor,
      championSplit: championPrepared?.split,
      datasets: await withDaysOf(ledger, data.datasets, policy.time),
      unjudged: data.unjudged,
      rejections: rejections.inARow,
      cost,
    });
    if (decision.outcome === 'none' && decision.reasons[0]?.code === 'paused' && !trigger.answer) {
      // Nobody asked, and somebody must know: of each pause once, by the rejection that began it.
      await answerOnce(`paused/${model}/${rejections.run}`, decision.reasons);
    }
    if (decision.outcome === 'none') return decline(decision.reasons, decision.reasons[0]?.code ?? 'none');

    const { plan } = decision;
    // The same data on the same day, after its run has ended: its name says so.
    if (await ledger.find(runPlanSchema, keys.plan(model, plan.run))) return { outcome: 'existed', run: plan.run };
    // Taken only from the state the decision was made on: a run that came and went meanwhile has taken its datasets.
    const taken = await ledger.point(slotSchema, keys.slot(model), (current) =>
      current?.flight || JSON.stringify(current) !== JSON.stringify(seen)
        ? undefined
        : {
            model,
            flight: plan,
            history: [
              ...(current?.history ?? []),
              { run: plan.run, startedAt: plan.plannedAt, endedAt: null, end: null, dollars: cost.dollars },
            ],
          },
    );
    if (taken?.flight?.run !== plan.run) throw new DependencyError(`another run of ${model} was planned meanwhile`);
    await finish(plan);
    return { outcome: 'planned', run: plan.run };
  };
