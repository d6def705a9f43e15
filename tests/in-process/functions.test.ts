/** Functions that run in the cloud's process: the same permissions, requests and failures as in processes of their own. */
import { Readable } from 'node:stream';

import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { ListModelPackagesCommand } from '@aws-sdk/client-sagemaker';
import { describe, expect, it } from 'vitest';

import { createCloud, type LocalCloud } from '../../local/cloud.ts';
import { ServiceError } from '../../local/contracts.ts';
import type { InProcessContext, InProcessFunction, InProcessFunctions } from '../../local/in-process/environment.ts';
import { ADMINISTRATOR, deployStack, functionResource } from '../conformance/lambda-stack.ts';
import { parcels } from '../loop/parcels.ts';
import { startInProcessWorld } from './world.ts';

const MODEL = 'parcel-late';
const START = '2001-03-20T06:00:00Z';

const startParcels = (functions?: (steps: InProcessFunctions) => InProcessFunctions) =>
  startInProcessWorld({ models: [MODEL], start: START, ...(functions && { functions }) });

/** What one request of a function meets. */
interface Boundary {
  readonly step: string;
  readonly operation: string;
  readonly when: 'before' | 'after';
}

/** Kills a function once, at its first request of an operation, and counts its requests of that operation. */
const crashing = (cloud: () => LocalCloud, { step, operation, when }: Boundary) => {
  const sent: string[] = [];
  let crashes = 0;
  const wrap =
    (program: InProcessFunction): InProcessFunction =>
    (context: InProcessContext) =>
      program({
        ...context,
        client: {
          async send(service, name, input) {
            const strikes = name === operation && crashes === 0;
            sent.push(name);
            if (strikes && when === 'before') {
              crashes++;
              cloud().lambda.crash(context.functionName);
            }
            const answer = await context.client.send(service, name, input);
            if (strikes && when === 'after') {
              crashes++;
              cloud().lambda.crash(context.functionName);
              // The next thing it would do has no effect any more.
              await context.client.send(service, name, input);
            }
            return answer;
          },
        },
      });
  const functions =
    (steps: InProcessFunctions): InProcessFunctions =>
    (name) => {
      const program = steps(name);
      return program && name.endsWith(`-${step}`) ? wrap(program) : program;
    };
  return { functions, sent, crashes: () => crashes };
};

describe('a function in the cloud’s process', () => {
  it.for(['before', 'after'] as const)(
    'that is killed %s a request fails as AWS says, and its event comes again',
    async (when) => {
      const places: { cloud?: LocalCloud } = {};
      const cloud = () => {
        if (!places.cloud) throw new Error('the cloud has not begun');
        return places.cloud;
      };
      const crash = crashing(cloud, { step: 'gate-model', operation: 'CreateModelPackage', when });
      const world = await startParcels(crash.functions);
      places.cloud = world.cloud;

      await world.land(`incoming/${MODEL}/first.csv`, parcels('2001-03-01', 12));
      const ends = await world.ends(MODEL);
      const log = world.cloud.logs.read('/aws/lambda/millrace-dev-gate-model').map(({ message }) => message);
      const { ModelPackageSummaryList: packages } = await world.sageMaker.send(
        new ListModelPackagesCommand({ ModelPackageGroupName: `mr-dev-${MODEL}` }),
      );
      await world.close();

      expect(crash.crashes()).toBe(1);
      expect(log).toContainEqual(
        expect.stringMatching(/^RequestId: \S+ Error: Runtime exited with error: signal: killed$/),
      );
      expect(packages).toHaveLength(1);
      expect(ends.map((end) => end?.end)).toEqual(['promoted']);
    },
  );

  it('is denied what its role does not allow, as an SDK client sees it', async () => {
    const failures: unknown[] = [];
    const world = await startParcels((steps) => (name) => {
      if (!name.endsWith('-notify')) return steps(name);
      return ({ client }) =>
        async () => {
          await client
            .send('sagemaker', 'DeleteEndpoint', { EndpointName: 'mr-dev-other' })
            .catch((error: unknown) => failures.push(error));
        };
    });

    await world.cloud.lambda.invoke('millrace-dev-notify', null);
    await world.close();

    expect(failures).toEqual([expect.objectContaining({ code: 'AccessDeniedException' })]);
    expect(failures[0]).toBeInstanceOf(ServiceError);
  });

  it('that takes too long is timed out', async () => {
    const stack = await deployStack(
      { slow: { 'index.js': 'exports.handler = async () => undefined;' } },
      { Slow: functionResource('slow', { Timeout: 1 }) },
      { options: { functions: () => () => () => new Promise(() => undefined) } },
    );

    const { payload, functionError } = await stack.cloud.lambda.invoke('slow', null);
    await stack.close();

    expect(functionError).toBe('Unhandled');
    expect(payload).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Task timed out after 1\.00 seconds$/),
    });
  });

  it('has its requests held by a latency while the clock flows, and not while it stands', async () => {
    const delayMs = 3_600_000;
    const stack = await deployStack(
      { asker: { 'index.js': 'exports.handler = async () => undefined;' } },
      { Asker: functionResource('asker') },
      {
        options: {
          functions:
            () =>
            ({ client }) =>
            async () => {
              await client.send('sts', 'GetCallerIdentity', {});
            },
          faults: { rules: [{ fault: 'latency', service: 'sts', delayMs }] },
        },
      },
    );
    const { clock, lambda } = stack.cloud;
    const began = clock.ms();

    await lambda.invoke('asker', null);
    const standing = clock.ms() - began;
    clock.run();
    let isOver = false;
    const asked = lambda.invoke('asker', null).finally(() => {
      isOver = true;
    });
    // The request waits for the clock, or the function is over without it.
    while (!isOver && (clock.nextTimer() ?? 0) < began + delayMs) await new Promise(setImmediate);
    const wasHeld = !isOver;
    await clock.advance(delayMs);
    const { functionError } = await asked;
    await stack.close();

    expect(standing).toBe(0);
    expect(wasHeld).toBe(true);
    expect(functionError).toBeUndefined();
  });

  it('has requests tried again, but none whose body has been read', async () => {
    const cloud = await createCloud({
      start: new Date(START),
      faults: { rules: [{ fault: 'error', service: 's3', operation: 'PutObject', nth: [1, 3] }] },
    });
    const bucket = { Bucket: 'data' };
    await new S3Client({
      endpoint: cloud.url,
      region: cloud.region,
      credentials: ADMINISTRATOR,
      forcePathStyle: true,
    }).send(new CreateBucketCommand({ ...bucket }));

    const whole = await cloud.client().send('s3', 'PutObject', { ...bucket, Key: 'whole', Body: 'text' });
    const streamed = cloud
      .client()
      .send('s3', 'PutObject', { ...bucket, Key: 'streamed', Body: Readable.from(['text']) });

    expect(whole).toMatchObject({ ETag: expect.any(String) });
    await expect(streamed).rejects.toMatchObject({ status: 500 });
    await cloud.close();
  });

  it('refuses a request that nobody has taught it', async () => {
    const cloud = await createCloud({ start: new Date(START) });

    const unknown = cloud.client().send('s3', 'GetBucketAcl', { Bucket: 'data' });
    const member = cloud.client().send('s3', 'PutObject', { Bucket: 'data', Key: 'a', ACL: 'private' });

    await expect(unknown).rejects.toMatchObject({ code: 'UnknownOperationException' });
    await expect(member).rejects.toMatchObject({ code: 'NotImplemented', message: expect.stringContaining('ACL') });
    await cloud.close();
  });
});
