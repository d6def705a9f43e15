import type { Call, Json, JsonObject, Operation, Provisioner, ResourcePolicies } from '../../contracts.ts';
import { list, map, oneOf, optional, type Read, readInput, structure, text } from '../parameters.ts';
import type { Context } from './context.ts';
import { conflict, invalid, notImplemented } from './errors.ts';
import { listPage } from './listing.ts';
import { parse, toJson, toSeconds } from './request.ts';
import * as shapes from './shapes.ts';

/** What a model made from a package runs. */
interface PackagedModel {
  readonly imageUri: string;
  readonly data?: { readonly uri: string; readonly form: 'archive' };
  readonly environment: Readonly<Record<string, string>>;
}

/** The model registry. */
export interface Registry {
  /**
   * What a package version holds, to deploy it.
   *
   * @throws ServiceError `ValidationException` when there is none, or it is not approved.
   */
  deployable(packageArn: string): PackagedModel;
  readonly operations: Readonly<Record<string, Operation>>;
  /** The policies of groups; a group's policy is its versions', too. */
  readonly policies: ResourcePolicies;
  /** `AWS::SageMaker::ModelPackageGroup`. */
  readonly groupProvisioner: Provisioner;
}

/**
 * Who made or changed something: for groups and packages the IAM identity, API_UserContext (documented). *Assumed*: its ARN
 * alone, without the id.
 */
interface UserContext {
  readonly IamIdentity: { readonly Arn: string };
}

interface Group {
  readonly name: string;
  readonly arn: string;
  readonly creationMs: number;
  readonly description: string | undefined;
  readonly createdBy: UserContext | undefined;
  /** The version given last; numbers of deleted versions do not come again. */
  lastVersion: number;
  readonly versions: Map<number, Package>;
  /** The text of its policy. */
  policy?: string;
}

interface Package {
  readonly group: Group;
  readonly version: number;
  readonly name: string;
  readonly arn: string;
  readonly creationMs: number;
  readonly status: 'Completed';
  readonly createdBy: UserContext;
  model: PackagedModel;
  /** Its last update, if there was one. */
  modified?: { readonly ms: number; readonly by: UserContext };
  /** Described as it stands. */
  described: JsonObject;
  /** Tokens of updates that have been done. */
  readonly updates: Map<string, string>;
}

const description = text({ max: 1024 });
const approvalStatus = oneOf('Approved', 'Rejected', 'PendingManualApproval');
const groupName = text({
  min: 1,
  max: 170,
  pattern: '(arn:aws[a-z\\-]*:sagemaker:[a-z0-9\\-]*:[0-9]{12}:[a-z\\-]*\\/)?[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}',
});
const packageArn = text({ min: 1, max: 2048 });
const registrationType = oneOf('Logged', 'Registered');

// No commas, quotes or braces, and no empty value: CustomerMetadataKey and -Value of the service's API model.
const METADATA_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u;
const METADATA_LIMIT = 50;
const customerMetadata = shapes.checked(
  map(text({ min: 1, max: 256 }), { min: 1, max: METADATA_LIMIT }),
  (properties) =>
    Object.entries(properties).every(
      ([key, value]) => key.length <= 128 && METADATA_TEXT.test(key) && METADATA_TEXT.test(value),
    ),
  'CustomerMetadataProperties must satisfy regular expression pattern [\\p{L}\\p{Z}\\p{N}_.:\\/=+\\-@]*, keys of 1 to 128 and values of 1 to 256 characters',
);

const metricsSource = structure({
  ContentType: shapes.mimeType,
  ContentDigest: optional(text({ max: 72, pattern: '[Ss][Hh][Aa]256:[0-9a-fA-F]{64}' })),
  S3Uri: shapes.s3Uri,
});
const fileSource = structure({
  ContentType: optional(shapes.mimeType),
  ContentDigest: optional(text({ max: 72, pattern: '[Ss][Hh][Aa]256:[0-9a-fA-F]{64}' })),
  S3Uri: shapes.s3Uri,
});
const statistics = structure({ Statistics: optional(metricsSource), Constraints: optional(metricsSource) });
const modelMetrics = structure({
  ModelQuality: optional(statistics),
  ModelDataQuality: optional(statistics),
  Bias: optional(
    structure({
      Report: optional(metricsSource),
      PreTrainingReport: optional(metricsSource),
      PostTrainingReport: optional(metricsSource),
    }),
  ),
  Explainability: optional(structure({ Report: optional(metricsSource) })),
});
const driftCheckBaselines = structure({
  Bias: optional(
    structure({
      ConfigFile: optional(fileSource),
      PreTrainingConstraints: optional(metricsSource),
      PostTrainingConstraints: optional(metricsSource),
    }),
  ),
  Explainability: optional(structure({ Constraints: optional(metricsSource), ConfigFile: optional(fileSource) })),
  ModelQuality: optional(statistics),
  ModelDataQuality: optional(statistics),
});
const metadataValue = optional(text({ max: 1024, pattern: '.*' }));
const metadataProperties = structure({
  CommitId: metadataValue,
  Repository: metadataValue,
  GeneratedBy: metadataValue,
  ProjectId: metadataValue,
});
const modelLifeCycle = structure({
  Stage: shapes.name,
  StageStatus: shapes.name,
  StageDescription: optional(text({ max: 1024 })),
});
const inferenceSpecification = structure({
  Containers: list(
    structure({
      ContainerHostname: optional(shapes.name),
      Image: shapes.image,
      ImageDigest: optional(text({ max: 72, pattern: '[Ss][Hh][Aa]256:[0-9a-fA-F]{64}' })),
      ModelDataUrl: optional(shapes.s3Uri),
      Environment: optional(shapes.environment({ entries: 100, key: 1024, value: 1024 })),
      Framework: optional(text()),
      FrameworkVersion: optional(text({ min: 3, max: 10, pattern: '[0-9]\\.[A-Za-z0-9.\\-]+' })),
      NearestModelName: optional(text()),
    }),
    { min: 1, max: 15 },
  ),
  SupportedTransformInstanceTypes: optional(list(shapes.instanceType, { min: 1 })),
  SupportedRealtimeInferenceInstanceTypes: optional(list(shapes.instanceType)),
  SupportedContentTypes: optional(list(shapes.mimeType)),
  SupportedResponseMIMETypes: optional(list(text({ max: 1024, pattern: '[\\-\\w]+\\/.+' }))),
});

const CreateModelPackageGroup = structure({
  ModelPackageGroupName: shapes.name,
  ModelPackageGroupDescription: optional(description),
  Tags: optional(shapes.tags),
});
const ByGroup = structure({ ModelPackageGroupName: groupName });
const PutModelPackageGroupPolicy = structure({
  ModelPackageGroupName: groupName,
  ResourcePolicy: text({ min: 1, max: 20_480 }),
});
const ListModelPackageGroups = structure({ ...shapes.listMembers, SortBy: optional(oneOf('Name', 'CreationTime')) });

const CreateModelPackage = structure({
  ModelPackageGroupName: optional(groupName),
  ModelPackageDescription: optional(description),
  ModelPackageRegistrationType: optional(registrationType),
  InferenceSpecification: optional(inferenceSpecification),
  Tags: optional(shapes.tags),
  ModelApprovalStatus: optional(approvalStatus),
  MetadataProperties: optional(metadataProperties),
  ModelMetrics: optional(modelMetrics),
  ClientToken: optional(shapes.clientToken),
  Domain: optional(text()),
  Task: optional(text()),
  SamplePayloadUrl: optional(shapes.s3Uri),
  CustomerMetadataProperties: optional(customerMetadata),
  DriftCheckBaselines: optional(driftCheckBaselines),
  SkipModelValidation: optional(oneOf('All', 'None')),
  SourceUri: optional(text({ max: 1024 })),
  ModelLifeCycle: optional(modelLifeCycle),
});
const ByPackage = structure({ ModelPackageName: packageArn });
const UpdateModelPackage = structure({
  ModelPackageArn: packageArn,
  ModelApprovalStatus: optional(approvalStatus),
  ModelPackageRegistrationType: optional(registrationType),
  ApprovalDescription: optional(text({ max: 1024, pattern: '[^\\n\\r]*' })),
  InferenceSpecification: optional(inferenceSpecification),
  CustomerMetadataProperties: optional(customerMetadata),
  CustomerMetadataPropertiesToRemove: optional(list(text({ min: 1, max: 128 }))),
  SourceUri: optional(text({ max: 1024 })),
  ModelLifeCycle: optional(modelLifeCycle),
  ClientToken: optional(shapes.clientToken),
});
const ListModelPackages = structure({
  ...shapes.listMembers,
  SortBy: optional(oneOf('Name', 'CreationTime')),
  ModelApprovalStatus: optional(approvalStatus),
  ModelPackageGroupName: optional(groupName),
  ModelPackageType: optional(oneOf('Versioned', 'Unversioned', 'Both')),
});

const CloudFormationGroup = structure({
  ModelPackageGroupName: shapes.name,
  ModelPackageGroupDescription: optional(description),
  Tags: optional(shapes.tags),
});

const userOf = ({ principal }: Pick<Call, 'principal'>): UserContext => ({ IamIdentity: { Arn: principal.arn } });

const packaged = (specification: Read<typeof inferenceSpecification>): PackagedModel => {
  const [container] = specification.Containers;
  if (!container) throw invalid('An InferenceSpecification needs a container');
  return {
    imageUri: container.Image,
    environment: container.Environment ?? {},
    ...(container.ModelDataUrl === undefined
      ? {}
      : { data: { uri: container.ModelDataUrl, form: 'archive' as const } }),
  };
};

/** Model package groups and versioned model packages. */
export const createRegistry = (context: Context): Registry => {
  const groups = new Map<string, Group>();
  const tokens = new Map<string, { request: string; arn: string }>();
  const now = () => context.cloud.clock.ms();

  // Both a name and an ARN are taken (ArnOrName).
  const groupOf = (nameOrArn: string) => {
    const name = nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1);
    const found = groups.get(name.toLowerCase());
    if (!found || (nameOrArn !== name && nameOrArn !== found.arn)) {
      throw invalid(`Model Package Group ${context.arn('model-package-group', name)} does not exist.`);
    }
    return found;
  };
  const packageOf = (arn: string) => {
    for (const group of groups.values()) {
      for (const one of group.versions.values()) if (one.arn === arn) return one;
    }
    throw invalid(`ModelPackage ${arn} does not exist.`);
  };

  const createGroup = (value: Read<typeof CreateModelPackageGroup>, createdBy?: UserContext): Group => {
    const arn = context.arn('model-package-group', value.ModelPackageGroupName);
    // A group's name that is taken gives ValidationException (*assumed* from public code); AWS changed such wordings in
    // 2026 (aws/sagemaker-python-sdk#6256), so that nobody can match them.
    if (groups.has(value.ModelPackageGroupName.toLowerCase()))
      throw invalid(`Model Package Group already exists: ${arn}`);
    const group: Group = {
      name: value.ModelPackageGroupName,
      arn,
      creationMs: now(),
      description: value.ModelPackageGroupDescription,
      createdBy,
      lastVersion: 0,
      versions: new Map(),
    };
    groups.set(group.name.toLowerCase(), group);
    context.tags.create(arn, value.Tags);
    return group;
  };
  const summaryOfGroup = (group: Group) => ({
    ModelPackageGroupName: group.name,
    ModelPackageGroupArn: group.arn,
    ModelPackageGroupDescription: group.description,
    CreationTime: toSeconds(group.creationMs),
    ModelPackageGroupStatus: 'Completed',
  });

  // The event comes on creation and on every update, metadata included, with times as ISO text
  // (automating-sagemaker-with-eventbridge.md, documented).
  const tell = (one: Package, updated?: readonly string[]) =>
    context.tell('SageMaker Model Package State Change', one.arn, {
      ModelPackageName: one.name,
      ModelPackageGroupName: one.group.name,
      ModelPackageVersion: one.version,
      ModelPackageArn: one.arn,
      ModelPackageDescription: one.described.ModelPackageDescription ?? null,
      CreationTime: new Date(one.creationMs).toISOString(),
      LastModifiedTime: new Date(one.modified?.ms ?? one.creationMs).toISOString(),
      InferenceSpecification: one.described.InferenceSpecification ?? null,
      ModelPackageStatus: one.status,
      ModelPackageStatusDetails: { ValidationStatuses: [], ImageScanStatuses: [] },
      CertifyForMarketplace: false,
      ModelApprovalStatus: one.described.ModelApprovalStatus ?? null,
      ApprovalDescription: one.described.ApprovalDescription ?? null,
      MetadataProperties: one.described.MetadataProperties ?? null,
      ModelMetrics: one.described.ModelMetrics ?? null,
      CustomerMetadataProperties: one.described.CustomerMetadataProperties ?? null,
      ModelLifeCycle: one.described.ModelLifeCycle ?? null,
      ...(updated ? { UpdatedModelPackageFields: [...updated] } : {}),
      Tags: {},
    });

  const asMap = (value: JsonObject[string] | undefined): JsonObject =>
    value !== undefined && value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};

  const createPackage = (input: JsonObject, call: Call): JsonObject => {
    const { value, given } = parse('CreateModelPackage', CreateModelPackage, input);
    if (value.ModelPackageGroupName === undefined) {
      throw notImplemented('A model package outside a group (CreateModelPackage without ModelPackageGroupName)');
    }
    if (value.Tags) throw invalid('Tags cannot be given for a model package version in a model package group');
    if (!value.InferenceSpecification) throw invalid('A model package needs an InferenceSpecification');
    const group = groupOf(value.ModelPackageGroupName);
    const { ClientToken: _token, ModelPackageGroupName: _group, Tags: _tags, ...rest } = given;
    const request = JSON.stringify({ ...rest, group: group.arn });
    const before = value.ClientToken === undefined ? undefined : tokens.get(value.ClientToken);
    if (before) {
      if (before.request !== request)
        throw conflict(`The ClientToken ${value.ClientToken} was used with another request`);
      return { ModelPackageArn: before.arn };
    }
    group.lastVersion += 1;
    const one: Package = {
      group,
      version: group.lastVersion,
      name: group.name,
      arn: `${context.arn('model-package', group.name)}/${group.lastVersion}`,
      creationMs: now(),
      createdBy: userOf(call),
      // With no ValidationSpecification nothing is left to do; that AWS shows Completed at once is *assumed*.
      status: 'Completed',
      model: packaged(value.InferenceSpecification),
      // That the status starts as pending is *assumed*: send it.
      described: { ...rest, ModelApprovalStatus: value.ModelApprovalStatus ?? 'PendingManualApproval' },
      updates: new Map(),
    };
    group.versions.set(one.version, one);
    context.tags.create(one.arn);
    if (value.ClientToken !== undefined) tokens.set(value.ClientToken, { request, arn: one.arn });
    tell(one);
    return { ModelPackageArn: one.arn };
  };

  const updatePackage = (input: JsonObject, call: Call): JsonObject => {
    const { value, given } = parse('UpdateModelPackage', UpdateModelPackage, input);
    const one = packageOf(value.ModelPackageArn);
    const {
      ClientToken: _token,
      ModelPackageArn: _arn,
      CustomerMetadataProperties: added,
      CustomerMetadataPropertiesToRemove: _remove,
      ...rest
    } = given;
    const request = JSON.stringify(given);
    const before = value.ClientToken === undefined ? undefined : one.updates.get(value.ClientToken);
    if (before !== undefined) {
      if (before !== request) throw conflict(`The ClientToken ${value.ClientToken} was used with another request`);
      return { ModelPackageArn: one.arn };
    }
    // New CustomerMetadataProperties are merged into those there are, since there is a member to remove with
    // (*assumed*).
    const metadata = { ...asMap(one.described.CustomerMetadataProperties), ...asMap(added) };
    for (const key of value.CustomerMetadataPropertiesToRemove ?? []) delete metadata[key];
    if (Object.keys(metadata).length > METADATA_LIMIT) {
      throw invalid(`A model package can have at most ${METADATA_LIMIT} CustomerMetadataProperties`);
    }
    const { CustomerMetadataProperties: _old, ...described } = one.described;
    one.described = {
      ...described,
      ...rest,
      ...(Object.keys(metadata).length > 0 ? { CustomerMetadataProperties: metadata } : {}),
    };
    // Models that were made from the version before keep what it held then: a model never changes (API_CreateModel, documented).
    if (value.InferenceSpecification) one.model = packaged(value.InferenceSpecification);
    one.modified = { ms: now(), by: userOf(call) };
    if (value.ClientToken !== undefined) one.updates.set(value.ClientToken, request);
    const { ClientToken: _, ModelPackageArn: __, ...fields } = given;
    tell(one, Object.keys(fields));
    return { ModelPackageArn: one.arn };
  };

  const deleteGroup = (group: Group) => {
    if (group.versions.size > 0) {
      throw conflict(`Model Package Group ${group.arn} cannot be deleted because it contains model packages.`);
    }
    groups.delete(group.name.toLowerCase());
    context.tags.remove(group.arn);
  };

  const policyOf = (group: Group): string => {
    // Code and words for a group without a policy are *assumed*: the operations model no error.
    if (group.policy === undefined) throw invalid(`Model Package Group ${group.arn} has no resource policy.`);
    return group.policy;
  };
  /** The group an ARN of it or of one of its versions names. */
  const groupBehind = (arn: string) =>
    [...groups.values()].find(
      (group) => arn === group.arn || arn.startsWith(`${context.arn('model-package', group.name)}/`),
    );
  const policies: ResourcePolicies = {
    has: (arn) => groupBehind(arn) !== undefined,
    // A group's policy names its versions' ARNs besides its own (model-registry-cross-account.md, documented).
    of: (arn) => groupBehind(arn)?.policy,
    all: () => [...groups.values()].flatMap(({ arn, policy }) => (policy === undefined ? [] : [arn])),
  };

  const listPackages = (input: JsonObject): JsonObject => {
    const { value } = parse('ListModelPackages', ListModelPackages, input);
    const { ModelApprovalStatus, ModelPackageGroupName, ModelPackageType, ...request } = value;
    // Without a group and a type only unversioned packages are listed, of which the local cloud has none.
    const type = ModelPackageType ?? (ModelPackageGroupName === undefined ? 'Unversioned' : 'Versioned');
    const within = ModelPackageGroupName === undefined ? [...groups.values()] : [groupOf(ModelPackageGroupName)];
    const all = type === 'Unversioned' ? [] : within.flatMap((group) => [...group.versions.values()]);
    const items = all
      .filter((one) => ModelApprovalStatus === undefined || one.described.ModelApprovalStatus === ModelApprovalStatus)
      .map((one) => ({
        one,
        // Names of versions are their group's: the version tells them apart in a sorted list.
        name: `${one.name}/${String(one.version).padStart(10, '0')}`,
        creationMs: one.creationMs,
      }));
    const { page, nextToken } = listPage(items, request, 'Ascending');
    return toJson({
      ModelPackageSummaryList: page.map(({ one }) => ({
        ModelPackageGroupName: one.group.name,
        ModelPackageVersion: one.version,
        ModelPackageArn: one.arn,
        ModelPackageDescription: one.described.ModelPackageDescription,
        CreationTime: toSeconds(one.creationMs),
        ModelPackageStatus: one.status,
        ModelApprovalStatus: one.described.ModelApprovalStatus,
        ModelLifeCycle: one.described.ModelLifeCycle,
        ModelPackageRegistrationType: one.described.ModelPackageRegistrationType,
      })),
      NextToken: nextToken,
    });
  };

  return {
    deployable(arn) {
      const one = packageOf(arn);
      // "For versioned models, the value of this parameter must be set to Approved to deploy the model"
      // (API_CreateModelPackage, documented). The words of the refusal are *assumed*.
      if (one.described.ModelApprovalStatus !== 'Approved') {
        throw invalid(
          `The model package ${arn} is not approved: its ModelApprovalStatus is ${one.described.ModelApprovalStatus}`,
        );
      }
      return one.model;
    },
    operations: {
      CreateModelPackageGroup: (input, call) => ({
        ModelPackageGroupArn: createGroup(
          parse('CreateModelPackageGroup', CreateModelPackageGroup, input).value,
          userOf(call),
        ).arn,
      }),
      DescribeModelPackageGroup(input) {
        const group = groupOf(parse('DescribeModelPackageGroup', ByGroup, input).value.ModelPackageGroupName);
        return toJson({ ...summaryOfGroup(group), CreatedBy: group.createdBy });
      },
      ListModelPackageGroups(input) {
        const { value } = parse('ListModelPackageGroups', ListModelPackageGroups, input);
        const { page, nextToken } = listPage(groups.values(), value, 'Ascending');
        return toJson({ ModelPackageGroupSummaryList: page.map(summaryOfGroup), NextToken: nextToken });
      },
      DeleteModelPackageGroup(input) {
        deleteGroup(groupOf(parse('DeleteModelPackageGroup', ByGroup, input).value.ModelPackageGroupName));
        return {};
      },
      PutModelPackageGroupPolicy(input) {
        const { value } = parse('PutModelPackageGroupPolicy', PutModelPackageGroupPolicy, input);
        const group = groupOf(value.ModelPackageGroupName);
        let document: Json;
        try {
          document = JSON.parse(value.ResourcePolicy);
        } catch {
          // The words for a policy that is not JSON are *assumed*.
          throw invalid('ResourcePolicy is not valid JSON');
        }
        context.cloud.iam.checkPolicy(document, 'resource', `policy of ${group.arn}`);
        group.policy = value.ResourcePolicy;
        return { ModelPackageGroupArn: group.arn };
      },
      GetModelPackageGroupPolicy: (input) => ({
        ResourcePolicy: policyOf(
          groupOf(parse('GetModelPackageGroupPolicy', ByGroup, input).value.ModelPackageGroupName),
        ),
      }),
      DeleteModelPackageGroupPolicy(input) {
        const group = groupOf(parse('DeleteModelPackageGroupPolicy', ByGroup, input).value.ModelPackageGroupName);
        policyOf(group);
        delete group.policy;
        return {};
      },
      CreateModelPackage: createPackage,
      DescribeModelPackage(input) {
        const one = packageOf(parse('DescribeModelPackage', ByPackage, input).value.ModelPackageName);
        return toJson({
          ...one.described,
          ModelPackageGroupName: one.group.name,
          ModelPackageVersion: one.version,
          ModelPackageArn: one.arn,
          CreationTime: toSeconds(one.creationMs),
          CreatedBy: one.createdBy,
          // Who changed a package and when is told from its first update on (*assumed*: not before).
          LastModifiedTime: one.modified && toSeconds(one.modified.ms),
          LastModifiedBy: one.modified?.by,
          ModelPackageStatus: one.status,
          ModelPackageStatusDetails: { ValidationStatuses: [], ImageScanStatuses: [] },
          CertifyForMarketplace: false,
        });
      },
      UpdateModelPackage: updatePackage,
      ListModelPackages: listPackages,
      DeleteModelPackage(input) {
        const one = packageOf(parse('DeleteModelPackage', ByPackage, input).value.ModelPackageName);
        one.group.versions.delete(one.version);
        context.tags.remove(one.arn);
        return {};
      },
    },
    policies,
    groupProvisioner: {
      properties: ['ModelPackageGroupName', 'ModelPackageGroupDescription', 'Tags'],
      create(resource) {
        const group = createGroup(readInput(resource.type, CloudFormationGroup, resource.properties));
        // Ref and GetAtt: CloudFormation's AWS::SageMaker::ModelPackageGroup, "Return values".
        return {
          ref: group.arn,
          attributes: {
            ModelPackageGroupArn: group.arn,
            CreationTime: new Date(group.creationMs).toISOString(),
            ModelPackageGroupStatus: 'Completed',
          },
        };
      },
    },
  };
};
