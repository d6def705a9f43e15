import { describe, expect, it } from 'vitest';

import { grantWatchedBuckets } from '../../scripts/watched-buckets.cjs';

const resources = () => {
  const statements: Record<'drift' | 'quality', unknown[]> = { drift: [], quality: [] };
  const role = (Statement: unknown[]) => ({ Properties: { Policies: [{ PolicyDocument: { Statement } }] } });
  return {
    DetectDriftRole: role(statements.drift),
    MeasureQualityRole: role(statements.quality),
    statements,
  };
};

describe('buckets that endpoints from elsewhere capture into', () => {
  it('may be listed and read by the steps that measure drift and quality', () => {
    const { statements, ...roles } = resources();

    grantWatchedBuckets(roles, ['one-bucket', 'another']);

    const arns = (below: string) =>
      ['one-bucket', 'another'].map((name) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:s3:::${name}${below}` }));
    const granted = [
      { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: arns('') },
      { Effect: 'Allow', Action: ['s3:GetObject'], Resource: arns('/*') },
    ];
    expect(statements).toEqual({ drift: granted, quality: granted });
  });

  it('are nobody’s to read where platform.yml names none', () => {
    const { statements, ...roles } = resources();

    grantWatchedBuckets(roles, []);

    expect(statements).toEqual({ drift: [], quality: [] });
  });

  it.each(['*', 'a-bucket/*', 'Upper', 'a'])('are not named %s', (name) => {
    const { statements, ...roles } = resources();

    expect(() => grantWatchedBuckets(roles, [name])).toThrow(`watchedBuckets: no names of buckets: ${name}`);
    expect(statements).toEqual({ drift: [], quality: [] });
  });
});
