import {
  ANONYMOUS,
  type Call,
  type Cloud,
  type Json,
  type JsonObject,
  type RestRequest,
  type RestResponse,
  ServiceError,
} from '../../contracts.ts';
import type { FunctionDefinition } from './function-definition.ts';
import type { InvocationResult } from './invoker.ts';

/** A function's own address. */
export interface FunctionUrl {
  readonly id: string;
  /** Ends in a slash. */
  readonly url: string;
  readonly definition: FunctionDefinition;
  readonly authType: 'AWS_IAM' | 'NONE';
  readonly createdAt: Date;
}

// Payload format 2.0 and what a response means: docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html (documented).

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// Which bodies are passed as text AWS does not say: by content type, without one by being UTF-8 (*assumed*).
const isText = (contentType: string | undefined, body: Buffer): boolean => {
  if (contentType === undefined || contentType === '') return body.equals(Buffer.from(body.toString('utf8')));
  return /^(text\/|application\/(json|javascript|xml|x-ndjson)|[^;]*\+(json|xml))/i.test(contentType);
};

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `12/Mar/2020:19:03:58 +0000` */
const logTime = (time: Date): string => {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${two(time.getUTCDate())}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}`;
  return `${day}:${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())} +0000`;
};

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoding, then: taken as it is.
    return text;
  }
};

const queryOf = (rawQuery: string): Record<string, string> => {
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQuery)) {
    const before = parameters[name];
    parameters[name] = before === undefined ? value : `${before},${value}`;
  }
  return parameters;
};

/** The role session or user behind a signed request. */
const iamOf = (cloud: Cloud, { principal }: Call): JsonObject => ({
  accessKey: principal.accessKeyId,
  accountId: cloud.account,
  // What stands for the caller is not derivable here for the administrator: the account, as for its root (assumed).
  callerId: principal.roleArn === undefined ? cloud.account : principal.arn.split('/').slice(1).join(':'),
  cognitoIdentity: null,
  principalOrgId: null,
  userArn: principal.arn,
  userId: principal.roleArn === undefined ? cloud.account : principal.arn.split('/').slice(1).join(':'),
});

/** @param path What follows the function's address, beginning with a slash, query included. */
export const eventOf = (
  cloud: Cloud,
  url: FunctionUrl,
  request: RestRequest,
  path: string,
  body: Buffer,
  call: Call,
): JsonObject => {
  const [rawPath = '/', rawQueryString = ''] = path.split(/\?(.*)/s);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name === 'cookie') continue;
    headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  const cookies = request.headers.cookie?.split(/;\s*/).filter((cookie) => cookie !== '') ?? [];
  const query = queryOf(rawQueryString);
  const text = isText(request.headers['content-type'], body);
  const now = cloud.clock.now();
  const signed = url.authType === 'AWS_IAM';
  // That rawPath is the decoded path, as with HTTP APIs, is assumed.
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: decode(rawPath),
    rawQueryString,
    ...(cookies.length > 0 ? { cookies } : {}),
    headers,
    ...(rawQueryString === '' ? {} : { queryStringParameters: query }),
    requestContext: {
      accountId: signed ? cloud.account : 'anonymous',
      apiId: url.id,
      ...(signed ? { authorizer: { iam: iamOf(cloud, call) } } : {}),
      domainName: `${url.id}.lambda-url.${cloud.region}.on.aws`,
      domainPrefix: url.id,
      http: {
        method: request.method ?? 'GET',
        path: decode(rawPath),
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: call.sourceIp,
        userAgent: headers['user-agent'] ?? null,
      },
      requestId: call.requestId,
      routeKey: '$default',
      stage: '$default',
      time: logTime(now),
      timeEpoch: now.getTime(),
    },
    ...(body.length === 0 ? {} : { body: text ? body.toString('utf8') : body.toString('base64') }),
    isBase64Encoded: body.length > 0 && !text,
  };
};

/**
 * May this request pass? With AWS_IAM it must be signed; without, the function's policy must let everybody in
 * (docs.aws.amazon.com/lambda/latest/dg/urls-auth.html, documented).
 */
export const mayInvoke = (cloud: Cloud, url: FunctionUrl, call: Call): boolean => {
  const anonymous = url.authType === 'NONE';
  if (!anonymous && call.principal.accessKeyId === ANONYMOUS.accessKeyId) return false;
  const { principal } = anonymous ? { principal: ANONYMOUS } : call;
  try {
    const input = { FunctionName: url.definition.arn, AuthType: url.authType };
    cloud.iam.authorizeRequest('lambda', 'FunctionUrl', input, { principal, sourceIp: call.sourceIp });
    return true;
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
};

/** Answers with a JSON message, as the address itself does when the function is not asked. */
export const sendMessage = (response: RestResponse, status: number, message: string): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ Message: message }));
};

/** Sends what the function answered. */
export const sendResult = (response: RestResponse, result: InvocationResult): void => {
  if (result.functionError) {
    // 502 is documented (urls-monitoring, troubleshooting); the body is what the service is seen to send (assumed).
    response.writeHead(502, { 'content-type': 'application/json', 'x-amzn-errortype': 'InternalServerErrorException' });
    response.end('Internal Server Error');
    return;
  }
  const answer: Json = JSON.parse(result.payload);
  if (!isObject(answer) || answer.statusCode === undefined) {
    // The inferred format: JSON without a status is the body.
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(typeof answer === 'string' ? answer : result.payload);
    return;
  }
  const status = Number(answer.statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) {
    response.writeHead(502, { 'content-type': 'application/json' });
    response.end('Internal Server Error');
    return;
  }
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  for (const [name, value] of Object.entries(isObject(answer.headers) ? answer.headers : {})) {
    response.setHeader(name, Array.isArray(value) ? value.map(String) : String(value));
  }
  if (Array.isArray(answer.cookies)) response.setHeader('set-cookie', answer.cookies.map(String));
  const body = answer.body ?? '';
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.end(answer.isBase64Encoded === true ? Buffer.from(text, 'base64') : text);
};
