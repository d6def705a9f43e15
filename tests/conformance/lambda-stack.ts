/** Small stacks written to a folder as a packager would: a template, and a zip per function. */
import { createHash, createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LambdaClient } from '@aws-sdk/client-lambda';
import { strToU8, zipSync } from 'fflate';

import { type CloudOptions, createCloud, type LocalCloud } from '../../local/cloud.ts';
import type { JsonObject } from '../../local/contracts.ts';

export const ADMINISTRATOR = { accessKeyId: 'test', secretAccessKey: 'test' };

/** Sources by file name; `index.js` is CommonJS, `index.mjs` is not. */
export type Sources = Readonly<Record<string, string>>;

export const zipOf = (sources: Sources): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(sources).map(([name, text]) => [name, strToU8(text)])));

/** A function's resource, with what a test does not care about filled in. */
export const functionResource = (name: string, properties: JsonObject = {}): JsonObject => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    FunctionName: name,
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
    Timeout: 10,
    Code: { S3Bucket: 'deployments', S3Key: `packages/1/${name}.zip` },
    ...properties,
  },
});

const ROLE: JsonObject = {
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName: 'worker-role',
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    },
    Policies: [
      {
        PolicyName: 'everything',
        PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
      },
    ],
  },
};

export interface TestStack {
  readonly cloud: LocalCloud;
  readonly lambda: LambdaClient;
  readonly outputs: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Writes the files, starts a cloud and deploys on it. */
export const deployStack = async (
  functions: Readonly<Record<string, Sources>>,
  resources: JsonObject,
  {
    outputs = {},
    layers,
    options = {},
  }: { outputs?: JsonObject; layers?: Record<string, string>; options?: CloudOptions } = {},
): Promise<TestStack> => {
  const folder = await mkdtemp(join(tmpdir(), 'packaged-'));
  for (const [name, sources] of Object.entries(functions)) {
    await writeFile(join(folder, `${name}.zip`), zipOf(sources));
  }
  const template = join(folder, 'template.json');
  await writeFile(template, JSON.stringify({ Resources: { Role: ROLE, ...resources }, Outputs: outputs }));
  const cloud = await createCloud({ start: new Date('2031-05-06T07:08:09Z'), region: 'eu-west-1', ...options });
  const lambda = new LambdaClient({
    endpoint: cloud.url,
    region: 'eu-west-1',
    credentials: ADMINISTRATOR,
    maxAttempts: 1,
  });
  const close = async () => {
    lambda.destroy();
    await cloud.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const stack = await cloud.deploy({
      template,
      artifacts: folder,
      stack: 'workers',
      ...(layers === undefined ? {} : { layers }),
    });
    return { cloud, lambda, outputs: stack.outputs, close };
  } catch (error) {
    await close();
    throw error;
  }
};

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

/**
 * Headers of a request signed with SigV4, for a path and query that need no escaping.
 * @param more Further headers; those that begin with `x-amz-` are signed, too.
 */
export const signed = (
  service: string,
  method: string,
  address: string,
  body: string | Uint8Array,
  more: Readonly<Record<string, string>> = {},
  region = 'eu-west-1',
): Record<string, string> => {
  const { host, pathname, searchParams } = new URL(address);
  const time = more['x-amz-date'] ?? new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const amz = Object.entries(more).filter(([name]) => name.startsWith('x-amz-'));
  const headers = Object.entries({ host, 'x-amz-date': time, ...Object.fromEntries(amz) }).sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const names = headers.map(([name]) => name).join(';');
  searchParams.sort();
  const canonical = [
    method,
    pathname,
    searchParams.toString(),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    more['x-amz-content-sha256'] ?? sha256(body),
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = scope
    .split('/')
    .reduce<Buffer>(
      (secret, part) => createHmac('sha256', secret).update(part).digest(),
      Buffer.from(`AWS4${ADMINISTRATOR.secretAccessKey}`),
    );
  const signature = createHmac('sha256', key).update(text).digest('hex');
  return {
    ...more,
    'x-amz-date': time,
    authorization: `AWS4-HMAC-SHA256 Credential=${ADMINISTRATOR.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
};
