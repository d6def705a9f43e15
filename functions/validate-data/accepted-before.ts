/** What was accepted before: new data is held against it. */
import { boundedMap } from '../../shared/data/bounded-map.ts';
import { type Verdict, verdictSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { type AcceptedBefore, comparedWith } from '../../shared/ledger/reading-terms.ts';

/** No rule looks back further. */
const LONGEST_HISTORY = 100;

const byTime = (a: Verdict, b: Verdict): number =>
  a.judgedAt < b.judgedAt ? -1 : a.judgedAt > b.judgedAt ? 1 : a.dataset < b.dataset ? -1 : 1;

/**
 * The dataset accepted last under these rules, and the numbers of rows of what was accepted, oldest first. Where few were
 * accepted under these rules, those under earlier ones count, too: rules change what is accepted, not how much comes.
 *
 * @param asOf a verdict: what was accepted before it was given
 */
export async function acceptedBefore(
  ledger: Ledger,
  model: string,
  rulesDigest: string,
  asOf?: Verdict,
): Promise<AcceptedBefore & { readonly last: string | null }> {
  const all = (await ledger.keys(keys.datasets(model))).filter((key) => key.includes('/verdicts/'));
  const isBefore = ({ dataset, judgedAt }: Verdict): boolean =>
    asOf === undefined || (dataset !== asOf.dataset && judgedAt <= asOf.judgedAt);
  const datasetOf = (key: string): string => key.split('/')[2] ?? '';
  const accepted = async (some: readonly string[]): Promise<Verdict[]> =>
    (await boundedMap(some, (key) => ledger.read(verdictSchema, key)))
      .filter((verdict) => verdict.accepted && isBefore(verdict))
      .sort(byTime);
  const present = all.filter((key) => key.endsWith(`/verdicts/${rulesDigest}.json`));
  const judged = new Set(present.map(datasetOf));
  const now = await accepted(present);
  const earlier = now.length < LONGEST_HISTORY ? await accepted(all.filter((key) => !judged.has(datasetOf(key)))) : [];
  const latest = new Map([...earlier, ...now].map((verdict) => [verdict.dataset, verdict]));
  const history = [...latest.values()]
    .sort(byTime)
    .map(({ dataset, rows, judgedAt }) => ({ dataset, rows: rows ?? 0, judgedAt }));
  const last = now.at(-1)?.dataset ?? null;
  return { last, before: await comparedWith(ledger, model, rulesDigest, last), history };
}
