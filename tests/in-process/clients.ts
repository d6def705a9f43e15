/** The SDK's clients as the adapters of `shared/aws` take them, on a client that crosses no HTTP. */
import { CloudWatchClient, CloudWatchServiceException } from '@aws-sdk/client-cloudwatch';
import { EventBridgeClient, EventBridgeServiceException } from '@aws-sdk/client-eventbridge';
import { LambdaClient, LambdaServiceException } from '@aws-sdk/client-lambda';
import { S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { SageMakerClient, SageMakerServiceException } from '@aws-sdk/client-sagemaker';
import { SageMakerRuntimeClient, SageMakerRuntimeServiceException } from '@aws-sdk/client-sagemaker-runtime';
import { SNSClient, SNSServiceException } from '@aws-sdk/client-sns';
import { SQSClient, SQSServiceException } from '@aws-sdk/client-sqs';

import { ServiceError } from '../../local/contracts.ts';
import type { InProcessClient, Members } from '../../local/in-process/client.ts';

interface Failure {
  readonly name: string;
  readonly message: string;
  readonly $fault: 'client' | 'server';
  readonly $metadata: { readonly httpStatusCode: number };
}

interface Command {
  readonly input: Members;
}

/** Makes an error that is an answer, and for the most part an expected one: where it was made says nothing. */
const withoutStack = (make: () => Error): Error => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
};

const operations = new Map<unknown, string>();

/** The operation of a command, which is in its class's name. */
const operationOf = (command: Command): string => {
  let operation = operations.get(command.constructor);
  if (operation === undefined) {
    operation = command.constructor.name.replace(/Command$/, '');
    operations.set(command.constructor, operation);
  }
  return operation;
};

/**
 * A client whose `send` goes to the services directly: the SDK's own way, through HTTP, costs ten times what the
 * services do.
 */
const standIn = <Client>(
  prototype: Client & object,
  service: string,
  client: InProcessClient,
  exception: new (failure: Failure) => Error,
): Client =>
  Object.create(prototype, {
    send: {
      async value(command: Command): Promise<Members> {
        try {
          return await client.send(service, operationOf(command), command.input);
        } catch (error) {
          if (!(error instanceof ServiceError)) throw error;
          const { code, message, status } = error;
          throw withoutStack(
            () =>
              new exception({
                name: code,
                message,
                $fault: status < 500 ? 'client' : 'server',
                $metadata: { httpStatusCode: status },
              }),
          );
        }
      },
    },
  });

/** Clients of one function, or of the administrator, made when they are asked for. */
class Clients {
  readonly #client: InProcessClient;

  constructor(client: InProcessClient) {
    this.#client = client;
  }

  get cloudWatch() {
    return standIn(CloudWatchClient.prototype, 'cloudwatch', this.#client, CloudWatchServiceException);
  }

  get events() {
    return standIn(EventBridgeClient.prototype, 'eventbridge', this.#client, EventBridgeServiceException);
  }

  get lambda() {
    return standIn(LambdaClient.prototype, 'lambda', this.#client, LambdaServiceException);
  }

  get runtime() {
    return standIn(
      SageMakerRuntimeClient.prototype,
      'sagemaker-runtime',
      this.#client,
      SageMakerRuntimeServiceException,
    );
  }

  get s3() {
    return standIn(S3Client.prototype, 's3', this.#client, S3ServiceException);
  }

  get sageMaker() {
    return standIn(SageMakerClient.prototype, 'sagemaker', this.#client, SageMakerServiceException);
  }

  get sns() {
    return standIn(SNSClient.prototype, 'sns', this.#client, SNSServiceException);
  }

  get sqs() {
    return standIn(SQSClient.prototype, 'sqs', this.#client, SQSServiceException);
  }
}

export const clientsOn = (client: InProcessClient): Clients => new Clients(client);
