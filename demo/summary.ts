import { decisionSchema } from '../shared/evaluation/decision.ts';
import { evaluationSchema } from '../shared/evaluation/evaluation.ts';
import {
  championSchema,
  datasetSchema,
  preparedSchema,
  runEndSchema,
  slotSchema,
  verdictSchema,
} from '../shared/ledger/facts.ts';
import { keys } from '../shared/ledger/keys.ts';
import type { Ledger } from '../shared/ledger/ledger.ts';

/** What happened in a story, read from the ledger: the `--summary` file without its predictions and times. */
export interface Happened {
  readonly runs: {
    readonly run: string;
    readonly model: string;
    readonly decision: string;
    readonly end: string | null;
    readonly reasons: readonly { readonly code: string; readonly message: string }[];
    readonly metrics: Readonly<Record<string, number | null>>;
    readonly champion: { readonly run: string; readonly metrics: Readonly<Record<string, number | null>> } | null;
    readonly gate_rows: number;
  }[];
  readonly datasets: {
    readonly dataset: string;
    readonly model: string;
    readonly accepted: boolean;
    readonly problems: readonly {
      readonly code: string;
      readonly message: string;
      readonly line?: number | undefined;
    }[];
  }[];
}

const runOf = async (ledger: Ledger, model: string, run: string): Promise<Happened['runs'][number]> => {
  const [decision, evaluation, prepared, end] = await Promise.all([
    ledger.find(decisionSchema, keys.decision(model, run)),
    ledger.find(evaluationSchema, keys.evaluation(model, run)),
    ledger.find(preparedSchema, keys.prepared(model, run)),
    ledger.find(runEndSchema, keys.end(model, run)),
  ]);
  const champion = evaluation?.champion;
  return {
    run,
    model,
    decision: decision?.outcome ?? 'none',
    end: end?.end ?? null,
    reasons: decision?.reasons ?? (end ? [{ code: end.end, message: end.reason }] : []),
    metrics: evaluation?.candidate.outcome === 'scored' ? evaluation.candidate.figures : {},
    champion: champion ? { run: champion.run, metrics: champion.outcome === 'scored' ? champion.figures : {} } : null,
    gate_rows: evaluation?.rows ?? prepared?.splits.gate.rows ?? 0,
  };
};

/** Reads what happened to these models, runs in the order they began and datasets in the order they landed. */
export const whatHappened = async (ledger: Ledger, models: readonly string[]): Promise<Happened> => {
  const slots = await Promise.all(models.map((model) => ledger.find(slotSchema, keys.slot(model))));
  const begun = slots
    .flatMap((slot) => (slot?.history ?? []).map((run) => ({ ...run, model: slot?.model ?? '' })))
    .toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  const listed = (await Promise.all(models.map((model) => ledger.keys(keys.datasets(model))))).flat();
  const verdicts = await Promise.all(
    listed.filter((key) => key.includes('/verdicts/')).map((key) => ledger.read(verdictSchema, key)),
  );
  const landed = await Promise.all(
    verdicts.map(async (verdict) => ({
      verdict,
      at: (await ledger.read(datasetSchema, keys.dataset(verdict.model, verdict.dataset))).receivedAt,
    })),
  );
  return {
    runs: await Promise.all(begun.map(({ model, run }) => runOf(ledger, model, run))),
    datasets: landed
      .toSorted((a, b) => (a.at < b.at ? -1 : 1))
      .map(({ verdict: { dataset, model, accepted, problems } }) => ({ dataset, model, accepted, problems })),
  };
};

/** The model in service, undefined before there is one. */
export const inService = (ledger: Ledger, model: string) => ledger.find(championSchema, keys.champion(model));
