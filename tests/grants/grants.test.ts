/**
 * Nothing needless is granted: each statement of the packaged template, and each action and resource of a list, is taken
 * out in turn, and everything that the tests of the loop and the stories of rare occasions asked of the policies is asked
 * again. What makes no difference is needless. Runs after all other tests; with only some of those it cannot tell, and
 * says so.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCloud } from '../../local/cloud.ts';
import {
  type Grant,
  grantsOf,
  needlessGrants,
  type RecordedCloud,
  readRecordedCloud,
} from '../../local/services/iam/needless.ts';
import { contributors, RECORD_FOLDER } from './folder.ts';

const CREATE_TRAINING_JOB =
  'https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createtrainingjob-perms';

interface Exception {
  /** Begins a grant as {@link told} tells it. */
  readonly grant: string;
  /** The AWS page by which only real AWS asks for it. */
  readonly page: string;
}

/** What only real AWS asks for. */
const ONLY_ON_AWS: readonly Exception[] = [
  { grant: 'SageMakerRole: ecr:', page: CREATE_TRAINING_JOB },
  { grant: 'SageMakerRole: Action logs:DescribeLogStreams', page: CREATE_TRAINING_JOB },
  // The deployment bucket is the packager's, its policy denies what is not HTTPS; here everything counts as HTTPS.
  {
    grant: 's3:::millrace-dev-serverlessdeploymentbucket-',
    page: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html#transit',
  },
];

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** `PlanRunRole: Action s3:GetObject of s3:GetObject, s3:PutObject on arn:…` */
const told = ({ owner, policy, statement, element }: Grant): string => {
  const whole = `${listOf(statement.Action).join(', ')} on ${listOf(statement.Resource ?? 'itself').join(', ')}`;
  const where = `${owner.replace(/^arn:aws:/, '')}${policy === 'trust' ? ' (trust)' : ''}`;
  return element === undefined ? `${where}: ${whole}` : `${where}: ${element.name} ${element.value} of ${whole}`;
};

const excuse = (grant: Grant) => {
  const whole = told({ owner: grant.owner, policy: grant.policy, statement: grant.statement });
  return ONLY_ON_AWS.find((exception) => told(grant).startsWith(exception.grant) || whole.startsWith(exception.grant));
};

const folder = process.env[RECORD_FOLDER];
const files = contributors();
const missing = files.filter((name) => folder === undefined || !existsSync(join(folder, name)));
if (missing.length > 0)
  console.info(`grants: not judged, because these did not run: ${missing.join(', ')} (npm test runs them all)`);

describe.skipIf(missing.length > 0)('the grants of the packaged template', () => {
  let own: string;
  let recorded: RecordedCloud[];
  let packaged: Grant[];
  beforeAll(async () => {
    own = await mkdtemp(join(tmpdir(), 'grants-'));
    const cloud = await createCloud({ start: new Date('2001-01-25T06:00:00Z'), authorizations: own });
    await cloud.deploy({
      template: '.serverless/cloudformation-template-update-stack.json',
      artifacts: '.serverless',
      layers: { 'millrace-dev-engine': resolve('dist/layers/engine-local') },
      stack: 'millrace-dev',
    });
    await cloud.close();
    const read = (path: string) =>
      readdirSync(path).flatMap((file) => readRecordedCloud(readFileSync(join(path, file), 'utf8')) ?? []);
    packaged = read(own).flatMap(({ policies }) => grantsOf(policies));
    recorded = files.flatMap((name) => read(join(folder ?? '', name)));
  });
  afterAll(() => rm(own, { recursive: true, force: true }));

  it('were asked for by every file of tests that is to', () => {
    expect(recorded.length).toBeGreaterThanOrEqual(files.length);
    for (const { authorizations } of recorded) expect(authorizations.length).toBeGreaterThan(0);
  });

  it('are each needed by something, but for what is excused', () => {
    const needless = needlessGrants(recorded, packaged).filter((grant) => excuse(grant) === undefined);

    expect(needless.map(told)).toEqual([]);
  });

  it('need every exception: what is excused is granted, and what only AWS asks for nothing here asks for', () => {
    const needless = needlessGrants(recorded, packaged).map(excuse);

    for (const exception of ONLY_ON_AWS) {
      expect(packaged.map(excuse), exception.grant).toContain(exception);
      expect(needless, exception.grant).toContain(exception);
    }
  });
});
