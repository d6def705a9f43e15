/**
 * The local cloud: AWS services of one account and one region, embedded in this process, on one loopback port.
 */
import { hash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createActivity } from './activity.ts';
import { type Clock, createClock } from './clock.ts';
import { defaultImages } from './containers/images.ts';
import type { Activity, Cloud, ContainerImage, JsonObject, KmsApi, SageMakerApi, Service } from './contracts.ts';
import { createDeliver } from './deliver.ts';
import { checkServed, createFaults, type FaultControl } from './faults/faults.ts';
import { readFaults } from './faults/file.ts';
import { checkFaults, type FaultSettings } from './faults/settings.ts';
import { type House, openDoor } from './http/server.ts';
import { createInProcessClient, type InProcessClient } from './in-process/client.ts';
import { createInnerDoor, type InnerDoor } from './in-process/door.ts';
import { createInProcessStart, type InProcessFunctions } from './in-process/environment.ts';
import { createRecorder, fileFromEnvironment, type Recorder } from './record.ts';
import { createEvents } from './services/events/service.ts';
import { NEEDS } from './services/iam/needs/table.ts';
import { ADMINISTRATOR_KEY } from './services/iam/roles.ts';
import { createIam, type IamStore } from './services/iam/service.ts';
import { createKms } from './services/kms/service.ts';
import { shareCompileCache } from './services/lambda/compile-cache.ts';
import { createLambda } from './services/lambda/service.ts';
import { createLogs } from './services/logs/service.ts';
import { createMonitoring } from './services/monitoring/service.ts';
import { createMemoryBlobs } from './services/s3/memory-blobs.ts';
import { createS3, type S3Store } from './services/s3/service.ts';
import { createSageMaker, type QuotaSettings } from './services/sagemaker/service.ts';
import { createSns } from './services/sns/service.ts';
import { createSqs } from './services/sqs/service.ts';
import { type DeployedStack, type DeployOptions, deployTemplate } from './template/deploy.ts';

/** The one account of every local cloud. */
export const ACCOUNT = '000000000000';

export interface CloudOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** What the clock shows first; real time by default. */
  readonly start?: Date;
  /** True: the clock runs with real time from `start`. False, the default: it stands until it is set or advanced. */
  readonly flow?: boolean;
  /** The clock runs at so many times real time from `start`, 0 stands; `flow: true` is 1. Wins over `flow`. */
  readonly rate?: number;
  /** `eu-west-1` by default. */
  readonly region?: string;
  /** Where objects and container roots lie, and stay after close; by default a temporary folder that goes with the cloud. */
  readonly directory?: string;
  /**
   * A folder in which what V8 compiled of functions is kept for clouds to come, so that their processes start sooner; by
   * default it goes with the cloud.
   */
  readonly compileCache?: string;
  /** Programs that stand in for container images; those of `containers/` by default. */
  readonly images?: readonly ContainerImage[];
  /**
   * A file each AWS request is appended to as a JSON line; by default one of the cloud's own in the folder that the
   * environment variable LOCAL_CLOUD_REQUESTS names, if it does.
   */
  readonly record?: string;
  /**
   * A folder in which each life of the cloud records its policies and what was asked of them, as JSON lines; by default
   * what the environment variable LOCAL_CLOUD_AUTHORIZATIONS names, if it does.
   */
  readonly authorizations?: string;
  /** How many instances SageMaker's jobs and endpoints may have, and how fast training jobs may be created. */
  readonly quotas?: QuotaSettings;
  /**
   * What goes wrong, and when: settings, or a YAML or JSON file of them; by default the file that the environment variable
   * LOCAL_CLOUD_FAULTS names, if it does. A reset brings them back.
   */
  readonly faults?: FaultSettings | string;
  /** What ids and chances are drawn from: the same seed and requests give the same ids. */
  readonly seed?: number;
  readonly log?: (line: string, facts?: JsonObject) => void;
  /**
   * Functions that run in this process, by name, in place of their packages: for many short lives of a cloud. All of a
   * stack's functions run so, or none.
   */
  readonly functions?: InProcessFunctions;
  /** Where the bytes of objects lie: files of `directory`, the default, or this process's memory. */
  readonly objects?: 'files' | 'memory';
}

export type { DeployedStack, DeployOptions } from './template/deploy.ts';

export interface LocalCloud extends Omit<Cloud, 'url' | 'iam' | 's3' | 'faults'> {
  readonly url: string;
  readonly port: number;
  readonly iam: IamStore;
  readonly s3: S3Store;
  readonly sageMaker: SageMakerApi;
  readonly faults: FaultControl;
  /** A client in this process, of the administrator: no HTTP, the same checks and services. */
  client(): InProcessClient;
  /** Makes a packaged stack's resources and starts them. */
  deploy(options: DeployOptions): Promise<DeployedStack>;
  /**
   * Waits until nothing is under way. With `advanceMs`, timers that fall due within that much cloud time fire too, in
   * their order and each followed by quiet; the clock stops at the last of them.
   */
  settle(options?: { advanceMs?: number }): Promise<void>;
  /** An empty cloud on the same address: no stack, no objects, no timers, the clock back at its start. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

interface World {
  readonly cloud: Omit<Cloud, 'iam' | 's3' | 'faults'> & {
    readonly iam: IamStore;
    readonly s3: S3Store;
    readonly faults: FaultControl;
  };
  readonly services: readonly Service[];
  readonly door: InnerDoor;
  readonly sageMaker: SageMakerApi;
  /** Writes out what services hold back for a while. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const MOST_BLOCKS = 10_000;
/** Digits by seed and place: clouds of one process, one after the other, mostly draw the same. */
const blocks = new Map<string, string>();

const blockOf = (seed: number, place: number): string => {
  const name = `${seed}/${place}`;
  const known = blocks.get(name);
  if (known !== undefined) return known;
  if (blocks.size >= MOST_BLOCKS) blocks.clear();
  const block = hash('sha512', name);
  blocks.set(name, block);
  return block;
};

const createIds = (seed: number): Cloud['id'] => {
  let drawn = 0;
  /** Digits of the last draw that nobody has had yet. */
  let left = '';
  return (kind) => {
    const hex = (length: number): string => {
      while (left.length < length) left += blockOf(seed, drawn++);
      const digits = left.slice(0, length);
      left = left.slice(length);
      return digits;
    };
    if (typeof kind === 'number') return hex(kind);
    const digits = hex(32);
    const variant = ((Number.parseInt(digits[16] ?? '0', 16) & 3) | 8).toString(16);
    return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`;
  };
};

const DEFAULT_REGION = 'eu-west-1';
/** The seed of ids where none is given. */
const DEFAULT_SEED = 1;

type Parts = Pick<Cloud, 'events' | 'lambda' | 'sqs' | 'sns' | 'logs' | 'monitoring' | 'deliver'> & {
  readonly kms: KmsApi;
  readonly iam: IamStore;
  readonly s3: S3Store;
};

/** What a life of the cloud has before its services are made. */
type Ground = Omit<World['cloud'], keyof Parts | 'faults'>;

/**
 * What services see of the cloud and of each other, which they do only when all are made. Read all the time: accessors of
 * its class's prototype are quick, while on an object by itself they would make of it a dictionary.
 */
class LivingCloud implements Omit<Cloud, 'iam' | 's3' | 'faults'> {
  readonly clock: Clock;
  readonly activity: Activity;
  readonly account: string;
  readonly region: string;
  readonly url: () => string;
  readonly directory: string;
  readonly images: readonly ContainerImage[];
  readonly id: Cloud['id'];
  readonly log: Cloud['log'];
  readonly deliver: Cloud['deliver'] = (...delivery) => this.#part('deliver')(...delivery);
  readonly #made: { -readonly [name in keyof Parts]?: Parts[name] } = {};
  #faults: FaultControl | undefined;
  #isClosing = false;

  constructor({ clock, activity, account, region, url, directory, images, id, log }: Ground) {
    this.clock = clock;
    this.activity = activity;
    this.account = account;
    this.region = region;
    this.url = url;
    this.directory = directory;
    this.images = images;
    this.id = id;
    this.log = log;
  }

  /** Takes the services in. */
  complete(parts: Parts): void {
    Object.assign(this.#made, parts);
  }

  /** Takes the faults in. */
  suffer(faults: FaultControl): void {
    this.#faults = faults;
  }

  /** From now on nobody hears of anything. */
  closing(): void {
    this.#isClosing = true;
  }

  get events() {
    return this.#isClosing ? DEAF : this.#part('events');
  }

  get s3() {
    return this.#part('s3');
  }

  get lambda() {
    return this.#part('lambda');
  }

  get sqs() {
    return this.#part('sqs');
  }

  get sns() {
    return this.#part('sns');
  }

  get iam() {
    return this.#part('iam');
  }

  get logs() {
    return this.#part('logs');
  }

  get monitoring() {
    return this.#part('monitoring');
  }

  get kms() {
    return this.#part('kms');
  }

  get faults() {
    if (!this.#faults) throw new Error('faults were asked for before the cloud was complete');
    return this.#faults;
  }

  #part<Name extends keyof Parts>(name: Name): Parts[Name] {
    const found: Parts[Name] | undefined = this.#made[name];
    if (!found) throw new Error(`${name} was asked for before the cloud was complete`);
    return found;
  }
}

/** The services of one life of the cloud: a reset ends one and begins another. */
const createWorld = (
  options: Omit<CloudOptions, 'faults'>,
  faultSettings: FaultSettings,
  directory: string,
  url: () => string,
  recorder: Recorder,
): World => {
  const clock: Clock = createClock((options.start ?? new Date()).getTime(), options.rate ?? options.flow ?? false);
  const activity: Activity = createActivity(clock);
  const cloud = new LivingCloud({
    clock,
    activity,
    account: ACCOUNT,
    region: options.region ?? DEFAULT_REGION,
    url,
    directory,
    images: options.images ?? defaultImages,
    id: createIds(options.seed ?? DEFAULT_SEED),
    log: options.log ?? (() => undefined),
  });

  const faults = createFaults(cloud, faultSettings, NEEDS);
  cloud.suffer(faults);
  const authorizations = options.authorizations ?? process.env.LOCAL_CLOUD_AUTHORIZATIONS;
  const iam = createIam(cloud, {
    services: () => services,
    ...(authorizations !== undefined && authorizations !== '' && { record: authorizations }),
  });
  const logs = createLogs(cloud);
  const s3 = createS3(cloud, options.objects === 'memory' ? createMemoryBlobs() : undefined);
  const events = createEvents(cloud);
  const sqs = createSqs(cloud);
  const sns = createSns(cloud);
  const { functions } = options;
  const inner = createInnerDoor({
    services: () => services,
    iam: () => iam.api,
    id: cloud.id,
    recorder,
    faults: () => faults,
  });
  const lambda = createLambda(cloud, functions && createInProcessStart(functions, () => inner));
  const kms = createKms(cloud);
  const monitoring = createMonitoring(cloud);
  const sagemaker = createSageMaker(cloud, { metric: (datum) => monitoring.api.put(datum) }, options.quotas);
  cloud.complete({
    iam: iam.api,
    logs: logs.api,
    s3: s3.api,
    events: events.api,
    sqs: sqs.api,
    sns: sns.api,
    lambda: lambda.api,
    monitoring: monitoring.api,
    kms: kms.api,
    deliver: createDeliver(cloud),
  });

  const others = [
    ...iam.services,
    events.service,
    sqs.service,
    sns.service,
    lambda.service,
    logs.service,
    monitoring.service,
    kms.service,
    ...sagemaker.services,
  ];
  const services: readonly Service[] = [s3.service, ...others];
  return {
    cloud,
    services,
    door: inner,
    sageMaker: sagemaker.api,
    flush: () => sagemaker.flushCapture(),
    async close() {
      // What a service still writes while it closes must set nothing off.
      cloud.closing();
      clock.close();
      await Promise.all(others.map((service) => service.close?.()));
      await s3.service.close?.();
    },
  };
};

const DEAF: Cloud['events'] = { emit: () => undefined, put: () => undefined };

/**
 * Starts a local cloud on 127.0.0.1. It is empty until a stack is deployed on it.
 * @throws Error when the port is taken.
 */
export const createCloud = async (options: CloudOptions = {}): Promise<LocalCloud> => {
  const faultFile = options.faults ?? process.env.LOCAL_CLOUD_FAULTS;
  const faults =
    typeof faultFile === 'string' ? (faultFile === '' ? {} : await readFaults(faultFile)) : (faultFile ?? {});
  // Before anything is made: what cannot be honoured is refused.
  checkServed(checkFaults(faults), NEEDS);
  const given = options.directory;
  if (given !== undefined) await mkdir(given, { recursive: true });
  const directory = given ?? (await mkdtemp(join(tmpdir(), 'local-cloud-')));
  const recorder = createRecorder(options.record ?? fileFromEnvironment());
  let port = 0;
  const url = () => `http://127.0.0.1:${port}`;
  let life = 0;
  const begin = async () => {
    const own = join(directory, `life-${++life}`);
    await rm(own, { recursive: true, force: true });
    await mkdir(own, { recursive: true });
    if (options.compileCache !== undefined) await shareCompileCache(own, options.compileCache);
    return createWorld(options, faults, own, url, recorder);
  };
  let world = await begin();

  const idle = () => world.cloud.activity.idle();
  const settle = async ({ advanceMs = 0 }: { advanceMs?: number } = {}) => {
    const { clock } = world.cloud;
    const end = clock.ms() + advanceMs;
    await idle();
    await world.flush();
    await idle();
    for (let next = clock.nextTimer(); next !== undefined && next <= end; next = clock.nextTimer()) {
      await clock.set(Math.max(next, clock.ms()), idle);
      await idle();
    }
  };
  const reset = async () => {
    await world.close();
    await rm(world.cloud.directory, { recursive: true, force: true });
    world = await begin();
  };

  const house: House = {
    services: () => world.services,
    iam: () => world.cloud.iam,
    faults: () => world.cloud.faults,
    ms: () => world.cloud.clock.ms(),
    id: (kind) => world.cloud.id(kind),
    log: (line, facts) => world.cloud.log(line, facts),
    recorder,
    controls: {
      faults: () => world.cloud.faults,
      now: () => world.cloud.clock.now(),
      rate: () => world.cloud.clock.rate,
      run: (rate) => world.cloud.clock.run(rate),
      advance: (byMs) => world.cloud.clock.advance(byMs, idle),
      setTime: (epochMs) => world.cloud.clock.set(epochMs, idle),
      pending: () => world.cloud.activity.pending(),
      nextTimer: () => world.cloud.clock.nextTimer(),
      settle,
      reset,
    },
  };
  const cleanUp = async () => {
    await recorder.close();
    if (given === undefined) await rm(directory, { recursive: true, force: true });
  };
  const door = await openDoor(house, options.port ?? 0).catch(async (cause: unknown) => {
    await world.close();
    await cleanUp();
    throw cause;
  });
  port = door.port;

  return {
    url: url(),
    port,
    get directory() {
      return world.cloud.directory;
    },
    account: ACCOUNT,
    region: world.cloud.region,
    images: world.cloud.images,
    get clock() {
      return world.cloud.clock;
    },
    get activity() {
      return world.cloud.activity;
    },
    get events() {
      return world.cloud.events;
    },
    get s3() {
      return world.cloud.s3;
    },
    get lambda() {
      return world.cloud.lambda;
    },
    get sqs() {
      return world.cloud.sqs;
    },
    get sns() {
      return world.cloud.sns;
    },
    get iam() {
      return world.cloud.iam;
    },
    get logs() {
      return world.cloud.logs;
    },
    get monitoring() {
      return world.cloud.monitoring;
    },
    get sageMaker() {
      return world.sageMaker;
    },
    get faults() {
      return world.cloud.faults;
    },
    id: (kind) => world.cloud.id(kind),
    log: (line, facts) => world.cloud.log(line, facts),
    deliver: (...delivery) => world.cloud.deliver(...delivery),
    client() {
      const administrator = world.cloud.iam.principalOf(ADMINISTRATOR_KEY);
      if (!administrator) throw new Error('this cloud has no administrator');
      return createInProcessClient(world.door, administrator);
    },
    async deploy(deployment) {
      const stack = await deployTemplate(world.cloud, world.services, deployment);
      for (const service of world.services) service.started?.();
      return stack;
    },
    settle,
    reset,
    async close() {
      await world.close();
      await door.close();
      await cleanUp();
    },
  };
};
