/** The rows of each day of a dataset whose days are too many for its profile. */
import { boundedMap } from '../data/bounded-map.ts';
import type { Profile } from '../data/profile/published.ts';
import type { AcceptedDataset } from './accepted-data.ts';
import { type DatasetProfile, datasetDaysSchema } from './facts.ts';
import { keys } from './keys.ts';
import type { Ledger } from './ledger.ts';

/** Records the days of the columns whose profile counts runs of them. To be called before the profile is recorded. */
export async function recordDays(
  ledger: Ledger,
  { model, dataset }: { readonly model: string; readonly dataset: string },
  whole: Profile,
  kept: Profile,
): Promise<void> {
  const columns = whole.columns.flatMap(({ name, days }, at) =>
    days !== undefined && kept.columns[at]?.days === undefined ? [{ name, days }] : [],
  );
  if (columns.length === 0) return;
  await ledger.record(datasetDaysSchema, keys.datasetDays(model, dataset), { model, dataset, columns });
}

/** Datasets with the rows of each day of a column, where only those of runs of days stand in their profile. */
export const withDaysOf = (
  ledger: Ledger,
  datasets: readonly AcceptedDataset[],
  column: string | null,
): Promise<AcceptedDataset[]> =>
  boundedMap(datasets, async (accepted) => {
    const { profile } = accepted;
    if (profile.columns.every(({ name, periods }) => name !== column || periods === undefined)) return accepted;
    const { columns } = await ledger.read(datasetDaysSchema, keys.datasetDays(profile.model, profile.dataset));
    const days = columns.find(({ name }) => name === column)?.days;
    return { ...accepted, profile: days === undefined ? profile : withDays(profile, column, days) };
  });

const withDays = (profile: DatasetProfile, column: string | null, days: [string, number][]): DatasetProfile => ({
  ...profile,
  columns: profile.columns.map((each) => (each.name === column ? { ...each, days } : each)),
});
