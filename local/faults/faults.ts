/**
 * The faults of a cloud: settings, and the answers to what the services ask. Each rule counts what it selects, and draws
 * its chances, by itself; where several strike one request, the first in the list says how it ends.
 */
import {
  type BeforeAnswer,
  type Cloud,
  type Faults,
  type JsonObject,
  ServiceError,
  type TrainingFault,
  Unanswered,
} from '../contracts.ts';
import { type Chance, createChance, type Strike } from './chance.ts';
import { failed, quotaExceeded, throttled } from './errors.ts';
import { compileArnPattern, compilePattern } from './pattern.ts';
import {
  type AdmittedRequest,
  compileRequestRule,
  functionOf,
  isRequestRule,
  type RequestRule,
} from './request-rules.ts';
import {
  type CheckedFaults,
  checkFaults,
  type FaultKind,
  type FaultRule,
  type FaultSettings,
  FaultSettingsError,
  type RuleOf,
} from './settings.ts';
import { createInvocations, createOrdinals, type Trace, type TracedEvent, type TracedRequest } from './trace.ts';
import { createDescribes, createVisibility } from './unsettled.ts';

/** What a rule did since it was set. */
export interface RuleReport {
  /** How often there was something the rule selects. */
  readonly selected: number;
  readonly struck: number;
}

export interface FaultReport {
  readonly seed: number;
  readonly rules: readonly (FaultRule & { readonly report: RuleReport })[];
}

/** The faults of a running cloud: what services ask, and what tests set. */
export interface FaultControl extends Required<Faults> {
  /**
   * Puts these faults in place of all others. All counting begins anew.
   * @throws FaultSettingsError
   */
  set(settings: FaultSettings): void;
  /** What is set, and what it did. */
  report(): FaultReport;
  /** Notes from now on what passes, at most {@link MAX_TRACED} of each kind; counting begins anew. */
  trace(): Trace;
}

/** A trace is for one run; longer ones would fill the memory. */
export const MAX_TRACED = 100_000;

const DEFAULT_SEED = 1;

interface Armed<Kind extends FaultKind> {
  readonly rule: RuleOf<Kind>;
  readonly chance: Chance;
}

type World = Pick<Cloud, 'account' | 'region' | 'clock' | 'log'> & { readonly lambda: Pick<Cloud['lambda'], 'crash'> };

/**
 * Checks that what rules are about is there.
 * @param operations Every operation of every service, by the service's name in a signature's scope.
 * @throws FaultSettingsError for a rule about a service or operation that is not served.
 */
export const checkServed = ({ rules }: CheckedFaults, operations: Readonly<Record<string, object>>): void => {
  rules.forEach((rule, place) => {
    if (!isRequestRule(rule)) return;
    const scopes = Object.keys(operations).filter(compilePattern(rule.service));
    if (scopes.length === 0) {
      const known = Object.keys(operations).join(', ');
      throw new FaultSettingsError(`rules[${place}].service: no service ${rule.service}; there are ${known}`);
    }
    if (!scopes.some((scope) => Object.keys(operations[scope] ?? {}).some(compilePattern(rule.operation)))) {
      throw new FaultSettingsError(
        `rules[${place}].operation: ${scopes.join(', ')} has no operation ${rule.operation}`,
      );
    }
  });
};

/** @param operations Every operation of every service, by the service's name in a signature's scope. */
export const createFaults = (
  cloud: World,
  settings: FaultSettings,
  operations: Readonly<Record<string, object>>,
): FaultControl => {
  const now = () => cloud.clock.ms();
  const invocations = createInvocations();
  let state = arm(settings);
  let traced:
    | { requests: TracedRequest[]; events: TracedEvent[]; ordinals: ReturnType<typeof createOrdinals> }
    | undefined;

  function arm(given: FaultSettings) {
    const checked = checkFaults(given);
    checkServed(checked, operations);
    const seed = checked.seed ?? DEFAULT_SEED;
    const armed = checked.rules.map((rule, place) => ({ rule, chance: createChance(rule, { seed, place, now }) }));
    const of = <Kind extends FaultKind>(...kinds: readonly Kind[]): Armed<Kind>[] =>
      armed.filter((one): one is Armed<Kind> => kinds.some((kind) => kind === one.rule.fault));
    const requests = armed.flatMap(({ rule, chance }) =>
      isRequestRule(rule) ? [{ rule, chance, selects: compileRequestRule(rule) }] : [],
    );
    const events = of('lose-event', 'double-event', 'delay-event', 'reorder-events').map(({ rule, chance }) => ({
      rule,
      chance,
      bus: compilePattern(rule.bus),
      name: compilePattern(rule.rule),
      source: compilePattern(rule.source),
      detailType: compilePattern(rule.detailType),
      target: compileArnPattern(rule.target),
    }));
    const unsettled = of('unsettled');
    const visibility = createVisibility(unsettled, (rule, resource) => tell(rule, { resource }), now);
    const longestMs = Math.max(0, ...unsettled.map(({ rule }) => rule.forMs));
    return {
      seed,
      armed,
      of,
      requests,
      events,
      visibility,
      describes:
        unsettled.length === 0
          ? undefined
          : createDescribes(visibility, { account: cloud.account, region: cloud.region, now, longestMs }),
    };
  }

  function tell(rule: FaultRule, facts: JsonObject): void {
    cloud.log(`fault: ${rule.fault}`, { ...(rule.name !== undefined && { rule: rule.name }), ...facts });
  }

  /** The rules of a kind that strike now what they select. */
  const striking = <Kind extends FaultKind>(
    kind: Kind,
    selects: (rule: RuleOf<Kind>) => boolean,
    facts: JsonObject,
  ): RuleOf<Kind>[] =>
    (state.armed.length === 0 ? [] : state.of(kind)).flatMap(({ rule, chance }) => {
      if (!selects(rule) || !chance.next()) return [];
      tell(rule, facts);
      return [rule];
    });

  const crash = (functionName: string) => {
    try {
      cloud.lambda.crash(`arn:aws:lambda:${cloud.region}:${cloud.account}:function:${functionName}`);
    } catch (error) {
      // Whoever has taken a role by a name that is no function's is only left without an answer.
      if (!(error instanceof ServiceError)) throw error;
    }
  };

  /** Ends a request as a rule says. @throws always */
  const end = (rule: RequestRule, { scope, operation, by }: AdmittedRequest): never => {
    if (rule.fault === 'throttle') throw throttled(scope);
    if (rule.fault === 'quota') throw quotaExceeded(operation);
    if (rule.fault === 'error') throw failed(scope, rule);
    if (by) crash(by.function);
    throw new Unanswered(`${by?.function} was killed at ${scope}:${operation}`);
  };
  const comesAfter = (rule: RequestRule) =>
    (rule.fault === 'error' && rule.after === true) || (rule.fault === 'crash' && rule.when === 'after');

  const placeOf = (request: Parameters<Required<Faults>['admitted']>[0]): AdmittedRequest => {
    const functionName = functionOf(request.principal);
    return {
      ...request,
      by: functionName === undefined ? undefined : { function: functionName, ...invocations.request(functionName) },
    };
  };

  const note = ({ by, scope, operation }: AdmittedRequest) => {
    if (!traced || !by || traced.requests.length >= MAX_TRACED) return;
    const ordinal = traced.ordinals.next(`function ${by.function}`);
    traced.requests.push({ kind: 'request', ...by, ordinal, service: scope, operation });
  };

  const hold = async (waitMs: number, request: AdmittedRequest): Promise<void> => {
    // A function's work is awaited before a standing clock is moved: it would wait for what waits for it.
    if (waitMs === 0 || (request.by && !cloud.clock.flows)) return;
    await new Promise<void>((resolve) => cloud.clock.after(waitMs, resolve, `latency of ${request.operation}`));
  };

  const suffer = async (request: AdmittedRequest): Promise<BeforeAnswer | undefined> => {
    const struck = state.requests.filter(({ selects, chance }) => selects(request) && chance.next() !== undefined);
    const { scope, operation, by } = request;
    for (const { rule } of struck) tell(rule, { service: scope, operation, ...(by && { function: by.function }) });
    const waitMs = struck.reduce((sum, { rule }) => sum + (rule.fault === 'latency' ? rule.delayMs : 0), 0);
    await hold(waitMs, request);
    const ending = struck.find(({ rule }) => rule.fault !== 'latency')?.rule;
    if (ending && !comesAfter(ending)) end(ending, request);
    const { describes } = state;
    describes?.asked(operation, request.params);
    if (!ending && !describes) return undefined;
    return (outcome) => {
      if (outcome === 'done') describes?.done(operation, request.params);
      if (ending) end(ending, request);
    };
  };

  const jobSelected =
    ({ name, instanceType, attempt }: { name: string; instanceType: string; attempt?: number }) =>
    (rule: RuleOf<'fail-training' | 'delay-training' | 'reclaim-spot' | 'fail-transform'>) =>
      compilePattern(rule.job)(name) &&
      compilePattern(rule.instanceType)(instanceType) &&
      (!('attempt' in rule) || rule.attempt === undefined || rule.attempt === attempt);

  return {
    set(given) {
      state = arm(given);
      invocations.clear();
    },
    report: () => ({
      seed: state.seed,
      rules: state.armed.map(({ rule, chance }) => ({
        ...rule,
        report: { selected: chance.seen(), struck: chance.struck() },
      })),
    }),
    trace() {
      const own = { requests: [] as TracedRequest[], events: [] as TracedEvent[], ordinals: createOrdinals() };
      traced = own;
      invocations.clear();
      return {
        requests: own.requests,
        events: own.events,
        stop: () => {
          if (traced === own) traced = undefined;
        },
      };
    },
    admitted(given) {
      if (state.armed.length === 0 && !traced) return undefined;
      const request = placeOf(given);
      note(request);
      return state.requests.length === 0 && !state.describes ? undefined : suffer(request);
    },
    copies({ bus, rule: ruleName, target, event }) {
      const { source, 'detail-type': detailType } = event;
      if (traced && traced.events.length < MAX_TRACED) {
        const ordinal = traced.ordinals.next(`event ${bus} ${ruleName} ${target}`);
        traced.events.push({ kind: 'event', bus, rule: ruleName, target, source, detailType, ordinal });
      }
      let isLost = false;
      let delayMs = 0;
      const again: number[] = [];
      for (const { rule, chance, ...selects } of state.events) {
        const selected =
          selects.bus(bus) &&
          selects.name(ruleName) &&
          selects.source(source) &&
          selects.detailType(detailType) &&
          selects.target(target);
        const strike: Strike | undefined = selected ? chance.next() : undefined;
        if (!strike) continue;
        tell(rule, { rule: ruleName, target, source, detailType, event: event.id });
        if (rule.fault === 'lose-event') isLost = true;
        else if (rule.fault === 'double-event') again.push(rule.delayMs ?? 0);
        else if (rule.fault === 'delay-event') delayMs += rule.delayMs;
        else delayMs += Math.floor(strike.chance * (rule.withinMs + 1));
      }
      return isLost ? [] : [delayMs, ...again.map((later) => delayMs + later)];
    },
    timesOut({ functionName, requestId }) {
      invocations.begin(functionName);
      const facts = { function: functionName, request: requestId };
      return striking('time-out', (rule) => compilePattern(rule.function)(functionName), facts)[0]?.when;
    },
    messageDelayMs: (queue) =>
      striking('delay-message', (rule) => compileArnPattern(rule.queue)(queue), { queue }).reduce(
        (sum, { delayMs }) => sum + delayMs,
        0,
      ),
    deletionIsLost: ({ queueArn: queue, functionName }) =>
      striking(
        'double-message',
        (rule) => compileArnPattern(rule.queue)(queue) && compilePattern(rule.function)(functionName),
        { queue, function: functionName },
      ).length > 0,
    training({ name, attempt, instanceType, spot }) {
      const selects = jobSelected({ name, attempt, instanceType });
      const facts = { job: name, attempt };
      const [failing] = striking('fail-training', selects, facts);
      const unavailableMs = striking('delay-training', selects, facts).reduce((sum, { delayMs }) => sum + delayMs, 0);
      const [reclaiming] = striking('reclaim-spot', (rule) => spot && selects(rule), facts);
      const fault: TrainingFault = {
        ...(failing && { failure: failing.failure }),
        ...(unavailableMs > 0 && { unavailableMs }),
        ...(reclaiming && { reclaimAfterMs: reclaiming.afterMs }),
      };
      return Object.keys(fault).length === 0 ? undefined : fault;
    },
    transform(job) {
      const [failing] = striking('fail-transform', jobSelected(job), { job: job.name });
      return failing && { failure: failing.failure };
    },
    hosting({ endpoint, endpointConfig }) {
      const facts = { endpoint, endpointConfig };
      const selects = (rule: RuleOf<'fail-deployment'>) =>
        compilePattern(rule.endpoint)(endpoint) && compilePattern(rule.endpointConfig)(endpointConfig);
      const [failing] = striking('fail-deployment', selects, facts);
      return failing && { failure: failing.failure, silent: failing.silent ?? false };
    },
    failsRollback: ({ endpoint, endpointConfig }) =>
      striking(
        'fail-rollback',
        (rule) => compilePattern(rule.endpoint)(endpoint) && compilePattern(rule.endpointConfig)(endpointConfig),
        { endpoint, endpointConfig },
      ).length > 0,
    suspension({ endpoint, endpointConfig }) {
      const [suspending] = striking(
        'suspend-endpoint',
        (rule) => compilePattern(rule.endpoint)(endpoint) && compilePattern(rule.endpointConfig)(endpointConfig),
        { endpoint, endpointConfig },
      );
      return suspending && { status: suspending.status, afterMs: suspending.afterMs, forMs: suspending.forMs };
    },
    containerDelayMs: ({ endpoint, variant }) =>
      striking(
        'slow-container',
        (rule) => compilePattern(rule.endpoint)(endpoint) && compilePattern(rule.variant)(variant),
        { endpoint, variant },
      ).reduce((sum, { delayMs }) => sum + delayMs, 0),
    captureDelayMs: ({ endpoint }) =>
      striking('delay-capture', (rule) => compilePattern(rule.endpoint)(endpoint), { endpoint }).reduce(
        (sum, { delayMs }) => sum + delayMs,
        0,
      ),
    killsContainer: ({ endpoint, variant }) =>
      striking(
        'kill-container',
        (rule) => compilePattern(rule.endpoint)(endpoint) && compilePattern(rule.variant)(variant),
        { endpoint, variant },
      ).length > 0,
    settled: (resourceArn, createdAtMs) => state.visibility.settled(resourceArn, createdAtMs),
  };
};
