import { describe, expect, it } from 'vitest';

import { grantWatchedBuckets } from '../../scripts/watched-buckets.cjs';

const resources = () => {
  const Statement: unknown[] = [];
  const role = { Properties: { Policies: [{ PolicyDocument: { Statement } }] } };
  return { DetectDriftRole: role, Statement };
};

describe('buckets that endpoints from elsewhere capture into', () => {
  it('may be listed and read by the step that measures drift', () => {
    const { Statement, ...roles } = resources();

    grantWatchedBuckets(roles, ['one-bucket', 'another']);

    const arns = (below: string) =>
      ['one-bucket', 'another'].map((name) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:s3:::${name}${below}` }));
    expect(Statement).toEqual([
      { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: arns('') },
      { Effect: 'Allow', Action: ['s3:GetObject'], Resource: arns('/*') },
    ]);
  });

  it('are nobody’s to read where platform.yml names none', () => {
    const { Statement, ...roles } = resources();

    grantWatchedBuckets(roles, []);

    expect(Statement).toEqual([]);
  });

  it.each(['*', 'a-bucket/*', 'Upper', 'a'])('are not named %s', (name) => {
    const { Statement, ...roles } = resources();

    expect(() => grantWatchedBuckets(roles, [name])).toThrow(`watchedBuckets: no names of buckets: ${name}`);
    expect(Statement).toEqual([]);
  });
});
