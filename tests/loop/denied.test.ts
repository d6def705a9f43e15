/**
 * Each role without one of its statements: the step it belongs to fails, in AWS's words, and what woke it is kept. The
 * statement taken out is the one by which a step reads the ledger (SageMaker: the run's data), so that nothing else of
 * the loop has to be there.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateTrainingJobCommand, DescribeTrainingJobCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';

import { postSigned } from '../../cli/local/signed-request.ts';
import { clientSettings } from '../../cli/local/stack.ts';
import { createCloud, type DeployedStack, type LocalCloud } from '../../local/cloud.ts';

const TEMPLATE = '.serverless/cloudformation-template-update-stack.json';
const MINUTE = 60_000;

const statementSchema = z.looseObject({ Action: z.unknown(), Resource: z.unknown() });
const roleSchema = z.looseObject({
  Type: z.literal('AWS::IAM::Role'),
  Properties: z.looseObject({
    Policies: z.array(z.looseObject({ PolicyDocument: z.looseObject({ Statement: z.array(statementSchema) }) })),
  }),
});
const templateSchema = z.looseObject({ Resources: z.record(z.string(), z.looseObject({ Type: z.string() })) });

/** What lets one of the two rules of notify in: that rule's events are those a dataset is rejected with, and others. */
const NOTIFY_PERMISSION = 'NotifyEventBridgeLambdaPermission1';
const NOTIFY_SAMPLE = 'dataset-rejected.v1';

/**
 * The packaged template, its roles without the right to read from the store, and one rule without the right to invoke
 * its function. @returns It, and the roles cut.
 */
const withoutReading = (): { template: unknown; cut: string[] } => {
  const template = templateSchema.parse(JSON.parse(readFileSync(TEMPLATE, 'utf8')));
  const cut: string[] = [];
  delete template.Resources[NOTIFY_PERMISSION];
  for (const [logicalId, resource] of Object.entries(template.Resources)) {
    if (resource.Type !== 'AWS::IAM::Role') continue;
    const role = roleSchema.parse(resource);
    for (const { PolicyDocument } of role.Properties.Policies) {
      const left = PolicyDocument.Statement.filter(
        ({ Action, Resource }) =>
          !(JSON.stringify(Action).includes('s3:GetObject"') && JSON.stringify(Resource).includes('StoreBucket')),
      );
      if (left.length === PolicyDocument.Statement.length - 1) cut.push(logicalId);
      PolicyDocument.Statement = left;
    }
    template.Resources[logicalId] = role;
  }
  return { template, cut };
};

const sampleSchema = z.object({
  source: z.string(),
  'detail-type': z.string(),
  resources: z.array(z.string()),
  detail: z.record(z.string(), z.json()),
});
const sample = (name: string) => sampleSchema.parse(JSON.parse(readFileSync(`events/samples/${name}.json`, 'utf8')));

/** Steps an event wakes by itself, and those that it wakes through a queue, each with a sample that wakes it. */
const WOKEN = {
  'validate-data': 'aws.s3-object-created',
  'prepare-data': 'run-planned.v1',
  'track-training': 'aws.sagemaker-training-job',
  'evaluate-model': 'aws.sagemaker-transform-job',
  'gate-model': 'model-evaluated.v1',
  'track-endpoint': 'aws.sagemaker-endpoint',
  'retrain-model': 'aws.cloudwatch-alarm',
  notify: 'run-ended.v1',
} as const;
const QUEUED = {
  // The event of notify, which wakes it, too.
  'plan-run': 'run-ended.v1',
  'launch-training': 'run-prepared.v1',
  'deploy-model': 'deployment-requested.v1',
} as const;

/** Steps that are asked through their queue, and that have hours before a message that fails is given up. */
const ASKED = {
  'read-part': 'part-requested.v1',
  'detect-drift': 'window-closed.v1',
  'measure-quality': 'labels-landed.v1',
} as const;

const queueArn = (name: string) => `arn:aws:sqs:eu-west-1:000000000000:millrace-dev-${name}`;
const DENIED = (step: string) =>
  new RegExp(
    `User: arn:aws:sts::000000000000:assumed-role/millrace-dev-[\\w-]+/millrace-dev-${step} is not authorized to perform: s3:GetObject on resource: \\\\*"arn:aws:s3:::millrace-dev-store-.* because no identity-based policy allows the s3:GetObject action`,
  );

/** What a step logged. */
const said = (step: string) =>
  cloud.logs
    .read(`/aws/lambda/millrace-dev-${step}`)
    .map(({ message }) => message)
    .join('\n');

const endedSchema = z.object({
  requestContext: z.object({ functionArn: z.string() }),
  responsePayload: z.object({ errorMessage: z.string() }),
});
/** What became of a step's events. */
const ended = (step: string) =>
  cloud.sqs
    .peek(queueArn('execution-dlq'))
    .map(({ body }) => endedSchema.parse(JSON.parse(body)))
    .filter(({ requestContext }) => requestContext.functionArn.includes(`:millrace-dev-${step}:`));

let folder: string;
let cloud: LocalCloud;
let outputs: DeployedStack['outputs'];
let cut: string[];
const logged: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'denied-'));
  const weakened = withoutReading();
  cut = weakened.cut;
  const template = join(folder, 'template.json');
  await writeFile(template, JSON.stringify(weakened.template));
  cloud = await createCloud({
    start: new Date('2001-01-25T06:00:00Z'),
    log: (line) => logged.push(line),
  });
  ({ outputs } = await cloud.deploy({
    template,
    artifacts: '.serverless',
    layers: { 'millrace-dev-engine': resolve('dist/layers/engine-local') },
    stack: 'millrace-dev',
  }));
  Object.assign(process.env, clientSettings(cloud.url, cloud.region));
  // What a listing names is read: without these two, reconcile and track-endpoint would find nothing to do.
  for (const Key of ['definitions/flight-delay.json', 'deployments/flight-delay/1.json'])
    await new S3Client({}).send(new PutObjectCommand({ Bucket: outputs.StoreBucketName, Key, Body: '{}' }));
  for (const name of new Set<string>([...Object.values(WOKEN), ...Object.values(QUEUED), NOTIFY_SAMPLE])) {
    const { source, 'detail-type': detailType, detail, resources } = sample(name);
    if (source === 'millrace') {
      // A run that failed is what people are told of.
      const Detail = JSON.stringify(detail).replace('"end":"promoted"', '"end":"failed"');
      const entry = { Source: source, DetailType: detailType, Detail };
      await new EventBridgeClient({}).send(
        new PutEventsCommand({ Entries: [{ ...entry, EventBusName: outputs.BusName }] }),
      );
    } else cloud.events.emit({ source, detailType, detail, resources });
  }
  const sqs = new SQSClient({});
  for (const [step, name] of Object.entries(ASKED)) {
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: `millrace-dev-${step}` }));
    // A window is looked at when it is over.
    const MessageBody = readFileSync(`events/samples/${name}.json`, 'utf8')
      .replace('"start": "2001-01-25', '"start": "2001-01-23')
      .replace('"end": "2001-01-26', '"end": "2001-01-24');
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
  // Five receipts, a timeout of three minutes after each; reconcile, on its schedule after a quarter of an hour, and the
  // retries of the others, at most three minutes.
  await cloud.settle({ advanceMs: 20 * MINUTE });
});

afterAll(async () => {
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

describe('without the right to invoke its target', () => {
  it('a rule sends its event to the dead-letter queue, with the reason', () => {
    const [letter, ...more] = cloud.sqs.peek(queueArn('delivery-dlq'));

    expect(more).toEqual([]);
    expect(JSON.parse(letter?.body ?? '{}')['detail-type']).toBe('DatasetRejected.v1');
    expect(letter?.messageAttributes.ERROR_CODE?.stringValue).toBe('NO_PERMISSIONS');
    expect(letter?.messageAttributes.ERROR_MESSAGE?.stringValue).toContain(
      'is not authorized to perform: lambda:InvokeFunction',
    );
  });
});

describe('without the right to read the ledger', () => {
  it('every role is one statement short', () => {
    expect(cut).toHaveLength(17);
  });

  it.each(Object.keys(WOKEN))('%s fails, and its event ends where failed events end', (step) => {
    const [mine, ...more] = ended(step);

    expect(more).toEqual([]);
    expect(mine?.responsePayload.errorMessage).toMatch(DENIED(step));
  });

  it('reconcile fails when its time comes, and says so', () => {
    // It looks over every model before it fails, and names none of their reasons.
    expect(ended('reconcile')).toHaveLength(1);
    expect(logged.some((line) => DENIED('reconcile').test(line))).toBe(true);
  });

  it.each(Object.keys(QUEUED))('%s fails, and its message ends in its dead-letter queue', (step) => {
    const dead = cloud.sqs.peek(queueArn(`${step}-dlq`));

    expect(dead).toHaveLength(1);
    expect(said(step)).toMatch(DENIED(step));
  });

  it.each(Object.keys(ASKED))('%s fails, and its message stays in its queue', (step) => {
    expect(cloud.sqs.peek(queueArn(step))).toHaveLength(1);
    expect(said(step)).toMatch(DENIED(step));
  });

  it('predict answers that it cannot, and says why in its log', async () => {
    const question = { records: [{ date: '2001-02-01T07:30:00', distance: 733, origin: 'ORD', destination: 'LGA' }] };
    const { status } = await postSigned(`${outputs.PredictUrl}flight-delay`, cloud.region, question);

    expect(status).toBe(500);
    expect(said('predict')).toMatch(DENIED('predict'));
  });

  it('a training job fails over its data', async () => {
    const [bucket, sageMaker] = [outputs.StoreBucketName, new SageMakerClient({})];
    const role = cloud.iam.roles().find(({ logicalId }) => logicalId === 'SageMakerRole');
    const data = 'runs/flight-delay/20010125-0a1b2c3d4e/input/train/data';
    await new S3Client({}).send(
      new PutObjectCommand({ Bucket: bucket, Key: `${data}/part-0.csv`, Body: '1,2\n0,1\n' }),
    );
    await sageMaker.send(
      new CreateTrainingJobCommand({
        TrainingJobName: 'denied',
        RoleArn: role?.arn,
        AlgorithmSpecification: {
          TrainingImage: '141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5',
          TrainingInputMode: 'File',
        },
        HyperParameters: { num_round: '1' },
        InputDataConfig: [
          {
            ChannelName: 'train',
            ContentType: 'text/csv',
            DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: `s3://${bucket}/${data}/` } },
          },
        ],
        OutputDataConfig: { S3OutputPath: `s3://${bucket}/runs/flight-delay/20010125-0a1b2c3d4e/output/` },
        ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
        StoppingCondition: { MaxRuntimeInSeconds: 600 },
      }),
    );
    await cloud.settle();
    const job = await sageMaker.send(new DescribeTrainingJobCommand({ TrainingJobName: 'denied' }));

    expect(job.TrainingJobStatus).toBe('Failed');
    expect(job.FailureReason).toMatch(
      /^ClientError: Data download failed: AccessDenied: User: .*SageMakerRole.* is not authorized to perform: s3:GetObject/,
    );
  });

  it('the cloud names principal, action and resource of each refusal', () => {
    for (const step of [...Object.keys(WOKEN), ...Object.keys(QUEUED), ...Object.keys(ASKED), 'reconcile', 'predict'])
      expect(logged.some((line) => line.startsWith('access denied: ') && DENIED(step).test(line))).toBe(true);
  });
});
