import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';

import { InputError, type InputObject, inputObjects, openObject, parseS3Uri } from '../../containers/s3-input.ts';
import { DEFAULT_STARTUP_MS, NoAnswerError, type ServingContainer } from '../../containers/serving.ts';
import type { JsonObject, Operation } from '../../contracts.ts';
import { oneOf, optional, structure } from '../parameters.ts';
import type { Context } from './context.ts';
import { FilterError, joinColumns, splitColumns } from './csv-columns.ts';
import { invalid } from './errors.ts';
import { spellingOf } from './event-spelling.ts';
import { CAPACITY_REASON, INTERNAL_REASON } from './failure-reasons.ts';
import { type HostedModel, HostingError, hostModel } from './hosting.ts';
import { createJobs } from './jobs.ts';
import { type Listed, listPage } from './listing.ts';
import { BatchError, type MiniBatch, miniBatches } from './mini-batches.ts';
import type { Model, Models } from './models.ts';
import { parse, toJson, toSeconds } from './request.ts';
import { logUnderRole, OutputError, s3UnderRole } from './role-access.ts';
import * as shapes from './shapes.ts';
import {
  CreateTransformJob,
  checkTransformRequest,
  DEFAULT_PAYLOAD_MB,
  DEFAULT_RETRIES,
  DEFAULT_TIMEOUT_S,
  type Processing,
  type TransformRequest,
} from './transform-request.ts';

/** Batch transform jobs. */
export interface TransformJobs {
  readonly operations: Readonly<Record<string, Operation>>;
  /** Stops what runs, without a trace in the jobs. */
  close(): Promise<void>;
}

const ByName = structure({ TransformJobName: shapes.name });
const STATUSES = ['InProgress', 'Completed', 'Failed', 'Stopping', 'Stopped'] as const;
const ListTransformJobs = structure({
  ...shapes.listMembers,
  ...shapes.modifiedMembers,
  StatusEquals: optional(oneOf(...STATUSES)),
  SortBy: optional(oneOf('Name', 'CreationTime', 'Status')),
});

interface TransformJob extends Listed {
  readonly arn: string;
  readonly request: TransformRequest;
  readonly given: JsonObject;
  readonly model: Model;
  readonly processing: Processing | undefined;
  readonly stop: AbortController;
  /** The instance its log streams are named after. */
  readonly instance: string;
  status: (typeof STATUSES)[number];
  /** How many events have told of it. */
  told: number;
  modifiedMs: number;
  startMs?: number;
  endMs?: number;
  failureReason?: string;
}

/** No instance, or none that worked; the message is the job's FailureReason. */
class InstanceError extends Error {
  override readonly name = 'InstanceError';
}

// The words of a training job's reasons, as public issues quote them; *assumed* for transform jobs.
const FAULT_REASONS = { capacity: CAPACITY_REASON, internal: INTERNAL_REASON };

/** An object the model could not score. */
class TransformError extends Error {
  override readonly name = 'TransformError';
}

const LOG_GROUP = '/aws/sagemaker/TransformJobs';
const MB = 1024 * 1024;

const withoutLastLineEnd = (body: Buffer) => (body.at(-1) === 10 ? body.subarray(0, -1) : body);

/** The output of one request: joined and filtered record by record when that is asked for. */
const assemble = (job: TransformJob, batch: MiniBatch, answer: Buffer): Buffer => {
  const { processing, request } = job;
  // "To add a newline character at the end of every transformed record, specify Line": API_TransformOutput
  // (documented). That an answer which ends with one gets no second is *assumed*.
  if (!processing) {
    if (request.TransformOutput.AssembleWith !== 'Line') return answer;
    return Buffer.concat([withoutLastLineEnd(answer), Buffer.from('\n')]);
  }
  const predictions = withoutLastLineEnd(answer).toString('utf8').split(/\r?\n/);
  if (predictions.length !== batch.records.length) {
    throw new TransformError(`The model answered ${predictions.length} records for ${batch.records.length}`);
  }
  const rows = batch.records.map((record, i) => {
    const prediction = splitColumns(predictions[i] ?? '');
    // CSV is joined as the input's columns, then the prediction's: batch-transform-data-processing.md (documented).
    return joinColumns(processing.output(processing.join ? [...splitColumns(record), ...prediction] : prediction));
  });
  return Buffer.from(`${rows.join('\n')}\n`);
};

/** CreateTransformJob, DescribeTransformJob, ListTransformJobs, StopTransformJob, and the jobs themselves. */
export const createTransformJobs = (context: Context, models: Models): TransformJobs => {
  const { cloud } = context;
  const jobs = createJobs<TransformJob>(context, 'transform job');
  const now = () => cloud.clock.ms();

  const described = (job: TransformJob, time: (ms: number) => number | string): JsonObject => {
    const { Tags: _, ...given } = job.given;
    return toJson({
      ...given,
      TransformJobArn: job.arn,
      TransformJobStatus: job.status,
      FailureReason: job.failureReason,
      CreationTime: time(job.creationMs),
      TransformStartTime: job.startMs === undefined ? undefined : time(job.startMs),
      TransformEndTime: job.endMs === undefined ? undefined : time(job.endMs),
    });
  };

  const enter = (job: TransformJob, status: TransformJob['status']) => {
    job.status = status;
    job.modifiedMs = now();
    // Times are epoch milliseconds, as the schema registry has them, in one event and ISO text, as the documented sample has
    // them, in the next (automating-sagemaker-with-eventbridge.md and the schema registry, documented). Absent members are
    // null (*assumed* from real events).
    const nth = job.told++;
    const time = (ms: number) => (nth % 2 === 1 ? `${new Date(ms).toISOString().slice(0, 19)}Z` : ms);
    context.tell('SageMaker Transform Job State Change', job.arn, {
      FailureReason: null,
      MaxConcurrentTransforms: null,
      MaxPayloadInMB: null,
      BatchStrategy: null,
      Environment: {},
      TransformStartTime: null,
      TransformEndTime: null,
      ...described(job, time),
      LastModifiedTime: time(job.modifiedMs),
      Tags: spellingOf(nth).tags(context.tags.asObject(job.arn)),
    });
  };

  const send = async (job: TransformJob, container: ServingContainer, batch: MiniBatch): Promise<Buffer> => {
    const { TransformInput: input, TransformOutput: output, ModelClientConfig: client } = job.request;
    const headers = {
      ...(input.ContentType === undefined ? {} : { 'content-type': input.ContentType }),
      ...(output.Accept === undefined ? {} : { accept: output.Accept }),
    };
    const timeoutMs = (client?.InvocationsTimeoutInSeconds ?? DEFAULT_TIMEOUT_S) * 1000;
    const retries = client?.InvocationsMaxRetries ?? DEFAULT_RETRIES;
    for (let attempt = 0; ; attempt++) {
      job.stop.signal.throwIfAborted();
      const answer = await container.invoke(batch.body, headers, timeoutMs).catch((error: unknown) => {
        if (error instanceof NoAnswerError) return error;
        throw error;
      });
      if (!(answer instanceof NoAnswerError)) {
        if (answer.status < 300) return answer.body;
        const problem = `The model answered ${answer.status}: ${answer.body.toString('utf8').slice(0, 512)}`;
        if (answer.status < 500 || attempt >= retries) throw new TransformError(problem);
      } else if (attempt >= retries || !container.running()) throw new TransformError(answer.message);
    }
  };

  const transformObject = async (job: TransformJob, container: ServingContainer, object: InputObject) => {
    const { TransformInput: input, processing } = { ...job.request, processing: job.processing };
    const s3 = s3UnderRole(cloud, job.model.roleArn);
    const opened = await openObject(s3, object);
    const body = input.CompressionType === 'Gzip' ? opened.pipe(createGunzip()) : opened;
    if (body !== opened) opened.on('error', (error) => body.destroy(error));
    const batches = miniBatches(body, {
      split: input.SplitType ?? 'None',
      // *Assumed*: the default is not documented.
      strategy: job.request.BatchStrategy ?? 'MultiRecord',
      payloadBytes: (job.request.MaxPayloadInMB ?? DEFAULT_PAYLOAD_MB) * MB,
      input: (record) => (processing ? joinColumns(processing.input(splitColumns(record))) : record),
    });
    // 0, or nothing said and no /execution-parameters, is one at a time: API_CreateTransformJob (documented).
    const concurrent = Math.max(job.request.MaxConcurrentTransforms ?? 1, 1);
    const parts: Buffer[] = [];
    const workers = Array.from({ length: concurrent }, async () => {
      for (let next = await batches.next(); !next.done; next = await batches.next()) {
        const batch = next.value;
        const place = parts.push(Buffer.alloc(0)) - 1;
        parts[place] = assemble(job, batch, await send(job, container, batch));
      }
    });
    const results = await Promise.allSettled(workers);
    // Closes the object where it was not read to its end.
    await batches.return(undefined);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    // The sub-folder below S3OutputPath is *assumed*: the key below the folder that the input names. The API's own example
    // contradicts itself (API_TransformOutput, documented); list the output prefix and match on `.out`.
    const { bucket, key } = parseS3Uri(job.request.TransformOutput.S3OutputPath.replace(/\/+$/, ''));
    const prefix = key === '' ? '' : `${key}/`;
    job.stop.signal.throwIfAborted();
    await s3.write(bucket, `${prefix}${object.name}.out`, Buffer.concat(parts), job.request.TransformOutput.Accept);
  };

  const stream = (job: TransformJob) => `${job.name}/${job.instance}`;

  const work = async (job: TransformJob) => {
    const { InstanceType: instanceType } = job.request.TransformResources;
    const fault = cloud.faults.transform?.({ name: job.name, instanceType })?.failure;
    if (fault === 'capacity' || fault === 'internal') throw new InstanceError(FAULT_REASONS[fault]);
    const { S3DataType, S3Uri } = job.request.TransformInput.DataSource.S3DataSource;
    const output = parseS3Uri(job.request.TransformOutput.S3OutputPath);
    if (!cloud.s3.bucketExists(output.bucket)) throw new InputError(`The bucket ${output.bucket} does not exist`);
    const objects = await inputObjects(s3UnderRole(cloud, job.model.roleArn), { type: S3DataType, uri: S3Uri });
    let hosted: HostedModel | undefined;
    try {
      hosted = await hostModel(context, {
        model: job.model,
        environment: {
          ...job.request.Environment,
          // The last three only if set in the request: your-algorithms-batch-code.md (documented).
          SAGEMAKER_BATCH: 'true',
          ...(job.request.MaxPayloadInMB === undefined
            ? {}
            : { SAGEMAKER_MAX_PAYLOAD_IN_MB: String(job.request.MaxPayloadInMB) }),
          ...(job.request.BatchStrategy === undefined
            ? {}
            : {
                SAGEMAKER_BATCH_STRATEGY:
                  job.request.BatchStrategy === 'MultiRecord' ? 'MULTI_RECORD' : 'SINGLE_RECORD',
              }),
          ...(job.request.MaxConcurrentTransforms === undefined
            ? {}
            : { SAGEMAKER_MAX_CONCURRENT_TRANSFORMS: String(job.request.MaxConcurrentTransforms) }),
        },
        subject: 'The model container',
        logGroup: LOG_GROUP,
        logStream: stream(job),
        startupMs: DEFAULT_STARTUP_MS,
        signal: job.stop.signal,
      });
      // Its container is gone under the job: every request goes unanswered.
      if (fault === 'killed') await hosted.container.stop();
      const problems: string[] = [];
      const dataLog = logUnderRole(cloud, job.model.roleArn, LOG_GROUP, `${stream(job)}/data-log`);
      for (const object of objects) {
        await transformObject(job, hosted.container, object).catch((error: unknown) => {
          if (error instanceof TransformError || error instanceof BatchError || error instanceof FilterError) {
            problems.push(`s3://${object.bucket}/${object.key}: ${error.message}`);
            dataLog([problems.at(-1) ?? '']);
            return;
          }
          throw error;
        });
      }
      // Outputs of the objects that went well stay: API_TransformOutput (documented).
      if (problems.length > 0) throw new TransformError(problems.join('; '));
    } finally {
      await hosted?.stop();
    }
  };

  // *Assumed*: the words. AWS says only `See job logs for more information`; the reason itself follows here.
  const reasonOf = (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof InstanceError) return message;
    if (error instanceof InputError || error instanceof OutputError) return `ClientError: ${message}`;
    if (error instanceof TransformError || error instanceof HostingError) {
      return `AlgorithmError: See job logs for more information: ${message}`;
    }
    return `InternalServerError: ${message}`;
  };

  const run = async (job: TransformJob) => {
    // The request is answered before the job moves.
    await nextTurn();
    job.startMs = now();
    try {
      await work(job);
      job.stop.signal.throwIfAborted();
      if (jobs.isClosed()) return;
      job.endMs = now();
      enter(job, 'Completed');
    } catch (error) {
      if (jobs.isClosed()) return;
      job.endMs = now();
      if (job.stop.signal.aborted) return enter(job, 'Stopped');
      job.failureReason = reasonOf(error).slice(0, 1024);
      if (job.failureReason.startsWith('Internal') && !(error instanceof InstanceError))
        cloud.log(`transform job ${job.name} failed inside the local cloud`, { error: job.failureReason });
      enter(job, 'Failed');
    }
  };

  return {
    operations: {
      CreateTransformJob(input) {
        const { value, given } = parse('CreateTransformJob', CreateTransformJob, input);
        const arn = context.arn('transform-job', value.TransformJobName);
        jobs.claim(value.TransformJobName, arn);
        const model = models.get(value.ModelName);
        const processing = checkTransformRequest(cloud, value, model);
        const { InstanceType: type, InstanceCount: count } = value.TransformResources;
        const lease = context.quotas.take('transform job', type, count);
        const job: TransformJob = {
          name: value.TransformJobName,
          arn,
          request: value,
          given,
          model,
          processing,
          stop: new AbortController(),
          instance: `i-${cloud.id(17)}`,
          creationMs: now(),
          modifiedMs: now(),
          status: 'InProgress',
          told: 0,
        };
        jobs.add(job);
        context.tags.create(arn, value.Tags);
        enter(job, 'InProgress');
        jobs.run(job, async () => {
          await run(job);
          lease.release();
        });
        return { TransformJobArn: arn };
      },
      DescribeTransformJob: (input) =>
        described(jobs.get(parse('DescribeTransformJob', ByName, input).value.TransformJobName), toSeconds),
      ListTransformJobs(input) {
        const { page, nextToken } = listPage(
          jobs.all(),
          parse('ListTransformJobs', ListTransformJobs, input).value,
          'Descending',
        );
        return toJson({
          TransformJobSummaries: page.map((job) => ({
            TransformJobName: job.name,
            TransformJobArn: job.arn,
            CreationTime: toSeconds(job.creationMs),
            TransformEndTime: job.endMs === undefined ? undefined : toSeconds(job.endMs),
            LastModifiedTime: toSeconds(job.modifiedMs),
            TransformJobStatus: job.status,
            FailureReason: job.failureReason,
          })),
          NextToken: nextToken,
        });
      },
      StopTransformJob(input) {
        const job = jobs.get(parse('StopTransformJob', ByName, input).value.TransformJobName);
        // *Assumed*: words, and that stopping a job twice is refused as well.
        if (job.status !== 'InProgress') {
          throw invalid(`The request was rejected because the transform job is in status ${job.status}.`);
        }
        enter(job, 'Stopping');
        job.stop.abort();
        return {};
      },
    },
    close: () => jobs.close((job) => job.stop.abort()),
  };
};
