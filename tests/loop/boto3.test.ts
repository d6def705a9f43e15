/** A person with nothing but boto3 walks a dataset through the loop: upload, clock, jobs, endpoint, prediction, approval. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';

import { run } from './command.ts';
import { parcels } from './parcels.ts';
import { startWorld, type World } from './world.ts';

const hasBoto = spawnSync('python3', ['-c', 'import boto3']).status === 0;
if (!hasBoto) console.info('python3 with boto3 is not installed: its test passes without having run');

const MODEL = 'parcel-late';

const WALK = `
import json, sys, urllib.request
import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

url, file, bucket, predict_url, model = sys.argv[1:]
session = boto3.Session()
client = lambda name: session.client(name, endpoint_url=url)

def cloud(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url + '/_cloud/' + path, data)) as response:
        return json.load(response)

began = cloud('clock')['now']
client('s3').upload_file(file, bucket, 'incoming/%s/parcels.csv' % model)
now = cloud('settle', {'advance': 'PT12M'})['now']

sagemaker = client('sagemaker')
jobs = sagemaker.list_training_jobs(NameContains=model)['TrainingJobSummaries']
[endpoint] = sagemaker.list_endpoints(NameContains=model)['Endpoints']
described = sagemaker.describe_endpoint(EndpointName=endpoint['EndpointName'])
packages = [
    sagemaker.describe_model_package(ModelPackageName=each['ModelPackageArn'])
    for group in sagemaker.list_model_package_groups(NameContains=model)['ModelPackageGroupSummaryList']
    for each in sagemaker.list_model_packages(ModelPackageGroupName=group['ModelPackageGroupName'])['ModelPackageSummaryList']
]

body = json.dumps({'sent': '2001-03-20T10:00:00', 'carrier': 'crow', 'weight': 3, 'distance': 800})
request = AWSRequest('POST', predict_url + model, data=body, headers={'Content-Type': 'application/json'})
SigV4Auth(session.get_credentials(), 'lambda', session.region_name).add_auth(request)
prepared = request.prepare()
with urllib.request.urlopen(urllib.request.Request(prepared.url, body.encode(), dict(prepared.headers), method='POST')) as response:
    predicted = {'status': response.status, 'body': json.load(response)}

print(json.dumps({
    'began': began,
    'now': now,
    'jobs': [job['TrainingJobStatus'] for job in jobs],
    'endpoint': [described['EndpointStatus'], described['EndpointConfigName']],
    'packages': [[each['ModelPackageStatus'], each['ModelApprovalStatus']] for each in packages],
    'predicted': predicted,
}))
`;

const told = z.object({
  began: z.string(),
  now: z.string(),
  jobs: z.array(z.string()),
  endpoint: z.tuple([z.string(), z.string()]),
  packages: z.array(z.tuple([z.string(), z.string()])),
  predicted: z.object({ status: z.number(), body: z.record(z.string(), z.unknown()) }),
});

let world: World;
let folder: string;
beforeAll(async () => {
  if (!hasBoto) return;
  folder = await mkdtemp(join(tmpdir(), 'boto3-'));
  await writeFile(join(folder, 'parcels.csv'), parcels('2001-03-01', 12));
  world = await startWorld([MODEL], '2001-03-20T06:00:00Z');
});
afterAll(async () => {
  if (!hasBoto) return;
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a dataset', () => {
  it('is walked through the loop by boto3, from its upload to a prediction of the approved model', async () => {
    if (!hasBoto) return;
    const args = ['-c', WALK, world.cloud.url, join(folder, 'parcels.csv'), world.dataBucket];

    const walked = await run('python3', [...args, world.outputs.PredictUrl ?? '', MODEL], {
      HOME: folder,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_DEFAULT_REGION: world.cloud.region,
      AWS_EC2_METADATA_DISABLED: 'true',
    });

    expect(walked.exit, walked.stderr).toBe(0);
    const seen = told.parse(JSON.parse(walked.stdout));
    const champion = await world.champion(MODEL);
    const [end] = await world.ends(MODEL);
    expect(end?.end).toBe('promoted');
    expect(new Set(seen.jobs)).toEqual(new Set(['Completed']));
    expect(seen.endpoint).toEqual(['InService', champion?.endpointConfigName]);
    expect(seen.packages).toEqual([['Completed', 'Approved']]);
    expect(seen.predicted).toMatchObject({ status: 200, body: { run: end?.run } });
    expect(Date.parse(seen.now)).toBeGreaterThan(Date.parse(seen.began));
  });
});
