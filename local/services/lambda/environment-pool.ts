import { type Cloud, ServiceError } from '../../contracts.ts';
import type { ExecutionEnvironment, StartEnvironment } from './execution-environment.ts';
import type { FunctionDefinition } from './function-definition.ts';

// A laptop is not a region: more processes than this of one function would only wait for each other.
const MAX_PER_FUNCTION = 4;
// Idle processes beyond this are ended, the longest unused first.
const MAX_IDLE = 20;

interface Fleet {
  readonly idle: ExecutionEnvironment[];
  /** Those that run an invocation. */
  readonly lent: Set<ExecutionEnvironment>;
  readonly waiting: (() => void)[];
  readonly roomListeners: (() => void)[];
  busy: number;
}

/** Keeps warm processes, starts more when invocations overlap, and holds functions to their concurrency. */
export interface EnvironmentPool {
  /** How many invocations of a function run, or wait for a process. */
  underWay(definition: FunctionDefinition): number;
  /** How many invocations of a function can run at once here. */
  capacity(definition: FunctionDefinition): number;
  /**
   * Lends a process until the work is over.
   * @throws ServiceError TooManyRequestsException when the function's reserved concurrency is used up.
   */
  use<T>(definition: FunctionDefinition, work: (environment: ExecutionEnvironment) => Promise<T>): Promise<T>;
  /** Calls back whenever an invocation of the function has made room for another. */
  onRoom(definition: FunctionDefinition, callback: () => void): void;
  /** Kills the processes of a function that are lent. */
  crash(definition: FunctionDefinition): void;
  close(): Promise<void>;
}

// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors (documented)
export const throttled = (): ServiceError =>
  new ServiceError('TooManyRequestsException', 'Rate Exceeded.', 429, {
    Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    Type: 'User',
  });

/** @param start Starts what runs a function. */
export const createEnvironmentPool = (cloud: Cloud, start: StartEnvironment): EnvironmentPool => {
  const fleets = new Map<string, Fleet>();
  const all = new Set<ExecutionEnvironment>();
  /** Idle processes of all functions, the longest unused first. */
  const leastRecent = new Set<ExecutionEnvironment>();
  let closed = false;

  const fleetOf = ({ name }: FunctionDefinition): Fleet => {
    const fleet = fleets.get(name) ?? { idle: [], lent: new Set(), waiting: [], roomListeners: [], busy: 0 };
    fleets.set(name, fleet);
    return fleet;
  };
  const capacity = ({ reservedConcurrency }: FunctionDefinition) =>
    Math.min(reservedConcurrency ?? MAX_PER_FUNCTION, MAX_PER_FUNCTION);

  const take = async (definition: FunctionDefinition, fleet: Fleet): Promise<ExecutionEnvironment> => {
    for (let environment = fleet.idle.pop(); environment; environment = fleet.idle.pop()) {
      leastRecent.delete(environment);
      // One that ended by itself while it idled is passed over.
      if (environment.usable()) return environment;
      all.delete(environment);
    }
    const environment = await start(cloud, definition);
    all.add(environment);
    if (closed) {
      await environment.stop();
      throw new ServiceError('ServiceException', 'the cloud is closing', 500);
    }
    return environment;
  };

  const giveBack = (fleet: Fleet, environment: ExecutionEnvironment) => {
    if (!environment.usable()) {
      all.delete(environment);
      return;
    }
    fleet.idle.push(environment);
    leastRecent.add(environment);
    for (const oldest of leastRecent) {
      if (leastRecent.size <= MAX_IDLE) break;
      leastRecent.delete(oldest);
      all.delete(oldest);
      for (const { idle } of fleets.values()) {
        const at = idle.indexOf(oldest);
        if (at >= 0) idle.splice(at, 1);
      }
      cloud.activity.track('stop of an idle execution environment', oldest.stop());
    }
  };

  return {
    underWay: (definition) => fleetOf(definition).busy + fleetOf(definition).waiting.length,
    capacity,
    async use(definition, work) {
      const fleet = fleetOf(definition);
      const { reservedConcurrency } = definition;
      if (reservedConcurrency !== undefined && fleet.busy + fleet.waiting.length >= reservedConcurrency) {
        throw throttled();
      }
      // Whoever ends hands its place on, so `busy` is not lowered in between.
      if (fleet.busy >= capacity(definition)) await new Promise<void>((resolve) => fleet.waiting.push(resolve));
      else fleet.busy++;
      try {
        const environment = await take(definition, fleet);
        fleet.lent.add(environment);
        try {
          return await work(environment);
        } finally {
          fleet.lent.delete(environment);
          giveBack(fleet, environment);
        }
      } finally {
        const next = fleet.waiting.shift();
        if (next) next();
        else {
          fleet.busy--;
          for (const listener of fleet.roomListeners) listener();
        }
      }
    },
    onRoom: (definition, callback) => void fleetOf(definition).roomListeners.push(callback),
    crash(definition) {
      for (const environment of fleetOf(definition).lent)
        cloud.activity.track(`crash of ${definition.name}`, environment.stop());
    },
    async close() {
      closed = true;
      await Promise.all([...all].map((environment) => environment.stop()));
      all.clear();
    },
  };
};
