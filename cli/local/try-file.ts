/** `millrace try`: from a file to a served local model. Loaded when it is asked for: the local cloud is large. */

import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identifier } from '../../shared/data/engine.ts';
import { modelNameSchema } from '../../shared/definition/schema.ts';
import { howMany } from '../../shared/report/how-many.ts';
import { needed } from '../offline/answer.ts';
import { findDelivery } from '../offline/delivery.ts';
import { commentSaid } from '../offline/find-comment.ts';
import { type MadeDraft, makeDraft, modelNameOf } from '../offline/make-draft.ts';
import { onFiles, withSigns } from '../offline/on-files.ts';
import { readAsWritten } from '../offline/read-as-written.ts';
import { type SampleRow, sampleRow } from '../offline/sample-row.ts';
import type { Seen } from '../offline/seen.ts';
import { sourceOf } from '../offline/source-options.ts';
import { type Answer, onlyArgument, UsageError, type VerbInput } from '../verb.ts';
import { callLine } from './call-line.ts';
import { packageService, packagingReason } from './package.ts';
import { showProgress } from './progress.ts';
import { type Followed, follow, type Upload } from './served.ts';
import { postSigned } from './signed-request.ts';
import { type LocalStack, startStack } from './stack.ts';
import { type Asked, askedText, decisionText } from './try-text.ts';

/** Where definitions and reports of tries lie, below the working folder. */
const FOLDER = join('.millrace', 'try');

/** What a shell says of a program that was told to stop. */
const INTERRUPTED = 130;

/** What goes up: the file as it is; or, where rows have no label, a copy without them. */
async function uploadsOf(seen: Seen, { draft }: MadeDraft, label: string, directory: string): Promise<Upload[]> {
  const { delivery, engine, relation } = seen;
  if (draft.label.missing > 0) {
    const path = join(directory, 'with-label.parquet');
    const column = identifier(label);
    await engine.copyToParquet(`SELECT * FROM (${relation}) WHERE ${column} IS NOT NULL`, path);
    return [{ name: 'with-label.parquet', path, sizeBytes: (await stat(path)).size }];
  }
  if (!delivery.isFolder) return [...delivery.parts];
  const closing = join(directory, '_SUCCESS');
  await writeFile(closing, '');
  return [
    ...delivery.parts.map((part) => ({ ...part, name: `${delivery.name}/${part.name}` })),
    { name: `${delivery.name}/_SUCCESS`, path: closing, sizeBytes: 0 },
  ];
}

/** Asks the served model for one row of the file. */
async function askOnce(
  { outputs, cloud }: LocalStack,
  model: string,
  { input }: Followed,
  row: SampleRow,
  label: string,
): Promise<Asked | undefined> {
  if (input === undefined) return undefined;
  const record = Object.fromEntries(input.inputColumns.map((name) => [name, row[name] ?? null]));
  const url = `${outputs.PredictUrl}${model}`;
  const { status, body } = await postSigned(url, cloud.region, record);
  return { record, answer: body, status, truth: row[label] ?? null, line: callLine(url, cloud.region, record) };
}

async function saved(model: string, { report, run }: Followed): Promise<string | undefined> {
  if (report === undefined) return undefined;
  const file = join(FOLDER, `${model}-${run ?? 'data'}.html`);
  await writeFile(file, report);
  return file;
}

const untilStopped = (): Promise<void> =>
  new Promise((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve());
  });

/** What is told of a try, to people and to programs. */
function answerOf(
  model: string,
  definition: string,
  made: MadeDraft,
  followed: Followed,
  asked: Asked | undefined,
  report: string | undefined,
  seconds: number,
): Answer {
  const { decision, evaluation, end, run, verdict, isApproved } = followed;
  const served = asked?.status === 200;
  return {
    exit: served ? 0 : 1,
    text: [
      ...decisionText(model, followed),
      ...(asked === undefined ? [] : askedText(asked)),
      '',
      `definition  ${definition}`,
      ...(report === undefined ? [] : [`report      ${report}`]),
      `${seconds.toFixed(0)} s in all`,
    ].join('\n'),
    data: {
      model,
      problem: made.draft.label.problem,
      definition,
      report: report ?? null,
      accepted: verdict?.accepted ?? false,
      problems: verdict?.problems ?? [],
      run: run ?? null,
      decision: decision?.outcome ?? null,
      reasons: decision?.reasons ?? [],
      approved: isApproved,
      end: end === undefined ? null : { end: end.end, reason: end.reason },
      rows: evaluation?.rows ?? null,
      metric: decision?.policy.metric ?? null,
      figures: evaluation?.candidate.outcome === 'scored' ? evaluation.candidate.figures : null,
      trivial: evaluation?.trivial ?? null,
      served,
      prediction: asked === undefined ? null : { ...asked },
      seconds,
    },
  };
}

/** Brings the service up to date with its sources where it is not. */
async function packaged(switches: VerbInput['switches'], progress: VerbInput['progress']): Promise<void> {
  const reason = switches.has('packaged') ? undefined : packagingReason();
  if (reason === undefined) return;
  progress(`packaging, because ${reason}`);
  await withSigns(progress, 'packaging', packageService);
}

/** Tries a file; see the verb. */
export const tryFile = ({ args, options, switches, progress }: VerbInput): Promise<Answer> =>
  onFiles(async (directory) => {
    const began = performance.now();
    const delivery = await findDelivery(onlyArgument(args, 'file of data'));
    const label = needed(options, 'label');
    const source = sourceOf(options);
    const port = Number(options.port ?? 0);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError(`--port ${options.port} is no port`);
    const model = options.name ?? modelNameOf(delivery.name);
    if (!modelNameSchema.safeParse(model).success)
      throw new UsageError(`--name ${model} is no model's name: small letters and digits, joined by -`);
    const seen = await withSigns(progress, `reading ${delivery.given}`, () =>
      readAsWritten(delivery, directory, source),
    );
    let made: MadeDraft;
    let uploads: Upload[];
    let row: SampleRow;
    try {
      const { problem, without } = options;
      made = await makeDraft(seen, { label, model, problem, without, schema: null, copies: true });
      uploads = await uploadsOf(seen, made, made.column, directory);
      row = await sampleRow(seen);
    } finally {
      seen.close();
    }
    const { draft, column } = made;
    await mkdir(FOLDER, { recursive: true });
    const definition = join(FOLDER, `${model}.yml`);
    await writeFile(definition, made.yaml);
    progress(
      `${delivery.given}: ${howMany(seen.rows, 'row')}; ${column} is ${draft.label.problem}: ${draft.label.why}; ${howMany(draft.features.length, 'feature')}`,
    );
    if (seen.comment !== null) progress(commentSaid(seen.comment));
    if (draft.label.missing > 0)
      progress(
        `${howMany(draft.label.missing, 'row')} without ${column} ${draft.label.missing === 1 ? 'is' : 'are'} left out: nothing can be learned from them`,
      );
    await packaged(switches, progress);
    const stack = await startStack({ port, flow: true, models: [definition] });
    let isServing = false;
    // Whoever stops it in the middle leaves nothing running, and no files.
    const interrupted = (): void => {
      void stack.cloud.close().finally(() => process.exit(INTERRUPTED));
    };
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
    try {
      progress(`local cloud at ${stack.cloud.url}`);
      const stopProgress = showProgress(stack.cloud, progress);
      const followed = await follow(stack, model, uploads, !switches.has('strict'), progress).finally(stopProgress);
      const asked = await askOnce(stack, model, followed, row, column);
      const report = await saved(model, followed);
      const answer = answerOf(model, definition, made, followed, asked, report, (performance.now() - began) / 1000);
      if (answer.exit !== 0 || switches.has('once')) return answer;
      isServing = true;
      return {
        ...answer,
        text: `${answer.text}\nThe model answers until you press Ctrl-C.`,
        afterwards: () => untilStopped().finally(() => stack.cloud.close()),
      };
    } finally {
      process.removeListener('SIGINT', interrupted).removeListener('SIGTERM', interrupted);
      if (!isServing) await stack.cloud.close();
    }
  });
