import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

import { eventPublisher, type Tell } from '../shared/aws/event-publisher.ts';
import { s3ObjectStore } from '../shared/aws/s3-object-store.ts';
import { ConfigError } from '../shared/errors.ts';
import { type Ledger, ledgerOn } from '../shared/ledger/ledger.ts';

/** The Millrace a command talks to: one stage in one account and region, on AWS or in a local cloud. */
export interface Place {
  readonly stage: string;
  readonly region: string;
  readonly account: string;
  /** ARN of whoever gives the command. */
  readonly caller: string;
  readonly ledger: Ledger;
  readonly tell: Tell;
}

/**
 * Finds the place by the SDK's own settings (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, …).
 * @throws ConfigError when no region or credentials are set, with what to do.
 */
export const findPlace = async (stage: string): Promise<Place> => {
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  if (!region) throw new ConfigError('no region: set AWS_REGION (npm run local prints the lines to paste)');
  const { Account, Arn } = await new STSClient({ region }).send(new GetCallerIdentityCommand({})).catch((cause) => {
    throw new ConfigError(`AWS does not know who asks: ${cause instanceof Error ? cause.message : cause}`, { cause });
  });
  if (!Account || !Arn) throw new ConfigError('AWS does not know who asks');
  return {
    stage,
    region,
    account: Account,
    caller: Arn,
    ledger: ledgerOn(s3ObjectStore(`millrace-${stage}-store-${Account}-${region}`, new S3Client({ region }))),
    tell: eventPublisher(`millrace-${stage}`, new EventBridgeClient({ region })),
  };
};

/** Names of the published models, in order. */
export const publishedModels = async (ledger: Ledger): Promise<string[]> =>
  (await ledger.keys('definitions/'))
    .map((key) => /^definitions\/([^/]+)\.json$/.exec(key)?.[1])
    .filter((model) => model !== undefined);
