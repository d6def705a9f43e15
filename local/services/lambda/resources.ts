import { type Cloud, type Provisioner, type ResourceDeclaration, ServiceError } from '../../contracts.ts';
import { type Members, membersOf } from '../../template/members.ts';
import type { EnvironmentPool } from './environment-pool.ts';
import { createPoller, type EventSourceMapping } from './event-source-mapping.ts';
import {
  FUNCTION_PROPERTIES,
  invalidParameter,
  LAYER_PROPERTIES,
  readFunction,
  readLayer,
  tagsOf,
} from './function-definition.ts';
import type { Invoker } from './invoker.ts';
import type { Permission, Registry } from './registry.ts';

// Properties, bounds, Ref and GetAtt of each type: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
// AWS_Lambda.html (documented).

const conflict = (message: string) => new ServiceError('ResourceConflictException', message, 409, { Type: 'User' });

const EVENT_INVOKE_CONFIG_PROPERTIES = [
  'FunctionName',
  'Qualifier',
  'MaximumRetryAttempts',
  'MaximumEventAgeInSeconds',
  'DestinationConfig',
];
const MAPPING_PROPERTIES = [
  'EventSourceArn',
  'FunctionName',
  'Enabled',
  'BatchSize',
  'MaximumBatchingWindowInSeconds',
  'FunctionResponseTypes',
  'ScalingConfig',
  'Tags',
];
const URL_PROPERTIES = ['TargetFunctionArn', 'AuthType', 'InvokeMode'];
const PERMISSION_PROPERTIES = [
  'Action',
  'FunctionName',
  'Principal',
  'SourceArn',
  'SourceAccount',
  'FunctionUrlAuthType',
  'InvokedViaFunctionUrl',
];

/** The CloudFormation types Lambda makes. */
/** docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions (documented) */
const POLLING = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];

export const lambdaResources = (
  cloud: Cloud,
  registry: Registry,
  pool: EnvironmentPool,
  invoker: Invoker,
): Readonly<Record<string, Provisioner>> => {
  const membersFor = (resource: ResourceDeclaration, known: readonly string[]): Members =>
    membersOf(resource.properties, `${resource.type} ${resource.logicalId}`, known, invalidParameter);
  const destination = (members: Members | undefined, name: string): string | undefined => {
    const arn = members?.object(name, ['Destination'])?.text('Destination');
    if (arn !== undefined && !/^arn:aws:(sqs|sns|lambda|events):/.test(arn)) {
      throw invalidParameter(`DestinationConfig.${name}: ${arn} is no queue, topic, function or bus`);
    }
    return arn;
  };

  return {
    'AWS::Lambda::Function': {
      properties: FUNCTION_PROPERTIES,
      create(resource, deployment) {
        const definition = readFunction(cloud, resource, deployment, (arn) => registry.layers.get(arn));
        if (registry.functions.has(definition.name)) throw conflict(`Function already exist: ${definition.name}`);
        registry.functions.set(definition.name, definition);
        return { ref: definition.name, attributes: { Arn: definition.arn } };
      },
    },

    'AWS::Lambda::LayerVersion': {
      properties: LAYER_PROPERTIES,
      create(resource, deployment) {
        const layer = readLayer(cloud, resource, deployment);
        registry.layers.set(layer.arn, layer);
        return { ref: layer.arn, attributes: { LayerVersionArn: layer.arn } };
      },
    },

    'AWS::Lambda::Permission': {
      properties: PERMISSION_PROPERTIES,
      create(resource) {
        const members = membersFor(resource, PERMISSION_PROPERTIES);
        const definition = registry.find(members.text('FunctionName'));
        const sourceArn = members.optionalText('SourceArn');
        const sourceAccount = members.optionalText('SourceAccount');
        const functionUrlAuthType = members.optionalText('FunctionUrlAuthType');
        const invokedViaFunctionUrl = members.flag('InvokedViaFunctionUrl');
        const id = `${resource.logicalId}-${cloud.id(12)}`;
        const permission: Permission = {
          id,
          action: members.text('Action'),
          principal: members.text('Principal'),
          ...(sourceArn === undefined ? {} : { sourceArn }),
          ...(sourceAccount === undefined ? {} : { sourceAccount }),
          ...(functionUrlAuthType === undefined ? {} : { functionUrlAuthType }),
          ...(invokedViaFunctionUrl === undefined ? {} : { invokedViaFunctionUrl }),
        };
        registry.permissions.set(definition.name, [...(registry.permissions.get(definition.name) ?? []), permission]);
        return { ref: id, attributes: { Id: id } };
      },
    },

    'AWS::Lambda::EventInvokeConfig': {
      properties: EVENT_INVOKE_CONFIG_PROPERTIES,
      create(resource) {
        const members = membersFor(resource, EVENT_INVOKE_CONFIG_PROPERTIES);
        const definition = registry.find(members.text('FunctionName'), members.text('Qualifier'));
        const destinations = members.object('DestinationConfig', ['OnSuccess', 'OnFailure']);
        const onSuccess = destination(destinations, 'OnSuccess');
        const onFailure = destination(destinations, 'OnFailure');
        registry.eventInvokeConfigs.set(definition.name, {
          maximumRetryAttempts: members.integer('MaximumRetryAttempts', { min: 0, max: 2 }) ?? 2,
          maximumEventAgeSeconds: members.integer('MaximumEventAgeInSeconds', { min: 60, max: 21_600 }) ?? 21_600,
          ...(onSuccess === undefined ? {} : { onSuccess }),
          ...(onFailure === undefined ? {} : { onFailure }),
        });
        return { ref: `${definition.name}|$LATEST`, attributes: {} };
      },
    },

    'AWS::Lambda::EventSourceMapping': {
      properties: MAPPING_PROPERTIES,
      create(resource) {
        const members = membersFor(resource, MAPPING_PROPERTIES);
        tagsOf(members);
        const queueArn = members.text('EventSourceArn');
        const [, , service] = queueArn.split(':');
        if (service !== 'sqs') throw invalidParameter(`EventSourceArn: ${service} is not supported; supported: sqs`);
        const definition = registry.find(members.text('FunctionName'));
        const batchSize = members.integer('BatchSize', { min: 1, max: 10_000 }) ?? 10;
        const batchingWindowSeconds = members.integer('MaximumBatchingWindowInSeconds', { min: 0, max: 300 }) ?? 0;
        if (batchSize > 10 && batchingWindowSeconds === 0) {
          // Without a window a batch has at most ten messages; the words, too (recorded).
          throw invalidParameter(
            'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
          );
        }
        const responseTypes = members.texts('FunctionResponseTypes') ?? [];
        const unknown = responseTypes.find((type) => type !== 'ReportBatchItemFailures');
        if (unknown !== undefined) throw invalidParameter(`FunctionResponseTypes: ${unknown} is not supported`);
        const maximumConcurrency = members
          .object('ScalingConfig', ['MaximumConcurrency'])
          ?.integer('MaximumConcurrency', { min: 2, max: 1000 });
        const taken = [...registry.mappings.values()].find(
          ({ mapping }) => mapping.queueArn === queueArn && mapping.definition.name === definition.name,
        );
        if (taken) {
          // The words for a second mapping of a queue to a function, blanks and all (recorded).
          throw conflict(
            `An event source mapping with SQS arn (" ${queueArn} ") and function (" ${definition.name} ") already exists. Please update or delete the existing mapping with UUID ${taken.mapping.uuid}`,
          );
        }
        let visibilitySeconds: number;
        try {
          visibilitySeconds = cloud.sqs.visibilityTimeoutSeconds(queueArn);
        } catch (cause) {
          if (!(cause instanceof ServiceError)) throw cause;
          // The words for a queue that cannot be read (recorded).
          throw invalidParameter(
            `Error occurred while ReceiveMessage. SQS Error Code: ${cause.code}. SQS Error Message: ${cause.message}`,
          );
        }
        for (const action of POLLING) {
          const by = { role: definition.role, session: definition.name };
          if (cloud.iam.allows({ by, action: `sqs:${action}`, resource: queueArn })) continue;
          // As public issues quote it.
          throw invalidParameter(`The provided execution role does not have permissions to call ${action} on SQS`);
        }
        // A message that came back while its function still runs would be worked off twice
        // (docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html, documented; the words are those of
        // github.com/aws-cloudformation/cfn-lint/issues/3987 and of public issues).
        if (visibilitySeconds < definition.timeoutSeconds) {
          throw invalidParameter(
            `Queue visibility timeout: ${visibilitySeconds} seconds is less than Function timeout: ${definition.timeoutSeconds} seconds`,
          );
        }
        const uuid = cloud.id('uuid');
        const mapping: EventSourceMapping = {
          uuid,
          arn: `arn:aws:lambda:${cloud.region}:${cloud.account}:event-source-mapping:${uuid}`,
          queueArn,
          definition,
          batchSize,
          batchingWindowSeconds,
          reportsItemFailures: responseTypes.length > 0,
          ...(maximumConcurrency === undefined ? {} : { maximumConcurrency }),
          enabled: members.flag('Enabled') ?? true,
          lastModified: cloud.clock.now(),
        };
        registry.mappings.set(uuid, { mapping, poller: createPoller(cloud, pool, invoker, mapping) });
        return { ref: uuid, attributes: { Id: uuid, EventSourceMappingArn: mapping.arn } };
      },
    },

    'AWS::Lambda::Url': {
      properties: URL_PROPERTIES,
      create(resource) {
        const members = membersFor(resource, URL_PROPERTIES);
        const definition = registry.find(members.text('TargetFunctionArn'));
        const authType = members.text('AuthType');
        if (authType !== 'AWS_IAM' && authType !== 'NONE') throw invalidParameter(`AuthType: ${authType} is unknown`);
        const invokeMode = members.optionalText('InvokeMode') ?? 'BUFFERED';
        if (invokeMode !== 'BUFFERED') throw invalidParameter(`InvokeMode ${invokeMode} is not supported`);
        if ([...registry.urls.values()].some((url) => url.definition.name === definition.name)) {
          throw conflict(
            `Failed to create function url config for [functionArn = ${definition.arn}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
          );
        }
        const id = cloud.id(32);
        const url = `${cloud.url()}/_url/${id}/`;
        registry.urls.set(id, { id, url, definition, authType, createdAt: cloud.clock.now() });
        return { ref: definition.arn, attributes: { FunctionArn: definition.arn, FunctionUrl: url } };
      },
    },
  };
};
