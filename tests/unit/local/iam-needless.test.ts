import { describe, expect, it } from 'vitest';

import type { Actor, JsonObject } from '../../../local/contracts.ts';
import { type Grant, grantsOf, needlessGrants, type RecordedCloud } from '../../../local/services/iam/needless.ts';

const ROLE = 'arn:aws:iam::000000000000:role/stack-Reader-ABC';
const QUEUE = 'arn:aws:sqs:eu-west-1:000000000000:work';
const by: Actor = { role: ROLE, session: 'me' };

const recorded = (
  statements: JsonObject[],
  asked: readonly (readonly [action: string, resource: string, by?: Actor])[],
  resourceStatements: JsonObject[] = [],
): RecordedCloud => ({
  policies: {
    account: '000000000000',
    region: 'eu-west-1',
    roles: [
      {
        arn: ROLE,
        name: 'stack-Reader-ABC',
        logicalId: 'Reader',
        id: 'AROA',
        path: '/',
        createdAt: new Date(0),
        maxSessionSeconds: 3600,
        trust: { Version: '2012-10-17', Statement: [] },
        tags: [],
        inline: [{ name: 'own', document: { Version: '2012-10-17', Statement: statements } }],
        managed: [],
      },
    ],
    resources:
      resourceStatements.length === 0
        ? []
        : [{ arn: QUEUE, document: { Version: '2012-10-17', Statement: resourceStatements } }],
  },
  authorizations: asked.map(([action, resource, actor = by]) => ({
    by: actor,
    action,
    resource,
    allowed: true,
    atMs: 0,
  })),
});

const shown = ({ statement, element }: Grant) =>
  element === undefined ? JSON.stringify(statement.Action) : `${element.name} ${element.value}`;
const needless = (cloud: RecordedCloud) => needlessGrants([cloud], grantsOf(cloud.policies)).map(shown);

const READ = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*' };

describe('a grant', () => {
  it('is needless when nothing asked for it', () => {
    const write = { ...READ, Action: 's3:PutObject' };

    expect(needless(recorded([READ, write], [['s3:GetObject', 'arn:aws:s3:::b/k']]))).toEqual(['"s3:PutObject"']);
  });

  it('is needless when another allows the same', () => {
    const wide = { ...READ, Action: 's3:Get*' };

    expect(needless(recorded([READ, wide], [['s3:GetObject', 'arn:aws:s3:::b/k']]))).toEqual([
      '"s3:GetObject"',
      '"s3:Get*"',
    ]);
  });

  it('is judged action by action and resource by resource', () => {
    const statement = {
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject'],
      Resource: ['arn:aws:s3:::b/x/*', 'arn:aws:s3:::b/y/*'],
    };

    expect(needless(recorded([statement], [['s3:GetObject', 'arn:aws:s3:::b/x/k']]))).toEqual([
      'Action s3:PutObject',
      'Resource arn:aws:s3:::b/y/*',
    ]);
  });

  it('of a resource’s policy is needed by the service it lets in', () => {
    const open = {
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: QUEUE,
    };
    const service: Actor = {
      service: 'events.amazonaws.com',
      sourceArn: 'arn:aws:events:eu-west-1:000000000000:rule/r',
    };

    expect(needless(recorded([], [['sqs:SendMessage', QUEUE, service]], [open]))).toEqual([]);
    expect(needless(recorded([], [], [open]))).toEqual(['"sqs:SendMessage"']);
  });

  it('that denies is needed when something would pass without it', () => {
    const deny = { ...READ, Effect: 'Deny', Resource: 'arn:aws:s3:::b/secret/*' };

    expect(needless(recorded([READ, deny], [['s3:GetObject', 'arn:aws:s3:::b/k']]))).toEqual(['"s3:GetObject"']);
    expect(
      needless(
        recorded(
          [READ, deny],
          [
            ['s3:GetObject', 'arn:aws:s3:::b/k'],
            ['s3:GetObject', 'arn:aws:s3:::b/secret/k'],
          ],
        ),
      ),
    ).toEqual([]);
  });

  it('is needed when any of several clouds needs it, whatever its role is called there', () => {
    const first = recorded([READ], []);
    const second = JSON.parse(
      JSON.stringify(recorded([READ], [['s3:GetObject', 'arn:aws:s3:::b/k']])).replaceAll(
        'stack-Reader-ABC',
        'stack-Reader-XYZ',
      ),
    );

    expect(needlessGrants([first, second], grantsOf(first.policies))).toEqual([]);
  });
});
