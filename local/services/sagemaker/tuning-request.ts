import { findImage } from '../../containers/images.ts';
import type { Cloud } from '../../contracts.ts';
import { integer, map, number, oneOf, optional, type Read, structure, text } from '../parameters.ts';
import { invalid } from './errors.ts';
import {
  createSearch,
  parameterRanges,
  randomSeed,
  readDimensions,
  type Search,
  strategy,
} from './parameter-search.ts';
import * as shapes from './shapes.ts';
import {
  algorithmSpecification,
  checkTrainingRequest,
  definitionMembers,
  metricDefinitions,
  stoppingCondition,
} from './training-request.ts';

/** At most 32 characters: the name begins the names of the training jobs (API_CreateHyperParameterTuningJob, documented). */
export const tuningName = text({ min: 1, max: 32, pattern: '[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}' });

const objective = structure({ Type: oneOf('Maximize', 'Minimize'), MetricName: text({ min: 1, max: 255 }) });

export const CreateTuningJob = structure({
  HyperParameterTuningJobName: tuningName,
  HyperParameterTuningJobConfig: structure({
    Strategy: strategy,
    HyperParameterTuningJobObjective: objective,
    ResourceLimits: structure({
      MaxNumberOfTrainingJobs: optional(integer({ min: 1 })),
      MaxParallelTrainingJobs: integer({ min: 1 }),
      MaxRuntimeInSeconds: optional(integer({ min: 120, max: 15_768_000 })),
    }),
    ParameterRanges: parameterRanges,
    // Auto is taken and stops no job: AWS, too, promises to stop none (automatic-model-tuning-early-stopping.md); that no job
    // is ever unlikely enough to win is *assumed*.
    TrainingJobEarlyStoppingType: optional(oneOf('Off', 'Auto')),
    TuningJobCompletionCriteria: optional(
      structure({
        TargetObjectiveMetricValue: optional(number()),
        BestObjectiveNotImproving: optional(
          structure({ MaxNumberOfTrainingJobsNotImproving: optional(integer({ min: 3 })) }),
        ),
      }),
    ),
    RandomSeed: randomSeed,
  }),
  TrainingJobDefinition: structure({
    DefinitionName: optional(text({ min: 1, max: 64, pattern: '[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}' })),
    StaticHyperParameters: optional(map(text({ max: 2500 }), { max: 100 })),
    AlgorithmSpecification: algorithmSpecification,
    ...definitionMembers,
    StoppingCondition: stoppingCondition,
    Environment: optional(shapes.environment({ entries: 48, key: 512, value: 512 })),
  }),
  Tags: optional(shapes.tags),
});
export type TuningRequest = Read<typeof CreateTuningJob>;

// Limits of tuning jobs: 10 jobs side by side, 750 in all (automatic-model-tuning-limits.md, documented).
const MOST_PARALLEL = 10;
const MOST_JOBS = 750;
const MOST_HYPERPARAMETERS = 100;

/** The hyperparameter that tells an algorithm what it is tuned for (sagemaker-training-toolkit, params.py). */
export const OBJECTIVE_PARAMETER = '_tuning_objective_metric';

/** What a tuning job goes by. */
export interface TuningPlan {
  readonly search: Search;
  readonly jobs: number;
  readonly parallel: number;
}

/**
 * Checks what can be wrong with a request beyond its shape.
 *
 * @param seed Taken where the request has no RandomSeed.
 * @throws ServiceError `ValidationException`, `NotImplemented`; words are *assumed*.
 */
export const planTuning = (cloud: Pick<Cloud, 'images'>, request: TuningRequest, seed: number): TuningPlan => {
  const { HyperParameterTuningJobConfig: config, TrainingJobDefinition: definition } = request;
  const dimensions = readDimensions(config.ParameterRanges);
  const search = createSearch(config.Strategy, dimensions, config.RandomSeed ?? seed);
  const statics = definition.StaticHyperParameters ?? {};
  for (const { name } of dimensions) {
    if (Object.hasOwn(statics, name)) throw invalid(`The hyperparameter ${name} is static and has a range as well`);
  }
  if (Object.keys(statics).length + dimensions.length > MOST_HYPERPARAMETERS)
    throw invalid(`Training jobs can have at most ${MOST_HYPERPARAMETERS} hyperparameters`);
  const { AlgorithmSpecification: algorithm } = definition;
  const metrics = metricDefinitions(findImage(cloud.images, algorithm.TrainingImage), definition);
  const { MetricName: metric } = config.HyperParameterTuningJobObjective;
  if (!metrics.some(({ name }) => name === metric))
    throw invalid(
      `The objective metric ${metric} is not among the metrics that the training jobs' logs are searched for`,
    );
  const { MaxNumberOfTrainingJobs: most, MaxParallelTrainingJobs: parallel } = config.ResourceLimits;
  if (parallel > MOST_PARALLEL) throw invalid(`MaxParallelTrainingJobs must be at most ${MOST_PARALLEL}`);
  // A grid's number of jobs is that of its combinations (automatic-model-tuning-how-it-works.md, documented).
  if (search.size !== undefined && most !== undefined && most !== search.size)
    throw invalid(`MaxNumberOfTrainingJobs is ${most}, and the grid has ${search.size} combinations`);
  const jobs = search.size ?? most;
  if (jobs === undefined) throw invalid('MaxNumberOfTrainingJobs is needed for this strategy');
  if (jobs > MOST_JOBS) throw invalid(`A tuning job can launch at most ${MOST_JOBS} training jobs`);
  if (parallel > jobs) throw invalid('MaxParallelTrainingJobs must not be greater than MaxNumberOfTrainingJobs');
  checkTrainingRequest(cloud, {
    ...definition,
    TrainingJobName: request.HyperParameterTuningJobName,
    HyperParameters: statics,
    Tags: request.Tags,
    ProfilerConfig: undefined,
  });
  return { search, jobs, parallel };
};
