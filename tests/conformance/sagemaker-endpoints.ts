/** What tests of endpoints ask of a SageMaker cloud, in a few words each. */
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  type CreateEndpointConfigCommandInput,
  CreateModelCommand,
  DescribeEndpointCommand,
  type ProductionVariant,
  UpdateEndpointCommand,
  type UpdateEndpointCommandInput,
} from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand, type InvokeEndpointCommandInput } from '@aws-sdk/client-sagemaker-runtime';

import { IMAGE, ROLE, type SageMakerCloud } from './sagemaker-cloud.ts';

/** A variant `AllTraffic` of instances. */
export const variantOf = (modelName: string, more: Partial<ProductionVariant> = {}): ProductionVariant => ({
  VariantName: 'AllTraffic',
  ModelName: modelName,
  InstanceType: 'ml.m5.large',
  InitialInstanceCount: 4,
  ...more,
});

/** The model's data lie at `s3://data/models/<value>.tar.gz`. */
export const endpointsOf = (world: () => SageMakerCloud) => {
  const send = {
    model: (name: string, value: number, environment: Record<string, string> = {}) =>
      world().sagemaker.send(
        new CreateModelCommand({
          ModelName: name,
          ExecutionRoleArn: ROLE,
          PrimaryContainer: {
            Image: IMAGE,
            ModelDataUrl: `s3://data/models/${value}.tar.gz`,
            Environment: environment,
          },
        }),
      ),
    config: (name: string, variants: ProductionVariant[], more: Partial<CreateEndpointConfigCommandInput> = {}) =>
      world().sagemaker.send(
        new CreateEndpointConfigCommand({ EndpointConfigName: name, ProductionVariants: variants, ...more }),
      ),
    create: (name: string, config: string) =>
      world().sagemaker.send(new CreateEndpointCommand({ EndpointName: name, EndpointConfigName: config })),
    update: (name: string, config: string, more: Partial<UpdateEndpointCommandInput> = {}) =>
      world().sagemaker.send(new UpdateEndpointCommand({ EndpointName: name, EndpointConfigName: config, ...more })),
    look: (name: string) => world().sagemaker.send(new DescribeEndpointCommand({ EndpointName: name })),
    invoke: (name: string, body: string, more: Partial<InvokeEndpointCommandInput> = {}) =>
      world().runtime.send(
        new InvokeEndpointCommand({
          EndpointName: name,
          Body: body,
          ContentType: 'text/csv',
          Accept: 'text/csv',
          ...more,
        }),
      ),
  };
  return {
    ...send,
    /** The answers to this many requests, in their order. */
    async answers(name: string, requests: number): Promise<string[]> {
      const found: string[] = [];
      for (let i = 0; i < requests; i++) {
        found.push(
          Buffer.from((await send.invoke(name, '1')).Body)
            .toString('utf8')
            .trim(),
        );
      }
      return found;
    },
    /** The details of an endpoint's events of one type. */
    told: (name: string, type: 'Endpoint' | 'Endpoint Deployment') =>
      world()
        .events.filter(
          ({ detailType, detail }) => detailType === `SageMaker ${type} State Change` && detail.EndpointName === name,
        )
        .map(({ detail }) => detail),
  };
};
