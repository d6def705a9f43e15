import type { Timer } from '../../clock.ts';
import { type BusEvent, type Cloud, type Json, type JsonObject, ServiceError } from '../../contracts.ts';
import { compileInput, type TargetInput } from './input.ts';
import { compilePattern } from './pattern.ts';
import { compileSchedule, type Schedule } from './schedule.ts';
import type { TargetSettings } from './settings.ts';

/** A target and how its input is made. */
export interface Target {
  readonly settings: TargetSettings;
  readonly input: TargetInput;
}

type RuleState = 'ENABLED' | 'DISABLED';

/** What PutRule says of a rule. */
interface RuleSettings {
  readonly name: string;
  readonly pattern?: string | undefined;
  readonly scheduleExpression?: string | undefined;
  readonly state: RuleState;
  readonly description?: string | undefined;
  readonly roleArn?: string | undefined;
  readonly tags?: readonly Json[] | undefined;
}

export interface Rule {
  readonly arn: string;
  readonly bus: Bus;
  readonly targets: Map<string, Target>;
  settings: RuleSettings;
  matches: ((event: Json) => boolean) | undefined;
  schedule: { readonly times: Schedule; readonly created: number } | undefined;
  timer: Timer | undefined;
}

export interface Bus {
  readonly name: string;
  readonly arn: string;
  readonly description?: string | undefined;
  readonly createdAt: number;
  readonly rules: Map<string, Rule>;
}

const DEFAULT_BUS = 'default';

// A rule has at most five targets: EventBridge quotas, eb-quota (documented).
const MOST_TARGETS = 5;
// A bus has at most 300 rules: EventBridge quotas, eb-quota (documented).
const MOST_RULES = 300;
// A pattern has at most 2,048 characters: EventBridge quotas, eb-quota (documented).
const LONGEST_PATTERN = 2_048;

/** Any quota that is reached is refused in these words: PutTargets, StartReplay (recorded). */
const tooMany = () =>
  new ServiceError('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');

/** Hands an event to a target; never throws. */
export type Dispatch = (event: BusEvent, rule: Rule, target: Target, visited: readonly string[]) => void;

/** The buses, their rules and what they catch. */
export interface EventStore {
  /** By name or ARN; the default bus when none is named. */
  bus(nameOrArn: string | undefined): Bus;
  findBus(nameOrArn: string): Bus | undefined;
  buses(): Bus[];
  createBus(name: string, description?: string): Bus;
  deleteBus(name: string): void;
  rule(name: string, bus: string | undefined): Rule;
  /** Creates or replaces a rule; its targets stay (recorded). */
  putRule(bus: Bus, settings: RuleSettings): Rule;
  setState(rule: Rule, state: RuleState): void;
  deleteRule(bus: Bus, name: string): void;
  putTargets(rule: Rule, settings: readonly TargetSettings[]): void;
  /**
   * Gives an event to every rule of the bus that it matches, and to the bus's archives.
   * @param visited Buses it has been on.
   * @param only ARNs of the rules it is for; all of the bus by default.
   */
  publish(bus: Bus, event: BusEvent, visited?: readonly string[], only?: ReadonlySet<string>): void;
  /** Forgets all but an empty default bus. */
  close(): void;
}

/** An event's `time`: ISO, whole seconds. */
export const eventTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, -'.000Z'.length)}Z`;

/** @param archive Told of every event that comes to a bus. */
export const createEventStore = (
  cloud: Cloud,
  dispatch: Dispatch,
  archive: (bus: Bus, event: BusEvent) => void = () => undefined,
): EventStore => {
  const buses = new Map<string, Bus>();
  const arn = (resource: string) => `arn:aws:events:${cloud.region}:${cloud.account}:${resource}`;

  const addBus = (name: string, description?: string): Bus => {
    const bus: Bus = {
      name,
      arn: arn(`event-bus/${name}`),
      description,
      createdAt: cloud.clock.ms(),
      rules: new Map(),
    };
    buses.set(name, bus);
    return bus;
  };
  addBus(DEFAULT_BUS);

  const nameOf = (nameOrArn: string) => nameOrArn.replace(/^arn:aws:events:[^:]*:\d{12}:event-bus\//, '');
  const findBus = (nameOrArn: string) => {
    const bus = buses.get(nameOf(nameOrArn));
    return bus && (bus.name === nameOrArn || bus.arn === nameOrArn) ? bus : undefined;
  };
  const busOf = (nameOrArn = DEFAULT_BUS) => {
    const bus = findBus(nameOrArn);
    if (bus) return bus;
    // A bus that is not there is named in the error: DescribeEventBus, PutRule (recorded).
    throw new ServiceError('ResourceNotFoundException', `Event bus ${nameOf(nameOrArn)} does not exist.`);
  };

  const fire = (rule: Rule, at: number) => {
    const event: BusEvent = {
      version: '0',
      id: cloud.id('uuid'),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: cloud.account,
      time: eventTime(at),
      region: cloud.region,
      resources: [rule.arn],
      detail: {},
    };
    for (const target of rule.targets.values()) dispatch(event, rule, target, [rule.bus.arn]);
  };
  const arm = (rule: Rule, after: number) => {
    rule.timer?.cancel();
    rule.timer = undefined;
    if (!rule.schedule || rule.settings.state !== 'ENABLED') return;
    const next = rule.schedule.times.next(after, rule.schedule.created);
    if (next === undefined) return;
    rule.timer = cloud.clock.at(
      next,
      () => {
        fire(rule, next);
        // After a jump of the clock what repeats goes on from now.
        arm(rule, Math.max(next, cloud.clock.ms()));
      },
      `events: ${rule.settings.scheduleExpression} of ${rule.settings.name}`,
    );
  };

  return {
    bus: busOf,
    findBus,
    buses: () => [...buses.values()],
    createBus(name, description) {
      // A second bus of the same name is refused: CreateEventBus (recorded).
      if (buses.has(name))
        throw new ServiceError('ResourceAlreadyExistsException', `Event bus ${name} already exists.`);
      return addBus(name, description);
    },
    deleteBus(nameOrArn) {
      const { name, rules } = busOf(nameOrArn);
      // The default bus cannot be deleted: DeleteEventBus (recorded).
      if (name === DEFAULT_BUS) throw new ServiceError('ValidationException', `Cannot delete event bus ${name}.`);
      // The rules of a bus must be deleted before the bus: DeleteEventBus (documented).
      if (rules.size > 0)
        throw new ServiceError('ValidationException', `Cannot delete event bus ${name} because it has rules.`);
      buses.delete(name);
    },
    rule(name, busName) {
      const bus = busOf(busName);
      const rule = bus.rules.get(name);
      if (rule) return rule;
      // A rule that is not there is named in the error with its bus: DescribeRule (recorded).
      throw new ServiceError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus ${bus.name}.`);
    },
    putRule(bus, settings) {
      const { name, pattern, scheduleExpression } = settings;
      if (pattern === undefined && scheduleExpression === undefined)
        throw new ServiceError(
          'ValidationException',
          'Parameter(s) EventPattern or ScheduleExpression must be specified.',
        );
      if (scheduleExpression !== undefined && bus.name !== DEFAULT_BUS)
        // Schedules are for rules of the default bus only: PutRule (recorded).
        throw new ServiceError('ValidationException', 'ScheduleExpression is supported only on the default event bus.');
      // *Assumed*: a pattern above its quota is refused like any other quota that is reached.
      if (pattern !== undefined && pattern.length > LONGEST_PATTERN) throw tooMany();
      const matches = pattern === undefined ? undefined : compilePattern(pattern);
      const times = scheduleExpression === undefined ? undefined : compileSchedule(scheduleExpression);
      const known = bus.rules.get(name);
      if (!known && bus.rules.size >= MOST_RULES) throw tooMany();
      const rule: Rule = known ?? {
        arn: arn(`rule/${bus.name === DEFAULT_BUS ? '' : `${bus.name}/`}${name}`),
        bus,
        targets: new Map(),
        settings,
        matches,
        schedule: undefined,
        timer: undefined,
      };
      rule.settings = settings;
      rule.matches = matches;
      rule.schedule = times && { times, created: cloud.clock.ms() };
      bus.rules.set(name, rule);
      arm(rule, cloud.clock.ms());
      return rule;
    },
    setState(rule, state) {
      rule.settings = { ...rule.settings, state };
      arm(rule, cloud.clock.ms());
    },
    deleteRule(bus, name) {
      const rule = bus.rules.get(name);
      // Deleting a rule that is not there is no error: DeleteRule (documented).
      if (!rule) return;
      // A rule with targets cannot be deleted: DeleteRule (recorded).
      if (rule.targets.size > 0)
        throw new ServiceError('ValidationException', "Rule can't be deleted since it has targets.");
      rule.timer?.cancel();
      bus.rules.delete(name);
    },
    putTargets(rule, given) {
      const added = given.map((settings): Target => ({ settings, input: compileInput(settings) }));
      const ids = new Set([...rule.targets.keys(), ...given.map(({ Id }) => Id)]);
      if (ids.size > MOST_TARGETS) throw tooMany();
      for (const target of added) rule.targets.set(target.settings.Id, target);
    },
    publish(bus, event, visited = [], only) {
      archive(bus, event);
      const plain: JsonObject = { ...event, resources: [...event.resources] };
      for (const rule of bus.rules.values()) {
        if (only && !only.has(rule.arn)) continue;
        if (rule.settings.state !== 'ENABLED' || !rule.matches?.(plain)) continue;
        for (const target of rule.targets.values()) dispatch(event, rule, target, [...visited, bus.arn]);
      }
    },
    close() {
      for (const bus of buses.values()) for (const rule of bus.rules.values()) rule.timer?.cancel();
      buses.clear();
      addBus(DEFAULT_BUS);
    },
  };
};
