/** The AWS CLI and boto3 against the cloud's S3, with nothing but an endpoint URL. */
import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type S3Cloud, startS3 } from './s3-cloud.ts';

const run = promisify(execFile);
const hasCli = spawnSync('aws', ['--version']).status === 0;
const hasBoto = spawnSync('python3', ['-c', 'import boto3']).status === 0;
if (!hasCli) console.info('the AWS CLI is not installed: its tests pass without having run');
if (!hasBoto) console.info('python3 with boto3 is not installed: its test passes without having run');

const BOTO = `
import boto3, sys
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
s3 = boto3.client('s3', endpoint_url=sys.argv[1])
s3.create_bucket(Bucket='from-python', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
s3.upload_file(sys.argv[2], 'from-python', 'dir/big', Config=TransferConfig(multipart_threshold=1, multipart_chunksize=8 * 1024 * 1024))
s3.download_file('from-python', 'dir/big', sys.argv[3])
s3.put_object(Bucket='from-python', Key='once', Body=b'1', IfNoneMatch='*')
try:
    s3.put_object(Bucket='from-python', Key='once', Body=b'2', IfNoneMatch='*')
    print('written twice')
except ClientError as error:
    print(error.response['Error']['Code'], error.response['ResponseMetadata']['HTTPStatusCode'])
try:
    s3.get_object(Bucket='from-python', Key='none')
except s3.exceptions.NoSuchKey as error:
    print(type(error).__name__)
print([row['Key'] for page in s3.get_paginator('list_objects_v2').paginate(Bucket='from-python', PaginationConfig={'PageSize': 1}) for row in page['Contents']])
print(s3.delete_objects(Bucket='from-python', Delete={'Objects': [{'Key': 'once'}, {'Key': 'dir/big'}]})['Deleted'])
s3.delete_bucket(Bucket='from-python')
`;

describe('other tools of AWS', () => {
  let world: S3Cloud;
  let folder = '';
  const bytes = randomBytes(20_000_000);
  beforeAll(async () => {
    world = await startS3();
    folder = await mkdtemp(join(tmpdir(), 's3-tools-'));
    await writeFile(join(folder, 'big'), bytes);
  });
  afterAll(async () => {
    await world.close();
    await rm(folder, { recursive: true, force: true });
  });

  const environment = () => ({
    PATH: process.env.PATH,
    HOME: folder,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  const aws = async (...words: string[]) =>
    (await run('aws', ['--endpoint-url', world.cloud.url, ...words], { env: environment(), cwd: folder })).stdout;

  it('copies a large file to S3 and back with the AWS CLI', async () => {
    if (!hasCli) return;
    await aws('s3', 'mb', 's3://from-the-cli');
    await aws('s3', 'cp', '--no-progress', 'big', 's3://from-the-cli/dir/big file');
    await aws('s3', 'cp', '--no-progress', 's3://from-the-cli/dir/big file', 'back');
    const listed = await aws('s3', 'ls', '--recursive', 's3://from-the-cli');
    const top = await aws('s3', 'ls', 's3://from-the-cli');

    expect((await readFile(join(folder, 'back'))).equals(bytes)).toBe(true);
    expect(listed).toContain('20000000 dir/big file');
    expect(top.trim()).toBe('PRE dir/');
  });

  it('synchronises a folder with the AWS CLI', async () => {
    if (!hasCli) return;
    await mkdir(join(folder, 'tree', 'deep'), { recursive: true });
    await writeFile(join(folder, 'tree', 'one'), '1');
    await writeFile(join(folder, 'tree', 'deep', 'two'), '2');
    await aws('s3', 'mb', 's3://synchronised');
    await aws('s3', 'sync', '--no-progress', 'tree', 's3://synchronised/t');
    await rm(join(folder, 'tree', 'one'));
    await aws('s3', 'sync', '--no-progress', '--delete', 'tree', 's3://synchronised/t');

    expect(world.cloud.s3.list('synchronised', '')).toEqual([{ key: 't/deep/two', size: 1 }]);
  });

  it('tells the AWS CLI in its own words what went wrong', async () => {
    if (!hasCli) return;
    const failure = await aws('s3', 'ls', 's3://not-there').catch((error: { stderr: string }) => error.stderr);

    expect(failure).toContain(
      '(NoSuchBucket) when calling the ListObjectsV2 operation: The specified bucket does not exist',
    );
  });

  it('works with boto3', async () => {
    if (!hasBoto) return;
    const { stdout } = await run(
      'python3',
      ['-c', BOTO, world.cloud.url, join(folder, 'big'), join(folder, 'by-python')],
      {
        env: environment(),
      },
    );

    expect((await readFile(join(folder, 'by-python'))).equals(bytes)).toBe(true);
    expect(stdout.trim().split('\n')).toEqual([
      'PreconditionFailed 412',
      'NoSuchKey',
      "['dir/big', 'once']",
      "[{'Key': 'once'}, {'Key': 'dir/big'}]",
    ]);
  });
});
