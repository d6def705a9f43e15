import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { howMany } from '../../shared/report/how-many.ts';

import { needed } from '../offline/answer.ts';
import { definitionPath, publishedFrom } from '../offline/definition-file.ts';
import { findDelivery } from '../offline/delivery.ts';
import { InputProblem } from '../offline/input-problem.ts';
import { onFiles, withSigns } from '../offline/on-files.ts';
import { offlineSteps, type PreparedFiles } from '../offline/steps.ts';
import { verdictText } from '../offline/verdict-text.ts';
import { textTable } from '../text-table.ts';
import { onlyArgument, type Verb } from '../verb.ts';

type Written = Extract<PreparedFiles, { outcome: 'prepared' }>;

const SPLITS = ['train', 'validation', 'gate'] as const;
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const counted = (n: number): string => n.toLocaleString('en-US');

/** Nothing that lies somewhere is mixed with what is written. */
async function emptyFolder(out: string): Promise<void> {
  await mkdir(out, { recursive: true });
  if ((await readdir(out)).length === 0) return;
  throw new InputProblem('folder_not_empty', out, 'there is something in it', 'name an empty folder, or a new one');
}

/** Brings what the step wrote to a folder: each split's data and rows, and what its numbers mean. */
async function bring({ prepared, plan, input, file }: Written, out: string): Promise<void> {
  const splits = SPLITS.map((split) => [split, prepared.splits[split]] as const);
  const ofFolds = (prepared.folds ?? []).flatMap((fold, index) =>
    SPLITS.map((split) => [join('folds', String(index + 1), split), fold[split]] as const),
  );
  for (const [name, { parts }] of [...splits, ...ofFolds]) {
    for (const { dataKey, rowsKey } of parts) {
      for (const [kind, key] of [
        ['data', dataKey],
        ['rows', rowsKey],
      ] as const) {
        const folder = join(out, name, kind);
        await mkdir(folder, { recursive: true });
        await copyFile(file(key), join(folder, basename(key)));
      }
    }
  }
  await writeFile(join(out, 'input.json'), json(input));
  await writeFile(join(out, 'prepared.json'), json(prepared));
  await writeFile(join(out, 'run.json'), json(plan));
}

function written({ prepared, plan, input }: Written, out: string): string {
  const { cut } = plan;
  const dropped = Object.entries(prepared.dropped).map(([why, rows]) => `${counted(rows)} ${why}`);
  const rows = SPLITS.map((split) => [
    `  ${split}`,
    counted(prepared.splits[split].rows),
    `${howMany(prepared.splits[split].parts.length, 'part')}`,
  ]);
  const { folds } = prepared;
  const hashed = folds === undefined ? 'a hash of the key' : `a hash into ${folds.length} folds`;
  return [
    `${out}: ${howMany(input.features.length, 'feature')}, split by ${cut === null ? hashed : `time: validation from ${cut.validation}, gate from ${cut.gate}`}`,
    ...textTable([['', 'rows', ''], ...rows]),
    `left out: ${dropped.join(', ') || 'no row'}`,
    "<split>/data  the model's input, label first (gate: features only); <split>/rows  key, label and the columns that judge, in the same order",
    ...(folds === undefined
      ? []
      : [
          "folds/<fold>  the same for the model that never sees the fold: its gate are the fold's rows; train and gate are all rows",
        ]),
    'input.json  features and the codes of categories; prepared.json  counts; run.json  where in time the rows were cut',
  ].join('\n');
}

export const prepare: Verb = {
  options: ['model', 'out'],
  run: ({ args, options, now, progress }) =>
    onFiles(async (directory) => {
      const delivery = await findDelivery(onlyArgument(args, 'file of data'));
      const out = needed(options, 'out');
      const published = await publishedFrom(definitionPath(needed(options, 'model')));
      await emptyFolder(out);
      const steps = await offlineSteps(delivery, published, directory, now);
      const validated = await withSigns(progress, `reading ${delivery.given}`, () => steps.validate());
      if (validated.verdict?.accepted !== true) {
        const text = verdictText(delivery, published.model, validated);
        return { exit: validated.verdict === undefined ? 2 : 1, text, data: validated.verdict ?? validated.arrival };
      }
      const prepared = await withSigns(progress, 'preparing', () => steps.prepare());
      if (prepared.outcome === 'refused') {
        const { code, reason } = prepared;
        return { exit: 1, text: `${delivery.given} cannot be prepared: ${reason}`, data: { error: code, reason } };
      }
      await bring(prepared, out);
      const { plan, prepared: counts } = prepared;
      return { exit: 0, text: written(prepared, out), data: { out, cut: plan.cut, ...counts } };
    }),
};
