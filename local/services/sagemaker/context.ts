import type { Cloud, JsonObject } from '../../contracts.ts';
import { invalid } from './errors.ts';
import { createQuotas, type QuotaSettings, type Quotas } from './quotas.ts';
import { createTags, type Tags } from './tags.ts';

/** A value of a CloudWatch metric. */
export interface MetricDatum {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
  readonly unit: 'Count' | 'Microseconds' | 'None';
}

/** What SageMaker tells those who want to hear it. */
export interface SageMakerHooks {
  /** A metric, for CloudWatch. */
  metric?(datum: MetricDatum): void;
}

/** What the parts of SageMaker share. */
export interface Context {
  readonly cloud: Cloud;
  readonly hooks: SageMakerHooks;
  readonly tags: Tags;
  readonly quotas: Quotas;
  /** The ARN of one of this account's resources. */
  arn(kind: string, name: string): string;
  /** An EventBridge event about one resource. */
  tell(detailType: string, arn: string, detail: JsonObject): void;
  /** A number in [0, 1), the next of this cloud's own sequence. */
  random(): number;
  /** @throws ServiceError `ValidationException` when there is no such role to assume. */
  checkRole(roleArn: string): void;
  /** Do eventually consistent reads find what was made at this time? Where faults say nothing, they do. */
  isVisible(resourceArn: string, createdAtMs: number): boolean;
  /** The variables by which a container of this role finds the cloud. */
  credentials(roleArn: string): Record<string, string>;
}

const SESSION = 'SageMaker';

/** @throws Error for quotas that are none. */
export const createContext = (cloud: Cloud, hooks: SageMakerHooks, quotas: QuotaSettings): Context => ({
  cloud,
  hooks,
  tags: createTags(),
  quotas: createQuotas(cloud, quotas),
  // Names are in small letters in ARNs: the endpoint sample of automating-sagemaker-with-eventbridge.md (MyEndpoint →
  // endpoint/myendpoint); *assumed* to hold for every resource.
  arn: (kind, name) => `arn:aws:sagemaker:${cloud.region}:${cloud.account}:${kind}/${name.toLowerCase()}`,
  tell: (detailType, arn, detail) =>
    cloud.events.emit({ source: 'aws.sagemaker', detailType, resources: [arn], detail }),
  random: () => Number.parseInt(cloud.id(8), 16) / 2 ** 32,
  checkRole(roleArn) {
    // The words are those public issues quote; *assumed*.
    if (!cloud.iam.trusts(roleArn, 'sagemaker.amazonaws.com')) {
      throw invalid(
        `Could not assume role ${roleArn}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.`,
      );
    }
  },
  isVisible: (resourceArn, createdAtMs) => cloud.faults.settled?.(resourceArn, createdAtMs) ?? true,
  credentials(roleArn) {
    const { accessKeyId, secretAccessKey, sessionToken } = cloud.iam.credentialsFor(roleArn, SESSION);
    return {
      AWS_REGION: cloud.region,
      AWS_ENDPOINT_URL: cloud.url(),
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    };
  },
});
