import { RunDeclinedV1, RunPlannedV1 } from '../../events/index.ts';
import type { Reason } from '../../events/vocabulary.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { boundedMap } from '../../shared/data/bounded-map.ts';
import { policyOf as gatePolicyOf } from '../../shared/definition/policy.ts';
import type { ModelDefinition } from '../../shared/definition/schema.ts';
import { DependencyError } from '../../shared/errors.ts';
import {
  arrivalSchema,
  championSchema,
  datasetProfileSchema,
  datasetSchema,
  declinedSchema,
  preparedSchema,
  type RunPlan,
  runEndSchema,
  runPlanSchema,
  slotSchema,
  takenSchema,
  verdictSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { readPublished } from '../../shared/ledger/published.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { runIdOf } from '../../shared/sagemaker/names.ts';
import { chooseAnchor } from './choose-anchor.ts';
import { currentDatasets } from './current-datasets.ts';
import { type AcceptedDataset, decideRun, type RunEvidence, type RunPolicy } from './decide-run.ts';

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
  budget: { runs: retraining.budget.runs, perMs: retraining.budget.per },
  windowMs: retraining.data.mode === 'sliding' ? retraining.data.window : null,
  time: data.time,
  split: { validation: data.split.validation, gate: data.split.gate, embargoMs: data.split.embargo },
});

/** What the ledger knows of a model's data under these rules. */
interface KnownData {
  readonly accepted: readonly AcceptedDataset[];
  readonly rejected: ReadonlySet<string>;
  /** How many datasets were judged under other rules only. */
  readonly unjudged: number;
}

/** One listing says which datasets there are, which a run has taken and which are judged. */
const knownData = async (ledger: Ledger, model: string, rulesDigest: string): Promise<KnownData> => {
  const listed = new Set(await ledger.keys(keys.datasets(model)));
  const ids = [
    ...new Set([...listed].filter((key) => key.includes('/verdicts/')).map((key) => key.split('/')[2] ?? '')),
  ];
  const judged = ids.filter((id) => listed.has(keys.verdict(model, id, rulesDigest)));
  const verdicts = await boundedMap(judged, (id) => ledger.read(verdictSchema, keys.verdict(model, id, rulesDigest)));
  const accepted = await boundedMap(
    verdicts.filter((verdict) => verdict.accepted),
    async ({ dataset: id }): Promise<AcceptedDataset> => ({
      dataset: await ledger.read(datasetSchema, keys.dataset(model, id)),
      profile: await ledger.read(datasetProfileSchema, keys.profile(model, id)),
      taken: listed.has(keys.taken(model, id)),
    }),
  );
  const rejected = new Set(verdicts.filter((verdict) => !verdict.accepted).map(({ dataset }) => dataset));
  return { accepted, rejected, unjudged: ids.length - judged.length };
};

/** The accepted datasets that a key still means. What lies beside the arrivals says what folders held. */
const datasetsInForce = async (ledger: Ledger, model: string, { accepted, rejected }: KnownData) => {
  const arrivals = (await ledger.keys(keys.arrivals(model))).filter((key) => !key.endsWith('-parts.json'));
  const deliveries = await boundedMap(arrivals, (key) => ledger.read(arrivalSchema, key));
  return currentDatasets(accepted, deliveries, rejected);
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

    const decline = async (reasons: readonly Reason[], outcome: string): Promise<Outcome> => {
      if (!trigger.answer) return { outcome };
      // A request is answered once: later, when the slot is free or the cooldown over, it is not taken for a new one.
      const declined = await ledger.record(declinedSchema, keys.declined(model, eventId), {
        model,
        eventId,
        reasons: [...reasons],
        declinedAt: now.toISOString(),
      });
      await tell(RunDeclinedV1, eventId, { model, reasons: declined.reasons }, context(eventId));
      return { outcome: declined.reasons[0]?.code ?? outcome };
    };

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
    const seen = await ledger.find(slotSchema, keys.slot(model));
    const champion = await ledger.find(championSchema, keys.champion(model));
    const championPrepared = champion && (await ledger.find(preparedSchema, keys.prepared(model, champion.run)));
    const gate = gatePolicyOf(definition);
    const anchor =
      gate.anchor &&
      (await chooseAnchor(ledger, model, champion, {
        metric: gate.metric,
        sinceMs: now.getTime() - gate.anchor.pastMs,
      }));
    const data = await knownData(ledger, model, published.rulesDigest);
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
      policy: policyOf(definition),
      slot: seen,
      champion,
      anchor,
      championSplit: championPrepared?.split,
      datasets: await datasetsInForce(ledger, model, data),
      unjudged: data.unjudged,
    });
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
              { run: plan.run, startedAt: plan.plannedAt, endedAt: null, end: null },
            ],
          },
    );
    if (taken?.flight?.run !== plan.run) throw new DependencyError(`another run of ${model} was planned meanwhile`);
    await finish(plan);
    return { outcome: 'planned', run: plan.run };
  };
