/** Judges what was read, and keeps what came of it. */
import type { Engine } from '../../shared/data/engine.ts';
import { datasetId } from '../../shared/data/identity.ts';
import type { DatasetJudge, DatasetJudgement, JudgeTerms } from '../../shared/data/judge-dataset.ts';
import type { ReadDataset } from '../../shared/data/read-dataset.ts';
import type { RuleCounts } from '../../shared/data/rules/counts.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import { datasetSchema, type Verdict, verdictSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import type { AcceptedBefore } from '../../shared/ledger/reading-terms.ts';
import type { Outcome } from '../../shared/runtime/woken.ts';
import { DATA_WORK, type DataWork } from './data-work.ts';
import { type DrawReport, datasetReport } from './dataset-report.ts';
import { recordDataset } from './record-dataset.ts';
import type { DatasetSource } from './sources.ts';
import type { Again, UploadOutcomes } from './upload-outcomes.ts';

/** Hears that a report could not be drawn: the verdict stands without it. */
export type ReportFailed = (error: unknown, about: { readonly model: string; readonly dataset: string }) => void;

export interface ConcludeDeps {
  readonly ledger: Ledger;
  readonly store: ObjectStore;
  /** Without it the page is drawn by what is loaded for it. */
  readonly drawReport?: DrawReport;
  /** In place of reading and judging: where the same bytes are read on the same terms again and again. */
  readonly dataWork?: DataWork;
  readonly reportFailed: ReportFailed;
}

/** An upload whose parts have been read, here or by others. */
export interface ReadUpload {
  /** The terms a verdict was given on that stands already. */
  readonly termsOf: (verdict: Verdict) => Promise<JudgeTerms & AcceptedBefore>;
  readonly engine: Engine;
  readonly terms: JudgeTerms & AcceptedBefore;
  readonly judging: DatasetJudge;
  readonly read: ReadDataset;
  readonly counts: RuleCounts;
  readonly sources: readonly DatasetSource[];
  readonly single: boolean;
  readonly again: Again | undefined;
}

/** Whether a dataset that was judged before consists of this very upload. */
async function isOwn(ledger: Ledger, { model, dataset }: Verdict, sources: readonly DatasetSource[]): Promise<boolean> {
  const { sources: judged } = await ledger.read(datasetSchema, keys.dataset(model, dataset));
  return sources.every(({ key, versionId }) =>
    judged.some((source) => source.key === key && source.versionId === versionId),
  );
}

/** Draws and writes the report. That it cannot be drawn is told, and changes nothing of the verdict. */
async function writeReport(
  { ledger, drawReport, dataWork = DATA_WORK, reportFailed }: ConcludeDeps,
  { engine, terms, read, sources }: ReadUpload,
  { model, dataset, judgedAt }: Verdict,
  judgement: DatasetJudgement,
): Promise<void> {
  let page: string;
  try {
    const { published, before } = terms;
    const correlations = await dataWork.correlationsOf(engine, read.parts, read.profile?.columns ?? []);
    const judged = { published, dataset, sources, read, judgement, before, judgedAt, correlations };
    page = await datasetReport(judged, drawReport);
  } catch (error) {
    reportFailed(error, { model, dataset });
    return;
  }
  await ledger.write(keys.datasetReport(model, dataset), page);
}

/**
 * Judges what was read: which dataset it is stands in its bytes, and they have passed. The verdict is recorded before its
 * report is drawn, and what was recorded is told last.
 *
 * @param watch makes an accepted dataset what a watched endpoint is held against
 */
export async function conclude(
  deps: ConcludeDeps,
  upload: ReadUpload,
  { arrived, tellVerdict, tellRepeated }: UploadOutcomes,
  watch: (published: PublishedDefinition, dataset: string) => Promise<void>,
): Promise<Outcome & { dataset?: string }> {
  const { ledger, store, dataWork = DATA_WORK } = deps;
  const { engine, terms, judging, read, counts, sources, single, again, termsOf } = upload;
  const { published } = terms;
  const { model, rulesDigest } = published;
  const begunAt = terms.now.toISOString();
  const delivered = sources.map((source, index) => ({ ...source, sha256: read.delivered[index]?.sha256 ?? '' }));
  const [only] = delivered;
  const dataset = datasetId(single && only ? { file: only.sha256 } : { folder: delivered });
  const verdictKey = keys.verdict(model, dataset, rulesDigest);

  const end = async (verdict: Verdict, isRepeated: boolean): Promise<Outcome & { dataset?: string }> => {
    const outcome = isRepeated ? 'repeated' : verdict.accepted ? 'accepted' : 'rejected';
    if (verdict.accepted) await watch(published, dataset);
    await arrived(model, { outcome, dataset, rulesDigest }, again, begunAt);
    await tellVerdict(verdict);
    if (isRepeated) await tellRepeated(verdict);
    return { outcome, dataset };
  };

  const stands = await ledger.find(verdictSchema, verdictKey);
  // Another upload of the same bytes: its judgement stands.
  if (stands !== undefined && !(await isOwn(ledger, stands, sources))) return end(stands, true);
  if (stands !== undefined) {
    // A crash came before this upload was noted, and perhaps before the report.
    const before = await termsOf(stands);
    const judgement = await dataWork.datasetJudge(before).judge(engine, read, dataset, counts);
    await writeReport(deps, { ...upload, terms: before }, stands, judgement);
    return end(stands, false);
  }
  const judgement = await judging.judge(engine, read, dataset, counts);
  await recordDataset({ ledger, store }, { model, dataset, read, receivedAt: begunAt }, delivered, judgement.accepted);
  const { problems, checks, classes } = judgement;
  const verdict = await ledger.record(verdictSchema, verdictKey, {
    model,
    dataset,
    rulesDigest,
    definitionDigest: published.digest,
    accepted: judgement.accepted,
    problems: [...problems],
    checks: [...checks],
    classes: classes === null ? null : classes.map(([name, rows]): [string, number] => [name, rows]),
    rows: read.rows,
    reportKey: keys.datasetReport(model, dataset),
    judgedAt: begunAt,
  });
  await writeReport(deps, upload, verdict, judgement);
  return end(verdict, false);
}
