/** What data of a model a run could take: what is accepted under the rules in force and some key still means. */
import { boundedMap } from '../data/bounded-map.ts';
import { currentDatasets } from './current-datasets.ts';
import {
  arrivalSchema,
  type Dataset,
  type DatasetProfile,
  datasetProfileSchema,
  datasetSchema,
  type Verdict,
  verdictSchema,
} from './facts.ts';
import { keys } from './keys.ts';
import type { Ledger } from './ledger.ts';

export interface AcceptedDataset {
  readonly dataset: Dataset;
  readonly profile: DatasetProfile;
  /** Whether a run has taken it. */
  readonly taken: boolean;
}

export interface AcceptedData {
  /** Oldest first. */
  readonly datasets: readonly AcceptedDataset[];
  /** What the rules in force say of each dataset that was judged under them. */
  readonly verdicts: readonly Verdict[];
  /** How many datasets were judged under other rules and not under those in force. */
  readonly unjudged: number;
}

/** Reads it. One listing says which datasets there are, which a run has taken and which are judged. */
export const acceptedData = async (ledger: Ledger, model: string, rulesDigest: string): Promise<AcceptedData> => {
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
  // What lies beside the arrivals says what folders held.
  const arrivals = (await ledger.keys(keys.arrivals(model))).filter((key) => !key.endsWith('-parts.json'));
  const deliveries = await boundedMap(arrivals, (key) => ledger.read(arrivalSchema, key));
  return { datasets: currentDatasets(accepted, deliveries, rejected), verdicts, unjudged: ids.length - judged.length };
};
