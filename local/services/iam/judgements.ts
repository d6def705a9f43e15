/** Verdicts that are remembered: whole stacks ask the same of the same policies again and again. */
import type { Actor, Authorization } from '../../contracts.ts';
import { groundsOf, isOfRequest, type PolicySource, questionOf, type Setting } from './authority.ts';
import { decide, footprint, type Verdict } from './evaluation.ts';
import type { Policy } from './policy.ts';

/** A verdict, and which statements it rests on. */
export interface Judgement {
  readonly verdict: Verdict;
  /** What tells authorisations apart that policies tell apart. */
  readonly footprint: string;
}

/** What changes from one moment to the next. */
const TIMES: ReadonlySet<string> = new Set(['aws:currenttime', 'aws:epochtime']);

/** Of one actor, one action and one resource under the same policies. */
interface Remembered {
  /** When evaluation looked at nothing that a request says besides: whatever another says, it would look at none of it. */
  always?: Judgement | undefined;
  /** When it looked at some, by the context as text. */
  readonly byContext: Map<string, Judgement>;
}

type ByResource = Map<string, Remembered>;
type ByAction = Map<string, ByResource>;
/** By the resource's own policy; undefined where there is none. */
type ByOwn = Map<Policy | undefined, ByAction>;

/** What one actor has asked, by the policies of its role. */
interface Asked {
  readonly byPolicies: Map<string, ByOwn>;
  /** The policies asked last: those of a role are one list until one of them changes. */
  last?: { readonly identity: readonly Policy[]; readonly boundary: Policy | undefined; readonly byOwn: ByOwn };
}

/** Policies are compiled once for each text, so that one that reads alike is the same in the next cloud. */
const numbers = new WeakMap<Policy, number>();
let numbered = 0;

const numberOf = (policy: Policy): number => {
  let number = numbers.get(policy);
  if (number === undefined) {
    number = numbered++;
    numbers.set(policy, number);
  }
  return number;
};

const nameOf = (identity: readonly Policy[], boundary: Policy | undefined): string =>
  `${identity.map(numberOf).join(',')} ${boundary ? numberOf(boundary) : ''}`;

/** The entry of a map, made where it is missing. */
const entryOf = <Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value => {
  let found = map.get(key);
  if (found === undefined) {
    found = make();
    map.set(key, found);
  }
  return found;
};

/** By the two names that make an actor of a kind. */
type Actors = Map<string, Map<string, Asked>>;

/** What was asked in one account and region. */
interface Place {
  readonly principals: Actors;
  readonly roles: Actors;
  readonly services: Actors;
}

const REMEMBERED = 10_000;
let remembered = 0;
const places = new Map<string, Place>();

const forget = (): void => {
  for (const { principals, roles, services } of places.values()) {
    principals.clear();
    roles.clear();
    services.clear();
  }
  remembered = 0;
};

const askedOf = (actors: Actors, first: string, second: string): Asked =>
  entryOf(
    entryOf(actors, first, () => new Map<string, Asked>()),
    second,
    () => ({ byPolicies: new Map() }),
  );

const askedBy = ({ principals, roles, services }: Place, by: Actor): Asked => {
  if ('principal' in by) return askedOf(principals, by.principal.arn, by.principal.roleArn ?? '');
  if ('role' in by) return askedOf(roles, by.role, by.session);
  return askedOf(services, by.service, by.sourceArn);
};

const underPolicies = (asked: Asked, identity: readonly Policy[], boundary: Policy | undefined): ByOwn => {
  const { last } = asked;
  if (last && last.identity === identity && last.boundary === boundary) return last.byOwn;
  const byOwn = entryOf(asked.byPolicies, nameOf(identity, boundary), () => new Map<Policy | undefined, ByAction>());
  asked.last = { identity, boundary, byOwn };
  return byOwn;
};

/** Judges an authorisation, or remembers how it was judged. */
export type Judge = (authorization: Authorization, source: PolicySource, nowMs: number) => Judgement;

/** The judge of one account and region; what it remembers, it remembers for every cloud of this process. */
export const judgeIn = ({ account, region }: Omit<Setting, 'nowMs'>): Judge => {
  const place = entryOf(places, `${account} ${region}`, () => ({
    principals: new Map(),
    roles: new Map(),
    services: new Map(),
  }));

  return (authorization, source, nowMs) => {
    const { by, action, resource } = authorization;
    const grounds = groundsOf(authorization, source);
    const byOwn = underPolicies(askedBy(place, by), grounds.identity, grounds.boundary);
    const byAction = entryOf(byOwn, grounds.resource, () => new Map<string, ByResource>());
    const byResource = entryOf(byAction, action, () => new Map<string, Remembered>());
    const before = byResource.get(resource);
    if (before?.always) return before.always;
    const { context } = authorization;
    const contextText = context === undefined ? '' : JSON.stringify(context);
    const found = before?.byContext.get(contextText);
    if (found) return found;

    const question = questionOf(authorization, { account, region, nowMs });
    let [looked, isTimeless] = [false, true];
    const watched = {
      ...question,
      valuesOf(name: string) {
        if (isOfRequest(name)) looked = true;
        else if (TIMES.has(name)) isTimeless = false;
        return question.valuesOf(name);
      },
    };
    const judgement = { verdict: decide(watched, grounds), footprint: footprint(watched, grounds) };
    if (!isTimeless) return judgement;
    if (++remembered > REMEMBERED) {
      forget();
      return judgement;
    }
    const entry = entryOf<string, Remembered>(byResource, resource, () => ({
      byContext: new Map<string, Judgement>(),
    }));
    if (looked) entry.byContext.set(contextText, judgement);
    else entry.always = judgement;
    return judgement;
  };
};
