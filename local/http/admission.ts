/**
 * What every request to an AWS API passes before it has any effect, by whichever protocol it came: the record, the checks
 * of its members, the permissions of who signed.
 */
import type { Call, IamApi, JsonObject } from '../contracts.ts';

/** What requests are admitted by. */
export interface Admission {
  readonly iam: Pick<IamApi, 'authorizeRequest'>;
}

/**
 * @param scope The service's name in a signature's scope.
 * @throws ServiceError when the request may not go on; nothing has been done then.
 */
export const admit = async (
  { iam }: Admission,
  scope: string,
  operation: string,
  params: JsonObject,
  call: Pick<Call, 'principal' | 'sourceIp' | 'note'>,
): Promise<void> => {
  call.note(operation, params);
  iam.authorizeRequest(scope, operation, params, call);
};
