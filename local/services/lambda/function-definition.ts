import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { type Cloud, type Deployment, type ResourceDeclaration, ServiceError } from '../../contracts.ts';
import { type Members, membersOf } from '../../template/members.ts';
import { type CodePackage, openCodePackage } from './code-package.ts';

// Properties, bounds and defaults: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
// aws-resource-lambda-function.html and docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html (documented).

/** A layer as a function mounts it. */
export interface Layer {
  readonly arn: string;
  readonly sizeBytes: number;
  /** The folder whose contents AWS would put under `/opt`. */
  folder(): Promise<string>;
}

/** A function as it was declared. Sizes in MB, times in seconds, as Lambda counts them. */
export interface FunctionDefinition {
  readonly name: string;
  readonly arn: string;
  readonly role: string;
  readonly runtime: string;
  readonly handler: string;
  readonly description: string;
  readonly architecture: string;
  readonly memorySizeMb: number;
  readonly timeoutSeconds: number;
  readonly ephemeralStorageMb: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly layers: readonly Layer[];
  readonly reservedConcurrency?: number;
  readonly deadLetterArn?: string;
  readonly tracingMode: string;
  readonly logGroup: string;
  readonly logFormat: 'Text' | 'JSON';
  readonly tags: Readonly<Record<string, string>>;
  readonly code: CodePackage;
  readonly createdAt: Date;
}

export const FUNCTION_PROPERTIES = [
  'FunctionName',
  'Code',
  'Handler',
  'Runtime',
  'PackageType',
  'Role',
  'Description',
  'Architectures',
  'MemorySize',
  'Timeout',
  'EphemeralStorage',
  'Environment',
  'Layers',
  'ReservedConcurrentExecutions',
  'DeadLetterConfig',
  'TracingConfig',
  'LoggingConfig',
  'Tags',
];

// Bundles for Node.js run on the Node.js that runs the cloud; other runtimes would need a machine of their own.
const RUNTIMES = ['nodejs20.x', 'nodejs22.x', 'nodejs24.x'];

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime (documented)
const RESERVED_VARIABLES = [
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
];
const MAX_ENVIRONMENT_BYTES = 4096;

export const invalidParameter = (message: string) => new ServiceError('InvalidParameterValueException', message);

/** Tags as CloudFormation lists them. */
export const tagsOf = (members: Members): Record<string, string> =>
  Object.fromEntries(
    (members.objects('Tags', ['Key', 'Value']) ?? []).map((tag) => [tag.text('Key'), tag.optionalText('Value') ?? '']),
  );

const environmentOf = (members: Members): Record<string, string> => {
  const variables = members.object('Environment', ['Variables'])?.map('Variables') ?? {};
  const reserved = Object.keys(variables).filter((name) => RESERVED_VARIABLES.includes(name));
  if (reserved.length > 0) {
    throw invalidParameter(
      `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  const invalid = Object.keys(variables).find((name) => !/^[a-zA-Z][a-zA-Z0-9_]+$/.test(name));
  if (invalid !== undefined) throw invalidParameter(`the environment variable ${invalid} has a name Lambda refuses`);
  if (Buffer.byteLength(JSON.stringify(variables)) > MAX_ENVIRONMENT_BYTES) {
    throw invalidParameter(
      `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.`,
    );
  }
  return variables;
};

/**
 * Reads `AWS::Lambda::Function`.
 * @throws ServiceError InvalidParameterValueException that names the property.
 */
export const readFunction = (
  cloud: Cloud,
  resource: ResourceDeclaration,
  deployment: Deployment,
  layerByArn: (arn: string) => Layer | undefined,
): FunctionDefinition => {
  const where = `${resource.type} ${resource.logicalId}`;
  const members = membersOf(resource.properties, where, FUNCTION_PROPERTIES, invalidParameter);
  const name =
    members.optionalText('FunctionName') ?? `${deployment.stack}-${resource.logicalId}-${cloud.id(12)}`.slice(-64);
  if (!/^[a-zA-Z0-9-_]{1,64}$/.test(name)) throw invalidParameter(`${where}: FunctionName ${name} is not a valid name`);

  const packageType = members.optionalText('PackageType') ?? 'Zip';
  if (packageType !== 'Zip') throw invalidParameter(`${where}: PackageType ${packageType} is not supported`);
  const runtime = members.text('Runtime');
  if (!RUNTIMES.includes(runtime)) {
    throw invalidParameter(`${where}: Runtime ${runtime} is not supported; supported: ${RUNTIMES.join(', ')}`);
  }
  const architectures = members.texts('Architectures') ?? ['x86_64'];
  const [architecture, ...more] = architectures;
  if (more.length > 0 || (architecture !== 'x86_64' && architecture !== 'arm64')) {
    throw invalidParameter(`${where}: Architectures is one of x86_64 and arm64`);
  }
  const role = members.text('Role');
  if (!cloud.iam.trusts(role, 'lambda.amazonaws.com')) {
    throw invalidParameter(`${where}: The role defined for the function cannot be assumed by Lambda: ${role}`);
  }
  const code = members.object('Code', ['S3Bucket', 'S3Key', 'S3ObjectVersion']);
  if (!code) throw invalidParameter(`${where}: Code is missing`);

  const layers = (members.texts('Layers') ?? []).map((arn) => {
    const layer = layerByArn(arn);
    if (!layer) throw invalidParameter(`${where}: Layer version ${arn} does not exist.`);
    return layer;
  });
  if (layers.length > 5) throw invalidParameter(`${where}: a function has at most 5 layers`);

  const logging = members.object('LoggingConfig', ['LogGroup', 'LogFormat']);
  const logFormat = logging?.optionalText('LogFormat') ?? 'Text';
  if (logFormat !== 'Text' && logFormat !== 'JSON') throw invalidParameter(`${where}: LogFormat is Text or JSON`);
  const tracingMode = members.object('TracingConfig', ['Mode'])?.optionalText('Mode') ?? 'PassThrough';
  if (tracingMode !== 'Active' && tracingMode !== 'PassThrough') {
    throw invalidParameter(`${where}: TracingConfig.Mode is Active or PassThrough`);
  }
  const reservedConcurrency = members.integer('ReservedConcurrentExecutions', { min: 0, max: 1000 });
  const deadLetterArn = members.object('DeadLetterConfig', ['TargetArn'])?.optionalText('TargetArn');
  if (deadLetterArn !== undefined && !/^arn:aws:(sqs|sns):/.test(deadLetterArn)) {
    throw invalidParameter(`${where}: DeadLetterConfig.TargetArn is a queue's or a topic's, not ${deadLetterArn}`);
  }

  return {
    name,
    arn: `arn:aws:lambda:${cloud.region}:${cloud.account}:function:${name}`,
    role,
    runtime,
    handler: members.text('Handler'),
    description: members.optionalText('Description') ?? '',
    architecture,
    memorySizeMb: members.integer('MemorySize', { min: 128, max: 10_240 }) ?? 128,
    timeoutSeconds: members.integer('Timeout', { min: 1, max: 900 }) ?? 3,
    ephemeralStorageMb: members.object('EphemeralStorage', ['Size'])?.integer('Size', { min: 512, max: 10_240 }) ?? 512,
    environment: environmentOf(members),
    layers,
    ...(reservedConcurrency === undefined ? {} : { reservedConcurrency }),
    ...(deadLetterArn === undefined ? {} : { deadLetterArn }),
    tracingMode,
    logGroup: logging?.optionalText('LogGroup') ?? `/aws/lambda/${name}`,
    logFormat,
    tags: tagsOf(members),
    code: openCodePackage(deployment.artifacts, code.text('S3Key'), join(cloud.directory, 'lambda', 'functions', name)),
    createdAt: cloud.clock.now(),
  };
};

export const LAYER_PROPERTIES = [
  'LayerName',
  'Content',
  'CompatibleRuntimes',
  'CompatibleArchitectures',
  'Description',
  'LicenseInfo',
];

/**
 * Reads `AWS::Lambda::LayerVersion`. A folder given for the layer's name or logical id stands for its zip, because what
 * was packaged may be built for another machine.
 */
export const readLayer = (cloud: Cloud, resource: ResourceDeclaration, deployment: Deployment): Layer => {
  const where = `${resource.type} ${resource.logicalId}`;
  const members = membersOf(resource.properties, where, LAYER_PROPERTIES, invalidParameter);
  const name = members.optionalText('LayerName') ?? resource.logicalId;
  const arn = `arn:aws:lambda:${cloud.region}:${cloud.account}:layer:${name}:1`;
  const content = members.object('Content', ['S3Bucket', 'S3Key', 'S3ObjectVersion']);
  if (!content) throw invalidParameter(`${where}: Content is missing`);
  const folder = deployment.layers[name] ?? deployment.layers[resource.logicalId];
  if (folder !== undefined) {
    if (!existsSync(folder)) throw invalidParameter(`${where}: there is no folder ${folder}, which stands for /opt`);
    return { arn, sizeBytes: 0, folder: async () => folder };
  }
  const zip = openCodePackage(
    deployment.artifacts,
    content.text('S3Key'),
    join(cloud.directory, 'lambda', 'layers', name),
  );
  return { arn, sizeBytes: zip.sizeBytes, folder: () => zip.folder() };
};
