import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import * as catalogue from '../../events/index.ts';
import { compilePattern } from '../../local/services/events/pattern.ts';
import { at, ofType, packagedTemplate } from './packaged.ts';

const { resources } = packagedTemplate();
const DATA_BUCKET = 'millrace-dev-data-000000000000-eu-west-1';

const targetId = (value: unknown): string => String(at(value, 'Fn::GetAtt', 0) ?? at(value, 'Ref'));

/** The step a function's logical id stands for, or the one its queue wakes. */
const stepOf = (id: string): string => {
  const mapping = ofType('AWS::Lambda::EventSourceMapping').find(([, each]) => targetId(each.EventSourceArn) === id);
  const functionId = mapping ? targetId(mapping[1].FunctionName) : id;
  return /^dist\/([^/]+)\//.exec(String(resources[functionId]?.Properties.Handler))?.[1] ?? id;
};

/** Patterns name buckets by reference; everything else is plain. */
const plain = (pattern: unknown): unknown =>
  JSON.parse(
    JSON.stringify(pattern, (_, value) => (at(value, 'Ref') === 'DataBucket' ? DATA_BUCKET : (value as unknown))),
  );

const rules = ofType('AWS::Events::Rule')
  .filter(([, rule]) => rule.EventPattern !== undefined)
  .map(([id, rule]) => ({
    id,
    ownBus: targetId(rule.EventBusName) === 'Bus',
    pattern: plain(rule.EventPattern),
    matches: compilePattern(JSON.stringify(plain(rule.EventPattern))),
    steps: (Array.isArray(rule.Targets) ? rule.Targets : []).map((target) => stepOf(targetId(at(target, 'Arn')))),
  }));

/** Which steps each sample wakes: the whole wiring of the loop in one table. */
const WAKES: Readonly<Record<string, readonly string[]>> = {
  'aws.cloudwatch-alarm.json': ['retrain-model'],
  'aws.cloudwatch-alarm-ok.json': [],
  // It pages by itself.
  'aws.cloudwatch-alarm-silence.json': [],
  'aws.s3-object-created.json': ['validate-data'],
  'aws.s3-object-created-labels.json': ['measure-quality'],
  'aws.sagemaker-endpoint.json': ['track-endpoint'],
  'aws.sagemaker-endpoint-deployment.json': ['track-endpoint'],
  'aws.sagemaker-endpoint-deployment-over.json': [],
  'aws.sagemaker-endpoint-updating.json': [],
  'aws.sagemaker-model-package.json': ['deploy-model'],
  'aws.sagemaker-model-package-pending.json': [],
  'aws.sagemaker-training-job.json': ['track-training'],
  'aws.sagemaker-training-job-elsewhere.json': [],
  'aws.sagemaker-training-job-failed.json': ['track-training'],
  'aws.sagemaker-training-job-running.json': [],
  'aws.sagemaker-transform-job.json': ['evaluate-model'],
  // A schedule is no pattern.
  'aws.scheduled-event.json': [],
  'approval-given.v1.json': ['gate-model'],
  'approval-requested.v1.json': [],
  'attempt-requested.v1.json': ['launch-training'],
  'candidate-held.v1.json': ['notify'],
  'candidate-promoted.v1.json': [],
  'candidate-rejected.v1.json': ['notify'],
  'dataset-accepted.v1.json': ['plan-run'],
  'dataset-deferred.v1.json': ['notify'],
  'dataset-rejected.v1.json': ['notify'],
  'dataset-repeated.v1.json': ['notify'],
  'deployment-requested.v1.json': ['deploy-model'],
  'deployment-rolled-back.v1.json': ['notify'],
  'deployment-started.v1.json': [],
  'drift-measured.v1.json': [],
  'drift-measured-error.v1.json': ['notify'],
  'labels-landed.v1.json': [],
  'labels-rejected.v1.json': ['notify'],
  'model-deployed.v1.json': ['notify'],
  'model-deployed-rollback.v1.json': ['notify'],
  'model-evaluated.v1.json': ['gate-model'],
  'model-retired.v1.json': ['notify'],
  'model-trained.v1.json': [],
  'retraining-declined.v1.json': ['notify'],
  // It goes to read-part's queue, past the bus.
  'part-requested.v1.json': [],
  'parts-read.v1.json': ['validate-data'],
  'quality-measured.v1.json': [],
  'quality-measured-error.v1.json': ['notify'],
  'retraining-requested.v1.json': ['plan-run'],
  'retire-requested.v1.json': ['deploy-model'],
  'rollback-requested.v1.json': ['deploy-model'],
  'run-declined.v1.json': ['notify'],
  'run-ended.v1.json': ['plan-run'],
  'run-ended-failed.v1.json': ['plan-run', 'notify'],
  'run-planned.v1.json': ['prepare-data'],
  'run-prepared.v1.json': ['launch-training'],
  'run-requested.v1.json': ['plan-run'],
  'training-failed.v1.json': [],
  'training-started.v1.json': [],
  'window-closed.v1.json': ['detect-drift'],
};

const samples = readdirSync('events/samples');
const contracts = Object.values(catalogue);

describe('the rules', () => {
  it('have a sample of every event, and a line in the table for every sample', () => {
    const sampled = new Set(
      samples.map((name) => JSON.parse(readFileSync(`events/samples/${name}`, 'utf8'))['detail-type']),
    );
    expect(contracts.map(({ detailType }) => detailType).filter((type) => !sampled.has(type))).toEqual([]);
    expect([...samples].sort()).toEqual(Object.keys(WAKES).sort());
  });

  it.each(Object.entries(WAKES))('wake exactly the right steps with %s', (name, steps) => {
    const event = JSON.parse(readFileSync(`events/samples/${name}`, 'utf8'));
    const ownBus = event.source === 'millrace';
    const woken = rules.filter((rule) => rule.ownBus === ownBus && rule.matches(event)).flatMap((rule) => rule.steps);
    expect(woken.sort()).toEqual([...steps].sort());
  });

  it('name known events and their sources', () => {
    for (const { id, pattern } of rules) {
      const types = [at(pattern, 'detail-type')].flat();
      const sources = [at(pattern, 'source')].flat();
      expect(types.length, id).toBeGreaterThan(0);
      for (const type of types) {
        const contract = contracts.find(({ detailType }) => detailType === type);
        expect(contract, `${id}: ${type}`).toBeDefined();
        expect(sources, id).toContain(contract?.source);
      }
    }
  });

  it('take AWS events of other stages and owners for what they are', () => {
    const name = 'events/samples/aws.sagemaker-training-job.json';
    const theirs = readFileSync(name, 'utf8').replaceAll('mr-dev-', 'mr-prod-');
    expect(rules.filter((rule) => rule.matches(JSON.parse(theirs)))).toEqual([]);
  });
});
