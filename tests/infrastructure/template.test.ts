import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { keys } from '../../shared/ledger/keys.ts';
import { at, ofType, packagedTemplate } from './packaged.ts';
import { templateSchema } from './template-schema.ts';

const { file, resources } = packagedTemplate();
const functions = ofType('AWS::Lambda::Function');
const rules = ofType('AWS::Events::Rule');

/** The logical id a `Ref` or `Fn::GetAtt` points at. */
const refersTo = (value: unknown): string | undefined => {
  const target = at(value, 'Ref') ?? at(value, 'Fn::GetAtt', 0);
  return typeof target === 'string' ? target : undefined;
};

describe('the packaged template', () => {
  it('has only types and properties that CloudFormation knows, and all that it requires, all the way down', async () => {
    const wrongIn = await templateSchema();

    expect(wrongIn(resources)).toEqual([]);
  });

  it('tells the functions that read data how large both parts of the heap may be: with one of them Lambda sets neither', () => {
    const options = functions.map(([id, properties]) => [
      id,
      at(properties, 'Environment', 'Variables', 'NODE_OPTIONS'),
    ]);

    const told = options.filter(([, option]) => option !== undefined);

    expect(told.map(([id]) => id).sort()).toEqual(['ReadPartLambdaFunction', 'ValidateDataLambdaFunction']);
    for (const [, option] of told)
      expect(option).toMatch(/^--max-semi-space-size=[1-9]\d* --max-old-space-size=[1-9]\d*$/);
  });

  it('leaves the engine at most half of the memory of each function that has it: its limit is none of the process', () => {
    const given = functions.flatMap(([id, properties]) => {
      const engine = at(properties, 'Environment', 'Variables', 'ENGINE_MEMORY_MB');
      return engine === undefined ? [] : [[id, Number(engine) / Number(at(properties, 'MemorySize'))] as const];
    });

    expect(given.map(([id]) => id).sort()).toEqual([
      'PrepareDataLambdaFunction',
      'ReadPartLambdaFunction',
      'ValidateDataLambdaFunction',
    ]);
    for (const [id, share] of given) expect([id, share > 0.1 && share <= 0.5]).toEqual([id, true]);
  });

  it('would be found wrong in what lies within a property', async () => {
    const wrongIn = await templateSchema();
    const rule = {
      Type: 'AWS::Events::Rule',
      Properties: {
        EventPattern: { source: ['x'] },
        Targets: [{ Id: 'a', Arn: { 'Fn::GetAtt': ['F', 'Arn'] }, RetryPolicy: { MaximumRetries: 3 } }, { Id: 'b' }],
      },
    };
    const lambda = {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Code: { S3Buckett: 'b' },
        Role: { Ref: 'R' },
        Environment: { Variables: { A: ['no text'] } },
        Timeout: 'long',
        Layers: 'one',
        Tags: [{ Key: 'k', Worth: 'v' }],
      },
    };

    expect(wrongIn({ Rule: rule, Lambda: lambda, Odd: { Type: 'AWS::No::Such', Properties: {} } })).toEqual([
      'Rule.Targets[0].RetryPolicy has no MaximumRetries',
      'Rule.Targets[1] needs Arn',
      'Lambda.Code has no S3Buckett',
      'Lambda.Environment.Variables.A is not of type string',
      'Lambda.Timeout is not of type integer',
      'Lambda.Layers is not of type array',
      'Lambda.Tags[0] has no Worth',
      'Odd: unknown type AWS::No::Such',
    ]);
  });

  it('passes cfn-lint', () => {
    try {
      execFileSync('cfn-lint', ['--version'], { stdio: 'ignore' });
    } catch {
      console.info('cfn-lint is not installed: only types and properties were checked');
      return;
    }
    // W3005: the framework writes a DependsOn that is implied already. Informational findings do not count.
    const output = execFileSync('cfn-lint', ['-r', 'eu-west-1', '-i', 'W3005', '--', file], { encoding: 'utf8' });
    expect(output).toBe('');
    // It takes seconds on a machine that has nothing else to do, and more than a minute on one that has.
  }, 300_000);

  it('runs every function on nodejs24.x and arm64, from a bundle that exists, under a role of its own', () => {
    const roles = functions.map(([id, properties]) => {
      expect([properties.Runtime, properties.Architectures], id).toEqual(['nodejs24.x', ['arm64']]);
      const step = /^dist\/([^/]+)\/index\.handler$/.exec(String(properties.Handler))?.[1];
      expect(existsSync(`functions/${step}/handler.ts`), id).toBe(true);
      expect(existsSync(`dist/${step}/index.js`), id).toBe(true);
      return refersTo(properties.Role);
    });
    expect(new Set(roles).size).toBe(functions.length);
    expect(roles).not.toContain(undefined);
  });

  it('gives every rule target retries and a dead-letter queue', () => {
    const lacking = rules.flatMap(([id, { Targets }]) =>
      (Array.isArray(Targets) ? Targets : [])
        .filter((target) => !at(target, 'RetryPolicy') || !at(target, 'DeadLetterConfig', 'Arn'))
        .map(() => id),
    );
    expect(rules.length).toBeGreaterThan(8);
    expect(lacking).toEqual([]);
  });

  it('gives every function that is woken asynchronously an on-failure destination', () => {
    const woken = new Set(
      rules
        .flatMap(([, { Targets }]) => (Array.isArray(Targets) ? Targets : []))
        .map((target) => refersTo(at(target, 'Arn')))
        .filter((id) => id !== undefined && resources[id]?.Type === 'AWS::Lambda::Function'),
    );
    const covered = ofType('AWS::Lambda::EventInvokeConfig')
      .filter(([, config]) => at(config, 'DestinationConfig', 'OnFailure', 'Destination'))
      .map(([, config]) => refersTo(config.FunctionName));
    expect([...woken].filter((id) => !covered.includes(id))).toEqual([]);
  });

  it('says of every function that is woken asynchronously how often and for how long it is tried again', () => {
    const configs = ofType('AWS::Lambda::EventInvokeConfig');
    expect(configs.length).toBeGreaterThanOrEqual(8);
    for (const [id, { MaximumRetryAttempts, MaximumEventAgeInSeconds }] of configs) {
      expect({ MaximumRetryAttempts, MaximumEventAgeInSeconds }, id).toEqual({
        MaximumRetryAttempts: 2,
        MaximumEventAgeInSeconds: 21600,
      });
    }
  });

  it('gives every queue that wakes a function a redrive policy, and reports failures one by one', () => {
    const mappings = ofType('AWS::Lambda::EventSourceMapping');
    expect(mappings.length).toBe(6);
    for (const [id, mapping] of mappings) {
      expect(mapping.FunctionResponseTypes, id).toEqual(['ReportBatchItemFailures']);
      const queue = resources[refersTo(mapping.EventSourceArn) ?? '']?.Properties;
      expect(at(queue, 'RedrivePolicy', 'maxReceiveCount'), id).toBe(5);
    }
  });

  it('leaves a queue time for six runs of its function', () => {
    for (const [id, mapping] of ofType('AWS::Lambda::EventSourceMapping')) {
      const queue = resources[refersTo(mapping.EventSourceArn) ?? '']?.Properties;
      const timeout = resources[refersTo(mapping.FunctionName) ?? '']?.Properties.Timeout;
      expect(Number(queue?.VisibilityTimeout), id).toBeGreaterThanOrEqual(6 * Number(timeout));
    }
  });

  it('grants no wildcard action, and a wildcard resource only where the action has none to name', () => {
    const WITHOUT_RESOURCE = [
      'xray:PutTraceSegments',
      'xray:PutTelemetryRecords',
      'ecr:GetAuthorizationToken',
      'cloudwatch:PutMetricData',
      'cloudwatch:GetMetricStatistics',
      'sagemaker:ListModelPackages',
    ];
    const statements = ofType('AWS::IAM::Role').flatMap(([id, role]) =>
      (Array.isArray(role.Policies) ? role.Policies : []).flatMap((policy) => {
        const list = at(policy, 'PolicyDocument', 'Statement');
        return (Array.isArray(list) ? list : []).map((statement) => ({ id, statement }));
      }),
    );
    expect(statements.length).toBeGreaterThan(50);
    for (const { id, statement } of statements) {
      const actions = [at(statement, 'Action')].flat();
      expect(
        actions.filter((action) => String(action).includes('*')),
        id,
      ).toEqual([]);
      if ([at(statement, 'Resource')].flat().includes('*')) {
        expect(
          actions.filter((action) => !WITHOUT_RESOURCE.includes(String(action))),
          id,
        ).toEqual([]);
      }
    }
  });

  it('lets go of what is read for a time only, and of nothing else', () => {
    const rules = at(resources.StoreBucket, 'Properties', 'LifecycleConfiguration', 'Rules');
    const expiring = (Array.isArray(rules) ? rules : []).filter((rule) => at(rule, 'ExpirationInDays') !== undefined);
    const daysOf = (key: string) =>
      expiring
        .filter((rule) => key.startsWith(String(at(rule, 'Prefix'))))
        .map((rule) => [at(rule, 'ExpirationInDays'), at(rule, 'NoncurrentVersionExpiration', 'NoncurrentDays')]);

    // A label may come a year after its prediction, and a dead letter lies for two weeks.
    expect([
      daysOf(keys.capture('m', 'run')),
      daysOf(keys.predictedKeys('m', '2001/01/25/10/')),
      daysOf(keys.capturedKeys('m', 'digest', '2001/01/25/10')),
      daysOf(keys.reading('m', 'reading')),
      daysOf(keys.pieceData('m', 'reading', 1, 1)),
    ]).toEqual([[[400, 7]], [[400, 7]], [[400, 7]], [[30, 7]], [[30, 7]]]);
    expect(expiring.map((rule) => at(rule, 'Prefix'))).toEqual(['readings/', 'capture/', 'predicted/']);
    for (const id of ['DataBucket', 'StoreBucket'])
      expect(JSON.stringify(at(resources[id], 'Properties', 'LifecycleConfiguration'))).toContain(
        '"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7}',
      );
    expect(at(resources.DataBucket, 'Properties', 'LifecycleConfiguration', 'Rules')).toHaveLength(1);
  });

  it('keeps both buckets and blocks public access to them', () => {
    for (const id of ['DataBucket', 'StoreBucket']) {
      expect(at(packagedTemplate().resources, id, 'DeletionPolicy')).toBe('Retain');
      expect(Object.values(Object(at(resources[id], 'Properties', 'PublicAccessBlockConfiguration')))).toEqual([
        true,
        true,
        true,
        true,
      ]);
    }
  });
});
