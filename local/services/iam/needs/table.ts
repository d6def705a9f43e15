import { EVENTS_NEEDS } from './events.ts';
import { LAMBDA_NEEDS } from './lambda.ts';
import { LOGS_NEEDS } from './logs.ts';
import { MONITORING_NEEDS } from './monitoring.ts';
import { type NeedsTable, textOf } from './need.ts';
import { S3_NEEDS } from './s3.ts';
import { SAGEMAKER_NEEDS } from './sagemaker.ts';
import { SNS_NEEDS } from './sns.ts';
import { SQS_NEEDS } from './sqs.ts';

/** What each service's operations need, by the service's name in a signature's scope. */
export const NEEDS: Readonly<Record<string, NeedsTable>> = {
  s3: S3_NEEDS,
  sagemaker: SAGEMAKER_NEEDS,
  events: EVENTS_NEEDS,
  sqs: SQS_NEEDS,
  sns: SNS_NEEDS,
  logs: LOGS_NEEDS,
  monitoring: MONITORING_NEEDS,
  lambda: LAMBDA_NEEDS,
  iam: {
    GetRole: (input, { account }) => [
      { action: 'iam:GetRole', resource: `arn:aws:iam::${account}:role/${textOf(input.RoleName)}` },
    ],
  },
  sts: {
    AssumeRole: (input) => [
      {
        action: 'sts:AssumeRole',
        resource: textOf(input.RoleArn),
        context: { 'sts:rolesessionname': textOf(input.RoleSessionName) },
      },
    ],
    // Documented (API_GetCallerIdentity): no permission is needed, and none can take it away.
    GetCallerIdentity: () => [],
  },
};
