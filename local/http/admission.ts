/**
 * What every request to an AWS API passes before it has any effect, by whichever protocol it came: the record, the checks
 * of its members, the permissions of who signed, the faults; and what it passes before it is answered.
 */
import type { BeforeAnswer, Call, Faults, IamApi, JsonObject } from '../contracts.ts';
import { checkRequest } from '../requests/check.ts';

/** What requests are admitted by. */
export interface Admission {
  readonly iam: Pick<IamApi, 'authorizeRequest'>;
  readonly faults: Pick<Faults, 'admitted'>;
}

/** Where the answer to one request has to pass on its way out. */
export interface AnswerGate {
  /** What is to be called when it passes. */
  guard(before: BeforeAnswer | undefined): void;
  /**
   * Lets the answer out; only the first time does anything.
   * @throws ServiceError in place of the answer; Unanswered when none goes out.
   */
  pass: BeforeAnswer;
  /** Something else than the answer went out, or nothing. */
  readonly struck: () => boolean;
}

export const createAnswerGate = (): AnswerGate => {
  let guarding: BeforeAnswer | undefined;
  let struck = false;
  return {
    struck: () => struck,
    guard(before) {
      guarding = before;
    },
    pass(outcome) {
      const before = guarding;
      guarding = undefined;
      try {
        before?.(outcome);
      } catch (fault) {
        struck = true;
        throw fault;
      }
    },
  };
};

/**
 * @param scope The service's name in a signature's scope.
 * @param gate Where the answer to the request will pass.
 * @returns What has to be waited for; undefined when the request may go on at once.
 * @throws ServiceError when the request may not go on, Unanswered when nothing is to be said of it either; nothing has
 *   been done then.
 */
export const admit = (
  { iam, faults }: Admission,
  scope: string,
  operation: string,
  params: JsonObject,
  call: Pick<Call, 'principal' | 'sourceIp' | 'note'>,
  gate: AnswerGate,
): Promise<void> | undefined => {
  call.note(operation, params);
  checkRequest(scope, operation, params);
  iam.authorizeRequest(scope, operation, params, call);
  const suffered = faults.admitted?.({ scope, operation, params, principal: call.principal });
  if (suffered instanceof Promise) return suffered.then((before) => gate.guard(before));
  gate.guard(suffered);
  return undefined;
};
