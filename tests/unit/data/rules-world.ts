/** Judges text as a dataset, under rules written as in a definition. */
import { type DatasetJudgement, datasetJudge, type JudgeTerms } from '../../../shared/data/judge-dataset.ts';
import type { RuleResult } from '../../../shared/data/rules/result.ts';
import { publish } from '../../../shared/definition/publish.ts';
import type { PublishedDefinition } from '../../../shared/definition/published.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import type { Workshop } from './workshop.ts';

export const NOW = new Date('2001-02-01T00:00:00Z');

/** A model of shops: `late` is the label. */
export const definitionWith = (
  rules: readonly string[],
  problem = 'binary',
  features = '  features: [price, visits]\n',
  { label = 'late', key = '[id]' }: { readonly label?: string | undefined; readonly key?: string | undefined } = {},
): PublishedDefinition =>
  publish(
    'shop',
    readDefinition(
      `problem: ${problem}\ndata:\n  label: ${label}\n  key: ${key}\n${features}  rules:\n${rules.map((rule) => `    - ${rule}\n`).join('') || '    []\n'}`,
      'models/shop.yml',
    ).definition,
  );

/** 40 good rows: the header is line 1. */
export const ROWS: readonly string[] = Array.from({ length: 40 }, (_, at) =>
  [
    at + 1,
    ['free', 'pro', 'team'][at % 3],
    (at % 10) + 0.5,
    at % 7,
    `2001-01-${String((at % 28) + 1).padStart(2, '0')}`,
    `AB-${String(at).padStart(4, '0')}`,
    (at * 7) % 2,
  ].join(','),
);
export const HEADER = 'id,plan,price,visits,day,code,late';

/** The rows, some of them replaced, by the line they stand on. */
export const table = (changes: Readonly<Record<number, string>> = {}, rows = ROWS): string =>
  `${[HEADER, ...rows].map((row, at) => changes[at + 1] ?? row).join('\n')}\n`;

export interface JudgeOptions extends Partial<Omit<JudgeTerms, 'published'>> {
  readonly problem?: string;
  readonly blockBytes?: number;
  readonly features?: string;
  readonly label?: string;
  readonly key?: string;
}

/** Reads and judges files as one dataset. */
export async function judgedFiles(
  shop: Workshop,
  files: Readonly<Record<string, string | Uint8Array>>,
  rules: readonly string[],
  { problem, blockBytes, features, label, key, ...terms }: JudgeOptions = {},
): Promise<DatasetJudgement> {
  const published = definitionWith(rules, problem, features, { label, key });
  const judge = datasetJudge({ published, before: null, history: [], now: NOW, ...terms });
  const read = await shop.read(files, {
    expected: judge.expected,
    visit: [judge.visit],
    ...(blockBytes === undefined ? {} : { blockBytes }),
  });
  return judge.judge(shop.engine, read);
}

/** What came of the only rule of a definition. */
export async function resultOf(
  shop: Workshop,
  csv: string,
  rule: string,
  options?: JudgeOptions,
): Promise<RuleResult | undefined> {
  const { checks } = await judgedFiles(shop, { 'shop.csv': csv }, [rule], options);
  return checks.find(({ index }) => index === 0);
}
