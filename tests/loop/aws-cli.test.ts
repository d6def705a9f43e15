/** Other people's tools start the loop with nothing but an endpoint URL. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { run } from './command.ts';
import { parcels } from './parcels.ts';
import { startWorld, type World } from './world.ts';

const hasCli = spawnSync('aws', ['--version']).status === 0;
const hasBoto = spawnSync('python3', ['-c', 'import boto3']).status === 0;
if (!hasCli) console.info('the AWS CLI is not installed: its test passes without having run');
if (!hasBoto) console.info('python3 with boto3 is not installed: its test passes without having run');

const BOTO = `
import boto3, sys
url, file, bucket, key = sys.argv[1:]
s3 = boto3.client('s3', endpoint_url=url)
s3.upload_file(file, bucket, key)
print(s3.head_object(Bucket=bucket, Key=key)['VersionId'])
`;

const MODELS = ['parcel-late', 'parcel-asked'] as const;

let world: World;
let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aws-cli-'));
  file = join(folder, 'parcels.csv');
  await writeFile(file, parcels('2001-03-01', 12));
  world = await startWorld(MODELS, '2001-03-20T06:00:00Z');
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

const environment = () => ({
  HOME: folder,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_DEFAULT_REGION: world.cloud.region,
  AWS_EC2_METADATA_DISABLED: 'true',
});

describe('a file that is copied to S3', () => {
  it('by the AWS CLI starts a run that ends in a served model', async () => {
    if (!hasCli) return;
    const to = `s3://${world.dataBucket}/incoming/parcel-late/parcels.csv`;
    const copied = await run(
      'aws',
      ['--endpoint-url', world.cloud.url, 's3', 'cp', '--no-progress', file, to],
      environment(),
    );
    await world.settle();
    const [end] = await world.ends('parcel-late');
    const champion = await world.champion('parcel-late');
    const described = await run(
      'aws',
      [
        '--endpoint-url',
        world.cloud.url,
        'sagemaker',
        'describe-endpoint',
        '--endpoint-name',
        champion?.endpointName ?? 'none',
      ],
      environment(),
    );
    const answer = await world.predict('parcel-late', {
      sent: '2001-03-20T10:00:00',
      carrier: 'crow',
      weight: 3,
      distance: 800,
    });

    expect(copied.exit, copied.stderr).toBe(0);
    expect(end?.end).toBe('promoted');
    expect(JSON.parse(described.stdout)).toMatchObject({
      EndpointStatus: 'InService',
      EndpointConfigName: champion?.endpointConfigName,
    });
    expect(answer).toMatchObject({ status: 200, body: { run: end?.run } });
  });

  it('by boto3 starts a run too', async () => {
    if (!hasBoto) return;
    const key = 'incoming/parcel-asked/parcels.csv';
    const args = ['-c', BOTO, world.cloud.url, file, world.dataBucket, key];
    const uploaded = await run('python3', args, environment());
    await world.settle();

    expect(uploaded.exit, uploaded.stderr).toBe(0);
    expect(await world.arrival('parcel-asked', key, uploaded.stdout.trim())).toMatchObject({ outcome: 'accepted' });
    expect((await world.ends('parcel-asked')).map((end) => end?.end)).toEqual(['held']);
  });
});
