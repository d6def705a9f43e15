/** Rules whose targets name a role: EventBridge delivers under it, if it may take it on and the role may deliver. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCloud, type LocalCloud } from '../../local/cloud.ts';
import type { JsonObject } from '../../local/contracts.ts';
import { START } from './s3-cloud.ts';

const queueArn = (name: string) => `arn:aws:sqs:eu-west-1:000000000000:${name}`;
const arnOf = (logicalId: string): JsonObject => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });
const queue = (QueueName: string): JsonObject => ({ Type: 'AWS::SQS::Queue', Properties: { QueueName } });
const role = (service: string, ...Statement: JsonObject[]): JsonObject => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
    },
    Policies: [{ PolicyName: 'own', PolicyDocument: { Version: '2012-10-17', Statement } }],
  },
});
const sends: JsonObject = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: queueArn('parcels') };
const rule = (source: string, roleLogicalId?: string): JsonObject => ({
  Type: 'AWS::Events::Rule',
  Properties: {
    EventPattern: { source: [source] },
    Targets: [
      {
        Id: 'a',
        Arn: arnOf('Parcels'),
        ...(roleLogicalId !== undefined && { RoleArn: arnOf(roleLogicalId) }),
        DeadLetterConfig: { Arn: arnOf('Dead') },
      },
    ],
  },
});

/** The queue has no policy: who delivers there has a role for it. */
const TEMPLATE: JsonObject = {
  Resources: {
    Parcels: queue('parcels'),
    Dead: queue('dead'),
    DeadPolicy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: {
        Queues: [{ Ref: 'Dead' }],
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: 'events.amazonaws.com' },
              Action: 'sqs:SendMessage',
              Resource: queueArn('dead'),
            },
          ],
        },
      },
    },
    Able: role('events.amazonaws.com', sends),
    Unable: role('events.amazonaws.com', { ...sends, Resource: queueArn('dead') }),
    Foreign: role('sagemaker.amazonaws.com', sends),
    ByAble: rule('able', 'Able'),
    ByUnable: rule('unable', 'Unable'),
    ByForeign: rule('foreign', 'Foreign'),
    ByNobody: rule('nobody'),
  },
};

let cloud: LocalCloud;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'targets-'));
  const template = join(folder, 'template.json');
  await writeFile(template, JSON.stringify(TEMPLATE));
  cloud = await createCloud({ start: START });
  await cloud.deploy({ template, artifacts: folder, stack: 'targets' });
  for (const source of ['able', 'unable', 'foreign', 'nobody'])
    cloud.events.emit({ source, detailType: 'Parcel Moved', detail: {}, resources: [] });
  await cloud.settle();
});
afterAll(async () => {
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

const letterOf = (source: string) =>
  cloud.sqs.peek(queueArn('dead')).find(({ body }) => JSON.parse(body).source === source)?.messageAttributes;

describe('a target with a role', () => {
  it('gets the event under it, where the target itself lets nobody in', () => {
    const sources = cloud.sqs.peek(queueArn('parcels')).map(({ body }) => JSON.parse(body).source);

    expect(sources).toEqual(['able']);
  });

  it.each([
    ['unable', 'assumed-role/targets-Unable'],
    ['foreign', 'EventBridge may not assume'],
  ])('of an %s role is not reached, and the dead letter says why', (source, reason) => {
    const letter = letterOf(source);

    expect(letter?.ERROR_CODE?.stringValue).toBe('NO_PERMISSIONS');
    expect(letter?.ERROR_MESSAGE?.stringValue).toContain(reason);
  });
});

describe('a target without a role', () => {
  it('is not reached unless its own policy lets EventBridge in', () => {
    expect(letterOf('nobody')?.ERROR_CODE?.stringValue).toBe('NO_PERMISSIONS');
  });
});
