/** How services word a refusal. */
import { type Actor, type Authorization, ServiceError } from '../../contracts.ts';
import { actorName } from './authority.ts';
import type { Verdict } from './evaluation.ts';

/** Error names and statuses by the service that answers. */
const FORMS: Readonly<Record<string, { readonly code: string; readonly status: number }>> = {
  // API reference, "Common Errors", and ErrorResponses of S3 (documented).
  s3: { code: 'AccessDenied', status: 403 },
  sts: { code: 'AccessDenied', status: 403 },
  // As S3 hands it on: no client speaks to KMS itself here.
  kms: { code: 'AccessDenied', status: 403 },
  iam: { code: 'AccessDenied', status: 403 },
  // API_Publish (documented).
  sns: { code: 'AuthorizationError', status: 403 },
  // As public issues quote them: AccessDenied with 403 to SQS's clients, which read the query code; 400 of EventBridge,
  // *assumed* for the other services that speak JSON 1.1.
  sqs: { code: 'AccessDeniedException', status: 403 },
  monitoring: { code: 'AccessDeniedException', status: 403 },
  lambda: { code: 'AccessDeniedException', status: 403 },
  events: { code: 'AccessDeniedException', status: 400 },
  logs: { code: 'AccessDeniedException', status: 400 },
  sagemaker: { code: 'AccessDeniedException', status: 400 },
};
const OTHER = { code: 'AccessDeniedException', status: 403 };

/** The scope of the service an action belongs to. */
const scopeOf = (action: string): string => {
  const prefix = action.slice(0, action.indexOf(':'));
  return prefix === 'cloudwatch' ? 'monitoring' : prefix;
};

/** SQS names actions in small letters, SNS its prefix in capitals (as public issues quote them). */
const worded = (action: string): string => {
  if (action.startsWith('sqs:')) return action.toLowerCase();
  return action.replace(/^sns:/, 'SNS:');
};

/**
 * Why, in AWS's words:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html (documented)
 */
const reasonOf = (verdict: Verdict & { allowed: false }, action: string): string => {
  // STS does not say why.
  if (verdict.policy === 'trust') return '';
  const policy = verdict.policy === 'permissions boundary' ? 'permissions boundary' : `${verdict.policy} policy`;
  if (verdict.because === 'explicit-deny') {
    return ` with an explicit deny in ${/^[aeiou]/.test(policy) ? 'an' : 'a'} ${policy}`;
  }
  return ` because no ${policy} allows the ${action} action`;
};

/** `User: arn:… is not authorized to perform: s3:GetObject on resource: … because no identity-based policy allows …` */
export const denialText = (
  { by, action, resource }: Omit<Authorization, 'context'>,
  verdict: Verdict & { allowed: false },
  account: string,
): string => {
  const shown = worded(action);
  // S3 puts the resource in quotes (docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html, documented).
  const place = action.startsWith('s3:') ? `"${resource}"` : resource;
  const where = resource === '*' ? '' : ` on resource: ${place}`;
  return `User: ${actorName(by, account)} is not authorized to perform: ${shown}${where}${reasonOf(verdict, shown)}`;
};

/** @param scope The service that answers; by default that of the action. */
export const denial = (
  authorization: Authorization,
  verdict: Verdict & { allowed: false },
  account: string,
  scope = scopeOf(authorization.action),
): ServiceError => {
  const { code, status } = FORMS[scope] ?? OTHER;
  return new ServiceError(code, denialText(authorization, verdict, account), status);
};

/** @returns The refusal of an operation whose needs are not known here. */
export const unknownNeeds = (by: Actor, scope: string, operation: string, account: string): ServiceError => {
  const { code, status } = FORMS[scope] ?? OTHER;
  return new ServiceError(
    code,
    `User: ${actorName(by, account)} is not authorized to perform ${operation} of ${scope}: what it needs is not known to this cloud`,
    status,
  );
};
