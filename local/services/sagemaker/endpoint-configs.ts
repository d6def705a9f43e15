import type { JsonObject, Operation } from '../../contracts.ts';
import { flag, integer, list, number, oneOf, optional, type Read, structure, text } from '../parameters.ts';
import type { Context } from './context.ts';
import { invalid } from './errors.ts';
import { listPage } from './listing.ts';
import type { Models } from './models.ts';
import { parse, toJson, toSeconds } from './request.ts';
import * as shapes from './shapes.ts';

const Variant = structure({
  VariantName: shapes.name,
  ModelName: shapes.modelName,
  InitialInstanceCount: optional(integer({ min: 1 })),
  InstanceType: optional(shapes.instanceType),
  InitialVariantWeight: optional(number({ min: 0 })),
  ServerlessConfig: optional(
    structure({
      MemorySizeInMB: shapes.checked(
        integer({ min: 1024, max: 6144 }),
        (mb) => mb % 1024 === 0,
        'MemorySizeInMB must be in 1 GB increments: 1024, 2048, 3072, 4096, 5120 or 6144',
      ),
      MaxConcurrency: integer({ min: 1, max: 200 }),
      ProvisionedConcurrency: optional(integer({ min: 1, max: 200 })),
    }),
  ),
  VolumeSizeInGB: optional(integer({ min: 1, max: 512 })),
  ModelDataDownloadTimeoutInSeconds: optional(integer({ min: 60, max: 3600 })),
  ContainerStartupHealthCheckTimeoutInSeconds: optional(integer({ min: 60, max: 3600 })),
  // With one process for all instances of a variant there is nothing to route between.
  RoutingConfig: optional(structure({ RoutingStrategy: oneOf('LEAST_OUTSTANDING_REQUESTS', 'RANDOM') })),
});

const contentType = text({
  min: 1,
  max: 256,
  pattern: '[a-zA-Z0-9](-*[a-zA-Z0-9])*\\/[a-zA-Z0-9](-*[a-zA-Z0-9.])*',
});
const DataCapture = structure({
  EnableCapture: optional(flag()),
  InitialSamplingPercentage: integer({ min: 0, max: 100 }),
  DestinationS3Uri: shapes.checked(
    shapes.s3Uri,
    (uri) => uri.length <= 512,
    'DestinationS3Uri must have length less than or equal to 512',
  ),
  CaptureOptions: list(structure({ CaptureMode: oneOf('Input', 'Output', 'InputAndOutput') }), { min: 1, max: 32 }),
  CaptureContentTypeHeader: optional(
    structure({
      CsvContentTypes: optional(list(contentType, { min: 1, max: 10 })),
      JsonContentTypes: optional(list(contentType, { min: 1, max: 10 })),
    }),
  ),
});

const CreateEndpointConfig = structure({
  EndpointConfigName: shapes.name,
  ProductionVariants: list(Variant, { min: 1, max: 10 }),
  DataCaptureConfig: optional(DataCapture),
  Tags: optional(shapes.tags),
});
const ByName = structure({ EndpointConfigName: shapes.name });
const ListEndpointConfigs = structure({ ...shapes.listMembers, SortBy: optional(oneOf('Name', 'CreationTime')) });

/** A production variant of a configuration. */
export type VariantConfig = Read<typeof Variant>;
/** A configuration's DataCaptureConfig. */
export type DataCaptureConfig = Read<typeof DataCapture>;

/** An endpoint configuration; it never changes. */
export interface EndpointConfig {
  readonly name: string;
  readonly arn: string;
  readonly creationMs: number;
  readonly given: JsonObject;
  readonly variants: readonly VariantConfig[];
  readonly capture: DataCaptureConfig | undefined;
  readonly serverless: boolean;
}

/** Endpoint configurations, for who runs them. */
export interface EndpointConfigs {
  /** @throws ServiceError `ValidationException` when there is none of this name. */
  get(name: string): EndpointConfig;
  /**
   * As CreateEndpoint and UpdateEndpoint read it: with eventual consistency (API_CreateEndpoint, documented).
   * @throws ServiceError as {@link EndpointConfigs.get}, also for a configuration that is not visible yet.
   */
  settled(name: string): EndpointConfig;
  readonly operations: Readonly<Record<string, Operation>>;
}

const checkVariants = (variants: readonly VariantConfig[], capture: DataCaptureConfig | undefined): boolean => {
  if (new Set(variants.map(({ VariantName }) => VariantName)).size < variants.length) {
    throw invalid('VariantName must be unique within an endpoint configuration');
  }
  for (const variant of variants) {
    const instances = variant.InstanceType !== undefined && variant.InitialInstanceCount !== undefined;
    if (!variant.ServerlessConfig && !instances) {
      throw invalid(
        `The variant ${variant.VariantName} needs InstanceType and InitialInstanceCount, or a ServerlessConfig`,
      );
    }
    if (
      variant.ServerlessConfig &&
      (variant.InstanceType !== undefined || variant.InitialInstanceCount !== undefined)
    ) {
      throw invalid(
        `The serverless variant ${variant.VariantName} takes neither InstanceType nor InitialInstanceCount`,
      );
    }
    const { MaxConcurrency = 0, ProvisionedConcurrency = 0 } = variant.ServerlessConfig ?? {};
    if (ProvisionedConcurrency > MaxConcurrency) throw invalid('ProvisionedConcurrency must not exceed MaxConcurrency');
  }
  const serverless = variants.some(({ ServerlessConfig }) => ServerlessConfig !== undefined);
  // Serverless endpoints have no second variant, data capture, VPC or network isolation (serverless-endpoints.md,
  // "Feature exclusions", documented). The words of these refusals are *assumed*.
  if (serverless && variants.length > 1) throw invalid('Serverless endpoints support one production variant only');
  if (serverless && capture) throw invalid('DataCaptureConfig is not supported for serverless endpoints');
  if (variants.every(({ InitialVariantWeight = 1 }) => InitialVariantWeight === 0)) {
    throw invalid('At least one variant needs a weight above 0');
  }
  return serverless;
};

/** CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig. */
export const createEndpointConfigs = (context: Context, models: Models): EndpointConfigs => {
  const byName = new Map<string, EndpointConfig>();
  const key = (name: string) => name.toLowerCase();
  const get = (name: string) => {
    const found = byName.get(key(name));
    if (!found) throw invalid(`Could not find endpoint configuration "${context.arn('endpoint-config', name)}".`);
    return found;
  };
  return {
    get,
    // A load call with eventually consistent reads may not find what was made just before (API_CreateEndpoint,
    // documented).
    settled(name) {
      const found = get(name);
      if (!context.isVisible(found.arn, found.creationMs)) {
        throw invalid(`Could not find endpoint configuration "${found.arn}".`);
      }
      return found;
    },
    operations: {
      CreateEndpointConfig(input) {
        const { value, given } = parse('CreateEndpointConfig', CreateEndpointConfig, input);
        const arn = context.arn('endpoint-config', value.EndpointConfigName);
        if (byName.has(key(value.EndpointConfigName))) {
          throw invalid(`Cannot create already existing endpoint configuration "${arn}".`);
        }
        const serverless = checkVariants(value.ProductionVariants, value.DataCaptureConfig);
        for (const { ModelName } of value.ProductionVariants) {
          const model = models.settled(ModelName);
          if (serverless && model.given.VpcConfig !== undefined) {
            throw invalid(`VpcConfig of the model ${ModelName} is not supported for serverless endpoints`);
          }
          if (serverless && model.networkIsolation) {
            throw invalid(`EnableNetworkIsolation of the model ${ModelName} is not supported for serverless endpoints`);
          }
        }
        const { Tags: _, ...rest } = given;
        const config: EndpointConfig = {
          name: value.EndpointConfigName,
          arn,
          creationMs: context.cloud.clock.ms(),
          // Weights are 1.0 by default (API_ProductionVariant, documented).
          given: {
            ...rest,
            ProductionVariants: value.ProductionVariants.map((variant) =>
              toJson({ ...variant, InitialVariantWeight: variant.InitialVariantWeight ?? 1 }),
            ),
          },
          variants: value.ProductionVariants,
          capture: value.DataCaptureConfig,
          serverless,
        };
        byName.set(key(config.name), config);
        context.tags.create(arn, value.Tags);
        // The event comes when a configuration is made (events-ref-sagemaker.html, documented); that deleting one sends
        // none is *assumed*.
        context.tell('SageMaker Endpoint Config State Change', arn, {
          EndpointConfigName: config.name,
          EndpointConfigArn: arn,
          ProductionVariants: config.variants.map((variant) => ({
            VariantName: variant.VariantName,
            ModelName: variant.ModelName,
            InitialInstanceCount: variant.InitialInstanceCount ?? null,
            InstanceType: variant.InstanceType ?? null,
            InitialVariantWeight: variant.InitialVariantWeight ?? 1,
            AcceleratorType: null,
            ServerlessConfig: variant.ServerlessConfig ? toJson(variant.ServerlessConfig) : null,
          })),
          DataCaptureConfig: rest.DataCaptureConfig ?? null,
          KmsKeyId: null,
          CreationTime: config.creationMs,
          AsyncInferenceConfig: null,
          ExplainerConfig: null,
          ShadowProductionVariants: null,
          Tags: context.tags.asObject(arn),
        });
        return { EndpointConfigArn: arn };
      },
      DescribeEndpointConfig(input) {
        const config = get(parse('DescribeEndpointConfig', ByName, input).value.EndpointConfigName);
        return toJson({
          ...config.given,
          EndpointConfigArn: config.arn,
          CreationTime: toSeconds(config.creationMs),
          EnableNetworkIsolation: false,
        });
      },
      ListEndpointConfigs(input) {
        const { page, nextToken } = listPage(
          byName.values(),
          parse('ListEndpointConfigs', ListEndpointConfigs, input).value,
          'Descending',
        );
        return toJson({
          EndpointConfigs: page.map((config) => ({
            EndpointConfigName: config.name,
            EndpointConfigArn: config.arn,
            CreationTime: toSeconds(config.creationMs),
          })),
          NextToken: nextToken,
        });
      },
      // The configuration of a live endpoint can be deleted, to its harm (API_DeleteEndpointConfig, documented).
      DeleteEndpointConfig(input) {
        const config = get(parse('DeleteEndpointConfig', ByName, input).value.EndpointConfigName);
        byName.delete(key(config.name));
        context.tags.remove(config.arn);
        return {};
      },
    },
  };
};
