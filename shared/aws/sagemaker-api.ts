import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  CreateModelPackageCommand,
  CreateModelPackageGroupCommand,
  CreateTrainingJobCommand,
  CreateTransformJobCommand,
  DeleteEndpointCommand,
  DeleteEndpointConfigCommand,
  DeleteModelCommand,
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  DescribeModelCommand,
  DescribeModelPackageCommand,
  DescribeModelPackageGroupCommand,
  DescribeTrainingJobCommand,
  DescribeTransformJobCommand,
  ListModelPackagesCommand,
  SageMakerClient,
  StopTrainingJobCommand,
  StopTransformJobCommand,
  UpdateEndpointCommand,
  UpdateModelPackageCommand,
} from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';

import type { Description, ResourceKind, SageMakerApi, SageMakerRequest } from '../sagemaker/resources.ts';
import { translated } from './translate.ts';

type Sent = Promise<object>;

/** The request builders of `shared/sagemaker` give the members; the SDK's types are checked against them there. */
const members = <T>(request: SageMakerRequest): T => request as T;

const commands = (client: SageMakerClient) =>
  ({
    trainingJob: {
      create: (request): Sent => client.send(new CreateTrainingJobCommand(members(request))),
      describe: (name): Sent => client.send(new DescribeTrainingJobCommand({ TrainingJobName: name })),
    },
    transformJob: {
      create: (request): Sent => client.send(new CreateTransformJobCommand(members(request))),
      describe: (name): Sent => client.send(new DescribeTransformJobCommand({ TransformJobName: name })),
    },
    model: {
      create: (request): Sent => client.send(new CreateModelCommand(members(request))),
      describe: (name): Sent => client.send(new DescribeModelCommand({ ModelName: name })),
    },
    endpointConfig: {
      create: (request): Sent => client.send(new CreateEndpointConfigCommand(members(request))),
      describe: (name): Sent => client.send(new DescribeEndpointConfigCommand({ EndpointConfigName: name })),
    },
    endpoint: {
      create: (request): Sent => client.send(new CreateEndpointCommand(members(request))),
      describe: (name): Sent => client.send(new DescribeEndpointCommand({ EndpointName: name })),
    },
    modelPackageGroup: {
      create: (request): Sent => client.send(new CreateModelPackageGroupCommand(members(request))),
      describe: (name): Sent => client.send(new DescribeModelPackageGroupCommand({ ModelPackageGroupName: name })),
    },
  }) satisfies Record<ResourceKind, { create: (request: SageMakerRequest) => Sent; describe: (name: string) => Sent }>;

/**
 * Describing what is not there answers ValidationException for models, configurations, endpoints and groups, and
 * ResourceNotFound for jobs (their waiters test for ValidationException). Source: botocore's service model and waiters.
 */
const isMissing = (cause: unknown) =>
  cause instanceof Error && (cause.name === 'ValidationException' || cause.name === 'ResourceNotFound');

/** Answers cross as JSON: dates become ISO text, so that what is read is what a fact can hold. */
const described = (answer: object): Description => JSON.parse(JSON.stringify(answer));

const found = async (what: string, sent: Sent): Promise<Description | undefined> => {
  try {
    return described(await sent);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw translated(cause, what);
  }
};

const done = async <T>(what: string, sent: Promise<T>): Promise<T> => {
  try {
    return await sent;
  } catch (cause) {
    throw translated(cause, what);
  }
};

export const sageMakerApi = (
  client = new SageMakerClient({}),
  runtime = new SageMakerRuntimeClient({}),
): SageMakerApi => {
  const by = commands(client);
  return {
    create: async (kind, request) => void (await done(`create ${kind}`, by[kind].create(request))),
    describe: (kind, name) => found(`describe ${kind} ${name}`, by[kind].describe(name)),
    stop: async (kind, name) =>
      void (await done<object>(
        `stop ${kind} ${name}`,
        kind === 'trainingJob'
          ? client.send(new StopTrainingJobCommand({ TrainingJobName: name }))
          : client.send(new StopTransformJobCommand({ TransformJobName: name })),
      )),
    updateEndpoint: async (request) =>
      void (await done('update endpoint', client.send(new UpdateEndpointCommand(members(request))))),
    deleteEndpoint: async (name) =>
      void (await done(`delete endpoint ${name}`, client.send(new DeleteEndpointCommand({ EndpointName: name })))),
    remove: async (kind, name) =>
      void (await done<object>(
        `delete ${kind} ${name}`,
        kind === 'model'
          ? client.send(new DeleteModelCommand({ ModelName: name }))
          : client.send(new DeleteEndpointConfigCommand({ EndpointConfigName: name })),
      )),
    async createPackage(request) {
      const { ModelPackageArn } = await done(
        'create model package',
        client.send(new CreateModelPackageCommand(members(request))),
      );
      if (!ModelPackageArn) throw new Error('CreateModelPackage answered without an ARN');
      return ModelPackageArn;
    },
    describePackage: (arn) =>
      found(`describe model package ${arn}`, client.send(new DescribeModelPackageCommand({ ModelPackageName: arn }))),
    updatePackage: async (request) =>
      void (await done('update model package', client.send(new UpdateModelPackageCommand(members(request))))),
    async *listPackages(group) {
      let token: string | undefined;
      do {
        const page = await done(
          `list model packages of ${group}`,
          client.send(
            new ListModelPackagesCommand({
              ModelPackageGroupName: group,
              SortBy: 'CreationTime',
              SortOrder: 'Descending',
              NextToken: token,
            }),
          ),
        );
        for (const summary of page.ModelPackageSummaryList ?? []) {
          if (summary.ModelPackageArn)
            yield { arn: summary.ModelPackageArn, description: summary.ModelPackageDescription };
        }
        token = page.NextToken;
      } while (token);
    },
    async invoke(endpointName, csv, inferenceId) {
      const { Body } = await done(
        `invoke ${endpointName}`,
        runtime.send(
          new InvokeEndpointCommand({
            EndpointName: endpointName,
            Body: csv,
            ContentType: 'text/csv',
            Accept: 'text/csv',
            InferenceId: inferenceId,
          }),
        ),
      );
      return new TextDecoder().decode(Body);
    },
  };
};
