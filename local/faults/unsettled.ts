/**
 * What was made just before and is not found yet. Where CreateEndpoint looks for an endpoint configuration, "the response
 * might not reflect the results of a recently completed write operation" (API_CreateEndpoint, documented); that a Describe
 * may miss what was just made is *assumed*.
 */
import { type JsonObject, ServiceError } from '../contracts.ts';
import type { Chance } from './chance.ts';
import { compileArnPattern } from './pattern.ts';
import type { RuleOf } from './settings.ts';

/** Whether a thing made then is found by now. */
export interface Visibility {
  settled(resourceArn: string, createdAtMs: number): boolean;
}

interface Consistency {
  readonly rule: RuleOf<'unsettled'>;
  readonly chance: Chance;
}

/**
 * @param struck Told of each thing that is not found for a while.
 * @param now The cloud's time, epoch milliseconds.
 */
export const createVisibility = (
  rules: readonly Consistency[],
  struck: (rule: RuleOf<'unsettled'>, resourceArn: string) => void,
  now: () => number,
): Visibility => {
  const compiled = rules.map(({ rule, chance }) => ({
    rule,
    chance,
    matches: compileArnPattern(rule.resource),
    /** What is young, each thing drawn once: is it missed, and until when it could be. */
    young: new Map<string, { readonly missed: boolean; readonly until: number }>(),
  }));
  return {
    settled: (resourceArn, createdAtMs) =>
      compiled.every(({ rule, chance, matches, young }) => {
        const at = now();
        for (const [key, { until }] of young) if (until <= at) young.delete(key);
        const until = createdAtMs + rule.forMs;
        if (at >= until || !matches(resourceArn)) return true;
        const key = `${resourceArn} ${createdAtMs}`;
        let known = young.get(key);
        if (!known) {
          known = { missed: chance.next() !== undefined, until };
          young.set(key, known);
          if (known.missed) struck(rule, resourceArn);
        }
        return !known.missed;
      }),
  };
};

interface Kind {
  readonly member: string;
  /** As in ARNs. */
  readonly kind: string;
  readonly missing: (arn: string) => ServiceError;
}

const notFound = () => new ServiceError('ResourceNotFound', 'Requested resource not found.');
const unknown = (what: string) => (arn: string) =>
  new ServiceError('ValidationException', `Could not find ${what} "${arn}".`);

/** What SageMaker's operations on one thing name, by the end of the operation's name. */
const KINDS: Readonly<Record<string, Kind>> = {
  TrainingJob: { member: 'TrainingJobName', kind: 'training-job', missing: notFound },
  TransformJob: { member: 'TransformJobName', kind: 'transform-job', missing: notFound },
  HyperParameterTuningJob: {
    member: 'HyperParameterTuningJobName',
    kind: 'hyper-parameter-tuning-job',
    missing: notFound,
  },
  Model: { member: 'ModelName', kind: 'model', missing: unknown('model') },
  EndpointConfig: {
    member: 'EndpointConfigName',
    kind: 'endpoint-config',
    missing: unknown('endpoint configuration'),
  },
  Endpoint: { member: 'EndpointName', kind: 'endpoint', missing: unknown('endpoint') },
};

const VERB = /^(Create|Describe|Delete)(.+)$/;

/** Describe, straight after Create, as one request after another comes by. */
export interface Describes {
  /** @throws ServiceError when the thing described is not found yet. */
  asked(operation: string, params: JsonObject): void;
  /** The request has had its effect. */
  done(operation: string, params: JsonObject): void;
}

export const createDescribes = (
  visibility: Visibility,
  place: {
    readonly account: string;
    readonly region: string;
    /** The cloud's time, epoch milliseconds. */
    readonly now: () => number;
    /** The longest time for which anything is missed. */
    readonly longestMs: number;
  },
): Describes => {
  /** When each was made; what is settled by every rule is forgotten. */
  const made = new Map<string, number>();
  const thing = (operation: string, params: JsonObject) => {
    const [, verb, what = ''] = VERB.exec(operation) ?? [];
    const kind = Object.hasOwn(KINDS, what) ? KINDS[what] : undefined;
    const name = kind && params[kind.member];
    if (!kind || verb === undefined || typeof name !== 'string') return undefined;
    const arn = `arn:aws:sagemaker:${place.region}:${place.account}:${kind.kind}/${name.toLowerCase()}`;
    return { verb, arn, kind };
  };
  return {
    asked(operation, params) {
      const found = thing(operation, params);
      if (found?.verb !== 'Describe') return;
      const createdAt = made.get(found.arn);
      if (createdAt === undefined || visibility.settled(found.arn, createdAt)) return;
      throw found.kind.missing(found.arn);
    },
    done(operation, params) {
      const found = thing(operation, params);
      const at = place.now();
      for (const [arn, createdAt] of made) if (createdAt + place.longestMs <= at) made.delete(arn);
      if (found?.verb === 'Create') made.set(found.arn, at);
      else if (found?.verb === 'Delete') made.delete(found.arn);
    },
  };
};
