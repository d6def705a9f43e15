/** What Millrace makes on SageMaker, by kind; `shared/aws` knows the commands. */
export type ResourceKind =
  | 'trainingJob'
  | 'transformJob'
  | 'model'
  | 'endpointConfig'
  | 'endpoint'
  | 'modelPackageGroup';

export type SageMakerRequest = Readonly<Record<string, unknown>>;

/** What Describe answered; read by {@link text} and {@link whole}, so that nothing unexpected passes for something. */
export type Description = Readonly<Record<string, unknown>>;

/** SageMaker as the steps need it. */
export interface SageMakerApi {
  /**
   * Creates one thing.
   * @throws CapacityError (quota), DependencyError (throttled, 5xx), or SageMaker's own error.
   */
  create(kind: ResourceKind, request: SageMakerRequest): Promise<void>;
  /** Undefined when there is none of this name. */
  describe(kind: ResourceKind, name: string): Promise<Description | undefined>;
  /**
   * Stops a job that is at work.
   * @throws RefusedError when it is over already, or not there.
   */
  stop(kind: 'trainingJob' | 'transformJob', name: string): Promise<void>;
  updateEndpoint(request: SageMakerRequest): Promise<void>;
  deleteEndpoint(name: string): Promise<void>;
  /** Deletes what no endpoint serves any more; whether that is so is for the caller to know. */
  remove(kind: 'endpointConfig' | 'model', name: string): Promise<void>;
  /** Makes a new version in a group; gives its ARN. */
  createPackage(request: SageMakerRequest): Promise<string>;
  describePackage(arn: string): Promise<Description | undefined>;
  updatePackage(request: SageMakerRequest): Promise<void>;
  /** ARNs and descriptions of a group's versions, newest first. */
  listPackages(group: string): AsyncIterable<{ arn: string; description: string | undefined }>;
  /** Asks an endpoint, in CSV; the answer's text. */
  invoke(endpointName: string, csv: string, inferenceId: string): Promise<string>;
}

/** A member of a description that is a text; undefined if it is missing or something else. */
export const text = (description: Description | undefined, member: string): string | undefined => {
  const value = description?.[member];
  return typeof value === 'string' ? value : undefined;
};
