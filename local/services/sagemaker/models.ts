import { parseS3Uri } from '../../containers/s3-input.ts';
import type { JsonObject, Operation } from '../../contracts.ts';
import { flag, list, oneOf, optional, type Read, structure, text } from '../parameters.ts';
import type { Context } from './context.ts';
import { invalid, notImplemented } from './errors.ts';
import { listPage } from './listing.ts';
import type { Registry } from './registry.ts';
import { parse, toJson, toSeconds } from './request.ts';
import * as shapes from './shapes.ts';

/** Where a model's files lie. */
interface ModelData {
  readonly uri: string;
  /** `archive`: a tar.gz that is unpacked; `object`: one file as it is; `prefix`: every object below a prefix. */
  readonly form: 'archive' | 'object' | 'prefix';
}

/** A model: what CreateModel made. It never changes. */
export interface Model {
  readonly name: string;
  readonly arn: string;
  readonly creationMs: number;
  readonly given: JsonObject;
  readonly roleArn: string;
  readonly imageUri: string;
  readonly data?: ModelData;
  readonly environment: Readonly<Record<string, string>>;
  readonly networkIsolation: boolean;
}

/** Models, for who runs them. */
export interface Models {
  /** @throws ServiceError `ValidationException` when there is no such model. */
  get(name: string): Model;
  /**
   * As CreateEndpoint and CreateEndpointConfig read it: with eventual consistency (API_CreateEndpoint, documented).
   * @throws ServiceError as {@link Models.get}, also for a model that is not visible yet.
   */
  settled(name: string): Model;
  readonly operations: Readonly<Record<string, Operation>>;
}

const dataSource = shapes.modelDataSource;

const Container = structure({
  ContainerHostname: optional(shapes.name),
  Image: optional(shapes.image),
  Mode: optional(shapes.someOf(['SingleModel', 'MultiModel'], ['SingleModel'])),
  ModelDataUrl: optional(shapes.s3Uri),
  ModelDataSource: optional(dataSource),
  Environment: optional(
    shapes.checked(
      shapes.environment({ entries: 100, key: 1024, value: 1024 }),
      (variables) => Buffer.byteLength(Object.entries(variables).flat().join('')) <= 32 * 1024,
      // "The total length of all key-value pairs must not exceed 32 KB" (API_ContainerDefinition, documented).
      'The environment must not exceed 32 KB',
    ),
  ),
  ModelPackageName: optional(text({ min: 1, max: 176 })),
});

const CreateModel = structure({
  ModelName: shapes.modelName,
  PrimaryContainer: optional(Container),
  Containers: optional(list(Container, { max: 15 })),
  ExecutionRoleArn: optional(shapes.roleArn),
  Tags: optional(shapes.tags),
  VpcConfig: optional(shapes.vpcConfig),
  EnableNetworkIsolation: optional(flag()),
});

const ByName = structure({ ModelName: shapes.modelName });
const ListModels = structure({ ...shapes.listMembers, SortBy: optional(oneOf('Name', 'CreationTime')) });

const exists = (context: Context, { uri, form }: ModelData): boolean => {
  const { bucket, key } = parseS3Uri(uri);
  const { s3 } = context.cloud;
  return s3.bucketExists(bucket) && s3.list(bucket, key).some((object) => form === 'prefix' || object.key === key);
};

/** CreateModel looks for the model's data under its role (*assumed* from refusals that public issues quote). */
const mayRead = ({ cloud }: Context, role: string, { uri, form }: ModelData): boolean => {
  const { bucket, key } = parseS3Uri(uri);
  // What lies below a prefix is read when the model is hosted.
  if (form === 'prefix') return true;
  const by = { role, session: 'SageMaker' };
  return cloud.iam.allows({ by, action: 's3:GetObject', resource: `arn:aws:s3:::${bucket}/${key}` });
};

const modelData = (container: {
  ModelDataUrl: string | undefined;
  ModelDataSource: Read<typeof dataSource> | undefined;
}): ModelData | undefined => {
  if (container.ModelDataUrl !== undefined && container.ModelDataSource !== undefined) {
    throw invalid('Only one of ModelDataUrl and ModelDataSource may be given');
  }
  if (container.ModelDataUrl !== undefined) return { uri: container.ModelDataUrl, form: 'archive' };
  const source = container.ModelDataSource?.S3DataSource;
  if (!source) return undefined;
  if (source.CompressionType === 'Gzip') {
    if (source.S3DataType === 'S3Prefix') throw invalid('CompressionType Gzip needs S3DataType S3Object');
    return { uri: source.S3Uri, form: 'archive' };
  }
  return { uri: source.S3Uri, form: source.S3DataType === 'S3Prefix' ? 'prefix' : 'object' };
};

/** CreateModel, DescribeModel, ListModels, DeleteModel. */
export const createModels = (context: Context, registry: Registry): Models => {
  const byName = new Map<string, Model>();
  const key = (name: string) => name.toLowerCase();
  const get = (name: string) => {
    const found = byName.get(key(name));
    if (!found) throw invalid(`Could not find model "${context.arn('model', name)}".`);
    return found;
  };
  // A load call with eventually consistent reads may not find what was made just before (API_CreateEndpoint,
  // documented).
  const settled = (name: string) => {
    const found = get(name);
    if (!context.isVisible(found.arn, found.creationMs)) throw invalid(`Could not find model "${found.arn}".`);
    return found;
  };
  const runnable = (container: Read<typeof Container>) => {
    const environment = container.Environment ?? {};
    if (container.ModelPackageName !== undefined) {
      if (container.Image !== undefined || container.ModelDataUrl !== undefined || container.ModelDataSource) {
        throw invalid('A container with a ModelPackageName takes neither Image nor model data');
      }
      const packaged = registry.deployable(container.ModelPackageName);
      return { ...packaged, environment: { ...packaged.environment, ...environment } };
    }
    if (container.Image === undefined) throw invalid('A container needs an Image or a ModelPackageName');
    const data = modelData(container);
    return { imageUri: container.Image, environment, ...(data ? { data } : {}) };
  };

  return {
    get,
    settled,
    operations: {
      CreateModel(input) {
        const { value, given } = parse('CreateModel', CreateModel, input);
        if (value.PrimaryContainer && value.Containers) {
          throw invalid('Only one of PrimaryContainer and Containers may be given');
        }
        const containers = value.PrimaryContainer ? [value.PrimaryContainer] : (value.Containers ?? []);
        const [container] = containers;
        if (!container) throw invalid('A model needs a PrimaryContainer or Containers');
        if (containers.length > 1) throw notImplemented('A model of several containers (Containers of CreateModel)');
        // The API model marks ExecutionRoleArn optional; that one is asked for here is *assumed*: whoever deploys the
        // model to endpoints or jobs needs it (API_CreateModel).
        if (value.ExecutionRoleArn === undefined) throw invalid('A model needs an ExecutionRoleArn');
        const arn = context.arn('model', value.ModelName);
        if (byName.has(key(value.ModelName))) throw invalid(`Cannot create already existing model "${arn}".`);
        context.checkRole(value.ExecutionRoleArn);
        const { Tags: _, ...rest } = given;
        const model: Model = {
          name: value.ModelName,
          arn,
          creationMs: context.cloud.clock.ms(),
          given: rest,
          roleArn: value.ExecutionRoleArn,
          networkIsolation: value.EnableNetworkIsolation ?? false,
          ...runnable(container),
        };
        // The words are those public issues quote; *assumed*.
        if (model.data && !exists(context, model.data))
          throw invalid(`Could not find model data at ${model.data.uri}.`);
        if (model.data && !mayRead(context, model.roleArn, model.data)) {
          throw invalid(
            `Could not access model data at ${model.data.uri}. Please ensure that the role "${model.roleArn}" exists and that its trust relationship policy allows the action "sts:AssumeRole" for the service principal "sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the object is located in ${context.cloud.region}.`,
          );
        }
        byName.set(key(model.name), model);
        context.tags.create(arn, value.Tags);
        // The event comes when a model is made (events-ref-sagemaker.html, documented); that deleting one sends none is
        // *assumed*.
        context.tell('SageMaker Model State Change', arn, {
          ModelName: model.name,
          ModelArn: arn,
          ExecutionRoleArn: model.roleArn,
          PrimaryContainer: rest.PrimaryContainer ?? null,
          Containers: rest.Containers ?? null,
          VpcConfig: rest.VpcConfig ?? null,
          EnableNetworkIsolation: model.networkIsolation,
          CreationTime: model.creationMs,
          Tags: context.tags.asObject(arn),
        });
        return { ModelArn: arn };
      },
      DescribeModel(input) {
        const model = get(parse('DescribeModel', ByName, input).value.ModelName);
        return toJson({
          ...model.given,
          ModelArn: model.arn,
          CreationTime: toSeconds(model.creationMs),
          EnableNetworkIsolation: model.networkIsolation,
        });
      },
      ListModels(input) {
        const { page, nextToken } = listPage(
          byName.values(),
          parse('ListModels', ListModels, input).value,
          'Descending',
        );
        return toJson({
          Models: page.map((model) => ({
            ModelName: model.name,
            ModelArn: model.arn,
            CreationTime: toSeconds(model.creationMs),
          })),
          NextToken: nextToken,
        });
      },
      DeleteModel(input) {
        const model = get(parse('DeleteModel', ByName, input).value.ModelName);
        byName.delete(key(model.name));
        context.tags.remove(model.arn);
        return {};
      },
    },
  };
};
