/** What data is held against while it is judged: what was accepted before, as it was when the reading began. */
import type { JudgeTerms } from '../data/judge-dataset.ts';
import type { LabelClasses } from '../data/rules/label-checks.ts';
import { publishedDefinitionSchema } from '../definition/published.ts';
import { type DatasetProfile, datasetProfileSchema, verdictSchema } from './facts.ts';
import { keys } from './keys.ts';
import type { Ledger } from './ledger.ts';
import type { Reading } from './readings.ts';

/** The dataset that was accepted last, and the numbers of rows of those accepted before, oldest first. */
export interface AcceptedBefore {
  readonly before: (Pick<DatasetProfile, 'rows' | 'columns'> & { readonly classes: LabelClasses | null }) | null;
  readonly history: JudgeTerms['history'];
}

/** What new data is compared with, of a dataset that was accepted; null without one. */
export async function comparedWith(
  ledger: Ledger,
  model: string,
  rulesDigest: string,
  dataset: string | null,
): Promise<AcceptedBefore['before']> {
  if (dataset === null) return null;
  const profile = await ledger.read(datasetProfileSchema, keys.profile(model, dataset));
  const { classes } = await ledger.read(verdictSchema, keys.verdict(model, dataset, rulesDigest));
  return { rows: profile.rows, columns: profile.columns, classes: classes ?? null };
}

/** What the parts of a reading, and all of it, are judged by. */
export async function termsOf(ledger: Ledger, reading: Reading): Promise<JudgeTerms & AcceptedBefore> {
  const { model, rulesDigest, definitionDigest, before, history, startedAt } = reading;
  return {
    published: await ledger.read(publishedDefinitionSchema, keys.definition(model, definitionDigest)),
    before: await comparedWith(ledger, model, rulesDigest, before),
    history,
    now: new Date(startedAt),
  };
}
