import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCloud, type DeployedStack, type LocalCloud } from '../../local/cloud.ts';
import type { JsonObject } from '../../local/contracts.ts';
import { ADMINISTRATOR, refusal, START } from './s3-cloud.ts';

const run = promisify(execFile);
const hasCli = spawnSync('aws', ['--version']).status === 0;
if (!hasCli) console.info('the AWS CLI is not installed: its test passes without having run');

const trust = (service: string): JsonObject => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
});
const allow = (action: string): JsonObject => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }],
});

const TEMPLATE = {
  Resources: {
    Reader: {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: 'reader',
        Path: '/team/',
        Description: 'reads',
        AssumeRolePolicyDocument: trust('lambda.amazonaws.com'),
        MaxSessionDuration: 7200,
        Policies: [{ PolicyName: 'inline', PolicyDocument: allow('s3:GetObject') }],
        ManagedPolicyArns: ['arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess'],
        Tags: [{ Key: 'team', Value: 'blue' }],
      },
    },
    Unnamed: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: trust('events.amazonaws.com') } },
    Extra: {
      Type: 'AWS::IAM::Policy',
      Properties: {
        PolicyName: 'extra',
        PolicyDocument: allow('s3:PutObject'),
        Roles: [{ Ref: 'Reader' }, { Ref: 'Unnamed' }],
      },
    },
    Shared: {
      Type: 'AWS::IAM::ManagedPolicy',
      Properties: { ManagedPolicyName: 'shared', PolicyDocument: allow('s3:ListBucket'), Roles: [{ Ref: 'Reader' }] },
    },
  },
  Outputs: { ReaderArn: { Value: { 'Fn::GetAtt': ['Reader', 'Arn'] } }, UnnamedName: { Value: { Ref: 'Unnamed' } } },
};

describe('IAM and STS', () => {
  let cloud: LocalCloud;
  let stack: DeployedStack;
  let folder = '';
  const clients: STSClient[] = [];
  const sts = (
    credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
    region = 'us-east-1',
  ) => {
    const client = new STSClient({ endpoint: cloud.url, region, credentials, maxAttempts: 1 });
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sts-'));
    await writeFile(join(folder, 'template.json'), JSON.stringify(TEMPLATE));
    cloud = await createCloud({ start: START });
    stack = await cloud.deploy({ template: join(folder, 'template.json'), artifacts: folder, stack: 'blue' });
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await cloud.close();
    await rm(folder, { recursive: true, force: true });
  });

  const assume = (members: object = {}) =>
    sts(ADMINISTRATOR).send(
      new AssumeRoleCommand({ RoleArn: stack.outputs.ReaderArn, RoleSessionName: 'session-1', ...members }),
    );

  it('tells the administrator who it is, whatever region it signs for', async () => {
    const identity = await sts(ADMINISTRATOR, 'ap-northeast-1').send(new GetCallerIdentityCommand({}));

    expect(identity).toMatchObject({
      Account: '000000000000',
      Arn: 'arn:aws:iam::000000000000:root',
      UserId: '000000000000',
    });
  });

  it('gives a role session credentials that it is known by', async () => {
    const { Credentials, AssumedRoleUser } = await assume({ DurationSeconds: 900 });
    const identity = await sts({
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    }).send(new GetCallerIdentityCommand({}));

    expect(Credentials?.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(Credentials?.Expiration).toEqual(new Date(START.getTime() + 900_000));
    expect(AssumedRoleUser?.Arn).toBe('arn:aws:sts::000000000000:assumed-role/reader/session-1');
    expect(identity.Arn).toBe(AssumedRoleUser?.Arn);
    expect(identity.UserId).toBe(AssumedRoleUser?.AssumedRoleId);
    expect(identity.UserId).toMatch(/^AROA[A-Z2-7]{17}:session-1$/);
  });

  it('gives the same session the same credentials, and another session others', async () => {
    const first = await assume();
    const again = await assume();
    const other = await assume({ RoleSessionName: 'session-2' });

    expect(again.Credentials?.AccessKeyId).toBe(first.Credentials?.AccessKeyId);
    expect(other.Credentials?.AccessKeyId).not.toBe(first.Credentials?.AccessKeyId);
    expect(cloud.iam.principalOf(first.Credentials?.AccessKeyId ?? '')?.roleArn).toBe(stack.outputs.ReaderArn);
    expect(cloud.iam.secretOf(first.Credentials?.AccessKeyId ?? '')).toBe(first.Credentials?.SecretAccessKey);
  });

  it.each([
    ['a role that is not there', { RoleArn: 'arn:aws:iam::000000000000:role/nobody' }, 'AccessDenied', 403],
    ['a duration beyond the role’s', { DurationSeconds: 43_200 }, 'ValidationError', 400],
    ['a duration that is too short', { DurationSeconds: 10 }, 'ValidationError', 400],
    ['a session name with spaces', { RoleSessionName: 'not a name' }, 'ValidationError', 400],
    ['a member that is not honoured', { ExternalId: 'external' }, 'ValidationError', 400],
  ])('refuses %s', async (_what, members, name, status) => {
    expect(await refusal(assume(members))).toMatchObject({ name, status });
  });

  it('keeps roles with every policy that is attached to them', () => {
    const roles = cloud.iam.roles();
    const reader = roles.find(({ name }) => name === 'reader');

    expect(roles).toHaveLength(2);
    expect(reader).toMatchObject({
      arn: 'arn:aws:iam::000000000000:role/team/reader',
      trust: trust('lambda.amazonaws.com'),
      maxSessionSeconds: 7200,
      tags: [{ Key: 'team', Value: 'blue' }],
      inline: [
        { name: 'inline', document: allow('s3:GetObject') },
        { name: 'extra', document: allow('s3:PutObject') },
      ],
      managed: [
        { arn: 'arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess' },
        { arn: 'arn:aws:iam::000000000000:policy/shared', document: allow('s3:ListBucket') },
      ],
    });
    expect(roles.find(({ name }) => name === stack.outputs.UnnamedName)?.inline).toMatchObject([{ name: 'extra' }]);
    expect(stack.outputs.UnnamedName).toMatch(/^blue-Unnamed-[A-Z2-7]{12}$/);
  });

  it('answers GetRole to the AWS CLI', async () => {
    if (!hasCli) return;
    const { stdout } = await run('aws', ['iam', 'get-role', '--role-name', 'reader', '--endpoint-url', cloud.url], {
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_DEFAULT_REGION: 'us-east-1',
      },
    });

    expect(JSON.parse(stdout).Role).toMatchObject({
      RoleName: 'reader',
      Path: '/team/',
      Arn: stack.outputs.ReaderArn,
      Description: 'reads',
      MaxSessionDuration: 7200,
      AssumeRolePolicyDocument: trust('lambda.amazonaws.com'),
      Tags: [{ Key: 'team', Value: 'blue' }],
    });
  });
});
