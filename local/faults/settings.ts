/** What can be set to go wrong, and the check of such settings: every rule names what it strikes, and nothing is ignored. */
import * as z from 'zod';

/** `*` stands for any text, `?` for one character. */
const pattern = z.string().min(1);
const count = z.int().min(1);
/** Milliseconds of the cloud's time: at most the 28 days that the longest job may take. */
const milliseconds = z
  .int()
  .min(1)
  .max(28 * 86_400_000);
const time = z.iso.datetime({ offset: true });

/** When a rule strikes, among all that it selects. */
const occurrence = {
  /** For logs and reports, and what the rule's chances are drawn from; by default its place in the list. */
  name: z.string().min(1).optional(),
  /** Only these of what is selected, counted from 1. */
  nth: z.union([count, z.array(count).min(1)]).optional(),
  /** Of what is selected (and `nth`, if given), this share. */
  probability: z.number().gt(0).max(1).optional(),
  /** At most so often. */
  times: count.optional(),
  /** Only at these times of the cloud; outside of them nothing is counted. */
  between: z.strictObject({ from: time.optional(), to: time.optional() }).optional(),
};

const requests = {
  ...occurrence,
  service: pattern.optional(),
  operation: pattern.optional(),
  /** Name of the role that signed. */
  role: pattern.optional(),
  /** Name of the function that asks. */
  function: pattern.optional(),
  /** A name in the request: any of its members that is text, or `bucket/key`. */
  resource: pattern.optional(),
};

const events = {
  ...occurrence,
  bus: pattern.optional(),
  rule: pattern.optional(),
  source: pattern.optional(),
  detailType: pattern.optional(),
  /** The target's ARN, or the name it ends with. */
  target: pattern.optional(),
};

const messages = { ...occurrence, queue: pattern };
const when = z.enum(['before', 'after']);
const failure = z.enum(['capacity', 'internal', 'killed']);
const jobs = { ...occurrence, job: pattern.optional(), instanceType: pattern.optional() };
const endpoints = { ...occurrence, endpoint: pattern.optional(), endpointConfig: pattern.optional() };

const Rule = z.discriminatedUnion('fault', [
  z.strictObject({ fault: z.literal('throttle'), ...requests }),
  z.strictObject({
    fault: z.literal('error'),
    ...requests,
    /** The service's own code for a fault of its own by default. */
    code: z.string().min(1).optional(),
    status: z.int().min(400).max(599).optional(),
    message: z.string().optional(),
    /** True: told although the request had its effect. */
    after: z.boolean().optional(),
  }),
  z.strictObject({ fault: z.literal('quota'), ...requests }),
  z.strictObject({ fault: z.literal('latency'), ...requests, delayMs: milliseconds }),
  z.strictObject({
    fault: z.literal('crash'),
    ...requests,
    function: pattern,
    when,
    /** Only in this invocation of the function, counted from 1. */
    invocation: count.optional(),
    /** Only this request of an invocation, counted from 1. */
    request: count.optional(),
  }),
  z.strictObject({ fault: z.literal('time-out'), ...occurrence, function: pattern, when }),
  z.strictObject({ fault: z.literal('lose-event'), ...events }),
  z.strictObject({ fault: z.literal('double-event'), ...events, delayMs: milliseconds.optional() }),
  z.strictObject({ fault: z.literal('delay-event'), ...events, delayMs: milliseconds }),
  z.strictObject({ fault: z.literal('reorder-events'), ...events, withinMs: milliseconds }),
  z.strictObject({ fault: z.literal('double-message'), ...messages, function: pattern.optional() }),
  z.strictObject({ fault: z.literal('delay-message'), ...messages, delayMs: milliseconds }),
  z.strictObject({
    fault: z.literal('fail-training'),
    ...jobs,
    failure,
    /** Only this attempt of a job, counted from 1. */
    attempt: count.optional(),
  }),
  z.strictObject({ fault: z.literal('delay-training'), ...jobs, delayMs: milliseconds }),
  z.strictObject({
    fault: z.literal('reclaim-spot'),
    ...jobs,
    attempt: count.optional(),
    /** After the start of the container. */
    afterMs: milliseconds,
  }),
  z.strictObject({ fault: z.literal('fail-transform'), ...jobs, failure }),
  z.strictObject({
    fault: z.literal('fail-deployment'),
    ...endpoints,
    failure: z.enum(['capacity', 'unhealthy']),
    /** True: without a FailureReason, so that only the name of the configuration tells. */
    silent: z.boolean().optional(),
  }),
  z.strictObject({ fault: z.literal('fail-rollback'), ...endpoints }),
  z.strictObject({
    fault: z.literal('suspend-endpoint'),
    ...endpoints,
    /** `SystemUpdating`: serves, and cannot be changed. `OutOfService`: neither. */
    status: z.enum(['SystemUpdating', 'OutOfService']),
    /** After it came in service. */
    afterMs: milliseconds,
    forMs: milliseconds,
  }),
  z.strictObject({
    fault: z.literal('slow-container'),
    ...occurrence,
    endpoint: pattern.optional(),
    variant: pattern.optional(),
    delayMs: milliseconds,
  }),
  z.strictObject({
    fault: z.literal('kill-container'),
    ...occurrence,
    endpoint: pattern.optional(),
    variant: pattern.optional(),
  }),
  z.strictObject({
    fault: z.literal('delay-capture'),
    ...occurrence,
    endpoint: pattern.optional(),
    delayMs: milliseconds,
  }),
  z.strictObject({
    fault: z.literal('unsettled'),
    ...occurrence,
    /** The ARN of a model, endpoint configuration, endpoint or job, or the name it ends with. */
    resource: pattern.optional(),
    /** So long after it was made it is not found. */
    forMs: milliseconds,
  }),
]);

const Settings = z.strictObject({
  /** What chances are drawn from; 1 by default. */
  seed: z.int().optional(),
  rules: z.array(Rule).default([]),
});

/** One thing that goes wrong: what, for whom, and when. */
export type FaultRule = z.infer<typeof Rule>;
export type FaultKind = FaultRule['fault'];
export type RuleOf<Kind extends FaultKind> = Extract<FaultRule, { readonly fault: Kind }>;
/** As it is written. */
export type FaultSettings = z.input<typeof Settings>;
/** As it was checked. */
export type CheckedFaults = z.output<typeof Settings>;

/** The kinds of faults there are. */
export const FAULT_KINDS: readonly FaultKind[] = Rule.options.map((option) => option.shape.fault.value);

const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text && '.'}${String(part)}`),
    '',
  );

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (inner, part) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, part) : undefined),
    value,
  );

const expectation = (issue: z.core.$ZodIssue, value: unknown): string => {
  if (issue.code === 'invalid_union' && issue.path.at(-1) === 'fault')
    return `expected one of ${FAULT_KINDS.join(', ')}`;
  if (issue.code === 'unrecognized_keys') {
    const found = valueAt(value, issue.path);
    const kind = typeof found === 'object' && found !== null ? Reflect.get(found, 'fault') : undefined;
    const known = Rule.options.find((option) => option.shape.fault.value === kind)?.shape ?? Settings.shape;
    return `unknown ${issue.keys.join(', ')}; expected ${Object.keys(known).join(', ')}`;
  }
  return issue.message;
};

/** Settings that this cloud cannot honour; the message names each path and what was expected there. */
export class FaultSettingsError extends Error {
  override readonly name = 'FaultSettingsError';
}

/**
 * Checks fault settings.
 * @param where What they were read from, for the error.
 * @throws FaultSettingsError
 */
export const checkFaults = (value: unknown, where = 'faults'): CheckedFaults => {
  const checked = Settings.safeParse(value);
  if (checked.success) return checked.data;
  const lines = checked.error.issues.map((issue) => {
    const path = pathOf(issue.path);
    const found = issue.code === 'unrecognized_keys' ? undefined : JSON.stringify(valueAt(value, issue.path));
    return `${where}: ${path === '' ? '' : `${path}: `}${expectation(issue, value)}${found === undefined ? '' : `, found ${found}`}`;
  });
  throw new FaultSettingsError(lines.join('\n'));
};
