/**
 * `npm start`: the loop on real flights, through the packaged bundles and template. It asserts that each part of the
 * loop did its work, never which model wins.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { showProgress } from '../cli/local/progress.ts';
import { postSigned } from '../cli/local/signed-request.ts';
import { pointingLines, startStack } from '../cli/local/stack.ts';
import { s3ObjectStore } from '../shared/aws/s3-object-store.ts';
import { sageMakerApi } from '../shared/aws/sagemaker-api.ts';
import { keys } from '../shared/ledger/keys.ts';
import { text } from '../shared/sagemaker/resources.ts';
import { damaged, flightsBetween } from './flights.ts';
import { inService, whatHappened } from './summary.ts';

const { values: options } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    summary: { type: 'string' },
    record: { type: 'string' },
  },
});

const FOLDER = '.millrace';
const began = performance.now();
const seconds = () => (performance.now() - began) / 1000;
const say = (line = '') => console.log(line);
const title = (text: string) => say(`\n${text}`);
const count = (n: number) => n.toLocaleString('en-US');

/** The story cannot go on: something the loop promises did not happen. */
const must: (held: boolean, what: string) => asserts held = (held, what) => {
  if (!held) throw new Error(`the story expected that ${what}`);
};

say('Millrace: the loop, on real flights of January 2001, on this machine');
const [january, last, stack] = await Promise.all([
  flightsBetween(FOLDER, 'january-01-24.csv', '2001-01-01', '2001-01-25'),
  flightsBetween(FOLDER, 'january-25-31.parquet', '2001-01-25', '2001-02-01'),
  startStack({
    start: new Date('2001-01-25T06:00:00Z'),
    flow: true,
    ...(options.record !== undefined && { record: options.record }),
  }),
]);
const { cloud, outputs, place, models } = stack;
const { ledger } = place;
const store = s3ObjectStore(outputs.StoreBucketName ?? '');
const s3 = new S3Client({});
say(
  `local cloud ready at ${cloud.url} after ${seconds().toFixed(1)} s; the clock shows ${cloud.clock.now().toISOString()}`,
);

const stopProgress = showProgress(cloud, say);

/** What is due within this much of the cloud's time is waited for: retries, and capture that is written after a minute. */
const SOON_MS = 5 * 60_000;

const land = async (model: string, file: string) => {
  const key = `incoming/${model}/${basename(file)}`;
  await s3.send(new PutObjectCommand({ Bucket: outputs.DataBucketName, Key: key, Body: await readFile(file) }));
  await cloud.settle({ advanceMs: SOON_MS });
};

const ask = async (records: readonly object[]) => {
  const { status, body } = await postSigned(`${outputs.PredictUrl}flight-delay`, cloud.region, { records });
  must(status === 200, `predict answers 200, not ${status}: ${JSON.stringify(body)}`);
  const { run, predictions } = Object(body);
  must(Array.isArray(predictions) && predictions.length === records.length, 'every record is answered');
  return { run: String(run), scores: predictions.map((prediction) => Number(Object(prediction).score)) };
};

const QUESTIONS = [
  { date: '2001-02-01T07:30:00', distance: 733, origin: 'ORD', destination: 'LGA' },
  { date: '2001-02-02T18:15:00', distance: 733, origin: 'ORD', destination: 'LGA' },
  { date: '2001-02-02T20:45:00', distance: 2475, origin: 'LAX', destination: 'JFK' },
];

const saveReport = async (key: string, name: string): Promise<string | undefined> => {
  const found = await store.get(key);
  if (!found) return undefined;
  const file = join(FOLDER, 'reports', name);
  await mkdir(join(FOLDER, 'reports'), { recursive: true });
  await writeFile(file, found.body);
  return file;
};

const play = async () => {
  title(`1. ${count(january.rows)} flights of 1 to 24 January land: a model is trained, judged, promoted and served`);
  await land('flight-delay', january.file);
  const first = await inService(ledger, 'flight-delay');
  must(first !== undefined, 'the first model is in service');
  const before = await ask(QUESTIONS);
  must(before.run === first.run, 'the champion answers');
  say(`   predictions of run ${before.run}:`);
  QUESTIONS.forEach((question, i) => {
    say(
      `   ${question.origin} to ${question.destination}, ${question.date}: ${((before.scores[i] ?? 0) * 100).toFixed(0)} % late`,
    );
  });

  title('2. A damaged file lands: it is rejected, line by line, and the loop goes on');
  await land('flight-delay', await damaged(january.file, join(FOLDER, 'damaged.csv')));
  const rejected = (await whatHappened(ledger, models)).datasets.filter(({ accepted }) => !accepted);
  must(rejected.length === 1, 'the damaged file is rejected');
  const problems = (rejected[0]?.problems ?? []).toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
  for (const problem of problems) say(`   line ${problem.line ?? '-'}: ${problem.message}`);
  const named = new Set(problems.map((problem) => problem.line));
  must(
    [17, 42, 108].every((line) => named.has(line)),
    'the report names the lines 17, 42 and 108',
  );

  title(`3. A week later ${count(last.rows)} more land: a challenger meets the champion on rows that neither has seen`);
  await cloud.clock.jump(Date.parse('2001-02-01T06:00:00Z'), () => cloud.activity.idle());
  await land('flight-delay', last.file);
  const after = await whatHappened(ledger, models);
  const challenger = after.runs.filter((run) => run.model === 'flight-delay').at(-1);
  must(challenger !== undefined && challenger.run !== first.run, 'a second run was made');
  must(challenger.champion?.run === first.run, 'the challenger was judged beside the champion');
  must(challenger.gate_rows > 0 && challenger.reasons.length > 0, 'it was judged on shared rows, and told why');
  say(`   judged on ${count(challenger.gate_rows)} shared rows: ${challenger.decision}`);
  for (const reason of challenger.reasons) say(`   - ${reason.message}`);
  const now = await ask(QUESTIONS);
  must(now.run === (await inService(ledger, 'flight-delay'))?.run, 'the champion answers');

  title('4. A model that asks for an AUC of 0.95: it is rejected, with the reason');
  await land('flight-sure', last.file);
  const sure = (await whatHappened(ledger, models)).runs.filter((run) => run.model === 'flight-sure');
  must(sure.length === 1 && sure[0]?.decision === 'reject', 'its candidate is rejected');
  must((await inService(ledger, 'flight-sure')) === undefined, 'nothing of it is in service');
  for (const reason of sure[0]?.reasons ?? []) say(`   - ${reason.message}`);
  return before.scores.length + now.scores.length;
};

/** What SageMaker says of an endpoint. */
const endpointOf = async (name: string) => {
  const described = await sageMakerApi().describe('endpoint', name);
  return {
    name,
    status: text(described, 'EndpointStatus') ?? null,
    config: text(described, 'EndpointConfigName') ?? null,
  };
};

/** The account's administrator leaves nothing running, however the story ends. */
const finish = async (predictions: number) => {
  stopProgress();
  const happened = await whatHappened(ledger, models);
  const champion = await inService(ledger, 'flight-delay');
  title('What happened');
  say('   run                  model         decision  roc_auc  champion  gate rows');
  for (const run of happened.runs) {
    const figure = (value: number | null | undefined) =>
      value === null || value === undefined ? '-' : value.toFixed(4);
    say(
      `   ${run.run}  ${run.model.padEnd(13)} ${run.decision.padEnd(9)} ${figure(run.metrics.roc_auc).padEnd(8)} ${figure(run.champion?.metrics.roc_auc).padEnd(9)} ${count(run.gate_rows)}`,
    );
  }
  for (const dataset of happened.datasets) {
    say(
      `   dataset ${dataset.dataset}  ${dataset.model.padEnd(13)} ${dataset.accepted ? 'accepted' : `rejected: ${dataset.problems.length} problems`}`,
    );
  }
  for (const { model, run } of happened.runs) {
    const file = await saveReport(keys.runReport(model, run), `${model}-${run}.html`);
    if (file) say(`   report ${file}`);
  }
  for (const { model, dataset, accepted } of happened.datasets) {
    const file = accepted
      ? undefined
      : await saveReport(keys.datasetReport(model, dataset), `${model}-${dataset}.html`);
    if (file) say(`   report ${file}`);
  }
  say(`   ${predictions} predictions; ${seconds().toFixed(0)} s in all`);
  if (options.summary !== undefined) {
    await writeFile(
      options.summary,
      `${JSON.stringify({
        ...happened,
        endpoint: champion ? await endpointOf(champion.endpointName) : null,
        predictions,
        seconds: seconds(),
      })}\n`,
    );
  }
};

try {
  await finish(await play());
  if (options.keep) {
    title(`The cloud stays up at ${cloud.url} until you stop it (Ctrl+C). In another terminal:`);
    for (const line of pointingLines(stack)) say(line);
    await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  }
} catch (error) {
  stopProgress();
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await cloud.close();
}
