/**
 * May this be done? The evaluation of one request within one account.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
 * and …/reference_policies_evaluation-logic_policy-eval-denyallow.html (documented)
 */
import type { Policy, Principals, Statement } from './policy.ts';
import type { KeyValues } from './wildcard.ts';

/** Who asks. */
export type Asker =
  | { readonly kind: 'role'; readonly roleArn: string; readonly sessionArn: string; readonly account: string }
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'anonymous' };

export interface Question {
  readonly asker: Asker;
  /** `s3:GetObject` */
  readonly action: string;
  /** An ARN, or `*` where the action has no resource. */
  readonly resource: string;
  readonly valuesOf: KeyValues;
}

/** The policies that bear on a question. */
export interface Grounds {
  readonly identity: readonly Policy[];
  readonly boundary?: Policy | undefined;
  /** The resource's own policy; for sts:AssumeRole the role's trust policy. */
  readonly resource?: Policy | undefined;
  /** Set where without the word of the resource's own policy nothing is allowed: what a refusal calls that policy. */
  readonly resourceMustAllow?: 'trust' | 'resource-based' | undefined;
}

export type Verdict =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      readonly because: 'explicit-deny' | 'no-allow';
      /** The kind of policy that denied, or that would have had to allow. */
      readonly policy: 'identity-based' | 'resource-based' | 'permissions boundary' | 'trust';
    };

/** How a statement's Principal meets the asker, the strongest first: by its very session, by itself, by its account only. */
const STRENGTH = ['session', 'direct', 'account'] as const;
type Match = (typeof STRENGTH)[number];

const principalMatch = (principals: Principals, asker: Asker): Match | undefined => {
  if (asker.kind === 'role' && principals.aws.includes(asker.sessionArn)) return 'session';
  if (principals.everybody) return 'direct';
  if (asker.kind === 'anonymous') return undefined;
  if (asker.kind === 'service') return principals.services.includes(asker.service) ? 'direct' : undefined;
  if (principals.aws.includes(asker.roleArn)) return 'direct';
  const account = [asker.account, `arn:aws:iam::${asker.account}:root`];
  // Documented: naming the account lets the account's own policies decide.
  return principals.aws.some((one) => account.includes(one)) ? 'account' : undefined;
};

/** A statement with its place in its policy. */
type Placed = readonly [index: number, statement: Statement];

const byAction = new WeakMap<Policy, Map<string, readonly Placed[]>>();
const NO_VALUES = () => undefined;

/** The statements of a policy that are about an action, found once for each: there are few actions, and many questions. */
const statementsAbout = (policy: Policy, action: string): readonly Placed[] => {
  let known = byAction.get(policy);
  if (!known) {
    known = new Map();
    byAction.set(policy, known);
  }
  let found = known.get(action);
  if (!found) {
    // An action has no variables in it, so that whether it is meant does not depend on the request.
    found = [...policy.statements.entries()].filter(
      ([, { actions, exceptActions }]) => actions.some((matches) => matches(action, NO_VALUES)) !== exceptActions,
    );
    known.set(action, found);
  }
  return found;
};

/** Does a statement apply that is about the question's action? */
const applies = (statement: Statement, { resource, valuesOf }: Question): boolean =>
  (statement.resources.length === 0 ||
    statement.resources.some((matches) => matches(resource, valuesOf)) !== statement.exceptResources) &&
  statement.conditions.every((holds) => holds(valuesOf));

const some = (policies: readonly Policy[], effect: Statement['effect'], question: Question): boolean =>
  policies.some((policy) =>
    statementsAbout(policy, question.action).some(
      ([, statement]) => statement.effect === effect && applies(statement, question),
    ),
  );

/** What a resource policy says to the asker: the strongest of its statements that apply. */
const resourceWord = (policy: Policy | undefined, question: Question): 'denied' | Match | undefined => {
  let word: Match | undefined;
  for (const [, statement] of policy ? statementsAbout(policy, question.action) : []) {
    const match = statement.principals && principalMatch(statement.principals, question.asker);
    if (!match || !applies(statement, question)) continue;
    if (statement.effect === 'Deny') return 'denied';
    if (word === undefined || STRENGTH.indexOf(match) < STRENGTH.indexOf(word)) word = match;
  }
  return word;
};

/** Decides: an explicit deny wins; else one allow, of the identity's policies or of the resource's, is enough. */
export const decide = (question: Question, grounds: Grounds): Verdict => {
  const { identity, boundary, resource, resourceMustAllow } = grounds;
  const word = resourceWord(resource, question);
  if (word === 'denied') return { allowed: false, because: 'explicit-deny', policy: 'resource-based' };
  if (some(identity, 'Deny', question)) return { allowed: false, because: 'explicit-deny', policy: 'identity-based' };
  if (boundary && some([boundary], 'Deny', question))
    return { allowed: false, because: 'explicit-deny', policy: 'permissions boundary' };

  if (question.asker.kind !== 'role') {
    if (word === 'direct') return { allowed: true };
    return { allowed: false, because: 'no-allow', policy: resourceMustAllow ?? 'resource-based' };
  }
  if (resourceMustAllow && word === undefined)
    return { allowed: false, because: 'no-allow', policy: resourceMustAllow };
  const isNamed = word === 'direct' || word === 'session';
  if (!isNamed && !some(identity, 'Allow', question))
    return { allowed: false, because: 'no-allow', policy: 'identity-based' };
  // Documented: a boundary limits what a resource's policy gives to the role, but not what it gives to one session.
  if (boundary && word !== 'session' && !some([boundary], 'Allow', question))
    return { allowed: false, because: 'no-allow', policy: 'permissions boundary' };
  return { allowed: true };
};

/**
 * Which statements, and which of their resources, apply: two questions with the same footprint get the same verdict,
 * and would get it without any one statement, too.
 */
export const footprint = (question: Question, { identity, boundary, resource }: Grounds): string => {
  const marks: string[] = [];
  const mark = (label: string, policy: Policy, isAsked: (statement: Statement) => boolean) => {
    for (const [index, statement] of statementsAbout(policy, question.action)) {
      if (!isAsked(statement) || !applies(statement, question)) continue;
      const which = statement.resources.flatMap((matches, at) =>
        matches(question.resource, question.valuesOf) ? [at] : [],
      );
      marks.push(`${label}.${index}.${which.join('+')}`);
    }
  };
  for (const [index, policy] of identity.entries()) mark(String(index), policy, () => true);
  if (boundary) mark('boundary', boundary, () => true);
  if (resource) {
    // Many resources have policies that read alike: whose it is tells them apart.
    mark(resource.where, resource, ({ principals }) =>
      principals === undefined ? false : principalMatch(principals, question.asker) !== undefined,
    );
  }
  return marks.join(' ');
};
