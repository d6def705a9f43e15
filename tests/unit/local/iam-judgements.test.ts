import { describe, expect, it } from 'vitest';

import type { Authorization, JsonObject } from '../../../local/contracts.ts';
import type { PolicySource } from '../../../local/services/iam/authority.ts';
import { judgeIn } from '../../../local/services/iam/judgements.ts';
import { readPolicy } from '../../../local/services/iam/policy.ts';

const ACCOUNT = '000000000000';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/judged`;
const ASKED: Authorization = {
  by: { role: ROLE, session: 'me' },
  action: 's3:GetObject',
  resource: 'arn:aws:s3:::bucket/key',
};

const policy = (kind: 'identity' | 'resource', where: string, ...statements: JsonObject[]) =>
  readPolicy({ Version: '2012-10-17', Statement: statements }, kind, where);
const says = (Effect: 'Allow' | 'Deny', more: JsonObject = {}): JsonObject => ({
  Effect,
  Action: 's3:*',
  Resource: '*',
  ...more,
});
const source = (identity: readonly JsonObject[], resource?: JsonObject): PolicySource => {
  const own = [policy('identity', 'role judged', ...identity)];
  const theirs = resource && policy('resource', 'policy of bucket', resource);
  return { identity: () => own, boundary: () => undefined, trust: () => undefined, resource: () => theirs };
};
const ask = (from: PolicySource, { nowMs = 0, ...more }: Partial<Authorization> & { nowMs?: number } = {}) => {
  return judgeIn({ account: ACCOUNT, region: 'eu-west-1' })({ ...ASKED, ...more }, from, nowMs);
};

describe('a judgement', () => {
  it('is the same for the same question to policies that read alike', () => {
    const first = ask(source([says('Allow')]));

    expect(ask(source([says('Allow')]))).toBe(first);

    expect(first).toEqual({ verdict: { allowed: true }, footprint: '0.0.0' });
  });

  it('is another under other policies', () => {
    const allowed = ask(source([says('Allow')])).verdict;

    const denied = ask(source([says('Allow')], says('Deny', { Principal: '*' }))).verdict;
    const nothing = ask(source([])).verdict;

    expect([allowed, denied, nothing]).toEqual([
      { allowed: true },
      { allowed: false, because: 'explicit-deny', policy: 'resource-based' },
      { allowed: false, because: 'no-allow', policy: 'identity-based' },
    ]);
  });

  it('is another for another context, resource or session', () => {
    const from = source([
      says('Allow', { Condition: { StringEquals: { 's3:prefix': 'mine/' } }, Resource: 'arn:aws:s3:::bucket/*' }),
      says('Deny', { Condition: { StringLike: { 'aws:PrincipalArn': '*:role/other' } } }),
    ]);
    const context = { 's3:prefix': 'mine/' };

    const verdicts = [
      ask(from, { context }),
      ask(from, { context: { 's3:prefix': 'yours/' } }),
      ask(from, { context, resource: 'arn:aws:s3:::other/key' }),
      ask(from, { context, by: { role: `arn:aws:iam::${ACCOUNT}:role/other`, session: 'me' } }),
    ].map(({ verdict }) => verdict.allowed);

    expect(verdicts).toEqual([true, false, false, false]);
  });

  it('is one for all contexts where no policy looks at them', () => {
    const from = source([says('Allow', { Resource: 'arn:aws:s3:::bucket/*' })]);
    const first = ask(from, { context: { 's3:versionid': 'one' } });

    expect(ask(from, { context: { 's3:versionid': 'two' } })).toBe(first);
  });

  it('looks at the context again when a policy that does has come to stand beside', () => {
    const allow = says('Allow');
    const deny = says('Deny', { Condition: { StringEquals: { 's3:versionid': 'two' } } });
    ask(source([allow]), { context: { 's3:versionid': 'one' } });

    const verdicts = ['one', 'two', 'one'].map(
      (version) => ask(source([allow, deny]), { context: { 's3:versionid': version } }).verdict.allowed,
    );

    expect(verdicts).toEqual([true, false, true]);
  });

  it('is another where a variable of a resource stands for what the request says', () => {
    const from = source([says('Allow', { Resource: `arn:aws:s3:::bucket/\${s3:prefix}*` })]);

    const verdicts = ['key', 'other'].map((prefix) => ask(from, { context: { 's3:prefix': prefix } }).verdict.allowed);

    expect(verdicts).toEqual([true, false]);
  });

  it('that goes by the time is made anew each time', () => {
    const from = source([
      says('Allow', { Condition: { DateLessThan: { 'aws:CurrentTime': '2001-01-01T00:00:00Z' } } }),
    ]);
    const verdicts = ['2000-12-31T23:59:59Z', '2001-01-01T00:00:01Z', '2000-12-31T23:59:59Z'].map(
      (now) => ask(from, { nowMs: Date.parse(now) }).verdict.allowed,
    );

    expect(verdicts).toEqual([true, false, true]);
  });
});
