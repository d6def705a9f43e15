import type { Timer } from '../../clock.ts';
import { type JsonObject, type Operation, ServiceError } from '../../contracts.ts';
import { integer, oneOf, optional, structure, text } from '../parameters.ts';
import type { Context } from './context.ts';
import { invalid } from './errors.ts';
import { spellingOf } from './event-spelling.ts';
import { createJobs } from './jobs.ts';
import { type Listed, listPage } from './listing.ts';
import type { Point } from './parameter-search.ts';
import { parse, toJson, toSeconds } from './request.ts';
import * as shapes from './shapes.ts';
import { TRAINING_STATUSES, type TrainingJob } from './training-job.ts';
import type { TrainingJobs } from './training-jobs.ts';
import {
  CreateTuningJob,
  OBJECTIVE_PARAMETER,
  planTuning,
  type TuningPlan,
  type TuningRequest,
  tuningName,
} from './tuning-request.ts';

/** Hyperparameter tuning jobs. */
export interface TuningJobs {
  readonly operations: Readonly<Record<string, Operation>>;
  /** Lets no more training jobs begin. */
  close(): Promise<void>;
}

const ByName = structure({ HyperParameterTuningJobName: tuningName });
const STATUSES = ['Completed', 'InProgress', 'Failed', 'Stopped', 'Stopping', 'Deleting', 'DeleteFailed'] as const;
const ListTuningJobs = structure({
  ...shapes.listMembers,
  ...shapes.modifiedMembers,
  StatusEquals: optional(oneOf(...STATUSES)),
  SortBy: optional(oneOf('Name', 'CreationTime', 'Status')),
});
const ListTuningTrainingJobs = structure({
  HyperParameterTuningJobName: tuningName,
  NextToken: optional(text({ max: 8192 })),
  MaxResults: optional(integer({ min: 1, max: 100 })),
  StatusEquals: optional(oneOf(...TRAINING_STATUSES)),
  SortBy: optional(oneOf('Name', 'CreationTime', 'Status', 'FinalObjectiveMetricValue')),
  SortOrder: optional(oneOf('Ascending', 'Descending')),
});

/** A training job of a tuning job. */
interface Child {
  readonly training: TrainingJob;
  readonly tuned: Point;
}

interface TuningJob extends Listed {
  readonly arn: string;
  readonly request: TuningRequest;
  readonly given: JsonObject;
  readonly plan: TuningPlan;
  readonly children: Child[];
  status: (typeof STATUSES)[number];
  modifiedMs: number;
  endMs?: number;
  failureReason?: string;
  /** How many training jobs are under way. */
  underWay: number;
  /** Why no more are launched. */
  closing?: 'Completed' | 'Stopped' | 'Failed';
  limit?: Timer;
  told: number;
}

const isOver = ({ status }: TrainingJob) => status === 'Completed' || status === 'Failed' || status === 'Stopped';

/** The objective's last value, of a job that has come to its end. */
const objectiveOf = (job: TuningJob, { training }: Child): number | undefined => {
  const { MetricName } = job.request.HyperParameterTuningJobConfig.HyperParameterTuningJobObjective;
  return training.metrics.get(MetricName)?.value;
};

const objectiveStatus = (job: TuningJob, child: Child): 'Succeeded' | 'Pending' | 'Failed' => {
  if (!isOver(child.training)) return 'Pending';
  // A failed job's value is not used (API_HyperParameterTrainingJobSummary, documented).
  return child.training.status !== 'Failed' && objectiveOf(job, child) !== undefined ? 'Succeeded' : 'Failed';
};

const isBetter = (job: TuningJob, value: number, than: number): boolean =>
  job.request.HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.Type === 'Maximize'
    ? value > than
    : value < than;

/** The completed job with the best objective; of equals the first. */
const bestOf = (job: TuningJob): { child: Child; value: number } | undefined => {
  let best: { child: Child; value: number } | undefined;
  for (const child of job.children) {
    const value = child.training.status === 'Completed' ? objectiveOf(job, child) : undefined;
    if (value !== undefined && (best === undefined || isBetter(job, value, best.value))) best = { child, value };
  }
  return best;
};

const statusCounters = ({ children }: TuningJob) => {
  const count = (holds: (training: TrainingJob) => boolean) =>
    children.filter(({ training }) => holds(training)).length;
  // "can be retried only if it failed because an internal service error occurred" (API_TrainingJobStatusCounters, documented).
  const isRetryable = ({ failureReason }: TrainingJob) => failureReason?.startsWith('InternalServerError') ?? false;
  return {
    Completed: count(({ status }) => status === 'Completed'),
    InProgress: count((training) => !isOver(training)),
    RetryableError: count((training) => training.status === 'Failed' && isRetryable(training)),
    NonRetryableError: count((training) => training.status === 'Failed' && !isRetryable(training)),
    Stopped: count(({ status }) => status === 'Stopped'),
  };
};

const objectiveCounters = (job: TuningJob) => {
  const count = (status: string) => job.children.filter((child) => objectiveStatus(job, child) === status).length;
  return { Succeeded: count('Succeeded'), Pending: count('Pending'), Failed: count('Failed') };
};

const summarizeChild = (job: TuningJob, child: Child) => {
  const { training, tuned } = child;
  const { HyperParameterTuningJobObjective: objective } = job.request.HyperParameterTuningJobConfig;
  const value = objectiveOf(job, child);
  const status = objectiveStatus(job, child);
  return {
    TrainingJobDefinitionName: job.request.TrainingJobDefinition.DefinitionName,
    TrainingJobName: training.name,
    TrainingJobArn: training.arn,
    TuningJobName: job.name,
    CreationTime: toSeconds(training.creationMs),
    TrainingStartTime: training.startMs === undefined ? undefined : toSeconds(training.startMs),
    TrainingEndTime: training.endMs === undefined ? undefined : toSeconds(training.endMs),
    TrainingJobStatus: training.status,
    TunedHyperParameters: tuned,
    FailureReason: training.failureReason,
    FinalHyperParameterTuningJobObjectiveMetric:
      status === 'Succeeded' ? { Type: objective.Type, MetricName: objective.MetricName, Value: value } : undefined,
    ObjectiveStatus: status,
  };
};

/** The definition as it is told and described: with the objective among the static hyperparameters (*assumed*). */
const definitionOf = (job: TuningJob): JsonObject => {
  const { TrainingJobDefinition: given } = job.given;
  const definition = typeof given === 'object' && given !== null && !Array.isArray(given) ? given : {};
  const { HyperParameterTuningJobObjective: objective } = job.request.HyperParameterTuningJobConfig;
  return {
    ...definition,
    StaticHyperParameters: {
      ...job.request.TrainingJobDefinition.StaticHyperParameters,
      [OBJECTIVE_PARAMETER]: objective.MetricName,
    },
  };
};

/** A training job's request. */
const childRequest = (job: TuningJob, name: string, tuned: Point): JsonObject => {
  const { StaticHyperParameters: statics, DefinitionName: _, ...definition } = definitionOf(job);
  return toJson({
    ...definition,
    TrainingJobName: name,
    HyperParameters: { ...(statics as JsonObject), ...tuned },
    // "Tags that you specify for the tuning job are also added to all training jobs" (API_CreateHyperParameterTuningJob,
    // documented).
    Tags: job.given.Tags,
  });
};

const ALL_FAILED = 'All training jobs failed. Please take a look at the training jobs failures to get more details.';

/**
 * CreateHyperParameterTuningJob, DescribeHyperParameterTuningJob, ListHyperParameterTuningJobs,
 * StopHyperParameterTuningJob, ListTrainingJobsForHyperParameterTuningJob, and the jobs themselves.
 */
export const createTuningJobs = (context: Context, trainingJobs: TrainingJobs): TuningJobs => {
  const { cloud, quotas } = context;
  const jobs = createJobs<TuningJob>(context, 'hyperparameter tuning job');
  const now = () => cloud.clock.ms();

  const enter = (job: TuningJob, status: TuningJob['status']) => {
    job.status = status;
    job.modifiedMs = now();
    const { tags } = spellingOf(job.told++);
    // Times are texts of epoch milliseconds (automating-sagemaker-with-eventbridge.md and the schema registry, documented).
    context.tell('SageMaker HyperParameter Tuning Job State Change', job.arn, {
      HyperParameterTuningJobName: job.name,
      HyperParameterTuningJobArn: job.arn,
      TrainingJobDefinition: definitionOf(job),
      HyperParameterTuningJobStatus: status,
      CreationTime: String(job.creationMs),
      LastModifiedTime: String(job.modifiedMs),
      TrainingJobStatusCounters: statusCounters(job),
      ObjectiveStatusCounters: objectiveCounters(job),
      Tags: tags(context.tags.asObject(job.arn)),
    });
  };

  const finish = (job: TuningJob, outcome: 'Completed' | 'Stopped' | 'Failed') => {
    job.limit?.cancel();
    job.endMs = now();
    if (outcome === 'Completed' && !bestOf(job)) {
      const succeeded = job.children.filter(({ training }) => training.status === 'Completed').length;
      // Both texts are those of public issues; *assumed*.
      job.failureReason =
        succeeded === 0
          ? ALL_FAILED
          : `No objective metrics found after running ${succeeded} training jobs. Please ensure that the custom algorithm is emitting the objective metric as defined by the regular expression provided.`;
    }
    enter(job, job.failureReason === undefined ? outcome : 'Failed');
  };

  const stopChildren = (job: TuningJob) => {
    for (const { training } of job.children) trainingJobs.stop(training.name);
  };

  /** True when the jobs that are over are enough: TuningJobCompletionCriteria. */
  const isEnough = (job: TuningJob): boolean => {
    const { TuningJobCompletionCriteria: criteria } = job.request.HyperParameterTuningJobConfig;
    const best = bestOf(job);
    if (!criteria || !best) return false;
    const target = criteria.TargetObjectiveMetricValue;
    if (target !== undefined && (best.value === target || isBetter(job, best.value, target))) return true;
    const patience = criteria.BestObjectiveNotImproving?.MaxNumberOfTrainingJobsNotImproving;
    const since = job.children.slice(job.children.indexOf(best.child) + 1);
    return patience !== undefined && since.filter(({ training }) => isOver(training)).length >= patience;
  };

  const launch = (job: TuningJob): boolean => {
    const { type, count, purpose } = instancesOf(job.request);
    try {
      quotas.check(purpose, type, count);
    } catch {
      // Others use the instances: the next is launched when some come free (*assumed*).
      return false;
    }
    const tuned = job.plan.search.next();
    if (!tuned) return false;
    const ordinal = String(job.children.length + 1).padStart(3, '0');
    const name = `${job.name}-${ordinal}-${cloud.id(8)}`;
    const training = trainingJobs.launch(childRequest(job, name, tuned), job.arn, () => childEnded(job));
    job.children.push({ training, tuned });
    job.underWay++;
    return true;
  };

  /** Launches what may run, and ends the job when nothing is left to wait for. */
  const proceed = (job: TuningJob) => {
    if (jobs.isClosed() || job.endMs !== undefined) return;
    const { plan } = job;
    try {
      while (!job.closing && job.children.length < plan.jobs && job.underWay < plan.parallel && launch(job));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      job.failureReason = `${error.code}: ${error.message}`;
      job.closing = 'Failed';
      stopChildren(job);
    }
    if (job.underWay > 0) return;
    if (job.closing) finish(job, job.closing);
    else if (job.children.length >= plan.jobs) finish(job, 'Completed');
  };

  const childEnded = (job: TuningJob) => {
    job.underWay--;
    job.modifiedMs = now();
    if (!job.closing && isEnough(job)) {
      job.closing = 'Completed';
      stopChildren(job);
    }
    proceed(job);
  };

  // Also a tuning job that waits for instances of others goes on.
  quotas.onRelease(() => {
    for (const job of jobs.all()) proceed(job);
  });

  const stop = (job: TuningJob) => {
    if (job.closing) return;
    job.closing = 'Stopped';
    enter(job, 'Stopping');
    stopChildren(job);
    jobs.run(job, async () => proceed(job));
  };

  const describe = (job: TuningJob): JsonObject => {
    const best = bestOf(job);
    const { Tags: _, ...given } = job.given;
    const trainedMs = job.children.reduce((sum, { training }) => sum + training.trainedMs, 0);
    return toJson({
      ...given,
      TrainingJobDefinition: definitionOf(job),
      HyperParameterTuningJobArn: job.arn,
      HyperParameterTuningJobStatus: job.status,
      CreationTime: toSeconds(job.creationMs),
      HyperParameterTuningEndTime: job.endMs === undefined ? undefined : toSeconds(job.endMs),
      LastModifiedTime: toSeconds(job.modifiedMs),
      TrainingJobStatusCounters: statusCounters(job),
      ObjectiveStatusCounters: objectiveCounters(job),
      BestTrainingJob: best && summarizeChild(job, best.child),
      FailureReason: job.failureReason,
      ConsumedResources: { RuntimeInSeconds: Math.ceil(trainedMs / 1000) },
    });
  };

  return {
    operations: {
      CreateHyperParameterTuningJob(input) {
        const { value, given } = parse('CreateHyperParameterTuningJob', CreateTuningJob, input);
        const name = value.HyperParameterTuningJobName;
        const arn = context.arn('hyper-parameter-tuning-job', name);
        jobs.claim(name, arn);
        const plan = planTuning(cloud, value, Math.floor(context.random() * 2 ** 32));
        context.checkRole(value.TrainingJobDefinition.RoleArn);
        // That as many instances as may run side by side must be free at the start is *assumed* from public issues.
        const { type, count, purpose } = instancesOf(value);
        quotas.check(purpose, type, count * plan.parallel);
        const job: TuningJob = {
          name,
          arn,
          request: value,
          given,
          plan,
          children: [],
          creationMs: now(),
          modifiedMs: now(),
          status: 'InProgress',
          underWay: 0,
          told: 0,
        };
        jobs.add(job);
        context.tags.create(arn, value.Tags);
        enter(job, 'InProgress');
        const seconds = value.HyperParameterTuningJobConfig.ResourceLimits.MaxRuntimeInSeconds;
        // The status of a tuning job whose time is over is *assumed*.
        if (seconds !== undefined) job.limit = cloud.clock.after(seconds * 1000, () => stop(job));
        jobs.run(job, async () => {
          // The request is answered before the job moves.
          await new Promise((resolve) => setImmediate(resolve));
          proceed(job);
        });
        return { HyperParameterTuningJobArn: arn };
      },
      DescribeHyperParameterTuningJob: (input) =>
        describe(jobs.get(parse('DescribeHyperParameterTuningJob', ByName, input).value.HyperParameterTuningJobName)),
      ListHyperParameterTuningJobs(input) {
        const { value } = parse('ListHyperParameterTuningJobs', ListTuningJobs, input);
        // Sorted by name unless asked otherwise (API_ListHyperParameterTuningJobs, documented).
        const { page, nextToken } = listPage(jobs.all(), { ...value, SortBy: value.SortBy ?? 'Name' }, 'Ascending');
        return toJson({
          HyperParameterTuningJobSummaries: page.map((job) => ({
            HyperParameterTuningJobName: job.name,
            HyperParameterTuningJobArn: job.arn,
            HyperParameterTuningJobStatus: job.status,
            Strategy: job.request.HyperParameterTuningJobConfig.Strategy,
            CreationTime: toSeconds(job.creationMs),
            HyperParameterTuningEndTime: job.endMs === undefined ? undefined : toSeconds(job.endMs),
            LastModifiedTime: toSeconds(job.modifiedMs),
            TrainingJobStatusCounters: statusCounters(job),
            ObjectiveStatusCounters: objectiveCounters(job),
            ResourceLimits: job.request.HyperParameterTuningJobConfig.ResourceLimits,
          })),
          NextToken: nextToken,
        });
      },
      StopHyperParameterTuningJob(input) {
        const job = jobs.get(parse('StopHyperParameterTuningJob', ByName, input).value.HyperParameterTuningJobName);
        // *Assumed*: words, and that stopping a job twice is refused as well.
        if (job.status !== 'InProgress') {
          throw invalid(`The request was rejected because the tuning job is in status ${job.status}.`);
        }
        stop(job);
        return {};
      },
      ListTrainingJobsForHyperParameterTuningJob(input) {
        const { value } = parse('ListTrainingJobsForHyperParameterTuningJob', ListTuningTrainingJobs, input);
        const { HyperParameterTuningJobName: name, ...request } = value;
        const job = jobs.get(name);
        const sortBy = request.SortBy ?? 'Name';
        const items = job.children
          .map((child) => {
            const objective = objectiveStatus(job, child) === 'Succeeded' ? objectiveOf(job, child) : undefined;
            const { name: jobName, creationMs, status } = child.training;
            return { child, name: jobName, creationMs, status, ...(objective !== undefined && { objective }) };
          })
          // Sorted by it, jobs without a value are not listed (API_ListTrainingJobsForHyperParameterTuningJob, documented).
          .filter(({ objective }) => sortBy !== 'FinalObjectiveMetricValue' || objective !== undefined);
        const { page, nextToken } = listPage(items, { ...request, SortBy: sortBy }, 'Ascending');
        return toJson({
          TrainingJobSummaries: page.map(({ child }) => summarizeChild(job, child)),
          NextToken: nextToken,
        });
      },
    },
    close: () => jobs.close((job) => job.limit?.cancel()),
  };
};

const instancesOf = ({ TrainingJobDefinition: definition }: TuningRequest) => ({
  type: definition.ResourceConfig.InstanceType,
  count: definition.ResourceConfig.InstanceCount,
  purpose: definition.EnableManagedSpotTraining ? ('spot training job' as const) : ('training job' as const),
});
