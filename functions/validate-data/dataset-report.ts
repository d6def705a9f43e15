/** The page an uploader reads: what came of the data, where what is wrong with it is, and what it holds. */
import type { DatasetJudgement } from '../../shared/data/judge-dataset.ts';
import type { Correlations } from '../../shared/data/profile/correlations.ts';
import type { ReadDataset } from '../../shared/data/read-dataset.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import type { ComparedData } from '../../shared/report/data-changes.ts';
import type { DataReport } from '../../shared/report/data-report.ts';

/** What the report is about. */
export interface JudgedDataset {
  readonly published: PublishedDefinition;
  readonly dataset: string;
  readonly sources: readonly { readonly key: string; readonly sizeBytes: number }[];
  readonly read: ReadDataset;
  readonly judgement: DatasetJudgement;
  /** The dataset that was accepted last; null without one. */
  readonly before: ComparedData | null;
  readonly judgedAt: string;
  readonly correlations: Correlations | null;
}

/** Draws the page. */
export type DrawReport = (report: DataReport) => Promise<string>;

/** What draws the charts is loaded here: an upload that is only noted, such as a part of a folder, has no use for it. */
const drawReport: DrawReport = async (report) => {
  const { dataReport } = await import('../../shared/report/data-report.ts');
  return dataReport(report);
};

/** Renders the report of one dataset. */
export async function datasetReport(judged: JudgedDataset, draw = drawReport): Promise<string> {
  const { published, dataset, sources, read, judgement, before, judgedAt, correlations } = judged;
  const columns = read.profile?.columns ?? [];
  return draw({
    name: published.model,
    dataset,
    sources,
    accepted: judgement.accepted,
    judgedAt,
    rows: read.rows,
    problems: judgement.problems,
    checks: judgement.checks,
    columns,
    protectedColumns: published.definition.data.protected,
    before,
    label: judgement.label,
    correlations,
  });
}
