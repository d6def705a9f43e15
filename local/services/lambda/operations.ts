import {
  type Call,
  type Cloud,
  type JsonObject,
  type RestRequest,
  type RestResponse,
  ServiceError,
} from '../../contracts.ts';
import { checkRequest } from '../../requests/check.ts';
import { membersOf } from '../../template/members.ts';
import type { AsynchronousInvocations } from './asynchronous.ts';
import type { EventSourceMapping } from './event-source-mapping.ts';
import { type FunctionDefinition, invalidParameter } from './function-definition.ts';
import { functionPolicy } from './function-policy.ts';
import type { FunctionUrl } from './function-url.ts';
import type { Invoker } from './invoker.ts';
import { notFound, type Registry } from './registry.ts';

// Paths, members and errors: docs.aws.amazon.com/lambda/latest/api/API_Operations.html (documented).

/** One request to Lambda's API. */
export interface LambdaRequest {
  readonly request: RestRequest;
  readonly response: RestResponse;
  readonly call: Call;
  /** What the path names, decoded. */
  readonly name: string;
  readonly query: URLSearchParams;
}

interface LambdaRoute {
  readonly operation: string;
  readonly method: string;
  /** Its first group, if any, is the name. */
  readonly path: RegExp;
  /** Query parameters that are honoured, and the member each is for. */
  readonly query: Readonly<Record<string, string>>;
  /** The member the name in the path is for. */
  readonly member?: string;
  handle(input: LambdaRequest): Promise<void> | void;
}

// Larger payloads are refused: 6 MB when the caller waits, 1 MB when it does not
// (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, documented).
const MAX_PAYLOAD_BYTES = { RequestResponse: 6_291_456, Event: 1_048_576 };

/** @throws ServiceError RequestTooLargeException */
export const readPayload = async (request: RestRequest, limit: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    size += bytes.length;
    // What is too large is read to its end, so that the client reads the answer, but not kept.
    if (size <= limit) chunks.push(bytes);
  }
  if (size > limit) {
    throw new ServiceError(
      'RequestTooLargeException',
      `Request must be smaller than ${limit} bytes for the InvokeFunction operation`,
      413,
      { Type: 'User' },
    );
  }
  return Buffer.concat(chunks);
};

const answer = (response: RestResponse, status: number, body: JsonObject) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};

/** How Lambda writes times of functions: ISO with an offset without a colon. */
const functionTime = (time: Date) => time.toISOString().replace('Z', '+0000');

/** The operations of Lambda's API that exist here, as routes. */
export const lambdaRoutes = (
  cloud: Cloud,
  registry: Registry,
  invoker: Invoker,
  asynchronous: AsynchronousInvocations,
): readonly LambdaRoute[] => {
  const configurationOf = async (definition: FunctionDefinition): Promise<JsonObject> => ({
    FunctionName: definition.name,
    FunctionArn: definition.arn,
    Runtime: definition.runtime,
    Role: definition.role,
    Handler: definition.handler,
    CodeSize: definition.code.sizeBytes,
    CodeSha256: await definition.code.sha256(),
    Description: definition.description,
    Timeout: definition.timeoutSeconds,
    MemorySize: definition.memorySizeMb,
    LastModified: functionTime(definition.createdAt),
    Version: '$LATEST',
    PackageType: 'Zip',
    Architectures: [definition.architecture],
    Environment: { Variables: { ...definition.environment } },
    EphemeralStorage: { Size: definition.ephemeralStorageMb },
    ...(definition.deadLetterArn === undefined ? {} : { DeadLetterConfig: { TargetArn: definition.deadLetterArn } }),
    TracingConfig: { Mode: definition.tracingMode },
    Layers: definition.layers.map((layer) => ({ Arn: layer.arn, CodeSize: layer.sizeBytes })),
    LoggingConfig: { LogFormat: definition.logFormat, LogGroup: definition.logGroup },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    State: 'Active',
    LastUpdateStatus: 'Successful',
  });

  const mappingOf = (mapping: EventSourceMapping): JsonObject => ({
    UUID: mapping.uuid,
    EventSourceMappingArn: mapping.arn,
    EventSourceArn: mapping.queueArn,
    FunctionArn: mapping.definition.arn,
    BatchSize: mapping.batchSize,
    MaximumBatchingWindowInSeconds: mapping.batchingWindowSeconds,
    FunctionResponseTypes: mapping.reportsItemFailures ? ['ReportBatchItemFailures'] : [],
    ...(mapping.maximumConcurrency === undefined
      ? {}
      : { ScalingConfig: { MaximumConcurrency: mapping.maximumConcurrency } }),
    State: mapping.enabled ? 'Enabled' : 'Disabled',
    StateTransitionReason: 'USER_INITIATED',
    LastModified: mapping.lastModified.getTime() / 1000,
  });
  const entryOf = (uuid: string) => {
    const entry = registry.mappings.get(uuid);
    if (!entry) throw notFound('The resource you requested does not exist.');
    return entry;
  };

  const urlOf = (url: FunctionUrl): JsonObject => ({
    FunctionUrl: url.url,
    FunctionArn: url.definition.arn,
    AuthType: url.authType,
    InvokeMode: 'BUFFERED',
    CreationTime: url.createdAt.toISOString(),
    LastModifiedTime: url.createdAt.toISOString(),
  });

  const pageOf = <T>(all: readonly T[], query: URLSearchParams, defaultSize: number) => {
    const start = Number(query.get('Marker') ?? 0);
    const size = Number(query.get('MaxItems') ?? defaultSize);
    if (!Number.isInteger(start) || start < 0 || !Number.isInteger(size) || size < 1) {
      throw invalidParameter('Marker or MaxItems is not valid');
    }
    const next: JsonObject = start + size < all.length ? { NextMarker: String(start + size) } : {};
    return { items: all.slice(start, start + size), next };
  };

  const invoke = async ({ request, response, call, name, query }: LambdaRequest) => {
    const header = (key: string) => {
      const value = request.headers[key];
      return typeof value === 'string' ? value : undefined;
    };
    const type = header('x-amz-invocation-type') ?? 'RequestResponse';
    if (type !== 'RequestResponse' && type !== 'Event' && type !== 'DryRun') {
      throw invalidParameter(`InvocationType: ${type} is unknown`);
    }
    if (header('x-amz-durable-execution-name') !== undefined) {
      throw invalidParameter('DurableExecutionName is not supported');
    }
    const qualifier = query.get('Qualifier') ?? undefined;
    const definition = registry.find(name, qualifier);
    const bytes = await readPayload(request, MAX_PAYLOAD_BYTES[type === 'Event' ? 'Event' : 'RequestResponse']);
    call.verifyBody(bytes);
    // Without a payload the event is an empty object: as the payload a destination was told (recorded).
    const payload = bytes.length === 0 ? '{}' : bytes.toString('utf8');
    const encoded = header('x-amz-client-context');
    const clientContext = encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
    const members: JsonObject = {
      FunctionName: name,
      ...(qualifier === undefined ? {} : { Qualifier: qualifier }),
      InvocationType: type,
      ...(header('x-amz-log-type') === undefined ? {} : { LogType: header('x-amz-log-type') ?? '' }),
      ...(encoded === undefined ? {} : { ClientContext: encoded }),
      Payload: { bytes: bytes.length },
    };
    call.note('Invoke', members);
    // The path and the query were checked when the request was admitted; the headers are members, too.
    checkRequest('lambda', 'Invoke', members, { whole: true });
    if (type === 'DryRun') {
      response.writeHead(204);
      response.end();
      return;
    }
    if (type === 'Event') {
      assertJson(payload);
      asynchronous.accept(definition, registry.eventInvokeConfig(definition), payload, {
        requestId: call.requestId,
      });
      response.writeHead(202);
      response.end();
      return;
    }
    if (clientContext !== undefined) assertJson(clientContext);
    const result = await invoker.invoke(definition, payload, {
      requestId: call.requestId,
      ...(clientContext === undefined ? {} : { clientContext }),
    });
    response.writeHead(200, {
      'content-type': 'application/json',
      'x-amz-executed-version': '$LATEST',
      ...(result.functionError === undefined ? {} : { 'x-amz-function-error': result.functionError }),
      ...(header('x-amz-log-type') === 'Tail'
        ? { 'x-amz-log-result': Buffer.from(result.logTail).toString('base64') }
        : {}),
    });
    response.end(result.payload);
  };

  const QUALIFIER = { Qualifier: 'Qualifier' };
  const PAGE = { Marker: 'Marker', MaxItems: 'MaxItems' };
  return [
    {
      operation: 'Invoke',
      method: 'POST',
      path: /^\/2015-03-31\/functions\/([^/]+)\/invocations$/,
      query: QUALIFIER,
      member: 'FunctionName',
      handle: invoke,
    },
    {
      operation: 'GetFunctionConfiguration',
      method: 'GET',
      path: /^\/2015-03-31\/functions\/([^/]+)\/configuration$/,
      query: QUALIFIER,
      member: 'FunctionName',
      async handle({ response, name, query }) {
        answer(response, 200, await configurationOf(registry.find(name, query.get('Qualifier') ?? undefined)));
      },
    },
    {
      operation: 'GetFunction',
      method: 'GET',
      path: /^\/2015-03-31\/functions\/([^/]+)$/,
      query: QUALIFIER,
      member: 'FunctionName',
      async handle({ response, name, query }) {
        const definition = registry.find(name, query.get('Qualifier') ?? undefined);
        answer(response, 200, {
          Configuration: await configurationOf(definition),
          // There is no address to download the code from.
          Code: { RepositoryType: 'S3' },
          Tags: { ...definition.tags },
          ...(definition.reservedConcurrency === undefined
            ? {}
            : { Concurrency: { ReservedConcurrentExecutions: definition.reservedConcurrency } }),
        });
      },
    },
    {
      operation: 'ListFunctions',
      method: 'GET',
      path: /^\/2015-03-31\/functions\/?$/,
      query: PAGE,
      async handle({ response, query }) {
        const { items, next } = pageOf([...registry.functions.values()], query, 50);
        const configurations = await Promise.all(items.map(configurationOf));
        answer(response, 200, { Functions: configurations, ...(next.NextMarker ? next : {}) });
      },
    },
    {
      operation: 'GetFunctionConcurrency',
      method: 'GET',
      path: /^\/2019-09-30\/functions\/([^/]+)\/concurrency$/,
      query: {},
      member: 'FunctionName',
      handle({ response, name }) {
        const { reservedConcurrency } = registry.find(name);
        answer(
          response,
          200,
          reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency },
        );
      },
    },
    {
      operation: 'GetFunctionEventInvokeConfig',
      method: 'GET',
      path: /^\/2019-09-25\/functions\/([^/]+)\/event-invoke-config$/,
      query: QUALIFIER,
      member: 'FunctionName',
      handle({ response, name, query }) {
        const definition = registry.find(name, query.get('Qualifier') ?? undefined);
        const config = registry.eventInvokeConfigs.get(definition.name);
        if (!config) {
          throw notFound(`The function ${definition.arn}:$LATEST doesn't have an EventInvokeConfig`);
        }
        answer(response, 200, {
          FunctionArn: `${definition.arn}:$LATEST`,
          LastModified: definition.createdAt.getTime() / 1000,
          MaximumRetryAttempts: config.maximumRetryAttempts,
          MaximumEventAgeInSeconds: config.maximumEventAgeSeconds,
          DestinationConfig: {
            OnSuccess: config.onSuccess === undefined ? {} : { Destination: config.onSuccess },
            OnFailure: config.onFailure === undefined ? {} : { Destination: config.onFailure },
          },
        });
      },
    },
    {
      operation: 'GetPolicy',
      method: 'GET',
      path: /^\/2015-03-31\/functions\/([^/]+)\/policy$/,
      query: QUALIFIER,
      member: 'FunctionName',
      handle({ response, name, query }) {
        const definition = registry.find(name, query.get('Qualifier') ?? undefined);
        const policy = functionPolicy(registry, definition.arn);
        if (!policy) throw notFound('The resource you requested does not exist.');
        answer(response, 200, { Policy: JSON.stringify(policy) });
      },
    },
    {
      operation: 'GetFunctionUrlConfig',
      method: 'GET',
      path: /^\/2021-10-31\/functions\/([^/]+)\/url$/,
      query: QUALIFIER,
      member: 'FunctionName',
      handle({ response, name, query }) {
        const definition = registry.find(name, query.get('Qualifier') ?? undefined);
        const url = [...registry.urls.values()].find((candidate) => candidate.definition.name === definition.name);
        if (!url) throw notFound('The resource you requested does not exist.');
        answer(response, 200, urlOf(url));
      },
    },
    {
      operation: 'ListEventSourceMappings',
      method: 'GET',
      path: /^\/2015-03-31\/event-source-mappings\/?$/,
      query: { ...PAGE, EventSourceArn: 'EventSourceArn', FunctionName: 'FunctionName' },
      handle({ response, query }) {
        const source = query.get('EventSourceArn');
        const functionName = query.get('FunctionName');
        const definition = functionName === null ? undefined : registry.find(functionName);
        const mappings = [...registry.mappings.values()]
          .map(({ mapping }) => mapping)
          .filter((mapping) => source === null || mapping.queueArn === source)
          .filter((mapping) => !definition || mapping.definition.name === definition.name);
        const { items, next } = pageOf(mappings, query, 100);
        answer(response, 200, { EventSourceMappings: items.map(mappingOf), ...next });
      },
    },
    {
      operation: 'GetEventSourceMapping',
      method: 'GET',
      path: /^\/2015-03-31\/event-source-mappings\/([^/]+)$/,
      query: {},
      member: 'UUID',
      handle({ response, name }) {
        answer(response, 200, mappingOf(entryOf(name).mapping));
      },
    },
    {
      operation: 'UpdateEventSourceMapping',
      method: 'PUT',
      path: /^\/2015-03-31\/event-source-mappings\/([^/]+)$/,
      query: {},
      async handle({ request, response, call, name }) {
        const bytes = await readPayload(request, MAX_PAYLOAD_BYTES.Event);
        call.verifyBody(bytes);
        const body = bytes.toString('utf8');
        assertJson(body || '{}');
        const input: JsonObject = JSON.parse(body || '{}');
        const all = { ...input, UUID: name };
        call.note('UpdateEventSourceMapping', all);
        checkRequest('lambda', 'UpdateEventSourceMapping', all, { whole: true });
        const { mapping, poller } = entryOf(name);
        const members = membersOf(input, 'UpdateEventSourceMapping', ['Enabled', 'UUID'], invalidParameter);
        const enabled = members.flag('Enabled');
        if (enabled !== undefined && enabled !== mapping.enabled) {
          mapping.enabled = enabled;
          mapping.lastModified = cloud.clock.now();
          if (enabled) poller.start();
          else poller.stop();
        }
        answer(response, 202, mappingOf(mapping));
      },
    },
  ];
};

const assertJson = (text: string) => {
  try {
    JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceError('InvalidRequestContentException', `Could not parse request body into json: ${reason}`, 400, {
      Type: 'User',
    });
  }
};
