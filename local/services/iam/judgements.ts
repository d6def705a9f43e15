/** Verdicts that are remembered: whole stacks ask the same of the same policies again and again. */
import type { Authorization } from '../../contracts.ts';
import {
  actorName,
  type Grounds,
  groundsOf,
  type PolicySource,
  questionOf,
  roleOf,
  type Setting,
} from './authority.ts';
import { decide, footprint, type Verdict } from './evaluation.ts';
import type { Policy } from './policy.ts';

/** A verdict, and which statements it rests on. */
export interface Judgement {
  readonly verdict: Verdict;
  /** What tells authorisations apart that policies tell apart. */
  readonly footprint: string;
}

/** Policies are compiled once for each text, so that one that reads alike is the same in the next cloud. */
const numbers = new WeakMap<Policy, number>();
let numbered = 0;

const numberOf = (policy: Policy | undefined): number => {
  if (!policy) return -1;
  let number = numbers.get(policy);
  if (number === undefined) {
    number = numbered++;
    numbers.set(policy, number);
  }
  return number;
};

/** The policies of a role are one list until one of them changes. */
const listNames = new WeakMap<readonly Policy[], string>();

const nameOf = (policies: readonly Policy[]): string => {
  let name = listNames.get(policies);
  if (name === undefined) {
    name = policies.map(numberOf).join(',');
    listNames.set(policies, name);
  }
  return name;
};

/** What changes from one moment to the next. */
const TIMES: ReadonlySet<string> = new Set(['aws:currenttime', 'aws:epochtime']);

const REMEMBERED = 10_000;
const known = new Map<string, Judgement>();

/** All that a judgement depends on but the time. */
const keyOf = (
  { by, action, resource }: Authorization,
  context: string,
  { identity, boundary, resource: own }: Grounds,
  { account, region }: Setting,
): string =>
  `${actorName(by, account)} ${roleOf(by) ?? ''} ${'sourceArn' in by ? by.sourceArn : ''} ${action} ${resource.length} ${resource} ${context} ${account} ${region} ${nameOf(identity)} ${numberOf(boundary)} ${numberOf(own)}`;

/**
 * Judges an authorisation, or remembers how it was judged.
 * @param context Its context as text.
 */
export const judgementOf = (
  authorization: Authorization,
  context: string,
  source: PolicySource,
  setting: Setting,
): Judgement => {
  const grounds = groundsOf(authorization, source);
  const key = keyOf(authorization, context, grounds, setting);
  const found = known.get(key);
  if (found) return found;
  const question = questionOf(authorization, setting);
  let isTimeless = true;
  const watched = {
    ...question,
    valuesOf(name: string) {
      if (TIMES.has(name)) isTimeless = false;
      return question.valuesOf(name);
    },
  };
  const judgement = { verdict: decide(watched, grounds), footprint: footprint(watched, grounds) };
  if (isTimeless) {
    if (known.size >= REMEMBERED) known.clear();
    known.set(key, judgement);
  }
  return judgement;
};
