/**
 * SageMaker behind the real front door, among in-memory stand-ins of the services it uses, for the real SDK to talk to.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';

import { createActivity } from '../../local/activity.ts';
import { createClock } from '../../local/clock.ts';
import {
  type AlarmState,
  type Authorization,
  type Cloud,
  type ContainerImage,
  type JobFaults,
  type JsonObject,
  type S3Api,
  ServiceError,
} from '../../local/contracts.ts';
import { openDoor } from '../../local/http/server.ts';
import { createRecorder } from '../../local/record.ts';
import { createSageMaker, type MetricDatum, type QuotaSettings } from '../../local/services/sagemaker/service.ts';

export const ROLE = 'arn:aws:iam::000000000000:role/training-role';
export const IMAGE = '000000000000.dkr.ecr.eu-west-1.amazonaws.com/constant-model:1';
export const BUILT_IN_IMAGE = '000000000000.dkr.ecr.eu-west-1.amazonaws.com/built-in-model:1';
export const START = Date.UTC(2001, 0, 25, 10, 15, 30);

const program = fileURLToPath(new URL('../fixtures/containers/constant-model.mjs', import.meta.url));
const images: ContainerImage[] = [
  { pattern: /^constant-model:\d+$/, command: [process.execPath, program] },
  {
    pattern: /^built-in-model:\d+$/,
    command: [process.execPath, program],
    metricDefinitions: [{ name: 'validation:auc', regex: '.*\\[[0-9]+\\].*#011validation-auc:(\\S+)' }],
  },
];

/** Objects in memory. */
export interface Objects extends S3Api {
  put(uri: string, body: string | Uint8Array): void;
  get(uri: string): Promise<Buffer>;
  keys(uri: string): string[];
}

const createObjects = (buckets: readonly string[]): Objects => {
  const objects = new Map<string, Buffer>();
  const path = (uri: string) => uri.replace('s3://', '');
  return {
    bucketExists: (bucket) => buckets.includes(bucket),
    async read(bucket, key) {
      const body = objects.get(`${bucket}/${key}`);
      return body && { body: Readable.from([body]), size: body.length, etag: '"etag"' };
    },
    async write(bucket, key, body) {
      if (!buckets.includes(bucket)) throw new Error(`no bucket ${bucket}`);
      const bytes = body instanceof Readable ? await buffer(body) : Buffer.from(body);
      objects.set(`${bucket}/${key}`, bytes);
    },
    list: (bucket, prefix) =>
      [...objects]
        .filter(([name]) => name.startsWith(`${bucket}/${prefix}`))
        .map(([name, body]) => ({ key: name.slice(bucket.length + 1), size: body.length }))
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
    put: (uri, body) => void objects.set(path(uri), Buffer.from(body)),
    async get(uri) {
      const body = objects.get(path(uri));
      if (!body) throw new Error(`no object ${uri}; there are ${[...objects.keys()].join(', ')}`);
      return body;
    },
    keys: (uri) => [...objects.keys()].filter((name) => name.startsWith(path(uri))),
  };
};

interface SentEvent {
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: JsonObject;
}

/** CloudWatch alarms that stand as a test sets them. */
const createAlarms = () => {
  const states = new Map<string, AlarmState>();
  const listeners = new Set<(name: string, state: AlarmState) => void>();
  return {
    state: (name: string) => states.get(name),
    listen(listener: (name: string, state: AlarmState) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    listening: () => listeners.size,
    set(name: string, state: AlarmState) {
      states.set(name, state);
      for (const listener of listeners) listener(name, state);
    },
  };
};

const absent = (name: string) => new Error(`SageMaker does not use ${name}`);

/**
 * A cloud of one service. Its clock stands at {@link START}.
 *
 * @param options What the account may use, and what befalls its jobs.
 */
export const startSageMakerCloud = async (options: { quotas?: QuotaSettings; faults?: JobFaults } = {}) => {
  const directory = await mkdtemp(join(tmpdir(), 'sagemaker-test-'));
  const clock = createClock(START, false);
  const activity = createActivity(clock);
  const s3 = createObjects(['data', 'results']);
  const events: SentEvent[] = [];
  const metrics: MetricDatum[] = [];
  const lines: { group: string; stream: string; line: string }[] = [];
  const alarms = createAlarms();
  const asked: Authorization[] = [];
  const denied = new Set<string>();
  const faults: Cloud['faults'] = { ...options.faults, copies: () => [0] };
  let ids = 0;
  let port = 0;
  const hex = () => (++ids * 2_654_435_761).toString(16).padStart(8, '0').slice(-8);
  const id: Cloud['id'] = (kind) =>
    kind === 'uuid' ? `${hex()}-0000-4000-8000-000000000000` : hex().repeat(8).slice(0, kind);
  const cloud: Cloud = {
    clock,
    activity,
    account: '000000000000',
    region: 'eu-west-1',
    url: () => `http://127.0.0.1:${port}`,
    directory,
    images,
    id,
    log: (line, facts) =>
      void lines.push({ group: 'cloud', stream: '', line: `${line} ${JSON.stringify(facts ?? {})}` }),
    events: {
      emit: ({ detailType, resources, detail }) => void events.push({ detailType, resources, detail }),
      put: () => {
        throw absent('PutEvents');
      },
    },
    s3,
    get lambda(): never {
      throw absent('Lambda');
    },
    get sqs(): never {
      throw absent('SQS');
    },
    get sns(): never {
      throw absent('SNS');
    },
    iam: {
      credentialsFor: (role) => ({ accessKeyId: `key of ${role}`, secretAccessKey: 'secret', sessionToken: 'token' }),
      principalFor: (roleArn) => ({ arn: roleArn, accessKeyId: 'test', roleArn }),
      principalOf: (accessKeyId) => ({ arn: 'arn:aws:iam::000000000000:root', accessKeyId }),
      secretOf: () => 'test',
      tokenOf: () => undefined,
      roleExists: (role) => role === ROLE,
      trusts: (role) => role === ROLE,
      allows(authorization) {
        asked.push(authorization);
        return !denied.has(authorization.action);
      },
      authorize(authorization) {
        asked.push(authorization);
        if (!denied.has(authorization.action)) return;
        throw new ServiceError('AccessDenied', `may not ${authorization.action} ${authorization.resource}`, 403);
      },
      authorizeRequest: () => undefined,
      authorizeDelivery: () => undefined,
      checkPolicy: () => undefined,
    },
    monitoring: { alarmState: alarms.state, onAlarm: alarms.listen, put: () => undefined },
    faults,
    logs: {
      write: (group, stream, written) => void lines.push(...written.map((line) => ({ group, stream, line }))),
      exists: () => true,
      read: () => [],
    },
    deliver: () => {
      throw absent('deliver');
    },
  };
  const made = createSageMaker(
    cloud,
    { metric: (datum) => void metrics.push(datum) },
    { otherInstances: 1000, ...options.quotas },
  );
  const recorder = createRecorder(undefined);
  const door = await openDoor(
    {
      services: () => made.services,
      iam: () => cloud.iam,
      faults: () => cloud.faults,
      ms: () => clock.ms(),
      id,
      log: cloud.log,
      recorder,
      controls: {
        now: () => clock.now(),
        rate: () => clock.rate,
        run: (rate) => clock.run(rate),
        advance: (byMs) => clock.advance(byMs),
        setTime: (epochMs) => clock.set(epochMs),
        pending: () => activity.pending(),
        nextTimer: () => clock.nextTimer(),
        settle: () => activity.idle(),
        reset: () => Promise.reject(absent('reset')),
      },
    },
    0,
  );
  port = door.port;
  const config = {
    endpoint: cloud.url(),
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  const sagemaker = new SageMakerClient(config);
  const runtime = new SageMakerRuntimeClient(config);
  return {
    cloud,
    clock,
    s3,
    events,
    metrics,
    lines,
    alarms,
    /** What SageMaker asked of IAM, and the actions that it is denied. */
    asked,
    denied,
    /** Faults a test sets; none by default. */
    faults,
    made,
    sagemaker,
    runtime,
    idle: () => activity.idle(),
    async close() {
      sagemaker.destroy();
      runtime.destroy();
      for (const service of made.services) await service.close?.();
      clock.close();
      await door.close();
      await recorder.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
};

export type SageMakerCloud = Awaited<ReturnType<typeof startSageMakerCloud>>;
