/**
 * `npm run story`: January to June 2001 on a seeded sample of the flights, as traffic with late labels. What happens is
 * what the data says; the two things that are injected are labelled as injected. It asserts that each part of the loop did
 * its work, never how good a model is.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { showProgress } from '../../cli/local/progress.ts';
import { postSigned } from '../../cli/local/signed-request.ts';
import { startStack } from '../../cli/local/stack.ts';
import { modelLife } from '../../cli/model-life.ts';
import { runEndSchema, slotSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { driftFactSchema } from '../../shared/monitoring/drift-fact.ts';
import { lifeReport } from '../../shared/report/life-report.ts';
import { inService } from '../summary.ts';
import { datasetBetween, type Flight, trafficBetween } from './traffic.ts';

const MODEL = 'flight-watch';
const FOLDER = '.millrace/half-year';
const SEED = 7;
/** One flight in so many is asked about, and in so many lands as data to train on. */
const [TRAFFIC_EVERY, DATA_EVERY] = [55, 8];
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** At most so many records in a request to predict. */
const REQUEST_ROWS = 100;
/** Labels of a day come two days later; those of every seventh day three weeks late. */
const [LABELS_AFTER, LATE_LABELS_AFTER] = [2, 21];
/** Injected: in these two weeks callers send distances in kilometres. */
const KILOMETRES = { from: '2001-04-05', to: '2001-04-19', factor: 1.609344 };
/** Injected: the containers of the rollout of this day die under a share of their requests. */
const BAD_ROLLOUT = '2001-05-01';
/** How long that rollout is watched. */
const WATCHED_MINUTES = 90;

const began = performance.now();
const say = (line = '') => console.log(line);
const title = (text: string) => say(`\n${text}`);
const count = (n: number) => n.toLocaleString('en-US');
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

/** The story cannot go on: something the loop promises did not happen. */
const must: (held: boolean, what: string) => asserts held = (held, what) => {
  if (!held) throw new Error(`the story expected that ${what}`);
};

say('Millrace: half a year of flights, January to June 2001, on this machine');
const traffic = await trafficBetween('2001-01-25', '2001-07-01', TRAFFIC_EVERY, SEED);
const { cloud, outputs, place } = await startStack({
  start: new Date('2001-01-25T04:00:00Z'),
  models: ['demo/half-year'],
});
const { ledger } = place;
const s3 = new S3Client({});
const stopProgress = showProgress(cloud, process.argv.includes('--steps') ? say : () => undefined);

const put = (key: string, body: string | Uint8Array) =>
  s3.send(new PutObjectCommand({ Bucket: outputs.DataBucketName, Key: key, Body: body }));

/** What came true of a prediction. */
interface Label {
  readonly id: string;
  readonly late: boolean;
}

/** Asks about flights; a request that is not answered has no labels. */
const ask = async (flights: readonly Flight[]): Promise<{ labels: Label[]; refused: number }> => {
  const labels: Label[] = [];
  let refused = 0;
  for (let from = 0; from < flights.length; from += REQUEST_ROWS) {
    const part = flights.slice(from, from + REQUEST_ROWS);
    const records = part.map(({ record }) => record);
    const { status, body } = await postSigned(`${outputs.PredictUrl}${MODEL}`, cloud.region, { records });
    if (status === 200) {
      const { predictions } = Object(body);
      for (const [row, { late }] of part.entries()) {
        labels.push({ id: String(Object(predictions[row]).inferenceId), late });
      }
    } else refused += 1;
  }
  return { labels, refused };
};

/** As SageMaker's own ground truth has it: JSON Lines that name the prediction. */
const landLabels = (day: string, labels: readonly Label[]) =>
  put(
    `ground-truth/${MODEL}/${day}.jsonl`,
    labels
      .map(({ id, late }) =>
        JSON.stringify({
          groundTruthData: { data: late ? '1' : '0', encoding: 'CSV' },
          eventMetadata: { eventId: id },
          eventVersion: '0',
        }),
      )
      .join('\n'),
  );

const landData = async (from: string, to: string) => {
  const { file, rows } = await datasetBetween(FOLDER, { from, to, every: DATA_EVERY, seed: SEED });
  await put(`incoming/${MODEL}/${basename(file)}`, await readFile(file));
  return rows;
};

const lastRun = async () => (await ledger.find(slotSchema, keys.slot(MODEL)))?.history.at(-1)?.run;

const endOf = async (run: string | undefined) =>
  run === undefined ? undefined : ledger.find(runEndSchema, keys.end(MODEL, run));

const inKilometres = (day: string, flights: readonly Flight[]): readonly Flight[] =>
  day >= KILOMETRES.from && day < KILOMETRES.to
    ? flights.map(({ record, late }) => ({
        record: { ...record, distance: Math.round(record.distance * KILOMETRES.factor) },
        late,
      }))
    : flights;

/** The month's data lands, and everything follows that follows. */
const retrain = async (day: string, from: string) => {
  const rows = await landData(from, day);
  await cloud.settle({ advanceMs: 45 * MINUTE_MS });
  const [run, champion] = [await lastRun(), await inService(ledger, MODEL)];
  const end = await endOf(run);
  must(end !== undefined, `the run of ${day} is over`);
  say(`   ${day}  ${count(rows)} flights land; run ${run} ends ${end.end}; in service: run ${champion?.run}`);
};

/** The month's data lands, and the new fleet's containers die under half of what they are asked while it bakes. */
const retrainBadly = async (day: string, from: string, flights: readonly Flight[]) => {
  const before = await inService(ledger, MODEL);
  const rows = await landData(from, day);
  cloud.faults.set({ seed: SEED, rules: [{ fault: 'kill-container', endpoint: '*', probability: 0.5 }] });
  let refused = 0;
  const previous = await lastRun();
  for (let minute = 0; minute < WATCHED_MINUTES; minute += 1) {
    await cloud.settle({ advanceMs: MINUTE_MS });
    refused += (await ask(flights.slice(0, 10))).refused;
    const run = await lastRun();
    if (run !== previous && (await endOf(run)) !== undefined) break;
  }
  cloud.faults.set({});
  await cloud.settle({ advanceMs: 45 * MINUTE_MS });
  const [run, after] = [await lastRun(), await inService(ledger, MODEL)];
  const end = await endOf(run);
  say(
    `   ${day}  ${count(rows)} flights land; injected: containers die while the rollout bakes (${refused} requests failed)`,
  );
  say(`               run ${run} ends ${end?.end}: ${end?.reason}`);
  must(end?.end === 'rolled-back', 'the bad rollout is told as rolled back');
  must(after?.run === before?.run, 'the champion of before stays in service');
};

const play = async () => {
  title('1. January: a model is trained, judged, promoted and served');
  say(`   ${count(await landData('2001-01-01', '2001-01-25'))} flights of 1 to 24 January land`);
  await cloud.settle({ advanceMs: 45 * MINUTE_MS });
  const first = await inService(ledger, MODEL);
  must(first !== undefined, 'the first model is in service');
  say(`   run ${first.run} is in service`);

  const flights = [...traffic.values()].reduce((sum, day) => sum + day.length, 0);
  title(
    `2. ${count(traffic.size)} days of traffic: ${count(flights)} sampled flights (one in ${TRAFFIC_EVERY}), labels later`,
  );
  const due: { readonly at: number; readonly day: string; readonly labels: Label[] }[] = [];
  let asked = 0;
  let nth = 0;
  for (const [day, theirs] of traffic) {
    const at = Date.parse(`${day}T06:00:00Z`);
    await cloud.clock.jump(at, () => cloud.activity.idle());
    if (day === KILOMETRES.from) say(`   ${day}  injected: for two weeks callers send distances in kilometres`);
    const { labels, refused } = await ask(inKilometres(day, theirs));
    must(refused === 0, `every request of ${day} is answered`);
    asked += labels.length;
    nth += 1;
    due.push({ at: at + (nth % 7 === 0 ? LATE_LABELS_AFTER : LABELS_AFTER) * DAY_MS, day, labels });
    for (const ready of due.filter((each) => each.at <= at)) await landLabels(ready.day, ready.labels);
    due.splice(0, due.length, ...due.filter((each) => each.at > at));
    if (day.endsWith('-01')) {
      const from = day === '2001-02-01' ? '2001-01-25' : new Date(at - DAY_MS).toISOString().slice(0, 8).concat('01');
      if (day === BAD_ROLLOUT) await retrainBadly(day, from, theirs);
      else await retrain(day, from);
    }
    await cloud.settle({ advanceMs: 2 * MINUTE_MS });
  }
  return asked;
};

/** What is predicted is off when it and what came true are further apart than this; PSI speaks from 0.1 on, as it is used. */
const [OFF_BY, PSI_SPEAKS] = [0.05, 0.1];

/** One line per window: what the inputs did, what came true; and which of the two saw what. */
const tellWindows = async () => {
  const life = await modelLife(ledger, MODEL, cloud.clock.now());
  const facts = await Promise.all(
    (await ledger.keys(keys.monitoring(MODEL)))
      .filter((key) => key.endsWith('/drift.json'))
      .map((key) => ledger.read(driftFactSchema, key)),
  );
  title('3. What was seen, by window: inputs beside January, and what came true');
  say('   window       rows   worst PSI  drift*   predicted late  came true  roc_auc');
  const seen = { windows: 0, off: 0, byPsi: 0 };
  for (const point of life.drift) {
    const fact = facts.find(({ window }) => window.start === point.start);
    const psi = Math.max(0, ...(fact?.report?.features ?? []).map((column) => column.psi ?? 0));
    const quality = life.quality.find(({ start }) => start === point.start);
    const rates = quality?.calibration;
    const injected = point.end.slice(0, 10) > KILOMETRES.from && point.start.slice(0, 10) < KILOMETRES.to;
    if (rates && !injected) {
      const off = Math.abs(rates.predicted - rates.actual) > OFF_BY;
      seen.windows += 1;
      if (off) seen.off += 1;
      if (off && psi >= PSI_SPEAKS) seen.byPsi += 1;
    }
    say(
      `   ${point.start.slice(0, 10)}  ${count(point.rows).padStart(5)}  ${psi.toFixed(3).padStart(9)}  ${(point.score === null ? point.outcome : point.score.toFixed(2)).padStart(6)}   ${(rates ? percent(rates.predicted) : '-').padStart(14)}  ${(rates ? percent(rates.actual) : '-').padStart(9)}  ${quality?.value?.toFixed(3) ?? '-'}${quality?.degraded ? ' worse' : ''}${injected ? '  (injected: kilometres)' : ''}`,
    );
  }
  say('   * share of the limit: from 1 on the window drifted');
  say(
    `   Without an injection, ${seen.off} of ${seen.windows} windows came true more than ${OFF_BY * 100} points off what was predicted: calibration sees that.`,
  );
  say(`   PSI reached ${PSI_SPEAKS} in ${seen.byPsi} of those ${seen.off}: lateness changed, the inputs barely did.`);
  return life;
};

const finish = async (asked: number) => {
  const life = await tellWindows();
  title('4. What was decided');
  for (const { at, kind, run, reasons } of life.incidents) {
    say(`   ${at.slice(0, 10)}  ${kind.padEnd(21)} ${run ?? ''}  ${reasons.map(({ message }) => message).join('; ')}`);
  }
  const kinds = new Set(life.incidents.map(({ kind }) => kind));
  const clean = life.drift.filter(
    ({ start, end }) => end.slice(0, 10) <= KILOMETRES.from || start.slice(0, 10) >= KILOMETRES.to,
  );
  const injected = life.drift.filter((point) => !clean.includes(point));
  must(kinds.has('rolled back'), 'a rollout was rolled back');
  must(kinds.has('retraining declined'), 'an alarm was declined');
  must(
    injected.some(({ score }) => (score ?? 0) >= 1),
    'the injected shift is seen',
  );
  must(life.quality.length > 0, 'late labels came to figures');
  const file = join(FOLDER, `${MODEL}.html`);
  await mkdir(FOLDER, { recursive: true });
  await writeFile(file, await lifeReport(life));
  say(
    `   ${count(asked)} predictions; ${clean.filter(({ score }) => (score ?? 0) >= 1).length} of ${clean.length} windows without an injection drifted`,
  );
  say(`   report ${file}`);
  say(`   ${((performance.now() - began) / 1000).toFixed(0)} s in all`);
};

try {
  await finish(await play());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  stopProgress();
  await cloud.close();
}
