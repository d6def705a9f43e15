import type { JsonObject, Operation } from '../../contracts.ts';
import { oneOf, optional, structure } from '../parameters.ts';
import type { Context } from './context.ts';
import { invalid } from './errors.ts';
import { createJobs } from './jobs.ts';
import { listPage } from './listing.ts';
import { parse, type Request, toJson } from './request.ts';
import * as shapes from './shapes.ts';
import {
  describeTraining,
  newTrainingJob,
  summarizeTraining,
  TRAINING_STATUSES,
  type TrainingJob,
} from './training-job.ts';
import { CreateTrainingJob, checkTrainingRequest, type TrainingRequest } from './training-request.ts';
import { createTrainingRun, type TrainingRun } from './training-run.ts';

/** Training jobs. */
export interface TrainingJobs {
  readonly operations: Readonly<Record<string, Operation>>;
  /**
   * Launches a job of a tuning job.
   *
   * @param ended Called when the job has come to its end.
   * @throws ServiceError as CreateTrainingJob does, but that no rate binds it (*assumed*: it is SageMaker's own request).
   */
  launch(request: JsonObject, tuningJobArn: string, ended: (job: TrainingJob) => void): TrainingJob;
  /** Stops a job that is under way; another is left alone. */
  stop(name: string): void;
  /** Takes a job's spot instance back. @returns False when it has none. */
  reclaim(name: string): boolean;
  /** Kills what runs, without a trace in the jobs. */
  close(): Promise<void>;
}

const ByName = structure({ TrainingJobName: shapes.name });
const ListTrainingJobs = structure({
  ...shapes.listMembers,
  ...shapes.modifiedMembers,
  StatusEquals: optional(oneOf(...TRAINING_STATUSES)),
  SortBy: optional(oneOf('Name', 'CreationTime', 'Status')),
});

/** CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob, and the jobs themselves. */
export const createTrainingJobs = (context: Context): TrainingJobs => {
  const { cloud, quotas } = context;
  const jobs = createJobs<TrainingJob>(context, 'training job');
  const runs = new Map<TrainingJob, TrainingRun>();

  const begin = (
    { value, given }: Request<TrainingRequest>,
    origin: { readonly tuningJobArn?: string; readonly ended?: (job: TrainingJob) => void } = {},
  ): TrainingJob => {
    const arn = context.arn('training-job', value.TrainingJobName);
    jobs.claim(value.TrainingJobName, arn);
    checkTrainingRequest(cloud, value);
    context.checkRole(value.RoleArn);
    const { InstanceType: type, InstanceCount: count } = value.ResourceConfig;
    const lease = quotas.take(value.EnableManagedSpotTraining ? 'spot training job' : 'training job', type, count);
    const { tuningJobArn } = origin;
    const job = newTrainingJob({ arn, ...(tuningJobArn && { tuningJobArn }) }, value, given, cloud.clock.ms());
    jobs.add(job);
    context.tags.create(arn, value.Tags);
    const run = createTrainingRun(job, {
      context,
      work: (part) => jobs.run(job, part),
      isClosed: jobs.isClosed,
      ended() {
        runs.delete(job);
        lease.release();
        origin.ended?.(job);
      },
    });
    runs.set(job, run);
    run.start();
    return job;
  };

  return {
    operations: {
      CreateTrainingJob(input) {
        quotas.admitTrainingJob();
        return { TrainingJobArn: begin(parse('CreateTrainingJob', CreateTrainingJob, input)).arn };
      },
      DescribeTrainingJob: (input) =>
        describeTraining(jobs.get(parse('DescribeTrainingJob', ByName, input).value.TrainingJobName)),
      ListTrainingJobs(input) {
        const { page, nextToken } = listPage(
          jobs.all(),
          parse('ListTrainingJobs', ListTrainingJobs, input).value,
          'Ascending',
        );
        return toJson({ TrainingJobSummaries: page.map(summarizeTraining), NextToken: nextToken });
      },
      StopTrainingJob(input) {
        const job = jobs.get(parse('StopTrainingJob', ByName, input).value.TrainingJobName);
        // *Assumed*: words, and that stopping a job twice is refused as well.
        if (job.status !== 'InProgress') {
          throw invalid(`The request was rejected because the training job is in status ${job.status}.`);
        }
        runs.get(job)?.stop('Stopped');
        return {};
      },
    },
    launch: (request, tuningJobArn, ended) =>
      begin(parse('CreateTrainingJob', CreateTrainingJob, request), { tuningJobArn, ended }),
    stop(name) {
      const job = jobs.find(name);
      if (job) runs.get(job)?.stop('Stopped');
    },
    reclaim(name) {
      const job = jobs.find(name);
      return (job && runs.get(job)?.reclaim()) ?? false;
    },
    close: () => jobs.close((job) => runs.get(job)?.abandon()),
  };
};
