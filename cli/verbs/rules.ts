import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type * as z from 'zod';
import { acceptedBefore } from '../../functions/validate-data/accepted-before.ts';
import type { Profile } from '../../shared/data/profile/published.ts';
import {
  constraintsSchema,
  exportConstraints,
  exportViolations,
  importConstraints,
  statisticsSchema,
} from '../../shared/data/rules/model-monitor.ts';
import type { RuleResult } from '../../shared/data/rules/result.ts';
import type { SuggestedRule } from '../../shared/data/rules/suggest.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import { datasetProfileSchema, verdictSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { readPublished } from '../../shared/ledger/published.ts';
import { howMany } from '../../shared/report/how-many.ts';
import { needed } from '../offline/answer.ts';
import { definitionPath, publishedFrom } from '../offline/definition-file.ts';
import { findDelivery } from '../offline/delivery.ts';
import { InputProblem } from '../offline/input-problem.ts';
import { onFiles, withSigns } from '../offline/on-files.ts';
import { addRules } from '../offline/rules-file.ts';
import { readSeen } from '../offline/seen.ts';
import { offlineSteps } from '../offline/steps.ts';
import { verdictText } from '../offline/verdict-text.ts';
import type { Place } from '../place.ts';
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
    `${definition}: ${howMany(added.length, 'rule')} added`,
    ...added.map(named),
    ...(standing.length === 0 ? [] : ['there already, and left as they are:', ...standing.map(named)]),
    ...untold(untranslated),
  ];
  return { exit: 0, text: text.join('\n'), data: { file: definition, added, standing, untranslated } };
}

/** Writes Model Monitor's files of a definition's rules, a profile, and what came of the rules. */
async function writeBaseline(
  { definition }: PublishedDefinition,
  profile: Profile,
  checks: readonly RuleResult[],
  folder: string,
): Promise<Answer> {
  const { statistics, constraints, untranslated } = exportConstraints(definition.data.rules, profile);
  const { violations, untranslated: others } = exportViolations(checks);
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

/** Of what is in force: the published rules, and the dataset that was accepted last under them. */
async function exportAccepted(model: string, folder: string, { ledger }: Pick<Place, 'ledger'>): Promise<Answer> {
  const none = (code: string, text: string): Answer => ({ exit: 1, text, data: { error: code, model } });
  const published = await readPublished(ledger, model);
  if (published === undefined) return none('unknown_model', `no model ${model} is published`);
  const { last } = await acceptedBefore(ledger, model, published.rulesDigest);
  if (last === null)
    return none('no_dataset', `no dataset of ${model} has been accepted under its rules: name data as --data`);
  const profile = await ledger.read(datasetProfileSchema, keys.profile(model, last));
  const { checks } = await ledger.read(verdictSchema, keys.verdict(model, last, published.rulesDigest));
  const answer = await writeBaseline(published, profile, checks ?? [], folder);
  return { ...answer, text: `of dataset ${last}\n${answer.text}`, data: { dataset: last, ...Object(answer.data) } };
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
  return writeBaseline(published, profile, verdict.checks ?? [], folder);
}

export const rules: Verb = {
  options: ['dir', 'data'],
  run: ({ args, options, now, progress, place }) =>
    onFiles(async (directory) => {
      const [what, model, ...rest] = args;
      if ((what !== 'import' && what !== 'export') || model === undefined || rest.length > 0)
        throw new UsageError('expected import or export, and a model');
      const folder = needed(options, 'dir');
      const definition = definitionPath(model);
      if (what === 'import') return importRules(definition, folder);
      if (options.data === undefined)
        return exportAccepted(basename(definition).replace(/\.ya?ml$/, ''), folder, await place());
      return exportRules(definition, folder, options.data, directory, { now, progress });
    }),
};
