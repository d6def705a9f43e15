import { type ContainerAnswer, NoAnswerError } from '../../containers/serving.ts';
import { type Call, type HttpService, type RestRequest, type RestResponse, ServiceError } from '../../contracts.ts';
import type { Context } from './context.ts';
import type { CapturedExchange, DataCapture } from './data-capture.ts';
import type { Endpoints, ServedEndpoint } from './endpoints.ts';
import { notImplemented } from './errors.ts';
import { toJson } from './request.ts';
import { chooseDestination, type Destination } from './traffic.ts';

// Header names: API_runtime_InvokeEndpoint (documented).
const HEADERS = {
  accept: 'accept',
  contentType: 'content-type',
  customAttributes: 'x-amzn-sagemaker-custom-attributes',
  inferenceId: 'x-amzn-sagemaker-inference-id',
  targetVariant: 'x-amzn-sagemaker-target-variant',
} as const;

const NOT_HONOURED = {
  TargetModel: 'x-amzn-sagemaker-target-model',
  TargetContainerHostname: 'x-amzn-sagemaker-target-container-hostname',
  EnableExplanations: 'x-amzn-sagemaker-enable-explanations',
  InferenceComponentName: 'x-amzn-sagemaker-inference-component',
  SessionId: 'x-amzn-sagemaker-session-id',
} as const;

// A request has 6,291,456 bytes at most (API_runtime_InvokeEndpoint, documented). One to a serverless variant has 4 MB
// at most (*assumed* from third-party pages).
const BODY_BYTES = 6_291_456;
const SERVERLESS_BODY_BYTES = 4 * 1024 * 1024;
// "A customer's model containers must respond to requests within 60 seconds" (API_runtime_InvokeEndpoint, documented).
const ANSWER_MS = 60_000;

// What ModelLatency says of an answer: the machine this cloud runs on tells nothing of an instance's speed, and a figure of
// its clock would make an alarm depend on its load. The fault `slow-container` adds to it. The figure is *assumed*.
const MODEL_LATENCY_MS = 10;

const validation = (message: string) => new ServiceError('ValidationError', message, 400, { Message: message });

/** The request's members that travel in headers; undefined where there is no such header. */
interface Members {
  readonly EndpointName: string;
  readonly ContentType: string | undefined;
  readonly Accept: string | undefined;
  readonly CustomAttributes: string | undefined;
  readonly InferenceId: string | undefined;
  readonly TargetVariant: string | undefined;
}

const headerOf = (request: RestRequest, name: string) => {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
};

const readMembers = (endpoint: string, request: RestRequest): Members => ({
  EndpointName: endpoint,
  ContentType: headerOf(request, HEADERS.contentType),
  Accept: headerOf(request, HEADERS.accept),
  CustomAttributes: headerOf(request, HEADERS.customAttributes),
  InferenceId: headerOf(request, HEADERS.inferenceId),
  TargetVariant: headerOf(request, HEADERS.targetVariant),
});

const refuseNotHonoured = (request: RestRequest): void => {
  for (const [member, name] of Object.entries(NOT_HONOURED)) {
    if (headerOf(request, name) !== undefined) throw notImplemented(`The member ${member} of InvokeEndpoint`);
  }
};

const readBody = async (request: RestRequest, limit: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    // Read to the end, so that the client gets the answer.
    if (bytes <= limit) chunks.push(chunk);
  }
  // The words for a request that is too large are *assumed*.
  if (bytes > limit) throw validation(`The request body of ${bytes} bytes is larger than ${limit} bytes`);
  return Buffer.concat(chunks);
};

const choose = (context: Context, served: ServedEndpoint, target: string | undefined): Destination => {
  const found = chooseDestination(served.routes, target, context.random);
  if (found === 'unknown') throw validation(`Variant ${target} of endpoint ${served.name} not found.`);
  if (found === 'none') throw validation(`No variant of endpoint ${served.name} takes traffic.`);
  return found;
};

/** `POST /endpoints/{name}/invocations`. */
export const createRuntime = (context: Context, endpoints: Endpoints, capture: DataCapture): HttpService => {
  const { cloud } = context;

  const measure = (served: ServedEndpoint, { fleet, variant }: Destination, status: number, latencyMs: number) => {
    const place = { EndpointName: served.name, VariantName: variant.config.VariantName };
    const put = (name: string, value: number, unit: 'Count' | 'Microseconds' | 'None') => {
      for (const dimensions of [place, { ...place, EndpointConfigName: fleet.config.name }]) {
        context.hooks.metric?.({ namespace: 'AWS/SageMaker', name, dimensions, value, unit });
      }
    };
    // Each invocation gives metrics of the variant, and of the variant within its endpoint configuration, so that an
    // alarm can watch the new fleet alone (monitoring-cloudwatch.md and deployment-guardrails-configuration.html,
    // documented). The error metrics are 0 or 1, so that their average is a rate (the same page, documented).
    put('Invocations', 1, 'Count');
    put('Invocation4XXErrors', status >= 400 && status < 500 ? 1 : 0, 'None');
    put('Invocation5XXErrors', status >= 500 ? 1 : 0, 'None');
    put('InvocationModelErrors', status >= 300 ? 1 : 0, 'None');
    put('ModelLatency', latencyMs * 1000, 'Microseconds');
    // Nothing lies between the caller and the container here.
    put('OverheadLatency', 0, 'Microseconds');
    const { runningCount } = variant;
    if (runningCount !== undefined) put('InvocationsPerInstance', 1 / Math.max(1, runningCount), 'None');
  };

  const modelError = (served: ServedEndpoint, status: number, message: string) => {
    const group = `/aws/sagemaker/Endpoints/${served.name}`;
    const kind = status >= 400 && status < 500 ? 'client' : 'server';
    // The words are those public issues quote; *assumed*. Members: API_runtime_InvokeEndpoint, ModelError
    // (documented).
    const text = `Received ${kind} error (${status}) from primary with message "${message}". See ${group} in account ${cloud.account} for more information.`;
    return new ServiceError('ModelError', text, 424, {
      Message: text,
      OriginalStatusCode: status,
      OriginalMessage: message,
      LogStreamArn: `arn:aws:logs:${cloud.region}:${cloud.account}:log-group:${group}`,
    });
  };

  const ask = async (served: ServedEndpoint, destination: Destination, read: Members, body: Buffer) => {
    const headers = {
      ...(read.ContentType === undefined ? {} : { [HEADERS.contentType]: read.ContentType }),
      ...(read.Accept === undefined ? {} : { [HEADERS.accept]: read.Accept }),
      ...(read.CustomAttributes === undefined ? {} : { [HEADERS.customAttributes]: read.CustomAttributes }),
      ...(read.InferenceId === undefined ? {} : { [HEADERS.inferenceId]: read.InferenceId }),
    };
    const { VariantName: variant } = destination.variant.config;
    const slowMs = cloud.faults.containerDelayMs?.({ endpoint: served.name, variant }) ?? 0;
    let latencyMs = MODEL_LATENCY_MS + slowMs;
    let answer: ContainerAnswer | NoAnswerError;
    try {
      answer = await destination.fleet.during(async () => {
        const hosted = await destination.variant.container();
        if (cloud.faults.killsContainer?.({ endpoint: served.name, variant })) await hosted.container.stop();
        if (latencyMs > ANSWER_MS) throw new NoAnswerError('timeout', `no answer within ${ANSWER_MS} ms`);
        return hosted.container.invoke(body, headers, ANSWER_MS);
      });
    } catch (error) {
      answer = error instanceof NoAnswerError ? error : new NoAnswerError('connection', String(error));
    }
    const status = answer instanceof NoAnswerError ? 0 : answer.status;
    if (answer instanceof NoAnswerError && answer.reason === 'timeout') latencyMs = ANSWER_MS;
    measure(served, destination, status === 0 ? 500 : status, latencyMs);
    if (answer instanceof NoAnswerError) {
      throw modelError(served, 0, 'Your invocation timed out while waiting for a response from container primary.');
    }
    if (status >= 300) throw modelError(served, status, answer.body.toString('utf8').slice(0, 1024));
    return answer;
  };

  const invoke = async (name: string, request: RestRequest, response: RestResponse, call: Call) => {
    const read = readMembers(name, request);
    const note = (bytes: number) => call.note('InvokeEndpoint', toJson({ ...read, Body: { bytes } }));
    await call.admit('InvokeEndpoint', toJson({ ...read, Body: { bytes: 0 } }));
    refuseNotHonoured(request);
    const served = endpoints.served(name);
    const serverless = typeof served === 'object' && served.routes.some(({ fleet }) => fleet.config.serverless);
    const body = await readBody(request, serverless ? SERVERLESS_BODY_BYTES : BODY_BYTES);
    note(body.length);
    call.verifyBody(body);
    if (served === undefined) throw validation(`Endpoint ${name} of account ${cloud.account} not found.`);
    // The words for an endpoint that is not in service yet, or any more, are *assumed*.
    if (served === 'idle') throw validation(`Endpoint ${name} of account ${cloud.account} is not in service.`);
    const destination = choose(context, served, read.TargetVariant);
    const { fleet, variant } = destination;
    // Invocations of a serverless variant beyond its MaxConcurrency are throttled (serverless-endpoints.md,
    // documented). Status 429 and the words of that are *assumed*.
    if (variant.serverless && fleet.busy() >= variant.serverless.MaxConcurrency) {
      throw new ServiceError('ThrottlingException', `Rate exceeded for endpoint ${served.name}`, 429, {
        Message: `Rate exceeded for endpoint ${served.name}`,
      });
    }
    const answer = await ask(served, destination, read, body);
    const outputType = answer.headers['content-type'];
    const { capture: config } = fleet.config;
    if (config) {
      const exchange: CapturedExchange = {
        endpoint: served.name,
        variant: variant.config.VariantName,
        roleArn: variant.model.roleArn,
        config,
        ...(read.InferenceId === undefined ? {} : { inferenceId: read.InferenceId }),
        input: { contentType: read.ContentType ?? 'application/octet-stream', body },
        output: { contentType: outputType ?? 'application/octet-stream', body: answer.body },
      };
      capture.record(exchange);
    }
    const attributes = answer.headers[HEADERS.customAttributes];
    response.writeHead(200, {
      ...(outputType === undefined ? {} : { 'content-type': outputType }),
      ...(attributes === undefined ? {} : { [HEADERS.customAttributes]: attributes }),
      'x-amzn-invoked-production-variant': variant.config.VariantName,
      'content-length': answer.body.length,
    });
    response.end(answer.body);
  };

  return {
    protocol: 'rest',
    async handle(request, response, call) {
      const path = (request.url ?? '/').split('?')[0] ?? '/';
      const name = /^\/endpoints\/([^/]+)\/invocations$/.exec(path)?.[1];
      if (request.method !== 'POST' || name === undefined) {
        throw new ServiceError(
          'UnknownOperationException',
          `The operation ${request.method} ${path} of sagemaker is not implemented in this cloud`,
          404,
        );
      }
      await invoke(decodeURIComponent(name), request, response, call);
    },
  };
};
