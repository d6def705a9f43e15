/**
 * What SageMaker's operations need. Actions and resources: the Service Authorization Reference, "Actions, resources,
 * and condition keys for Amazon SageMaker"; tags and roles: docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
 * (documented). Names stand in ARNs in small letters.
 */
import type { Json, JsonObject } from '../../../contracts.ts';
import {
  anywhere,
  makingWith,
  type Need,
  type Needs,
  type NeedsTable,
  type Place,
  passRole,
  tagContext,
  textOf,
  untagContext,
} from './need.ts';

const SERVICE = 'sagemaker.amazonaws.com';

const arn = ({ account, region }: Place, kind: string, name: string) =>
  `arn:aws:sagemaker:${region}:${account}:${kind}/${name.toLowerCase()}`;

/** The resource a member names: by name, or by an ARN as it is. */
const named = (place: Place, kind: string, value: string) =>
  value.startsWith('arn:') ? value : arn(place, kind, value);

const on =
  (action: string, kind: string, member: string): Needs =>
  (input, place) => [{ action: `sagemaker:${action}`, resource: named(place, kind, textOf(input[member])) }];

/** Creation: with tags the right to tag what is made is needed besides. */
const creating =
  (
    action: string,
    kind: string,
    member: string,
    more: (input: JsonObject, place: Place) => readonly Need[] = () => [],
  ): Needs =>
  (input, place) => [
    ...makingWith(input.Tags, 'sagemaker:AddTags', {
      action: `sagemaker:${action}`,
      resource: arn(place, kind, textOf(input[member])),
    }),
    ...more(input, place),
  ];

/** The role of a definition's training jobs. */
const roleOf = (definition: Json | undefined): Json | undefined =>
  typeof definition === 'object' && definition !== null && !Array.isArray(definition) ? definition.RoleArn : undefined;

/** The versions of a group, as the group's name or ARN tells. */
const versionsOf = (place: Place, group: string) => arn(place, 'model-package', `${group.split('/').at(-1) ?? ''}/*`);

export const SAGEMAKER_NEEDS: NeedsTable = {
  CreateTrainingJob: creating('CreateTrainingJob', 'training-job', 'TrainingJobName', (input) =>
    passRole(input.RoleArn, SERVICE),
  ),
  DescribeTrainingJob: on('DescribeTrainingJob', 'training-job', 'TrainingJobName'),
  StopTrainingJob: on('StopTrainingJob', 'training-job', 'TrainingJobName'),
  ListTrainingJobs: anywhere('sagemaker:ListTrainingJobs'),
  CreateHyperParameterTuningJob: creating(
    'CreateHyperParameterTuningJob',
    'hyper-parameter-tuning-job',
    'HyperParameterTuningJobName',
    (input) => passRole(roleOf(input.TrainingJobDefinition), SERVICE),
  ),
  DescribeHyperParameterTuningJob: on(
    'DescribeHyperParameterTuningJob',
    'hyper-parameter-tuning-job',
    'HyperParameterTuningJobName',
  ),
  StopHyperParameterTuningJob: on(
    'StopHyperParameterTuningJob',
    'hyper-parameter-tuning-job',
    'HyperParameterTuningJobName',
  ),
  ListTrainingJobsForHyperParameterTuningJob: on(
    'ListTrainingJobsForHyperParameterTuningJob',
    'hyper-parameter-tuning-job',
    'HyperParameterTuningJobName',
  ),
  ListHyperParameterTuningJobs: anywhere('sagemaker:ListHyperParameterTuningJobs'),
  CreateTransformJob: creating('CreateTransformJob', 'transform-job', 'TransformJobName'),
  DescribeTransformJob: on('DescribeTransformJob', 'transform-job', 'TransformJobName'),
  StopTransformJob: on('StopTransformJob', 'transform-job', 'TransformJobName'),
  ListTransformJobs: anywhere('sagemaker:ListTransformJobs'),
  CreateModel: creating('CreateModel', 'model', 'ModelName', (input) => passRole(input.ExecutionRoleArn, SERVICE)),
  DescribeModel: on('DescribeModel', 'model', 'ModelName'),
  DeleteModel: on('DeleteModel', 'model', 'ModelName'),
  ListModels: anywhere('sagemaker:ListModels'),
  CreateEndpointConfig: creating('CreateEndpointConfig', 'endpoint-config', 'EndpointConfigName', (input) =>
    passRole(input.ExecutionRoleArn, SERVICE),
  ),
  DescribeEndpointConfig: on('DescribeEndpointConfig', 'endpoint-config', 'EndpointConfigName'),
  DeleteEndpointConfig: on('DeleteEndpointConfig', 'endpoint-config', 'EndpointConfigName'),
  ListEndpointConfigs: anywhere('sagemaker:ListEndpointConfigs'),
  // Both resources are required ones of the two actions.
  CreateEndpoint: creating('CreateEndpoint', 'endpoint', 'EndpointName', (input, place) => [
    { action: 'sagemaker:CreateEndpoint', resource: arn(place, 'endpoint-config', textOf(input.EndpointConfigName)) },
  ]),
  UpdateEndpoint: (input, place) => [
    { action: 'sagemaker:UpdateEndpoint', resource: arn(place, 'endpoint', textOf(input.EndpointName)) },
    { action: 'sagemaker:UpdateEndpoint', resource: arn(place, 'endpoint-config', textOf(input.EndpointConfigName)) },
  ],
  UpdateEndpointWeightsAndCapacities: on('UpdateEndpointWeightsAndCapacities', 'endpoint', 'EndpointName'),
  DescribeEndpoint: on('DescribeEndpoint', 'endpoint', 'EndpointName'),
  DeleteEndpoint: on('DeleteEndpoint', 'endpoint', 'EndpointName'),
  ListEndpoints: anywhere('sagemaker:ListEndpoints'),
  InvokeEndpoint: on('InvokeEndpoint', 'endpoint', 'EndpointName'),
  CreateModelPackageGroup: creating('CreateModelPackageGroup', 'model-package-group', 'ModelPackageGroupName'),
  DescribeModelPackageGroup: on('DescribeModelPackageGroup', 'model-package-group', 'ModelPackageGroupName'),
  DeleteModelPackageGroup: on('DeleteModelPackageGroup', 'model-package-group', 'ModelPackageGroupName'),
  PutModelPackageGroupPolicy: on('PutModelPackageGroupPolicy', 'model-package-group', 'ModelPackageGroupName'),
  GetModelPackageGroupPolicy: on('GetModelPackageGroupPolicy', 'model-package-group', 'ModelPackageGroupName'),
  DeleteModelPackageGroupPolicy: on('DeleteModelPackageGroupPolicy', 'model-package-group', 'ModelPackageGroupName'),
  ListModelPackageGroups: anywhere('sagemaker:ListModelPackageGroups'),
  // A version that is not there yet is asked for as `model-package/<group>/*`: the resource of the sample policy in
  // model-registry-cross-account.md; that AWS evaluates it so is *assumed*.
  CreateModelPackage: (input, place) => {
    const group = textOf(input.ModelPackageGroupName);
    const resource =
      group === '' ? arn(place, 'model-package', textOf(input.ModelPackageName)) : versionsOf(place, group);
    return makingWith(input.Tags, 'sagemaker:AddTags', { action: 'sagemaker:CreateModelPackage', resource });
  },
  DescribeModelPackage: on('DescribeModelPackage', 'model-package', 'ModelPackageName'),
  UpdateModelPackage: on('UpdateModelPackage', 'model-package', 'ModelPackageArn'),
  DeleteModelPackage: on('DeleteModelPackage', 'model-package', 'ModelPackageName'),
  ListModelPackages: (input, place) => {
    const group = textOf(input.ModelPackageGroupName);
    return [{ action: 'sagemaker:ListModelPackages', resource: group === '' ? '*' : versionsOf(place, group) }];
  },
  AddTags: (input) => [
    { action: 'sagemaker:AddTags', resource: textOf(input.ResourceArn), context: tagContext(input.Tags) },
  ],
  DeleteTags: (input) => [
    { action: 'sagemaker:DeleteTags', resource: textOf(input.ResourceArn), context: untagContext(input.TagKeys) },
  ],
  ListTags: (input) => [{ action: 'sagemaker:ListTags', resource: textOf(input.ResourceArn) }],
};
