import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { MAX_MODEL_NAME, modelNameSchema } from '../../shared/definition/schema.ts';
import { howMany } from '../../shared/report/how-many.ts';
import { needed } from '../offline/answer.ts';
import { publishedFrom } from '../offline/definition-file.ts';
import { findDelivery } from '../offline/delivery.ts';
import { commentSaid } from '../offline/find-comment.ts';
import { InputProblem } from '../offline/input-problem.ts';
import { makeDraft, modelNameOf } from '../offline/make-draft.ts';
import { onFiles, withSigns } from '../offline/on-files.ts';
import { problemLines } from '../offline/problems-text.ts';
import { readAsWritten } from '../offline/read-as-written.ts';
import { SOURCE_OPTIONS, sourceOf } from '../offline/source-options.ts';
import { offlineSteps } from '../offline/steps.ts';
import { declaredNotation } from '../offline/suggest-notation.ts';
import { onlyArgument, UsageError, type Verb } from '../verb.ts';

const SCHEMA = join('docs', 'definition.schema.json');

/** How many problems of the file are told. */
const TOLD = 5;

/** The model that a definition's file is of: it is named as the file is. */
const modelOfFile = (file: string | undefined): string | undefined =>
  file === undefined ? undefined : basename(file).replace(/\.ya?ml$/, '');

export const init: Verb = {
  options: ['label', 'name', 'out', 'problem', 'without', ...SOURCE_OPTIONS],
  run: ({ args, options, now, progress }) =>
    onFiles(async (directory) => {
      const file = onlyArgument(args, 'file of data');
      const label = needed(options, 'label');
      const source = sourceOf(options);
      const delivery = await findDelivery(file);
      const model = options.name ?? modelOfFile(options.out) ?? modelNameOf(delivery.name);
      if (!modelNameSchema.safeParse(model).success)
        throw new UsageError(
          `${options.name === undefined ? '--out' : '--name'} ${model} is no model's name: small letters and digits, joined by -, at most ${MAX_MODEL_NAME} characters`,
        );
      const out = options.out ?? join('models', `${model}.yml`);
      if (modelOfFile(out) !== model || !/\.ya?ml$/.test(out))
        throw new UsageError(`--out ${out}: the file of the model ${model} is named ${model}.yml`);
      if (existsSync(out))
        throw new InputProblem('file_exists', out, 'it is there already', 'take it away, or name another with --out');
      const schema = existsSync(SCHEMA) ? relative(dirname(out), SCHEMA).replaceAll('\\', '/') : null;
      const seen = await withSigns(progress, `reading ${file}`, () => readAsWritten(delivery, directory, source));
      const { draft, yaml } = await makeDraft(seen, {
        label,
        model,
        problem: options.problem,
        without: options.without,
        schema,
        copies: false,
      }).finally(seen.close);
      await mkdir(dirname(out), { recursive: true });
      await writeFile(out, yaml);
      const published = await publishedFrom(out);
      const steps = await offlineSteps(delivery, published, directory, now);
      const { arrival, verdict } = await withSigns(progress, `checking ${file} by it`, () => steps.validate());
      const accepted = verdict?.accepted === true;
      const problems = verdict?.problems ?? [];
      const why =
        verdict === undefined ? [arrival.reason ?? arrival.outcome] : problemLines(problems, delivery.name, TOLD);
      const warned = (verdict?.checks ?? []).filter(({ result }) => result === 'warn');
      const { features, leftOut, split } = draft;
      const text = [
        `${out}: ${draft.label.problem}, ${howMany(features.length, 'feature')} of ${howMany(seen.columns.length, 'column')} (${leftOut.length} left out), ${draft.time === null ? 'split by a hash' : `split by ${draft.time.column}`}`,
        ...(seen.comment === null ? [] : [commentSaid(seen.comment)]),
        ...seen.written.map(
          ({ column, notation, why: reason }) =>
            `${column} is declared as ${JSON.stringify(declaredNotation(notation))}: ${reason}`,
        ),
        ...(split.tooFew === null ? [] : [split.tooFew]),
        ...(accepted
          ? [`${file} is accepted by it`, ...warned.map(({ message }) => `  ${message}`)]
          : [`${file} itself is not accepted by it:`, ...why.map((line) => `  ${line}`)]),
      ];
      return {
        exit: accepted ? 0 : 1,
        text: text.join('\n'),
        data: {
          file: out,
          model,
          accepted,
          problems,
          warnings: warned,
          written: seen.written.map(({ column, notation }) => ({ column, declare: declaredNotation(notation) })),
          ...draft,
        },
      };
    }),
};
