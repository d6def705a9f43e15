/**
 * The local cloud beside moto's server: service times of small requests over one raw keep-alive connection each, in
 * interleaved runs; then how soon the cloud is there, and what 100,000 events leave in its memory.
 */
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { BUCKET, QUEUE, type Report, type Request, serve } from './local-cloud-server.ts';
import { type Credentials, type PlainRequest, type RawClient, rawClient, wireRequest } from './raw-http.ts';

const RUNS = 7;
const REQUESTS = 300;
/** A run ends after so many requests, or sooner after so much time. */
const RUN_MS = 2000;
const BOOTS = 5;
const EVENTS = 100_000;
const OBJECT_BYTES = 1024;

const BODY = 'x'.repeat(OBJECT_BYTES);
const QUEUE_URL = `/000000000000/${QUEUE}`;

const put = (key: string): PlainRequest => ({ service: 's3', method: 'PUT', path: `/${BUCKET}/${key}`, body: BODY });
const get = (key: string): PlainRequest => ({ service: 's3', method: 'GET', path: `/${BUCKET}/${key}` });
const json = (service: string, target: string, input: object, version = '1.1'): PlainRequest => ({
  service,
  method: 'POST',
  path: '/',
  headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target },
  body: JSON.stringify(input),
});
const event = { Source: 'bench', DetailType: 'Measured', Detail: JSON.stringify({ model: 'a', value: 1, run: 'r-1' }) };
const putEvents = (count: number) => json('events', 'AWSEvents.PutEvents', { Entries: Array(count).fill(event) });
const sqs = (operation: string, input: object) => json('sqs', `AmazonSQS.${operation}`, input, '1.0');

/** A server under measurement. */
interface Peer {
  readonly name: string;
  readonly client: RawClient;
  request(plain: PlainRequest): Buffer;
  stop(): Promise<void>;
}

const succeed = async (peer: Peer, plain: PlainRequest): Promise<string> => {
  const { status, body } = await peer.client.send(peer.request(plain));
  if (status >= 300) throw new Error(`${peer.name} answered ${status} to ${plain.method} ${plain.path}: ${body}`);
  return body;
};

/** The local cloud, in a process of its own. */
interface OwnPeer extends Peer {
  ask(request: 'boot' | 'heap'): Promise<Report>;
}

const peerOn = (name: string, port: number, credentials: Credentials) => ({
  name,
  client: rawClient(port),
  request: (plain: PlainRequest) => wireRequest(`127.0.0.1:${port}`, credentials, plain),
});

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
};

const startOwn = async (): Promise<OwnPeer> => {
  const child = fork(join(import.meta.dirname, 'run.ts'), ['local-cloud'], { execArgv: ['--expose-gc'] });
  const next = async (): Promise<Report> => {
    const [report] = (await once(child, 'message')) as [Report];
    return report;
  };
  const ready = await next();
  if (ready.kind !== 'ready') throw new Error('the local cloud did not start');
  const tell = (request: Request) => void child.send(request);
  const peer = peerOn('local cloud', ready.port, ready.credentials);
  return {
    ...peer,
    ask(request) {
      const answered = next();
      tell(request);
      return answered;
    },
    async stop() {
      peer.client.close();
      tell('stop');
      await ended(child);
    },
  };
};

/** @returns The version of moto's server; undefined where it is not installed. */
const installedMoto = (): string | undefined => {
  try {
    return execFileSync('python3', ['-c', 'import moto, moto.server; print(moto.__version__)'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('there is no free port');
  return address.port;
};

const untilItListens = async (client: RawClient, request: Buffer): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.send(request);
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
};

const startMoto = async (version: string): Promise<Peer> => {
  const port = await freePort();
  const child = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const peer: Peer = {
    ...peerOn(`moto ${version}`, port, { accessKeyId: 'test', secretAccessKey: 'test' }),
    async stop() {
      peer.client.close();
      child.kill();
      await ended(child);
    },
  };
  try {
    await untilItListens(peer.client, peer.request({ service: 's3', method: 'GET', path: '/' }));
    const place =
      '<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>';
    await succeed(peer, { service: 's3', method: 'PUT', path: `/${BUCKET}`, body: place });
    await succeed(peer, sqs('CreateQueue', { QueueName: QUEUE }));
    const pattern = { source: ['bench'], 'detail-type': ['Measured'], detail: { model: ['a', 'b'] } };
    const rule = { Name: 'bench-rule', EventPattern: JSON.stringify(pattern) };
    await succeed(peer, json('events', 'AWSEvents.PutRule', rule));
    const queueArn = `arn:aws:sqs:eu-west-1:123456789012:${QUEUE}`;
    const targets = { Rule: 'bench-rule', Targets: [{ Id: 'queue', Arn: queueArn }] };
    await succeed(peer, json('events', 'AWSEvents.PutTargets', targets));
    return peer;
  } catch (error) {
    await peer.stop();
    throw error;
  }
};

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** What is measured, by name: the request of each turn. */
const MEASURED: Readonly<Record<string, (run: number, turn: number) => PlainRequest>> = {
  'PUT 1 KB': (run, turn) => put(`run-${run}-${turn}`),
  'GET 1 KB': () => get('read'),
  'PutEvents, one rule': () => putEvents(1),
};

/** Median milliseconds of one request, of up to {@link REQUESTS} one after the other. */
const measure = async (peer: Peer, requests: readonly Buffer[]): Promise<number> => {
  const times: number[] = [];
  const end = performance.now() + RUN_MS;
  for (const request of requests) {
    if (performance.now() > end) break;
    await peer.client.ready();
    const started = performance.now();
    const { status, body } = await peer.client.send(request);
    times.push(performance.now() - started);
    if (status !== 200) throw new Error(`${peer.name} answered ${status}: ${body}`);
  }
  return median(times);
};

const milliseconds = (values: readonly number[]) => ({
  'median ms': median(values).toFixed(3),
  'range ms': `${Math.min(...values).toFixed(3)}-${Math.max(...values).toFixed(3)}`,
});

/** Interleaved, so that a busy machine slows both. */
const measureService = async (own: Peer, moto: Peer | undefined): Promise<void> => {
  const peers = [own, ...(moto ? [moto] : [])];
  const medians = new Map<string, number[]>();
  const keyOf = (what: string, peer: Peer) => `${what} ${peer.name}`;
  for (const peer of peers) await succeed(peer, put('read'));
  // Run 0 warms both up and is not counted.
  for (let run = 0; run <= RUNS; run++) {
    for (const [what, plain] of Object.entries(MEASURED)) {
      for (const peer of peers) {
        const requests = Array.from({ length: REQUESTS }, (_, turn) => peer.request(plain(run, turn)));
        const time = await measure(peer, requests);
        const key = keyOf(what, peer);
        if (run > 0) medians.set(key, [...(medians.get(key) ?? []), time]);
      }
    }
  }
  const timesOf = (what: string, peer: Peer) => medians.get(keyOf(what, peer)) ?? [];
  console.info(`\nService time, ${RUNS} interleaved runs of up to ${REQUESTS} requests, all checks on`);
  console.table(
    Object.keys(MEASURED).flatMap((what) =>
      peers.map((peer) => ({
        request: what,
        server: peer.name,
        ...milliseconds(timesOf(what, peer)),
        ...(moto && { 'moto / this': (median(timesOf(what, moto)) / median(timesOf(what, peer))).toFixed(1) }),
      })),
    ),
  );
};

const measureBoot = async (own: OwnPeer): Promise<void> => {
  const times: number[] = [];
  for (let boot = 0; boot < BOOTS; boot++) {
    const report = await own.ask('boot');
    if (report.kind !== 'boot' || report.ms === undefined) {
      console.info('\nNothing is packaged (npm run package): boot time is not measured.');
      return;
    }
    times.push(report.ms);
  }
  console.info('\nBoot: createCloud and the packaged stack deployed, in a warm process but for the first');
  console.table([{ first: `${(times[0] ?? Number.NaN).toFixed(0)} ms`, ...milliseconds(times) }]);
};

/** The messages of events that came, taken and deleted, as their receiver would. */
const drain = async (own: Peer): Promise<void> => {
  for (;;) {
    const received: { Messages?: { MessageId: string; ReceiptHandle: string }[] } = JSON.parse(
      await succeed(own, sqs('ReceiveMessage', { QueueUrl: QUEUE_URL, MaxNumberOfMessages: 10 })),
    );
    const { Messages: messages = [] } = received;
    if (messages.length === 0) return;
    const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await succeed(own, sqs('DeleteMessageBatch', { QueueUrl: QUEUE_URL, Entries }));
  }
};

const measureMemory = async (own: OwnPeer): Promise<void> => {
  const heap = async (): Promise<string> => {
    const report = await own.ask('heap');
    if (report.kind !== 'heap') throw new Error('the local cloud told no heap');
    return `${report.megabytes.toFixed(1)} MB`;
  };
  await drain(own);
  const rows: { events: number; heap: string }[] = [{ events: 0, heap: await heap() }];
  for (let sent = 0; sent < EVENTS; ) {
    await succeed(own, putEvents(10));
    sent += 10;
    if (sent % 100 === 0) await drain(own);
    if (sent % (EVENTS / 4) === 0) rows.push({ events: sent, heap: await heap() });
  }
  console.info(`\nHeap in use after a full collection, each event delivered to a queue, received and deleted`);
  console.table(rows);
};

/** Prints the tables; as a child of itself, serves. */
export const run = async (): Promise<void> => {
  if (process.send) return serve();
  const version = installedMoto();
  if (version === undefined)
    console.info('Python with moto[server] is not installed: only the local cloud is measured.');
  else
    console.info(
      `moto ${version} beside the local cloud; moto's server checks no permission and keeps no connection, and is not charged for connecting.`,
    );
  const own = await startOwn();
  try {
    const moto = version === undefined ? undefined : await startMoto(version);
    try {
      await measureService(own, moto);
    } finally {
      await moto?.stop();
    }
    await measureBoot(own);
    await measureMemory(own);
  } finally {
    await own.stop();
  }
};
