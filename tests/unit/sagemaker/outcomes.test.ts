import { describe, expect, it } from 'vitest';

import { ConfigError } from '../../../shared/errors.ts';
import { predictionsIn } from '../../../shared/sagemaker/answers.ts';
import { xgboostImage } from '../../../shared/sagemaker/images.ts';
import { finalMetrics, jobOutcome } from '../../../shared/sagemaker/outcomes.ts';
import { trainingJobRequest } from '../../../shared/sagemaker/requests.ts';

describe('how a job stands', () => {
  it.each([
    [{ TrainingJobStatus: 'InProgress' }, { state: 'running' }],
    [{ TrainingJobStatus: 'Stopping' }, { state: 'running' }],
    [{ TrainingJobStatus: 'Completed' }, { state: 'completed' }],
    [
      { TrainingJobStatus: 'Failed', FailureReason: 'AlgorithmError: exit code 1' },
      { state: 'failed', reason: 'AlgorithmError: exit code 1', retry: false },
    ],
    [
      { TrainingJobStatus: 'Failed', FailureReason: 'ClientError: no such key' },
      { state: 'failed', reason: 'ClientError: no such key', retry: false },
    ],
    [
      { TrainingJobStatus: 'Failed', FailureReason: 'InternalServerError: we had a problem' },
      { state: 'failed', reason: 'InternalServerError: we had a problem', retry: true },
    ],
    [
      { TrainingJobStatus: 'Stopped', SecondaryStatus: 'MaxRuntimeExceeded' },
      { state: 'failed', reason: 'MaxRuntimeExceeded', retry: false },
    ],
    [
      { TrainingJobStatus: 'Stopped', SecondaryStatus: 'MaxWaitTimeExceeded' },
      { state: 'failed', reason: 'MaxWaitTimeExceeded', retry: true },
    ],
    [{}, { state: 'failed', reason: 'no status', retry: false }],
  ])('is read from %j', (job, outcome) => {
    expect(jobOutcome('Training', job)).toEqual(outcome);
  });

  it('is read from the status of its own kind', () => {
    expect(jobOutcome('Transform', { TransformJobStatus: 'Completed' })).toEqual({ state: 'completed' });
    expect(jobOutcome('Transform', { TrainingJobStatus: 'Completed' })).toMatchObject({ state: 'failed' });
  });
});

describe('the last metrics of a job', () => {
  it('are those with a name and a number', () => {
    const list = [{ MetricName: 'a', Value: 1 }, { MetricName: 'b', Value: '2' }, { Value: 3 }, null, 'x'];

    expect(finalMetrics({ FinalMetricDataList: list })).toEqual({ a: 1 });
    expect(finalMetrics({})).toEqual({});
  });
});

describe('an endpoint’s answer', () => {
  it.each([
    ['0.5', [0.5]],
    ['0.5\n0.25\n', [0.5, 0.25]],
    ['0.5,0.25', [0.5, 0.25]],
    ['1e-7\r\n2', [1e-7, 2]],
    ['', [Number.NaN]],
    ['0.5\n\n0.25', [0.5, Number.NaN, 0.25]],
    ['no', [Number.NaN]],
  ])('%j is read as %j', (answer, predictions) => {
    expect(predictionsIn(answer)).toEqual(predictions);
  });
});

describe('a request to train', () => {
  const job = {
    place: { stage: 'dev', model: 'late-bus', run: 'r', store: 's3://store' },
    jobName: 'job',
    image: 'image',
    roleArn: 'arn',
    instance: 'ml.m5.xlarge',
    hyperparameters: { num_round: '1' },
    trainKey: 'train/',
    validationKey: null,
    outputKey: 'output/',
    maxRuntimeSeconds: 7200,
    spot: true,
  };

  it('on spot runs no longer than a built-in algorithm without checkpoints may wait', () => {
    expect(trainingJobRequest(job).StoppingCondition).toEqual({
      MaxRuntimeInSeconds: 3600,
      MaxWaitTimeInSeconds: 3600,
    });
  });

  it('on demand has its whole time, and says nothing of waiting', () => {
    expect(trainingJobRequest({ ...job, spot: false }).StoppingCondition).toEqual({ MaxRuntimeInSeconds: 7200 });
  });
});

describe('the image', () => {
  it('is of a pinned line, in the registry of the region', () => {
    expect(xgboostImage('eu-west-1')).toBe('141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5');
    expect(xgboostImage('cn-north-1')).toMatch(/\.amazonaws\.com\.cn\/sagemaker-xgboost:3\.0-5$/);
  });

  it('is refused where no registry is known', () => {
    expect(() => xgboostImage('mars-north-1')).toThrow(ConfigError);
  });
});
