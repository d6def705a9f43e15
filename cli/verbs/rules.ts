import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as z from 'zod';

import {
  constraintsSchema,
  exportConstraints,
  exportViolations,
  importConstraints,
  statisticsSchema,
} from '../../shared/data/rules/model-monitor.ts';
import type { SuggestedRule } from '../../shared/data/rules/suggest.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import { needed } from '../offline/answer.ts';
import { definitionPath, publishedFrom } from '../offline/definition-file.ts';
import { findDelivery } from '../offline/delivery.ts';
import { InputProblem } from '../offline/input-problem.ts';
import { onFiles, withSigns } from '../offline/on-files.ts';
import { addRules } from '../offline/rules-file.ts';
import { readSeen } from '../offline/seen.ts';
import { offlineSteps } from '../offline/steps.ts';
import { verdictText } from '../offline/verdict-text.ts';
import { type Answer, UsageError, type Verb, type VerbInput } from '../verb.ts';

const CONSTRAINTS = 'constraints.json';
const STATISTICS = 'statistics.json';
const VIOLATIONS = 'constraint_violations.json';

/** A file of Model Monitor's; undefined where there is none. @throws InputProblem where it is something else */
async function monitorFile<T>(schema: z.ZodType<T>, file: string): Promise<T | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const wrong = (what: string): InputProblem =>
    new InputProblem('not_model_monitor', file, what, 'name a folder that Model Monitor wrote a baseline to');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw wrong(`it is no JSON: ${error.message}`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw wrong(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not what was expected'}`);
}

const untold = (untranslated: readonly string[]): string[] =>
  untranslated.length === 0 ? [] : ['without a counterpart:', ...untranslated.map((line) => `  ${line}`)];

/** Model Monitor knows numbers and text: what it calls text may be a time, or a truth value, to the definition. */
const isAlsoTime = ({ rule }: SuggestedRule): boolean => rule.rule === 'column_type' && rule.type === 'string';

/** What the definition takes as text for certain. */
const categoriesOf = ({ definition }: PublishedDefinition): ReadonlySet<unknown> =>
  new Set((definition.data.features ?? []).filter(({ kind }) => kind === 'category').map(({ name }) => name));

async function importRules(definition: string, folder: string): Promise<Answer> {
  const categories = categoriesOf(await publishedFrom(definition));
  const constraints = await monitorFile(constraintsSchema, join(folder, CONSTRAINTS));
  if (constraints === undefined)
    throw new InputProblem(
      'no_such_file',
      join(folder, CONSTRAINTS),
      'there is no such file',
      'name its folder as --dir',
    );
  const statistics = await monitorFile(statisticsSchema, join(folder, STATISTICS));
  const imported = importConstraints(constraints, statistics);
  const isText = (each: SuggestedRule): boolean => !isAlsoTime(each) || categories.has(each.rule.column);
  const rules = imported.rules.filter(isText);
  const untranslated = [
    ...imported.untranslated,
    ...imported.rules
      .filter((each) => !isText(each))
      .map(({ rule }) => `inferred_type String of ${rule.column}: the definition does not say that it is a category`),
  ];
  const { yaml, added, standing } = await addRules(definition, rules);
  await writeFile(definition, yaml);
  const named = ({ rule }: (typeof rules)[number]): string => `  ${JSON.stringify(rule)}`;
  const text = [
    `${definition}: ${added.length} rules added`,
    ...added.map(named),
    ...(standing.length === 0 ? [] : ['there already, and left as they are:', ...standing.map(named)]),
    ...untold(untranslated),
  ];
  return { exit: 0, text: text.join('\n'), data: { file: definition, added, standing, untranslated } };
}

async function exportRules(
  definition: string,
  folder: string,
  file: string,
  directory: string,
  { now, progress }: Pick<VerbInput, 'now' | 'progress'>,
): Promise<Answer> {
  const published = await publishedFrom(definition);
  const delivery = await findDelivery(file);
  const steps = await offlineSteps(delivery, published, directory, now);
  const validated = await withSigns(progress, `reading ${file}`, () => steps.validate());
  const { verdict } = validated;
  if (verdict?.accepted !== true) {
    const text = `${verdictText(delivery, published.model, validated)}\nnothing is written: a baseline is made of data that is accepted`;
    return { exit: 1, text, data: verdict ?? validated.arrival };
  }
  const seen = await readSeen(delivery, directory, published.definition.data.source);
  seen.close();
  const { profile } = seen.dataset;
  if (profile === null) throw new InputProblem('no_rows', file, 'there is no row in it', 'name data with rows');
  const { statistics, constraints, untranslated } = exportConstraints(published.definition.data.rules, profile);
  const { violations, untranslated: others } = exportViolations(verdict.checks ?? []);
  await mkdir(folder, { recursive: true });
  const files = [
    [STATISTICS, statistics],
    [CONSTRAINTS, constraints],
    [VIOLATIONS, violations],
  ] as const;
  for (const [name, content] of files) await writeFile(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
  const all = [...new Set([...untranslated, ...others])];
  const written = files.map(([name]) => join(folder, name));
  return { exit: 0, text: [...written, ...untold(all)].join('\n'), data: { files: written, untranslated: all } };
}

export const rules: Verb = {
  usage: 'rules import|export MODEL --dir DIR [--data FILE]',
  about: "takes rules from SageMaker Model Monitor's files into a definition, or writes them",
  options: ['dir', 'data'],
  run: ({ args, options, now, progress }) =>
    onFiles(async (directory) => {
      const [what, model, ...rest] = args;
      if ((what !== 'import' && what !== 'export') || model === undefined || rest.length > 0)
        throw new UsageError('expected import or export, and a model');
      const folder = needed(options, 'dir');
      const definition = definitionPath(model);
      if (what === 'import') return importRules(definition, folder);
      return exportRules(definition, folder, needed(options, 'data'), directory, { now, progress });
    }),
};
