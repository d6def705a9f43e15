/**
 * What the parts of the local cloud promise each other. Each service is one folder under `services/`; it exports a
 * factory that takes the {@link Cloud} under construction and returns its {@link Service}. Services call each other
 * through the interfaces below, never through HTTP and never by importing another service's internals.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

import type { Clock } from './clock.ts';

/** A JSON value; what crosses between services is always a copy. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** Who signed a request. */
export interface Principal {
  /** `arn:aws:iam::000000000000:root` for the administrator, else the assumed role's session ARN. */
  readonly arn: string;
  readonly accessKeyId: string;
  /** The role whose credentials signed; undefined for the administrator. */
  readonly roleArn?: string;
}

/** Who sent a request without a signature: only doors that need none see it (function URLs). */
export const ANONYMOUS: Principal = { arn: 'anonymous', accessKeyId: '' };

/** An error of an AWS service, as it goes over the wire. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: string;
  readonly status: number;
  /** Further members of the error's body, as the protocol writes them. */
  readonly members: JsonObject;
  constructor(code: string, message: string, status = 400, members: JsonObject = {}) {
    // An answer, and for the most part an expected one: where it was made says nothing, and finding out costs most of it.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.status = status;
    this.members = members;
  }
}

/** The signatures inside a body that comes in signed chunks, checked in their order. */
export interface ChunkSignatures {
  /** Whether the trailing headers are signed, too. */
  readonly signsTrailers: boolean;
  /** More bytes of the chunk under way. */
  update(bytes: Uint8Array): void;
  /** The chunk under way has come whole; the last one is empty. @throws ServiceError SignatureDoesNotMatch */
  endChunk(signature: string | undefined): void;
  /**
   * @param trailers `name:value` lines in their order, names in lower case, each with a line feed.
   * @throws ServiceError SignatureDoesNotMatch
   */
  endTrailers(signature: string | undefined, trailers: string): void;
}

/** What is known about one request while it is answered. */
export interface Call {
  readonly principal: Principal;
  readonly requestId: string;
  /** Address of the client, for events that carry it. */
  readonly sourceIp: string;
  /**
   * Checks the signature of a request whose body its service reads by itself: called once, with the whole body, before
   * anything is done. Without a signature, or when the signature said all about the body, it does nothing.
   * @throws ServiceError InvalidSignatureException
   */
  verifyBody(body: Uint8Array): void;
  /** What the chunks of a streamed body are checked with, once; undefined when they are not signed. */
  readonly chunkSignatures?: ChunkSignatures;
  /** Says, for the record, which operation this was and with which parameters; said again, the last word counts. */
  note(operation: string, params: JsonObject): void;
  /**
   * Given where who asks is in this process: takes what would go out as an XML document, as its reader would find it. The
   * body is left empty then.
   */
  takeDocument?(root: string, document: JsonObject): void;
  /** True where who asks reads no checksum from an answer that S3 would have to work out for it alone. */
  readonly leavesChecksums?: boolean;
  /**
   * What a service with a protocol of its own calls once, before anything is done: the front does so for the others. Notes
   * the operation, checks its members and the permissions of who signed, and lets faults strike.
   * @returns What has to be waited for; undefined when the request may go on at once.
   * @throws ServiceError
   */
  admit(operation: string, params: JsonObject): Promise<void> | undefined;
}

/** One operation of a JSON or query protocol service. Throws {@link ServiceError}. */
export type Operation = (input: JsonObject, call: Call) => Promise<JsonObject | undefined> | JsonObject | undefined;

/** A service whose requests name their operation in `x-amz-target` (JSON) or in `Action=` (query, answered as XML). */
export interface OperationService {
  readonly protocol: 'json-1.0' | 'json-1.1' | 'query';
  /** `x-amz-target` prefix for JSON protocols (`AWSEvents`), XML namespace for query ones. */
  readonly target: string;
  readonly operations: Readonly<Record<string, Operation>>;
  /** Query only: members of answers that are maps, written as `entry`, `key`, `value` (`Attributes`). */
  readonly maps?: readonly string[];
  /**
   * JSON services that once spoke query (SQS, CloudWatch): the code an error had there, where it differs. Sent as
   * `x-amzn-query-error` to clients that ask with `x-amzn-query-mode`.
   */
  readonly queryCodes?: Readonly<Record<string, string>>;
}

/** A request as a service with a protocol of its own reads it: one of `node:http`, or one that crosses no socket. */
export interface RestRequest extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined;
  readonly httpVersion: string;
  /** Path and query, as received. */
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** The body; with `destroyOnReturn` false who reads on later finds the rest. */
  iterator(options?: { readonly destroyOnReturn?: boolean }): AsyncIterable<Uint8Array>;
  /** The whole body, once, where it lies in memory and is nobody else's. */
  takeBody?(): Uint8Array;
  /** Reads away what is left of the body. */
  resume(): unknown;
}

/** Where a service with a protocol of its own writes its answer. A body of several pieces goes into a `node:http` one. */
export interface RestResponse {
  statusCode: number;
  setHeader(name: string, value: string | readonly string[]): unknown;
  writeHead(status: number, headers?: Readonly<Record<string, string | number>>): unknown;
  end(body?: string | Uint8Array): unknown;
}

/** A service that reads the HTTP request itself (S3, Lambda, SageMaker runtime): paths, streams and all. */
export interface HttpService {
  readonly protocol: 'rest';
  /** How the front words errors it raises itself (bad credentials): `json` (rest-json) unless it says `xml` (S3). */
  readonly errors?: 'json' | 'xml';
  handle(request: RestRequest, response: RestResponse, call: Call): Promise<void> | void;
}

/** One CloudFormation resource, its intrinsics resolved. */
export interface ResourceDeclaration {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: JsonObject;
  readonly deletionPolicy?: string;
}

/** What `Ref` and `Fn::GetAtt` give for a resource. */
export interface ProvisionedResource {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The deployment a resource is made in. */
export interface Deployment {
  readonly stack: string;
  /** Folder with the packaged zips; a resource's S3Key is looked up there by its last part. */
  readonly artifacts: string;
  /** By layer name or logical id: a folder that stands for what the layer's zip would unpack to under `/opt`. */
  readonly layers: Readonly<Record<string, string>>;
}

/** How a service makes one type of CloudFormation resource. */
export interface Provisioner {
  /** Every property honoured; a template that sets another one is refused by name. */
  readonly properties: readonly string[];
  create(resource: ResourceDeclaration, deployment: Deployment): Promise<ProvisionedResource> | ProvisionedResource;
}

/** Policies that belong to resources, as their service keeps them. */
export interface ResourcePolicies {
  /** Is there such a resource? */
  has(resourceArn: string): boolean;
  /** The policy of a resource: a document or its JSON text; undefined if it has none. */
  of(resourceArn: string): Json | undefined;
  /** ARNs of the resources that have one. */
  all(): readonly string[];
}

export interface Service {
  /** The service's name in a SigV4 scope: `s3`, `events`, `monitoring`, … */
  readonly scope: string;
  readonly api: OperationService | HttpService;
  /** CloudFormation types this service makes. */
  readonly resources?: Readonly<Record<string, Provisioner>>;
  /** The policies of this service's resources, where these have such. */
  readonly policies?: ResourcePolicies;
  /** Called once after a template has been deployed (start schedules, poll mappings). */
  started?(): void;
  /** Stops processes and timers. */
  close?(): Promise<void>;
}

/** An event as EventBridge delivers it. */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** ISO, whole seconds. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: JsonObject;
}

/** EventBridge as the other services see it. */
export interface EventsApi {
  /** An AWS service tells the default bus. Envelope fields not given are filled in. */
  emit(event: { source: string; detailType: string; resources: readonly string[]; detail: JsonObject }): void;
  /** The same to any bus of the account. Throws ServiceError (ResourceNotFoundException) when there is no such bus. */
  put(
    busArn: string,
    event: { source: string; detailType: string; resources?: readonly string[]; detail: JsonObject },
  ): void;
}

/** S3 as the other services see it: no permissions, no HTTP, same store and same events. */
export interface S3Api {
  /** Current object, or the version asked for; undefined if there is none (or a delete marker). */
  read(
    bucket: string,
    key: string,
    versionId?: string,
    /** Whose right to the key of an encrypted object is asked. @throws ServiceError as {@link KmsApi.authorize} */
    by?: Actor,
  ): Promise<{ body: Readable; size: number; etag: string } | undefined>;
  /** @param by As for {@link S3Api.read}, where the bucket encrypts what is put into it. */
  write(
    bucket: string,
    key: string,
    body: Readable | Uint8Array | string,
    contentType?: string,
    by?: Actor,
  ): Promise<void>;
  /** Keys in UTF-8 order. */
  list(bucket: string, prefix: string): { key: string; size: number }[];
  bucketExists(bucket: string): boolean;
}

/** Lambda as the other services see it. */
export interface LambdaApi {
  /**
   * Queues an asynchronous invocation: two retries, maximum event age, on-failure destination.
   * Throws ServiceError (ResourceNotFoundException) when there is no such function.
   */
  invokeAsync(functionArn: string, payload: Json): void;
  /** The same with a payload that is JSON text, handed on as it stands; who calls knows that it is JSON. */
  invokeAsyncText(functionArn: string, payload: string): void;
  /** Invokes and waits. `functionError` is set when the function failed; the payload is then its error object. */
  invoke(functionArn: string, payload: Json): Promise<{ payload: Json; functionError?: 'Handled' | 'Unhandled' }>;
  /**
   * Kills every environment of a function that runs an invocation; each of these fails with `Runtime.ExitError`, and nothing
   * that it would still do has an effect. Nothing happens when none runs. Throws ServiceError (ResourceNotFoundException) when there is no such function.
   */
  crash(functionArn: string): void;
}

/** SQS as the other services see it. */
export interface SqsApi {
  /** Throws ServiceError (QueueDoesNotExist) when there is no such queue. */
  send(
    queueArn: string,
    body: string,
    options?: {
      /** A number makes an attribute of type Number. */
      attributes?: Record<string, string | number>;
      delaySeconds?: number;
      groupId?: string;
      deduplicationId?: string;
      /** Whose right to the key of an encrypted queue is asked. @throws ServiceError KmsAccessDenied, KmsDisabled, KmsNotFound */
      by?: Actor;
    },
  ): void;
  /**
   * Up to `max` visible messages, made invisible for the queue's visibility timeout; [] when there is none.
   * @param by As for {@link SqsApi.send}.
   */
  receive(queueArn: string, max: number, by?: Actor): SqsMessage[];
  delete(queueArn: string, receiptHandle: string): void;
  /** For how long a received message is hidden. Throws ServiceError (QueueDoesNotExist) when there is no such queue. */
  visibilityTimeoutSeconds(queueArn: string): number;
  /** Calls back whenever the queue may have something to receive. Returns the way to stop. */
  onAvailable(queueArn: string, callback: () => void): () => void;
  /** For tests and the story: every message there is, visible or not. */
  peek(queueArn: string): readonly SqsMessage[];
}

export interface SqsMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** System attributes: SentTimestamp, ApproximateReceiveCount, … */
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, { dataType: string; stringValue: string }>>;
}

/** SNS as the other services see it. */
export interface SnsApi {
  publish(
    topicArn: string,
    message: string,
    options?: {
      subject?: string;
      /** A number makes an attribute of type Number. */
      attributes?: Record<string, string | number>;
      /** Whose right to the key of an encrypted topic is asked. @throws ServiceError KMSAccessDenied, KMSDisabled, KMSNotFound */
      by?: Actor;
    },
  ): void;
  /** For tests and the story. */
  published(topicArn: string): readonly { message: string; subject?: string; at: string }[];
}

/** CloudWatch Logs as the other services see it. */
export interface LogsApi {
  /** Adds lines at the clock's time; makes group and stream if there are none. */
  write(group: string, stream: string, lines: readonly string[]): void;
  exists(group: string): boolean;
  /** What a group holds, oldest first; [] when there is no such group. Old lines go when a group grows too large. */
  read(group: string): readonly { readonly timestamp: number; readonly stream: string; readonly message: string }[];
}

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** CloudWatch as the other services see it. */
export interface MonitoringApi {
  /** The state of an alarm; undefined when there is no such alarm. */
  alarmState(name: string): AlarmState | undefined;
  /** Calls back after an alarm went into another state. @returns The way to stop. */
  onAlarm(callback: (name: string, state: AlarmState) => void): () => void;
  /**
   * AWS's own metrics, which clients may not publish (`AWS/SageMaker`).
   * @param metric `at` is epoch milliseconds, now by default; the unit is `None` by default.
   */
  put(metric: {
    namespace: string;
    name: string;
    dimensions?: Readonly<Record<string, string>>;
    value: number;
    unit?: string;
    at?: number;
    /** Seconds to which the time is kept: a minute by default. */
    resolution?: 1 | 60;
  }): void;
  /**
   * Registers something that has a value at any time (messages in a queue, the age of the oldest). Nothing is kept per
   * minute: it is asked when an alarm or a reader wants to know.
   * @param read What it is now, then what it becomes by itself while nothing is done to it, in the order of time. Times in
   * epoch milliseconds; `value` undefined: there is none; `rise`: by how much it grows per second; `until`: when it stops
   * being told.
   * @returns `touched`, to be called just before anything is done to it, and what ends it.
   */
  gauge?(
    metric: { namespace: string; name: string; dimensions?: Readonly<Record<string, string>>; unit?: string },
    read: () => readonly { value: number | undefined; rise?: number; at?: number; until?: number }[],
  ): { touched(): void; end(): void };
}

/**
 * On whose authority something is done: of whoever signed a request, of a role that AWS acts under (a function's logs, a
 * training job's data), or of an AWS service in its own name, on behalf of one of the account's resources.
 */
export type Actor =
  | { readonly principal: Principal }
  | { readonly role: string; readonly session: string }
  | { readonly service: string; readonly sourceArn: string };

/** Something that wants to be allowed. */
export interface Authorization {
  readonly by: Actor;
  /** `s3:GetObject` */
  readonly action: string;
  /** An ARN; `*` where the action has no resource. */
  readonly resource: string;
  /** Condition keys, in lower case, that are particular to this request; the global ones are filled in. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** IAM and STS as the other services see them. */
export interface IamApi {
  /** Is this allowed? Asked and answered for the record; a refusal is logged. */
  allows(authorization: Authorization): boolean;
  /** @throws ServiceError AccessDenied, by the name and in the words of the action's service. */
  authorize(authorization: Authorization): void;
  /**
   * Everything an operation of a service needs, by the table of operations.
   * @param scope The service's name in a signature's scope.
   * @throws ServiceError as {@link IamApi.authorize}; an operation the table lacks is denied to all but the administrator.
   */
  authorizeRequest(
    scope: string,
    operation: string,
    input: JsonObject,
    call: Pick<Call, 'principal' | 'sourceIp'>,
  ): void;
  /** The right to put something into a queue, topic, function or bus. @throws ServiceError as {@link IamApi.authorize}. */
  authorizeDelivery(by: Actor, targetArn: string): void;
  /** Is there such a role, and does its trust policy let this service (`lambda.amazonaws.com`) assume it? */
  trusts(roleArn: string, service: string): boolean;
  /** Refuses a policy that this cloud could not evaluate. @throws ServiceError MalformedPolicyDocument */
  checkPolicy(document: Json, kind: 'identity' | 'resource' | 'trust', where: string): void;
  /** Credentials of a session of this role; the same role and session give the same credentials. */
  credentialsFor(
    roleArn: string,
    sessionName: string,
  ): { accessKeyId: string; secretAccessKey: string; sessionToken: string };
  /** Who signs with these: the same without what it takes to sign. */
  principalFor(roleArn: string, sessionName: string): Principal;
  /** Who owns this access key; undefined if nobody. */
  principalOf(accessKeyId: string): Principal | undefined;
  /** The secret of an access key, for signature checks. */
  secretOf(accessKeyId: string): string | undefined;
  /** The session token that must come with an access key; undefined for one that has none. */
  tokenOf(accessKeyId: string): string | undefined;
  roleExists(roleArn: string): boolean;
}

/** KMS as the services see it whose data it encrypts. */
export interface KmsApi {
  /**
   * The right to use a key, by its own policy and by the caller's.
   * @param use `key`: id, ARN or alias; `via`: the service that asks for the caller (`s3`); `context`: the encryption context.
   * @returns The key's ARN.
   * @throws ServiceError AccessDenied, KMS.NotFoundException, KMS.DisabledException
   */
  authorize(use: {
    readonly by: Actor;
    readonly action: 'kms:GenerateDataKey' | 'kms:Decrypt';
    readonly key: string;
    readonly via: string;
    readonly context: Readonly<Record<string, string>>;
  }): string;
}

/**
 * Puts a value for a target ARN where it belongs: a queue, a function, a topic, a bus. Throws ServiceError.
 * `by`: whose right to the key of an encrypted queue or topic is asked.
 */
export type Deliver = (arn: string, payload: Json, by?: Actor) => void;

/** Faults on the way of events, by the settings of this cloud; without settings nothing is lost, doubled or late. */
export interface EventFaults {
  /**
   * What becomes of one event on its way to one target of a rule.
   * @returns The delay of each copy in milliseconds of the cloud's time: `[0]` usually, `[]` for a lost event, `[0, 0]` for
   * a doubled one, `[60000]` for a late one.
   */
  copies(event: {
    /** By name. */
    readonly bus: string;
    /** By name. */
    readonly rule: string;
    /** By ARN. */
    readonly target: string;
    readonly event: BusEvent;
  }): readonly number[];
}

/** What befalls one attempt of a training job at getting and keeping its instances. Times are the cloud's, milliseconds. */
export interface TrainingFault {
  /** So long no instance is to be had; the job waits for it. */
  readonly unavailableMs?: number;
  /**
   * How the attempt ends: `capacity`, no instance was ever to be had; `internal`, SageMaker itself failed (repeated as the
   * job's RetryStrategy says); `killed`, the container got SIGKILL once it ran.
   */
  readonly failure?: 'capacity' | 'internal' | 'killed';
  /** So long after the container's start its spot instance is taken back; on demand instances are not. */
  readonly reclaimAfterMs?: number;
}

/** Faults of SageMaker's jobs; without settings nothing befalls them. */
export interface JobFaults {
  /** Asked once for each attempt of a training job, before it gets instances. */
  training?(attempt: {
    readonly name: string;
    /** From 1. */
    readonly attempt: number;
    readonly instanceType: string;
    readonly spot: boolean;
  }): TrainingFault | undefined;
  /** Asked once for each batch transform job: how it fails, undefined if it does not. */
  transform?(job: {
    readonly name: string;
    readonly instanceType: string;
  }): { readonly failure: 'capacity' | 'internal' | 'killed' } | undefined;
}

/** Faults of SageMaker's endpoints; without settings nothing befalls them. */
export interface HostingFaults {
  /** Do eventually consistent reads find what was made then? True by default. */
  settled?(resourceArn: string, createdAtMs: number): boolean;
  /**
   * Asked once for each fleet of an endpoint before it is started: how it fails, undefined if it does not. An endpoint that
   * is created goes to Failed; one that is updated goes back to its old configuration, with `silent` without a
   * FailureReason.
   */
  hosting?(fleet: {
    readonly endpoint: string;
    readonly endpointConfig: string;
  }): { readonly failure: 'capacity' | 'unhealthy'; readonly silent?: boolean } | undefined;
  /**
   * Asked once for each deployment that has begun to shift and goes back: does that fail, too? The endpoint ends in
   * UpdateRollbackFailed then.
   */
  failsRollback?(deployment: { readonly endpoint: string; readonly endpointConfig: string }): boolean;
  /**
   * Asked each time an endpoint has been made or changed and is in service: what it goes through `afterMs` later, for
   * `forMs`, if it is still in service then. Times are the cloud's, milliseconds.
   */
  suspension?(endpoint: {
    readonly endpoint: string;
    readonly endpointConfig: string;
  }):
    | { readonly status: 'SystemUpdating' | 'OutOfService'; readonly afterMs: number; readonly forMs: number }
    | undefined;
  /**
   * Asked for each invocation of an endpoint: so much longer than usual its container takes, in milliseconds of the
   * cloud's time; 0 by default.
   */
  containerDelayMs?(invocation: { readonly endpoint: string; readonly variant: string }): number;
  /** So much later than usual a file of data capture is written, in milliseconds of the cloud's time; 0 by default. */
  captureDelayMs?(file: { readonly endpoint: string; readonly variant: string }): number;
  /** Asked for each invocation of an endpoint: does its container die before it answers? Another is started then. */
  killsContainer?(invocation: { readonly endpoint: string; readonly variant: string }): boolean;
}

/** Whoever asked is gone, or shall never hear: the request is not answered at all. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

/**
 * What is called once, when an admitted request has had its effect or was refused, and before that is answered.
 * @throws ServiceError in place of the answer; {@link Unanswered} when none goes out.
 */
export type BeforeAnswer = (outcome: 'done' | 'refused') => void;

/** Faults of requests; without settings nothing befalls them. */
export interface RequestFaults {
  /**
   * Asked once for each request that may go on, before it has any effect; it may take its time.
   * @returns What to call before the answer goes out; undefined when nothing will befall that.
   * @throws ServiceError, {@link Unanswered}: the request has no effect.
   */
  admitted?(request: {
    /** The service's name in a signature's scope. */
    readonly scope: string;
    readonly operation: string;
    readonly params: JsonObject;
    readonly principal: Principal;
  }): Promise<BeforeAnswer | undefined> | BeforeAnswer | undefined;
}

/** Faults of functions and of the messages that wake them; without settings nothing befalls them. */
export interface InvocationFaults {
  /** Asked once for each invocation: does it time out, before the function has begun or when all is done but the answer? */
  timesOut?(invocation: { readonly functionName: string; readonly requestId: string }): 'before' | 'after' | undefined;
  /** So much later than usual a message that is sent can be received, in milliseconds of the cloud's time; 0 by default. */
  messageDelayMs?(queueArn: string): number;
  /** Asked for each message that Lambda has worked off: is its deletion lost, so that it is received again? */
  deletionIsLost?(message: { readonly queueArn: string; readonly functionName: string }): boolean;
}

/** Everything that can go wrong by the settings of this cloud. Whoever can suffer from a fault asks. */
export interface Faults extends EventFaults, RequestFaults, InvocationFaults, JobFaults, HostingFaults {}

/** SageMaker as tests and faults reach into it. */
export interface SageMakerApi {
  /**
   * Takes the spot instance of a training job back: the job is interrupted and starts again from its checkpoints.
   * @returns False when there is no such job, it runs on demand, or has no instance at the moment.
   */
  reclaim(trainingJobName: string): boolean;
}

/** What is under way, so that tests and stories can wait for quiet. */
export interface Activity {
  /** Counts this work as under way until it settles. Returns the same promise. */
  track<T>(what: string, work: Promise<T>): Promise<T>;
  /** What is under way now. */
  pending(): readonly string[];
  /** Resolves when nothing is under way. Timers of the clock that are not due do not count. */
  idle(): Promise<void>;
}

/** The files of a container. Paths are below what the container takes for `/`, and may not lead out of it. */
export interface ContainerFiles {
  /** The folder of this machine that stands for `/`; undefined where the files lie in memory. */
  readonly root: string | undefined;
  /** Makes a folder, with those it lies in. */
  makeFolder(path: string): Promise<void>;
  /** Writes a file, making the folders it lies in. */
  write(path: string, body: Readable | string | Uint8Array): Promise<void>;
  /** @returns undefined when there is no such file. */
  read(path: string): Promise<Buffer | undefined>;
  /** A file as a stream. */
  open(path: string): Readable;
  /** Every file below a folder, as paths relative to it, in order; [] when there is no such folder. */
  list(folder: string): Promise<string[]>;
  /** A folder's files as a gzipped tar archive. */
  pack(folder: string): Promise<Readable | Buffer>;
  /** Unpacks a gzipped tar archive into a folder. @throws Error when it is none, or an entry leads out of the folder. */
  unpack(folder: string, archive: Readable): Promise<void>;
  /** Removes them all. */
  remove(): Promise<void>;
}

/** What a container's program is run with in the cloud's own process. */
export interface ProgramRun {
  /** The program finds `opt/ml` in them; they lie in memory. */
  readonly files: ContainerFiles;
  readonly environment: Readonly<Record<string, string>>;
  /** Writes a line of the container's log. */
  log(line: string): void;
}

/** A container's program that runs in the cloud's own process: nothing is started, and no port is opened. */
export interface ContainerProgram {
  /** @returns The exit code. */
  train(run: ProgramRun): Promise<number>;
  /** @returns What answers `POST /invocations`, when it is ready to. */
  serve(
    run: ProgramRun,
  ): Promise<
    (
      body: Uint8Array,
      headers: Readonly<Record<string, string>>,
    ) => Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Buffer }>
  >;
}

/** A program that stands in for a container image: `command` gets `train` or `serve` as its last argument. */
export interface ContainerImage {
  /** Matched against the image URI without its registry host: `sagemaker-xgboost:3.0-5`. */
  readonly pattern: RegExp;
  readonly command: readonly string[];
  /** Runs in the cloud's process, in place of `command`. */
  readonly program?: ContainerProgram;
  /** True for AWS's own images, whose metric definitions SageMaker supplies itself. */
  readonly metricDefinitions?: readonly { name: string; regex: string }[];
}

/** Everything a service may use. Services are looked up when needed, not at construction: they know each other. */
export interface Cloud {
  readonly clock: Clock;
  readonly activity: Activity;
  readonly account: string;
  readonly region: string;
  /** `http://127.0.0.1:PORT`, once listening. */
  readonly url: () => string;
  /** A folder of this cloud's own, for objects and container roots; removed at close unless it was given. */
  readonly directory: string;
  readonly images: readonly ContainerImage[];
  /** A fresh id, deterministic for the seed of this cloud: `kind` makes UUIDs ('uuid') or hex of a length. */
  readonly id: (kind: 'uuid' | number) => string;
  readonly log: (line: string, facts?: JsonObject) => void;
  readonly events: EventsApi;
  readonly s3: S3Api;
  readonly lambda: LambdaApi;
  readonly sqs: SqsApi;
  readonly sns: SnsApi;
  readonly iam: IamApi;
  readonly logs: LogsApi;
  readonly monitoring: MonitoringApi;
  /** Without it any name is taken for a key's, and everybody may use it. */
  readonly kms?: KmsApi;
  readonly faults: Faults;
  readonly deliver: Deliver;
}
