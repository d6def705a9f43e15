import { describe, expect, it } from 'vitest';

import { createCloud } from '../../../local/cloud.ts';
import { type JsonObject, ServiceError } from '../../../local/contracts.ts';
import { checkRequest } from '../../../local/requests/check.ts';
import { constraintsOf } from '../../../local/requests/constraints.ts';
import { modelsOfScope, servedOperations } from '../../../local/requests/served.ts';
import { createIam } from '../../../local/services/iam/service.ts';

const ROLE = 'arn:aws:iam::000000000000:role/training';
const JOB = {
  TrainingJobName: 'job-1',
  RoleArn: ROLE,
  AlgorithmSpecification: { TrainingImage: 'image:1', TrainingInputMode: 'File' },
  HyperParameters: { eta: '0.1' },
  InputDataConfig: [
    {
      ChannelName: 'train',
      DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://bucket/train/' } },
    },
  ],
  OutputDataConfig: { S3OutputPath: 's3://bucket/out' },
  ResourceConfig: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1, VolumeSizeInGB: 30 },
  StoppingCondition: { MaxRuntimeInSeconds: 3600 },
  Tags: [{ Key: 'team', Value: '' }],
};
const ALARM = { AlarmName: 'a', ComparisonOperator: 'GreaterThanThreshold', EvaluationPeriods: 1 };
const ENTRY = { Source: 's', DetailType: 't', Detail: '{}' };
const URL = 'http://127.0.0.1:1/000000000000/q';

const refusal = (scope: string, operation: string, params: JsonObject, whole?: boolean) => {
  try {
    checkRequest(scope, operation, params, whole === undefined ? {} : { whole });
  } catch (error) {
    if (error instanceof ServiceError) return { code: error.code, status: error.status, message: error.message };
    throw error;
  }
  return undefined;
};
const job = (more: JsonObject): JsonObject => ({ ...JOB, ...more });

describe('constraint data', () => {
  it('is there for every operation that is served, and for no other', () => {
    const served = servedOperations().map(([scope, operations]) => [scope, [...operations].sort()]);

    const known = servedOperations().map(([scope]) => [
      scope,
      modelsOfScope(scope)
        .flatMap((service) => [...constraintsOf(service).operations.keys()])
        .sort(),
    ]);

    // `npm run constraints` writes the data anew.
    expect(known).toEqual(served);
  });

  it('is there for every operation of IAM and STS', async () => {
    const local = await createCloud();
    const { services } = createIam({ ...local, url: () => local.url }, { services: () => [] });
    await local.close();

    const missing = services.flatMap(({ scope, api }) =>
      api.protocol === 'rest'
        ? []
        : Object.keys(api.operations).filter((operation) => !constraintsOf(scope).operations.has(operation)),
    );

    expect(services).toHaveLength(2);
    expect(missing).toEqual([]);
  });

  it('comes from one version of the models', () => {
    const versions = servedOperations().flatMap(([scope]) =>
      modelsOfScope(scope).map((service) => constraintsOf(service).botocore),
    );

    expect(new Set(versions).size).toBe(1);
  });

  it('is missed by name', () => {
    expect(refusal('sagemaker', 'CreateDomain', {})).toMatchObject({
      code: 'InternalFailure',
      status: 500,
      message: expect.stringContaining('CreateDomain of sagemaker'),
    });
  });
});

describe('a request', () => {
  it.each<[scope: string, operation: string, params: JsonObject]>([
    ['sagemaker', 'CreateTrainingJob', JOB],
    ['sagemaker', 'CreateTrainingJob', job({ Environment: null, Tags: null })],
    ['sagemaker', 'ListTrainingJobs', { CreationTimeAfter: 980416800.5, MaxResults: 100 }],
    ['sagemaker', 'CreateModelPackageGroup', { ModelPackageGroupName: 'g', Tags: [{ Key: 'Zürich', Value: 'a b' }] }],
    ['sagemaker', 'InvokeEndpoint', { EndpointName: 'e', Body: { bytes: 5 } }],
    ['events', 'PutEvents', { Entries: [ENTRY, { ...ENTRY, Time: 980416800 }] }],
    ['events', 'PutRule', { Name: 'r', EventPattern: '{}', State: 'ENABLED' }],
    ['monitoring', 'PutMetricAlarm', ALARM],
    ['monitoring', 'PutMetricData', { Namespace: 'N', MetricData: [{ MetricName: 'm', Value: 'NaN' }] }],
    ['sqs', 'SendMessage', { QueueUrl: URL, MessageBody: 'b', DelaySeconds: 5 }],
    ['sns', 'Publish', { TopicArn: 'arn', Message: 'm' }],
    ['sns', 'Subscribe', { TopicArn: 'arn', Protocol: 'sqs', ReturnSubscriptionArn: 'true', Attributes: '' }],
    ['sts', 'AssumeRole', { RoleArn: ROLE, RoleSessionName: 'session', DurationSeconds: '900' }],
    ['sts', 'GetCallerIdentity', {}],
    ['logs', 'DescribeLogGroups', { limit: 5 }],
    ['lambda', 'Invoke', { FunctionName: 'arn:aws:lambda:eu-west-1:000000000000:function:f', InvocationType: 'Event' }],
    ['lambda', 'ListFunctions', { MaxItems: '10' }],
    ['s3', 'CopyObject', { Bucket: 'b', Key: 'k', CopySource: 'b/other%25' }],
    ['s3', 'DeleteObjects', { Bucket: 'b' }],
  ])('to %s %s passes with %j', (scope, operation, params) => {
    expect(refusal(scope, operation, params)).toBeUndefined();
  });

  it.each<[scope: string, operation: string, params: JsonObject, code: string, message: string]>([
    // Missing members.
    [
      'sagemaker',
      'StopTrainingJob',
      {},
      'ValidationException',
      "1 validation error detected: Value null at 'trainingJobName' failed to satisfy constraint: Member must not be null",
    ],
    [
      'sagemaker',
      'CreateTrainingJob',
      job({ RoleArn: null, Tags: [{ Key: 'a' }] }),
      'ValidationException',
      "Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value null at 'tags.1.member.value'",
    ],
    [
      'sagemaker',
      'CreateTrainingJob',
      job({ Tags: [{ Key: 'a', Value: '' }, { Value: 'b' }] }),
      'ValidationException',
      "Value null at 'tags.2.member.key' failed",
    ],
    ['events', 'PutTargets', { Rule: 'r', Targets: [{ Id: 'x' }] }, 'ValidationException', "'targets.1.member.arn'"],
    [
      'monitoring',
      'PutMetricAlarm',
      { ...ALARM, AlarmName: '', EvaluationPeriods: 0 },
      'ValidationException',
      "2 validation errors detected: Value '' at 'alarmName' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '0' at 'evaluationPeriods'",
    ],
    [
      'monitoring',
      'PutMetricData',
      { Namespace: 'N', MetricData: [{ Value: 1 }] },
      'MissingRequiredParameterException',
      'The parameter MetricData.member.1.MetricName is required.',
    ],
    ['sqs', 'SendMessage', { MessageBody: 'b' }, 'MissingParameter', 'must contain the parameter QueueUrl.'],
    ['sns', 'CreateTopic', {}, 'InvalidParameter', 'Invalid parameter: Name Reason: no value for required parameter'],
    ['sts', 'AssumeRole', { RoleArn: ROLE }, 'ValidationError', "Value null at 'roleSessionName'"],
    ['iam', 'GetRole', {}, 'ValidationError', "Value null at 'roleName'"],
    // Lengths, ranges, patterns, enumerations.
    [
      'sagemaker',
      'CreateTrainingJob',
      job({ TrainingJobName: `${'x'.repeat(63)}_` }),
      'ValidationException',
      `2 validation errors detected: Value '${'x'.repeat(63)}_' at 'trainingJobName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}; Value '${'x'.repeat(63)}_' at 'trainingJobName' failed to satisfy constraint: Member must have length less than or equal to 63`,
    ],
    [
      'sagemaker',
      'CreateTrainingJob',
      job({ HyperParameters: { a: 'x'.repeat(2501), b: 'c' } }),
      'ValidationException',
      "c}' at 'hyperParameters' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 2500, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: .*]",
    ],
    [
      'sagemaker',
      'CreateTrainingJob',
      job({ HyperParameters: { ['k'.repeat(257)]: 'c' } }),
      'ValidationException',
      "' at 'hyperParameters' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 256",
    ],
    [
      'sagemaker',
      'CreateTrainingJob',
      job({ VpcConfig: { SecurityGroupIds: ['sg-1', 'sg 2'], Subnets: ['subnet-1'] } }),
      'ValidationException',
      "Value '[sg-1, sg 2]' at 'vpcConfig.securityGroupIds' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 32, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: [-0-9a-zA-Z]+]",
    ],
    [
      'sagemaker',
      'CreateTrainingJob',
      job({ StoppingCondition: { MaxRuntimeInSeconds: 0 } }),
      'ValidationException',
      "Value '0' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    [
      'sagemaker',
      'ListModels',
      { MaxResults: 101 },
      'ValidationException',
      'Member must have value less than or equal to 100',
    ],
    [
      'sagemaker',
      'UpdateModelPackage',
      { ModelPackageArn: 'arn:aws:sagemaker:eu-west-1:000000000000:model-package/g/1', ApprovalDescription: 'a\nb' },
      'ValidationException',
      "at 'approvalDescription' failed to satisfy constraint: Member must satisfy regular expression pattern: .*",
    ],
    [
      'sagemaker',
      'CreateTrainingJob',
      job({ ResourceConfig: { InstanceType: 'ml.m5.tiny', VolumeSizeInGB: 1 } }),
      'ValidationException',
      "Value 'ml.m5.tiny' at 'resourceConfig.instanceType' failed to satisfy constraint: Member must satisfy enum value set: [ml.",
    ],
    [
      'sagemaker',
      'AddTags',
      { ResourceArn: 'arn:aws:sagemaker:eu-west-1:000000000000:model/m', Tags: [{ Key: 'a{', Value: '' }] },
      'ValidationException',
      "Value 'a{' at 'tags.1.member.key'",
    ],
    [
      'sagemaker',
      'InvokeEndpoint',
      { EndpointName: 'not a name' },
      'ValidationError',
      "Value 'not a name' at 'endpointName'",
    ],
    [
      'events',
      'PutEvents',
      { Entries: Array.from({ length: 11 }, () => ENTRY) },
      'ValidationException',
      "1 validation error detected: Value '[PutEventsRequestEntry(time=null, source=s, resources=null, detailType=t, detail={}, eventBusName=null, traceHeader=null, kmsKeyIdentifier=null, internalMetadata=null), PutEventsRequestEntry(",
    ],
    [
      'events',
      'PutEvents',
      { Entries: [] },
      'ValidationException',
      "Value '[]' at 'entries' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      'monitoring',
      'SetAlarmState',
      { AlarmName: 'a', StateReason: 'r', StateValue: 'INVALID' },
      'ValidationException',
      "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
    ],
    [
      'monitoring',
      'PutMetricData',
      { Namespace: 'N', MetricData: [{ MetricName: 'm', Value: 1, Unit: 'Parsecs' }] },
      'InvalidParameterValueException',
      'The value Parsecs for parameter MetricData.member.1.Unit is invalid.',
    ],
    [
      'monitoring',
      'PutMetricData',
      {
        Namespace: 'N',
        MetricData: [
          {
            MetricName: 'm',
            Value: 1,
            Dimensions: Array.from({ length: 31 }, (_, n) => ({ Name: `${n}`, Value: 'v' })),
          },
        ],
      },
      'InvalidParameterValueException',
      'The collection MetricData.member.1.Dimensions must not have a size greater than 30.',
    ],
    [
      'sqs',
      'CreateQueue',
      { QueueName: 'q', Attributes: { Colour: 'red' } },
      'InvalidAttributeName',
      'Unknown Attribute Colour.',
    ],
    [
      'sts',
      'AssumeRole',
      { RoleArn: ROLE, RoleSessionName: 'a b' },
      'ValidationError',
      "Value 'a b' at 'roleSessionName'",
    ],
    [
      'sts',
      'AssumeRole',
      { RoleArn: ROLE, RoleSessionName: 'ab', DurationSeconds: '899' },
      'ValidationError',
      "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    ],
    [
      'logs',
      'CreateLogGroup',
      { logGroupName: 'a b' },
      'InvalidParameterException',
      "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
    ],
    ['lambda', 'Invoke', { FunctionName: 'a b' }, 'ValidationException', "Value 'a b' at 'functionName'"],
    ['lambda', 'ListFunctions', { MaxItems: '10001' }, 'ValidationException', "Value '10001' at 'maxItems'"],
    ['s3', 'PutObject', { Bucket: 'b', Key: 'k', StorageClass: 'ATTIC' }, 'InvalidStorageClass', "'ATTIC'"],
    ['s3', 'ListObjectsV2', { Bucket: 'b', EncodingType: 'base64' }, 'InvalidArgument', "'base64'"],
  ])('to %s %s is refused: %j → %s', (scope, operation, params, code, message) => {
    expect(refusal(scope, operation, params)).toEqual({ code, status: 400, message: expect.stringContaining(message) });
  });

  it.each<[params: JsonObject, message: string]>([
    [{ RoleArn: 5 }, 'NUMBER_VALUE can not be converted to a String (at RoleArn)'],
    [{ EnableNetworkIsolation: 'true' }, 'STRING_VALUE can not be converted to a Boolean (at EnableNetworkIsolation)'],
    [
      { StoppingCondition: { MaxRuntimeInSeconds: '60' } },
      'STRING_VALUE can not be converted to an Integer (at StoppingCondition.MaxRuntimeInSeconds)',
    ],
    [
      { StoppingCondition: { MaxRuntimeInSeconds: 1.5 } },
      'NUMBER_VALUE can not be converted to an Integer (at StoppingCondition.MaxRuntimeInSeconds)',
    ],
    [{ StoppingCondition: true }, 'Expected null (at StoppingCondition)'],
    [{ StoppingCondition: [] }, 'Start of list found where not expected (at StoppingCondition)'],
    [{ Tags: 'a=b' }, 'Expected list or null (at Tags)'],
    [{ Tags: { a: 'b' } }, 'Start of structure or map found where not expected. (at Tags)'],
    [{ HyperParameters: { eta: 0.1 } }, 'NUMBER_VALUE can not be converted to a String (at HyperParameters.eta)'],
    [{ TrainingJobName: ['a'] }, 'Start of list found where not expected (at TrainingJobName)'],
    [{ TrainingJobName: false }, 'FALSE_VALUE can not be converted to a String (at TrainingJobName)'],
  ])('has members of the right types: %j', (more, message) => {
    expect(refusal('sagemaker', 'CreateTrainingJob', job(more))).toEqual({
      code: 'SerializationException',
      status: 400,
      message,
    });
  });

  it('is told its types before anything else that is wrong', () => {
    expect(refusal('sagemaker', 'CreateTrainingJob', { TrainingJobName: '', RoleArn: 5, Colour: 'red' })?.code).toBe(
      'SerializationException',
    );
  });

  it.each<[scope: string, operation: string, params: JsonObject, member: string]>([
    ['sagemaker', 'CreateTrainingJob', job({ Colour: 'red' }), 'Colour'],
    [
      'sagemaker',
      'CreateTrainingJob',
      job({ ResourceConfig: { ...JOB.ResourceConfig, Kind: 1 } }),
      'ResourceConfig.Kind',
    ],
    ['events', 'PutEvents', { Entries: [{ ...ENTRY, Subject: '' }] }, 'Entries.1.Subject'],
    ['sts', 'GetCallerIdentity', { Colour: 'red' }, 'Colour'],
    ['s3', 'ListBuckets', { Colour: 'red' }, 'Colour'],
  ])('to %s %s names its unknown member: %j', (scope, operation, params, member) => {
    expect(refusal(scope, operation, params)).toEqual({
      code: 'NotImplemented',
      status: 501,
      message: expect.stringContaining(`${operation}: the local cloud knows no member ${member};`),
    });
  });

  it('may have the members of a body that is still to be read missing, until it is whole', () => {
    const early = refusal('s3', 'PutObjectTagging', { Bucket: 'b', Key: 'k' });
    const late = refusal('s3', 'PutObjectTagging', { Bucket: 'b', Key: 'k' }, true);

    expect(early).toBeUndefined();
    expect(late?.message).toContain("Value null at 'tagging'");
  });

  it('counts a text by its characters, not by their halves', () => {
    const named = (description: string) => refusal('events', 'PutRule', { Name: 'r', Description: description });

    expect(named('\u{1f600}'.repeat(512))).toBeUndefined();
    expect(named('\u{1f600}'.repeat(513))?.message).toContain('length less than or equal to 512');
  });

  it('is refused a null item, by place', () => {
    expect(refusal('events', 'DescribeRule', { Name: null })?.message).toContain("Value null at 'name'");
    expect(refusal('events', 'RemoveTargets', { Rule: 'r', Ids: ['a', null] })?.message).toContain(
      "Value null at 'ids.2.member' failed to satisfy constraint: Member must not be null",
    );
  });
});
