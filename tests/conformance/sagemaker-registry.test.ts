import {
  AddTagsCommand,
  CreateModelCommand,
  CreateModelPackageCommand,
  type CreateModelPackageCommandInput,
  CreateModelPackageGroupCommand,
  DeleteModelPackageCommand,
  DeleteModelPackageGroupCommand,
  DeleteModelPackageGroupPolicyCommand,
  DeleteTagsCommand,
  DescribeModelPackageCommand,
  DescribeModelPackageGroupCommand,
  GetModelPackageGroupPolicyCommand,
  ListModelPackageGroupsCommand,
  ListModelPackagesCommand,
  ListTagsCommand,
  PutModelPackageGroupPolicyCommand,
  UpdateModelPackageCommand,
} from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { IMAGE, ROLE, type SageMakerCloud, startSageMakerCloud } from './sagemaker-cloud.ts';

let world: SageMakerCloud;
beforeAll(async () => {
  world = await startSageMakerCloud();
});
afterAll(() => world.close());

const GROUP = 'arn:aws:sagemaker:eu-west-1:000000000000:model-package-group';
const group = (name: string) =>
  world.sagemaker.send(
    new CreateModelPackageGroupCommand({ ModelPackageGroupName: name, Tags: [{ Key: 'a', Value: '1' }] }),
  );
const request = (name: string, more: Partial<CreateModelPackageCommandInput> = {}): CreateModelPackageCommandInput => ({
  ModelPackageGroupName: name,
  ModelPackageDescription: 'a run',
  InferenceSpecification: {
    Containers: [{ Image: IMAGE }],
    SupportedContentTypes: ['text/csv'],
    SupportedResponseMIMETypes: ['text/csv'],
  },
  ModelApprovalStatus: 'PendingManualApproval',
  ModelMetrics: { ModelQuality: { Statistics: { ContentType: 'application/json', S3Uri: 's3://data/quality.json' } } },
  CustomerMetadataProperties: { auc: '0.7' },
  ...more,
});
const register = async (name: string, more: Partial<CreateModelPackageCommandInput> = {}) =>
  (await world.sagemaker.send(new CreateModelPackageCommand(request(name, more)))).ModelPackageArn;
const look = (arn: string | undefined) =>
  world.sagemaker.send(new DescribeModelPackageCommand({ ModelPackageName: arn }));
const update = (arn: string | undefined, more: object) =>
  world.sagemaker.send(new UpdateModelPackageCommand({ ModelPackageArn: arn, ...more }));

describe('model packages', () => {
  it('are numbered within their group', async () => {
    await group('numbered');

    const arns = [await register('numbered'), await register('numbered')];

    expect(arns).toEqual(
      [1, 2].map((version) => `arn:aws:sagemaker:eu-west-1:000000000000:model-package/numbered/${version}`),
    );
    expect(await look(arns[1])).toMatchObject({
      ModelPackageGroupName: 'numbered',
      ModelPackageVersion: 2,
      ModelPackageStatus: 'Completed',
      ModelApprovalStatus: 'PendingManualApproval',
      ModelPackageDescription: 'a run',
      ModelMetrics: { ModelQuality: { Statistics: { S3Uri: 's3://data/quality.json' } } },
      CustomerMetadataProperties: { auc: '0.7' },
    });
  });

  it('tell who made them, and who changed them last and when', async () => {
    await group('changed');
    const arn = await register('changed');

    const before = await look(arn);
    await update(arn, { ModelApprovalStatus: 'Approved' });
    const after = await look(arn);

    const administrator = { IamIdentity: { Arn: 'arn:aws:iam::000000000000:root' } };
    expect(before).toMatchObject({ CreatedBy: administrator });
    expect(before).not.toHaveProperty('LastModifiedTime');
    expect(before).not.toHaveProperty('LastModifiedBy');
    expect(after).toMatchObject({ LastModifiedTime: world.cloud.clock.now(), LastModifiedBy: administrator });
  });

  it('are not made twice with the same client token', async () => {
    await group('tokens');

    const first = await register('tokens', { ClientToken: 'token-1' });
    const again = await register('tokens', { ClientToken: 'token-1' });

    expect(again).toBe(first);
    await expect(
      register('tokens', { ClientToken: 'token-1', ModelPackageDescription: 'other' }),
    ).rejects.toMatchObject({
      name: 'ConflictException',
    });
  });

  it('tell of their making and of every update', async () => {
    await group('told');
    const arn = await register('told');

    await update(arn, { ModelApprovalStatus: 'Approved', ApprovalDescription: 'good' });
    await update(arn, { CustomerMetadataProperties: { note: 'x' }, CustomerMetadataPropertiesToRemove: ['auc'] });

    const told = world.events.filter(({ detail }) => detail.ModelPackageArn === arn);
    expect(told.map(({ detail }) => [detail.ModelApprovalStatus, detail.UpdatedModelPackageFields])).toEqual([
      ['PendingManualApproval', undefined],
      ['Approved', ['ModelApprovalStatus', 'ApprovalDescription']],
      ['Approved', ['CustomerMetadataProperties', 'CustomerMetadataPropertiesToRemove']],
    ]);
    expect(told[1]).toMatchObject({
      detailType: 'SageMaker Model Package State Change',
      resources: [arn],
      detail: { ModelPackageVersion: 1, ModelPackageGroupName: 'told', CreationTime: '2001-01-25T10:15:30.000Z' },
    });
    expect(await look(arn)).toMatchObject({
      ModelApprovalStatus: 'Approved',
      ApprovalDescription: 'good',
      CustomerMetadataProperties: { note: 'x' },
    });
  });

  it('can be deployed once they are approved', async () => {
    await group('deployed');
    const arn = await register('deployed');
    const create = () =>
      world.sagemaker.send(
        new CreateModelCommand({
          ModelName: 'packaged',
          ExecutionRoleArn: ROLE,
          PrimaryContainer: { ModelPackageName: arn },
        }),
      );

    await expect(create()).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(/not approved/),
    });
    await update(arn, { ModelApprovalStatus: 'Approved' });
    await expect(create()).resolves.toMatchObject({ ModelArn: expect.stringContaining('model/packaged') });
  });

  it('are listed by group and approval, oldest first', async () => {
    await group('listed');
    const first = await register('listed');
    await world.clock.advance(1000);
    const second = await register('listed', { ModelApprovalStatus: 'Approved' });
    const list = async (more: object) => {
      const { ModelPackageSummaryList: list = [] } = await world.sagemaker.send(new ListModelPackagesCommand(more));
      return list.map(({ ModelPackageArn }) => ModelPackageArn);
    };

    expect(await list({ ModelPackageGroupName: 'listed' })).toEqual([first, second]);
    expect(await list({ ModelPackageGroupName: `${GROUP}/listed`, SortOrder: 'Descending', MaxResults: 1 })).toEqual([
      second,
    ]);
    expect(await list({ ModelPackageGroupName: 'listed', ModelApprovalStatus: 'Approved' })).toEqual([second]);
    expect(await list({})).toEqual([]);
    await expect(list({ ModelPackageGroupName: 'nobody' })).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('never get a number again that was deleted', async () => {
    await group('deleted');
    const first = await register('deleted');
    const removal = () =>
      world.sagemaker.send(new DeleteModelPackageGroupCommand({ ModelPackageGroupName: 'deleted' }));

    await expect(removal()).rejects.toMatchObject({ name: 'ConflictException' });
    await world.sagemaker.send(new DeleteModelPackageCommand({ ModelPackageName: first }));
    const next = await register('deleted');

    expect(next).toMatch(/\/2$/);
    await expect(look(first)).rejects.toMatchObject({ name: 'ValidationException' });
    await world.sagemaker.send(new DeleteModelPackageCommand({ ModelPackageName: next }));
    await removal();
  });

  it.each([
    ['tags on a version', { Tags: [{ Key: 'a', Value: 'b' }] }, 'ValidationException', /Tags/],
    [
      'metadata with braces',
      { CustomerMetadataProperties: { a: '{}' } },
      'ValidationException',
      /customerMetadataProperties/i,
    ],
    ['a group that does not exist', { ModelPackageGroupName: 'nobody' }, 'ValidationException', /does not exist/],
    [
      'a package outside a group',
      { ModelPackageGroupName: undefined, ModelPackageName: 'alone' },
      'NotImplemented',
      /ModelPackageName/,
    ],
    [
      'a model card',
      { ModelCard: { ModelCardContent: '{}', ModelCardStatus: 'Draft' } },
      'NotImplemented',
      /ModelCard/,
    ],
  ] as [string, Partial<CreateModelPackageCommandInput>, string, RegExp][])(
    'refuse %s',
    async (_, more, name, message) => {
      await group('refusing').catch(() => undefined);

      const error = await register('refusing', more).catch((thrown: Error) => thrown);

      expect(error).toMatchObject({ name, message: expect.stringMatching(message) });
    },
  );
});

describe('model package groups', () => {
  it('are found by name, described, and refused twice', async () => {
    await group('groups-a');

    expect(
      await world.sagemaker.send(new DescribeModelPackageGroupCommand({ ModelPackageGroupName: 'groups-a' })),
    ).toMatchObject({ ModelPackageGroupArn: `${GROUP}/groups-a`, ModelPackageGroupStatus: 'Completed' });
    const { ModelPackageGroupSummaryList: found } = await world.sagemaker.send(
      new ListModelPackageGroupsCommand({ NameContains: 'groups-' }),
    );
    expect(found?.map(({ ModelPackageGroupName }) => ModelPackageGroupName)).toEqual(['groups-a']);
    await expect(group('groups-a')).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('tags', () => {
  it('are added, listed and deleted by ARN', async () => {
    const { ModelPackageGroupArn: ResourceArn } = await group('tagged');

    await world.sagemaker.send(
      new AddTagsCommand({
        ResourceArn,
        Tags: [
          { Key: 'a', Value: '2' },
          { Key: 'b', Value: '3' },
        ],
      }),
    );
    await world.sagemaker.send(new DeleteTagsCommand({ ResourceArn, TagKeys: ['b'] }));

    expect((await world.sagemaker.send(new ListTagsCommand({ ResourceArn }))).Tags).toEqual([{ Key: 'a', Value: '2' }]);
    await expect(world.sagemaker.send(new ListTagsCommand({ ResourceArn: `${GROUP}/nobody` }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });
});

describe('the policy of a group', () => {
  const name = { ModelPackageGroupName: 'shared' };
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::000000000000:role/reader' },
        Action: 'sagemaker:DescribeModelPackage',
        Resource: 'arn:aws:sagemaker:eu-west-1:000000000000:model-package/shared/*',
      },
    ],
  };
  const put = (ResourcePolicy: string) =>
    world.sagemaker.send(new PutModelPackageGroupPolicyCommand({ ...name, ResourcePolicy }));
  const read = () => world.sagemaker.send(new GetModelPackageGroupPolicyCommand(name));

  it('is put, read, known to IAM for the group and its versions, and deleted', async () => {
    const { ModelPackageGroupArn: arn = '' } = await group('shared');
    const version = (await register('shared')) ?? '';
    const policies = world.made.services[0]?.policies;

    await put(JSON.stringify(policy));

    expect(JSON.parse((await read()).ResourcePolicy ?? '')).toEqual(policy);
    expect(policies?.all()).toContain(arn);
    for (const one of [arn, version]) expect(policies?.of(one)).toBe(JSON.stringify(policy));
    await world.sagemaker.send(new DeleteModelPackageGroupPolicyCommand(name));
    expect(policies?.of(version)).toBeUndefined();
    await expect(read()).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('must be JSON', async () => {
    await group('shared').catch(() => undefined);

    await expect(put('{')).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('an update of a package', () => {
  it('that says nothing new tells nonetheless', async () => {
    await group('retold');
    const arn = await register('retold');

    for (let i = 0; i < 2; i++) await update(arn, { ModelApprovalStatus: 'Approved' });

    const told = world.events.filter(({ detail }) => detail.ModelPackageArn === arn);
    expect(told.map(({ detail }) => detail.ModelApprovalStatus)).toEqual([
      'PendingManualApproval',
      'Approved',
      'Approved',
    ]);
  });

  it('can give it another container', async () => {
    await group('respecified');
    const arn = await register('respecified', { ModelApprovalStatus: 'Approved' });

    await update(arn, { InferenceSpecification: { Containers: [{ Image: `${IMAGE}23` }] } });

    expect((await look(arn)).InferenceSpecification?.Containers).toEqual([{ Image: `${IMAGE}23` }]);
  });

  it('can withdraw an approval, so that it cannot be deployed any more', async () => {
    await group('withdrawn');
    const arn = await register('withdrawn', { ModelApprovalStatus: 'Approved' });

    await update(arn, { ModelApprovalStatus: 'Rejected' });

    await expect(
      world.sagemaker.send(
        new CreateModelCommand({
          ModelName: 'withdrawn',
          ExecutionRoleArn: ROLE,
          PrimaryContainer: { ModelPackageName: arn },
        }),
      ),
    ).rejects.toThrow(/not approved/);
  });
});
