/** From a file to a draft and its YAML, as `init` writes it and `try` goes by it. */
import { type SuggestedRule, suggestRules } from '../../shared/data/rules/suggest.ts';
import { standInsOf } from '../../shared/data/stand-ins.ts';
import { readDefinition } from '../../shared/definition/read.ts';
import { MAX_MODEL_NAME } from '../../shared/definition/schema.ts';
import { type Draft, draftFrom } from './draft.ts';
import { DraftError, PROBLEM_TYPES, type ProblemType } from './draft-label.ts';
import { draftYaml } from './draft-yaml.ts';
import { findEqualRows } from './find-equal-rows.ts';
import { findGiveaways } from './find-giveaways.ts';
import { InputProblem } from './input-problem.ts';
import type { SeenAsWritten } from './read-as-written.ts';
import { refuseProblems, type Seen } from './seen.ts';
import { declaredOf } from './source-options.ts';

/** What is asked of a draft beside the file. */
export interface DraftAsked {
  readonly label: string;
  readonly model: string;
  readonly problem: string | undefined;
  /** Columns, separated by commas. */
  readonly without: string | undefined;
  readonly schema: string | null;
  /** Whether rows without a label are left out into a copy, of which nothing is declared. */
  readonly copies: boolean;
}

/** A draft that is a definition. */
export interface MadeDraft {
  readonly draft: Draft;
  /** The label's column, as the file spells it. */
  readonly column: string;
  readonly yaml: string;
}

/** More values than a label's problem depends on. */
const LABEL_VALUES = 500;

/** A model's name made of a file's: `Data 2024.csv` becomes `data-2024`. */
export function modelNameOf(file: string): string {
  const words = file
    .replace(/(\.(csv|tsv|txt|json|jsonl|ndjson|parquet|gz|zst))+$/i, '')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '');
  return words.slice(0, MAX_MODEL_NAME).replace(/-+$/, '') || 'model';
}

/** The file's own spelling of a column, whatever its case. @throws InputProblem where there is none such */
function columnOf({ delivery, columns }: Seen, name: string, what: string): string {
  const names = columns.map((column) => column.name);
  const found =
    names.find((each) => each === name) ?? names.find((each) => each.toLowerCase() === name.trim().toLowerCase());
  if (found !== undefined) return found;
  const alone =
    names.length === 1 ? '; or take the lines above the header away, or say --delimiter, if there are more' : '';
  const known = names.map((each) => JSON.stringify(each)).join(', ');
  throw new InputProblem(
    'column_missing',
    delivery.given,
    `no column ${JSON.stringify(name)}`,
    `${what} one of ${known}${alone}`,
  );
}

function problemOf(given: string | undefined, file: string): ProblemType | undefined {
  if (given === undefined) return undefined;
  const known = PROBLEM_TYPES.find((each) => each === given);
  if (known !== undefined) return known;
  throw new InputProblem('unknown_problem', file, `no problem ${given}`, `--problem takes ${PROBLEM_TYPES.join(', ')}`);
}

/** How many columns that are no features are told one by one. */
const TOLD = 10;

function noFeatures(label: string, { leftOut }: Draft): DraftError {
  const why = leftOut.slice(0, TOLD).map(({ name, why }) => `\n  ${name}: ${why}`);
  const more = leftOut.length > TOLD ? [`\n  and ${leftOut.length - TOLD} more`] : [];
  const rest = leftOut.length === 0 ? ': there is none' : `:${[...why, ...more].join('')}`;
  return new DraftError(
    'no_features',
    `no column beside ${label} can be learned from${rest}`,
    'bring data with columns that say something, or mend how they are written',
  );
}

/** Columns whose numbers a draft goes by. */
const readColumns = ({ label, features }: Draft): string[] => [label.name, ...features.map(({ name }) => name)];

/** What the file suggests of the columns that the model reads; of others nothing need hold. */
function suggestedFor({ dataset }: Seen, draft: Draft): readonly SuggestedRule[] {
  if (dataset.profile === null) return [];
  const unread = new Set(draft.leftOut.map(({ name }) => name));
  const suggested = suggestRules(dataset.profile, { key: draft.key?.columns ?? [], protected: draft.sensitive });
  return suggested.filter(({ rule }) => typeof rule.column !== 'string' || !unread.has(rule.column));
}

/**
 * Makes a draft of a file that was read.
 *
 * @throws InputProblem where the file cannot be read, or no model can be made of the label
 */
export async function makeDraft(seen: SeenAsWritten, asked: DraftAsked): Promise<MadeDraft> {
  refuseProblems(seen);
  const { delivery, columns, rows } = seen;
  const label = columnOf(seen, asked.label, '--label takes');
  const without = (asked.without ?? '')
    .split(',')
    .filter((name) => name.trim() !== '')
    .map((name) => columnOf(seen, name, '--without takes'));
  const problem = problemOf(asked.problem, delivery.given);
  try {
    const labelCounts = await seen.countBy(label, LABEL_VALUES);
    const draft = draftFrom({ rows, columns, label, labelCounts, problem, without });
    if (draft.features.length === 0) throw noFeatures(label, draft);
    const { model, schema, copies } = asked;
    const source = copies && draft.label.missing > 0 ? undefined : declaredOf(seen.source);
    const suggested = suggestedFor(seen, draft);
    const standIns = await standInsOf(seen.engine, seen.dataset, new Set(readColumns(draft)));
    const equalRows = await findEqualRows(seen, draft);
    const { written } = seen;
    const origin = {
      file: delivery.name,
      model,
      schema,
      source,
      written,
      suggested,
      standIns,
      equalRows,
      giveaways: [],
    };
    // What is written has to be what the loop takes; a name that cannot be one is told as any mistake is.
    const read = readDefinition(draftYaml(draft, origin), `${model}.yml`);
    const giveaways = await findGiveaways(seen, read, labelCounts.length < LABEL_VALUES ? labelCounts : null);
    const yaml = draftYaml(draft, { ...origin, giveaways });
    return { draft, column: label, yaml };
  } catch (error) {
    if (!(error instanceof DraftError)) throw error;
    throw new InputProblem(error.code, delivery.given, error.message, error.toDo);
  }
}
