/** From a delivery to a served model on a local cloud: the loop as it runs on AWS, followed until it has an answer. */
import { createReadStream } from 'node:fs';

import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { type RunInput, runInputSchema } from '../../shared/data/run-input.ts';
import { type Decision, decisionSchema } from '../../shared/evaluation/decision.ts';
import { type Evaluation, evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import {
  type Arrival,
  arrivalSchema,
  championSchema,
  type RunEndFact,
  runEndSchema,
  slotSchema,
  type Verdict,
  verdictSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { VerbInput } from '../verb.ts';
import { approve } from '../verbs/approve.ts';
import type { LocalStack } from './stack.ts';

/** A file on its way up, under its name below `incoming/<model>/`. */
export interface Upload {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

/** What the loop made of a delivery. */
export interface Followed {
  readonly arrival: Arrival | undefined;
  readonly verdict: Verdict | undefined;
  /** Undefined where no run began. */
  readonly run: string | undefined;
  readonly decision: Decision | undefined;
  readonly evaluation: Evaluation | undefined;
  readonly end: RunEndFact | undefined;
  /** Whether a person's approval was given in place of one. */
  readonly isApproved: boolean;
  /** What the model in service takes; undefined where nothing is served. */
  readonly input: RunInput | undefined;
  /** The report of the run, or of data that was rejected. */
  readonly report: Uint8Array | undefined;
}

/** What is due within this much of the cloud's time is waited for: retries, and endpoints that take their time. */
const SOON_MS = 12 * 60_000;

/** Uploads a delivery, the object that closes it last. @returns The key and version that was last */
async function land({ outputs }: LocalStack, model: string, uploads: readonly Upload[]) {
  const s3 = new S3Client({});
  let last = { key: '', versionId: '' };
  for (const { name, path, sizeBytes } of uploads) {
    const key = `incoming/${model}/${name}`;
    const { VersionId = 'null' } = await s3.send(
      new PutObjectCommand({
        Bucket: outputs.DataBucketName,
        Key: key,
        Body: sizeBytes === 0 ? '' : createReadStream(path),
        ContentLength: sizeBytes,
      }),
    );
    last = { key, versionId: VersionId };
  }
  return last;
}

/**
 * Uploads a delivery and follows what comes of it until nothing more is due.
 *
 * @param approves Whether a candidate that is held for a person is approved
 */
export async function follow(
  stack: LocalStack,
  model: string,
  uploads: readonly Upload[],
  approves: boolean,
  progress: VerbInput['progress'],
): Promise<Followed> {
  const { cloud, place, outputs } = stack;
  const { ledger } = place;
  const settle = () => cloud.settle({ advanceMs: SOON_MS });
  const { key, versionId } = await land(stack, model, uploads);
  await settle();
  const arrival = await ledger.find(arrivalSchema, keys.arrival(model, key, versionId));
  const { dataset, rulesDigest } = arrival ?? {};
  const verdict =
    dataset === undefined || rulesDigest === undefined
      ? undefined
      : await ledger.find(verdictSchema, keys.verdict(model, dataset, rulesDigest));
  const run = (await ledger.find(slotSchema, keys.slot(model)))?.history.at(-1)?.run;
  const decision = run === undefined ? undefined : await ledger.find(decisionSchema, keys.decision(model, run));
  let isApproved = false;
  if (run !== undefined && decision?.outcome === 'hold' && approves) {
    const { exit } = await approve.run({
      place: () => Promise.resolve(place),
      args: [run],
      options: { reference: 'millrace try' },
      switches: new Set(),
      now: cloud.clock.now(),
      progress,
    });
    isApproved = exit === 0;
    await settle();
  }
  const champion = await ledger.find(championSchema, keys.champion(model));
  const store = s3ObjectStore(outputs.StoreBucketName ?? '');
  const reportKey =
    run !== undefined
      ? keys.runReport(model, run)
      : dataset !== undefined
        ? keys.datasetReport(model, dataset)
        : undefined;
  return {
    arrival,
    verdict,
    run,
    decision,
    evaluation: run === undefined ? undefined : await ledger.find(evaluationSchema, keys.evaluation(model, run)),
    end: run === undefined ? undefined : await ledger.find(runEndSchema, keys.end(model, run)),
    isApproved,
    input: champion && (await ledger.find(runInputSchema, keys.runInput(model, champion.run))),
    report: reportKey === undefined ? undefined : (await store.get(reportKey))?.body,
  };
}
