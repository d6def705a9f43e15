import { describe, expect, it } from 'vitest';

import type { JsonObject } from '../../../local/contracts.ts';
import { type Asker, decide, type Verdict } from '../../../local/services/iam/evaluation.ts';
import { readPolicy } from '../../../local/services/iam/policy.ts';

const ROLE: Asker = {
  kind: 'role',
  roleArn: 'arn:aws:iam::000000000000:role/reader',
  sessionArn: 'arn:aws:sts::000000000000:assumed-role/reader/me',
  account: '000000000000',
};
const EVENTS: Asker = { kind: 'service', service: 'events.amazonaws.com' };
const NOBODY: Asker = { kind: 'anonymous' };
const OBJECT = 'arn:aws:s3:::bucket/key';

const policy = (kind: 'identity' | 'resource' | 'trust', ...statements: JsonObject[]) =>
  readPolicy({ Version: '2012-10-17', Statement: statements }, kind, kind);
const says = (Effect: 'Allow' | 'Deny', more: JsonObject = {}): JsonObject => ({
  Effect,
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::bucket/*',
  ...more,
});
const by = (principal: JsonObject | string, effect: 'Allow' | 'Deny' = 'Allow') =>
  says(effect, { Principal: principal });

const ask = (
  asker: Asker,
  grounds: { identity?: JsonObject[]; resource?: JsonObject[]; boundary?: JsonObject[]; trust?: JsonObject[] },
  { action = 's3:GetObject', resource = OBJECT } = {},
): Verdict =>
  decide(
    { asker, action, resource, valuesOf: () => undefined },
    {
      identity: [policy('identity', ...(grounds.identity ?? []))],
      ...(grounds.resource && { resource: policy('resource', ...grounds.resource) }),
      ...(grounds.trust && { resource: policy('trust', ...grounds.trust), resourceMustAllow: 'trust' }),
      ...(grounds.boundary && { boundary: policy('identity', ...grounds.boundary) }),
    },
  );
const no = (because: string, kind: string) => ({ allowed: false, because, policy: kind });
const YES = { allowed: true };

describe('a role', () => {
  it('may do nothing that no policy allows', () => {
    expect(ask(ROLE, {})).toEqual(no('no-allow', 'identity-based'));
    expect(ask(ROLE, { identity: [says('Allow', { Action: 's3:PutObject' })] })).toEqual(
      no('no-allow', 'identity-based'),
    );
    expect(ask(ROLE, { identity: [says('Allow', { Resource: 'arn:aws:s3:::other/*' })] })).toMatchObject({
      allowed: false,
    });
  });

  it('may do what its own policy allows, whatever case the action has', () => {
    expect(ask(ROLE, { identity: [says('Allow', { Action: 'S3:getobject' })] })).toEqual(YES);
  });

  it('may do what the resource’s policy allows it, its session, or everybody', () => {
    for (const principal of [{ AWS: ROLE.roleArn }, { AWS: [ROLE.sessionArn] }, { AWS: '*' }, '*'])
      expect(ask(ROLE, { resource: [by(principal)] })).toEqual(YES);
  });

  it('still needs its own policy where the resource names only the account', () => {
    const account = [by({ AWS: 'arn:aws:iam::000000000000:root' })];

    expect(ask(ROLE, { resource: account })).toEqual(no('no-allow', 'identity-based'));
    expect(ask(ROLE, { resource: account, identity: [says('Allow')] })).toEqual(YES);
  });

  it('is refused by an explicit deny of either side, whatever allows', () => {
    const identity = [says('Allow')];

    expect(ask(ROLE, { identity: [...identity, says('Deny')] })).toEqual(no('explicit-deny', 'identity-based'));
    expect(ask(ROLE, { identity, resource: [by('*', 'Deny')] })).toEqual(no('explicit-deny', 'resource-based'));
    expect(ask(ROLE, { identity, resource: [by({ AWS: 'arn:aws:iam::000000000000:role/other' }, 'Deny')] })).toEqual(
      YES,
    );
  });

  it('may do no more than its boundary allows', () => {
    const identity = [says('Allow')];

    expect(ask(ROLE, { identity, boundary: [says('Allow', { Action: 's3:*' })] })).toEqual(YES);
    expect(ask(ROLE, { identity, boundary: [says('Allow', { Action: 'sqs:*' })] })).toEqual(
      no('no-allow', 'permissions boundary'),
    );
    expect(ask(ROLE, { boundary: [says('Allow')] })).toEqual(no('no-allow', 'identity-based'));
  });

  it('may do beyond its boundary what the resource’s policy allows its very session, and not what it allows the role', () => {
    const boundary = [says('Allow', { Action: 'sqs:*' })];

    expect(ask(ROLE, { boundary, resource: [by({ AWS: ROLE.sessionArn })] })).toEqual(YES);
    expect(ask(ROLE, { boundary, resource: [by({ AWS: ROLE.roleArn })] })).toEqual(
      no('no-allow', 'permissions boundary'),
    );
    expect(ask(ROLE, { boundary: [...boundary, says('Deny')], resource: [by({ AWS: ROLE.sessionArn })] })).toEqual(
      no('explicit-deny', 'permissions boundary'),
    );
  });

  it('may do all but what NotAction and NotResource name', () => {
    const allBut: JsonObject = { Effect: 'Allow', NotAction: 's3:Put*', NotResource: 'arn:aws:s3:::secret/*' };

    expect(ask(ROLE, { identity: [allBut] })).toEqual(YES);
    expect(ask(ROLE, { identity: [allBut] }, { action: 's3:PutObject' })).toMatchObject({ allowed: false });
    expect(ask(ROLE, { identity: [allBut] }, { resource: 'arn:aws:s3:::secret/key' })).toMatchObject({
      allowed: false,
    });
  });
});

describe('a service', () => {
  it('may do what the resource’s policy allows it by name', () => {
    expect(ask(EVENTS, { resource: [by({ Service: 'events.amazonaws.com' })] })).toEqual(YES);
    expect(ask(EVENTS, { resource: [by({ Service: ['sns.amazonaws.com'] })] })).toEqual(
      no('no-allow', 'resource-based'),
    );
    expect(ask(EVENTS, {})).toEqual(no('no-allow', 'resource-based'));
  });
});

describe('whoever did not sign', () => {
  it('may do only what everybody may', () => {
    expect(ask(NOBODY, { resource: [by('*')] })).toEqual(YES);
    expect(ask(NOBODY, { resource: [by({ AWS: ROLE.roleArn })] })).toMatchObject({ allowed: false });
  });
});

describe('assuming a role', () => {
  const assume = { action: 'sts:AssumeRole', resource: 'arn:aws:iam::000000000000:role/other' };
  const trusts = (Principal: JsonObject): JsonObject => ({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' });
  const own = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' };

  it('takes the trust policy’s word, even where the own policy allows it', () => {
    expect(ask(ROLE, { identity: [own], trust: [] }, assume)).toEqual(no('no-allow', 'trust'));
    expect(ask(ROLE, { trust: [trusts({ AWS: ROLE.roleArn })] }, assume)).toEqual(YES);
  });

  it('takes both where the role trusts the account', () => {
    const trust = [trusts({ AWS: '000000000000' })];

    expect(ask(ROLE, { trust }, assume)).toEqual(no('no-allow', 'identity-based'));
    expect(ask(ROLE, { trust, identity: [own] }, assume)).toEqual(YES);
  });

  it('is for the services the role trusts', () => {
    expect(ask(EVENTS, { trust: [trusts({ Service: 'events.amazonaws.com' })] }, assume)).toEqual(YES);
    expect(ask(EVENTS, { trust: [trusts({ Service: 'lambda.amazonaws.com' })] }, assume)).toEqual(
      no('no-allow', 'trust'),
    );
  });
});
