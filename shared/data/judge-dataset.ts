/**
 * Judges a dataset: whether it could be read, fits the model, keeps its rules and resembles what was accepted before. The
 * function and the commands on files judge by this.
 */
import type { PublishedDefinition } from '../definition/published.ts';
import type { BlockVisitor } from './block.ts';
import { checkInput, expectedTypes, neededColumns } from './check-input.ts';
import type { ExpectedTypes } from './column-typing.ts';
import type { Engine } from './engine.ts';
import type { Problem } from './problems.ts';
import type { ReadDataset } from './read-dataset.ts';
import type { Evidence, KeyColumns, LocatedKeys, PastRows, Rule } from './rules/check.ts';
import { type RuleCounts, ruleCounter } from './rules/counts.ts';
import { type EvolvingDataset, evolutionOf } from './rules/evolution.ts';
import { idColumns } from './rules/id-columns.ts';
import { countKeys, keyRelation } from './rules/key-counts.ts';
import type { LabelClasses, LabelEvidence } from './rules/label-checks.ts';
import { labelEvidence } from './rules/label-evidence.ts';
import { columnsReadAsText, judgeChecks, keysOf, measuresOf, planChecks } from './rules/plan.ts';
import { ruleProblems } from './rules/problems.ts';
import { recodedLabel, rescaledColumns } from './rules/recoding.ts';
import type { RulePlace, RuleResult } from './rules/result.ts';
import type { ColumnSpec } from './sql.ts';
import { unnamedColumns } from './unnamed-columns.ts';

/** What a dataset is judged by. */
export interface JudgeTerms {
  readonly published: PublishedDefinition;
  /** The dataset that was accepted last under these rules; null without one. */
  readonly before: (EvolvingDataset & { readonly classes: LabelClasses | null }) | null;
  /** The datasets accepted before, oldest first. */
  readonly history: readonly PastRows[];
  /** The waking envelope's time. */
  readonly now: Date;
}

/** What judging came to. */
export interface DatasetJudgement {
  readonly accepted: boolean;
  readonly problems: readonly Problem[];
  /** Of every rule, and of the standing checks that have something to tell. */
  readonly checks: readonly RuleResult[];
  readonly classes: LabelClasses | null;
  /** What was found of the label; null where the data could not be read so far. */
  readonly label: LabelEvidence | null;
}

/** Judges while a dataset is read, and once it has been. */
export interface DatasetJudge {
  /** For {@link readDataset}. */
  readonly expected: ExpectedTypes;
  readonly visit: BlockVisitor;
  /** What the rules have counted so far. */
  counts(): RuleCounts;
  /**
   * @param dataset which it is, where it may have been accepted before under other rules: it is no history of itself
   * @param counts what the rules have counted, where others have read the parts
   */
  judge(engine: Engine, read: ReadDataset, dataset?: string, counts?: RuleCounts): Promise<DatasetJudgement>;
}

/** Makes ready to judge one dataset. */
export function datasetJudge({ published, before, history, now }: JudgeTerms): DatasetJudge {
  const { problem, data } = published.definition;
  const { rules } = data;
  const previous = (before?.columns ?? []).map(({ name, type, nulls }) => ({
    name,
    type,
    empty: nulls === before?.rows,
  }));
  const ids = idColumns(published);
  const counter = ruleCounter((block) =>
    measuresOf(planChecks({ problem, rules, columns: block.columns, ids, now }), block),
  );
  return {
    expected: (names) => withTexts(expectedTypes(previous), columnsReadAsText(rules), names),
    visit: counter.visit,
    counts: () => counter.counts(),
    async judge(engine, read, dataset, counts = counter.counts()) {
      if (read.rows === null)
        return { accepted: false, problems: read.problems, checks: [], classes: null, label: null };
      const { input, problems, classes, warnings } = await checkInput(engine, read, published, previous);
      const found = [...read.problems, ...problems];
      const checks = planChecks({ problem, rules, columns: read.columns, ids, now });
      const evidence: Evidence = {
        counts,
        keys: await countedKeys(engine, read, keysOf(checks, read.rows)),
        figures: new Map(read.profile?.columns.map((column) => [column.name, column])),
        history: history.filter((past) => dataset === undefined || past.dataset !== dataset),
        label:
          input === undefined || read.parts.length === 0
            ? null
            : await labelEvidence(engine, {
                problem,
                parts: read.parts,
                input,
                classes,
                before: before?.classes ?? null,
              }),
        now,
      };
      const results = [
        ...judgeChecks(checks, evidence).filter(({ index }) => index !== null || found.length === 0),
        ...unnamedColumns(read),
        ...warnings,
        ...evolved(read, before, published, found),
        ...(input === undefined || before === null || read.profile === null
          ? []
          : [
              ...rescaledColumns(before, read.profile, new Set([...input.inputColumns, ...input.labelColumns])),
              ...recodedLabel(input.label.name, before.classes, classes),
            ]),
      ];
      // Where there is no row, that is the problem; each rule in error says no more.
      const broken = read.rows === 0 ? [] : ruleProblems(results);
      return {
        accepted: found.length + broken.length === 0,
        problems: [...found, ...broken],
        checks: results,
        classes,
        label: evidence.label,
      };
    },
  };
}

/** The columns whose types are known before the first cell: as they were, and as text where a rule is about text. */
function withTexts(known: readonly ColumnSpec[], texts: readonly string[], names: readonly string[]): ColumnSpec[] {
  const lower = new Set(texts.map((name) => name.toLowerCase()));
  const asText = names.filter((name) => lower.has(name.toLowerCase()));
  return [
    ...known.filter(({ name }) => !asText.includes(name)),
    ...asText.map((name): ColumnSpec => ({ name, type: 'string' })),
  ];
}

async function countedKeys(
  engine: Engine,
  read: ReadDataset,
  keys: ReadonlyMap<string, KeyColumns>,
): Promise<Map<string, LocatedKeys>> {
  const counted = new Map<string, LocatedKeys>();
  if (read.parts.length === 0) return counted;
  const paths = read.parts.map(({ path }) => path);
  for (const [name, key] of keys) {
    const { samples, ...counts } = await countKeys(engine, keyRelation(paths, key), key.nulls);
    const places: RulePlace[] = [];
    for (const { part, row } of samples) {
      const told = read.parts[part]?.told;
      for (const line of await read.lines(part, [row]))
        places.push({ ...(told === undefined ? {} : { part: told }), line });
    }
    counted.set(name, { ...counts, samples: places });
  }
  return counted;
}

/** How the columns evolved, but for what is a problem already. */
function evolved(
  read: ReadDataset,
  before: EvolvingDataset | null,
  published: PublishedDefinition,
  problems: readonly Problem[],
): RuleResult[] {
  if (before === null || read.profile === null) return [];
  const told = new Set(problems.flatMap(({ column }) => column?.toLowerCase() ?? []));
  const used = new Set(
    [...neededColumns(published), ...ruledColumns(published.definition.data.rules)].map((name) => name.toLowerCase()),
  );
  const isUsed = (name: string): boolean => published.expressions.features === null || used.has(name.toLowerCase());
  return evolutionOf(before, read.profile, isUsed).filter(({ column = '' }) => !told.has(column.toLowerCase()));
}

const ruledColumns = (rules: readonly Rule[]): string[] =>
  rules.flatMap((rule) => ('column' in rule ? [rule.column] : rule.rule === 'primary_key' ? rule.columns : []));
