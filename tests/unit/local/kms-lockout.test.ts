import { describe, expect, it } from 'vitest';

import type { JsonObject } from '../../../local/contracts.ts';
import { canBeChanged } from '../../../local/services/kms/lockout.ts';

const ACCOUNT = '000000000000';
const ROOT = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
const policy = (statement: JsonObject): JsonObject => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: ROOT, Action: 'kms:*', Resource: '*', ...statement }],
});

describe('the policy of a key', () => {
  it.each<[string, JsonObject]>([
    ['lets the account do everything', {}],
    ['names the account by its number', { Principal: { AWS: ['111111111111', ACCOUNT] } }],
    ['lets everybody in', { Principal: '*' }],
    ['names the one action', { Action: ['kms:Decrypt', 'KMS:putkeypolicy'] }],
    ['names it with others', { Action: 'kms:Put*' }],
  ])('that %s can be changed', (_, statement) => {
    expect(canBeChanged(policy(statement), ACCOUNT)).toBe(true);
  });

  it.each<[string, JsonObject]>([
    ['names a role only', { Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/app` } }],
    ['names a service only', { Principal: { Service: 'sqs.amazonaws.com' } }],
    ['names another account', { Principal: { AWS: '111111111111' } }],
    ['allows the use of the key only', { Action: ['kms:Decrypt', 'kms:GenerateDataKey*'] }],
    ['denies', { Effect: 'Deny' }],
    ['asks for a condition', { Condition: { StringEquals: { 'kms:ViaService': 'sqs.eu-west-1.amazonaws.com' } } }],
  ])('that %s locks its owner out', (_, statement) => {
    expect(canBeChanged(policy(statement), ACCOUNT)).toBe(false);
  });

  it('may take out actions instead of naming them', () => {
    const { Statement } = policy({});
    const [{ Action: _, ...statement }] = Statement as [JsonObject];
    const except = (NotAction: string) => canBeChanged({ Statement: { ...statement, NotAction } }, ACCOUNT);

    expect([except('kms:Decrypt'), except('kms:Put*')]).toEqual([true, false]);
  });

  it('without statements locks its owner out', () => {
    expect(canBeChanged({ Version: '2012-10-17', Statement: [] }, ACCOUNT)).toBe(false);
  });
});
