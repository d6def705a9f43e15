/** What a decision needs to know beside the evidence of the rows, gathered while the candidate is judged. */
import * as z from 'zod';

import { digestOf } from '../../shared/definition/canonical-json.ts';
import { type PublishedDefinition, publishedDefinitionSchema } from '../../shared/definition/published.ts';
import type { Circumstances } from '../../shared/evaluation/circumstances.ts';
import {
  type Champion,
  championSchema,
  gateUseSchema,
  type Prepared,
  type RunPlan,
  type Trained,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';

/** What is known of a run when its candidate is judged. */
export interface JudgedRun {
  readonly plan: RunPlan;
  readonly prepared: Prepared;
  readonly trained: Trained;
  readonly published: PublishedDefinition;
}

/**
 * Gathers the circumstances. The use of the gate rows is recorded first, so that it counts whatever comes of the run.
 *
 * Latency is not among what is known here: it is measured on the endpoint itself, before the champion moves
 * (track-endpoint), because a batch job's time says nothing about a single request.
 */
export async function gatherCircumstances(
  { ledger, store }: { readonly ledger: Ledger; readonly store: ObjectStore },
  { plan, prepared, trained, published }: JudgedRun,
  now: Date,
): Promise<Circumstances> {
  const { model, run } = plan;
  return {
    model,
    run,
    trigger: triggerOf(plan.trigger),
    champion: plan.champion && (await championAt(ledger, model, plan.champion.run, published, now)),
    gateUses: await countUse(ledger, model, run, prepared.gateDigest, now),
    ...(prepared.sharedRows !== undefined && { sharedRows: prepared.sharedRows }),
    ...(prepared.taught !== undefined && { taught: [...prepared.taught] }),
    modelBytes: await sizeOf(store, trained.artifact),
    latencyP95Ms: null,
    strongestFeatures: [...(prepared.strongestFeatures ?? [])],
  };
}

/** Why the run was begun; of several causes the one that speaks loudest for a change. */
function triggerOf({ kind, causes = [] }: RunPlan['trigger']): Circumstances['trigger'] {
  if (kind !== 'retraining') return kind;
  const words = causes.flatMap((code) => code.split('_'));
  return (['quality', 'drift', 'age'] as const).find((cause) => words.includes(cause)) ?? 'requested';
}

/** How many candidates were judged on these rows, this one included; a run that did not note its rows counts alone. */
async function countUse(
  ledger: Ledger,
  model: string,
  run: string,
  gateDigest: string | undefined,
  now: Date,
): Promise<number> {
  if (gateDigest === undefined) return 1;
  await ledger.record(gateUseSchema, keys.gateUse(model, gateDigest, run), {
    model,
    run,
    judgedAt: now.toISOString(),
  });
  return (await ledger.keys(keys.gateUses(model, gateDigest))).length;
}

async function sizeOf(store: ObjectStore, uri: string): Promise<number | null> {
  const [, key] = /^s3:\/\/[^/]+\/(.+)$/.exec(uri) ?? [];
  if (key === undefined) return null;
  for await (const object of store.list(key)) if (object.key === key) return object.sizeBytes;
  return null;
}

/** Of an earlier evaluation, how often the model was right about the rows it was judged on then. */
const rightThenSchema = z.object({
  candidate: z.object({ figures: z.record(z.string(), z.number().nullable()).optional() }),
});

async function championAt(
  ledger: Ledger,
  model: string,
  run: string,
  ours: PublishedDefinition,
  now: Date,
): Promise<Circumstances['champion']> {
  const champion = await servedAs(ledger, model, run);
  // The pointer has moved on and the history does not know the run: nothing is known of its time.
  if (champion === undefined) return null;
  const theirs = await ledger.find(publishedDefinitionSchema, keys.definition(model, champion.definitionDigest));
  const then = await ledger.find(rightThenSchema, keys.evaluation(model, run));
  const right = then?.candidate.figures?.accuracy;
  return {
    run,
    since: champion.since,
    ageMs: Math.max(0, now.getTime() - Date.parse(champion.since)),
    maxAgeMs: ours.definition.retraining.max_age,
    sameDefinition: theirs !== undefined && learns(theirs) === learns(ours),
    contradictedAtPromotion: typeof right === 'number' ? 1 - right : null,
  };
}

/** The record of a run's service, which may be over by now. */
async function servedAs(ledger: Ledger, model: string, run: string): Promise<Champion | undefined> {
  let here = await ledger.find(championSchema, keys.champion(model));
  while (here !== undefined && here.run !== run && here.n > 1) {
    here = await ledger.find(championSchema, keys.championHistory(model, here.n - 1));
  }
  return here?.run === run ? here : undefined;
}

/** A digest of what makes a model of data: what it reads, what it is to answer, how it learns. */
const learns = ({ definition: { problem, data, training }, expressions }: PublishedDefinition): string =>
  digestOf({
    problem,
    label: expressions.label,
    features: expressions.features,
    weight: data.weight,
    algorithm: training.algorithm,
    input: training.input,
    hyperparameters: training.hyperparameters,
  });
