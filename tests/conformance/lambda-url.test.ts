import { GetFunctionUrlConfigCommand, GetPolicyCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import { deployStack, functionResource, signed, type TestStack } from './lambda-stack.ts';

const ECHO = 'exports.handler = async (event) => event;';
const RESPOND = `
exports.handler = async (event) => {
  switch (event.rawPath) {
    case '/full': return { statusCode: 201, headers: { 'Content-Type': 'text/csv', 'x-own': 'a' }, cookies: ['a=1', 'b=2; Secure'], body: 'x,y' };
    case '/bytes': return { statusCode: 200, headers: { 'content-type': 'application/octet-stream' }, isBase64Encoded: true, body: 'AP8Q' };
    case '/plain': return 'Hello';
    case '/empty': return { statusCode: 204 };
    case '/fail': throw new Error('no');
    case '/odd': return { statusCode: 'many' };
    default: return { message: 'inferred' };
  }
};`;

/** Lets everybody in at a function's address: both permissions are needed since October 2025. */
const open = (name: string): JsonObject => ({
  [`${name}Open`]: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunctionUrl',
      FunctionName: { Ref: name },
      Principal: '*',
      FunctionUrlAuthType: 'NONE',
    },
  },
  [`${name}OpenInvoke`]: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: { Ref: name },
      Principal: '*',
      InvokedViaFunctionUrl: true,
    },
  },
});

let stack: TestStack;
const output = (name: string) => stack.outputs[name] ?? '';

beforeAll(async () => {
  stack = await deployStack(
    { echo: { 'index.js': ECHO }, respond: { 'index.js': RESPOND }, guarded: { 'index.js': ECHO } },
    {
      Echo: functionResource('echo'),
      EchoUrl: { Type: 'AWS::Lambda::Url', Properties: { AuthType: 'NONE', TargetFunctionArn: { Ref: 'Echo' } } },
      Respond: functionResource('respond'),
      RespondUrl: { Type: 'AWS::Lambda::Url', Properties: { AuthType: 'NONE', TargetFunctionArn: { Ref: 'Respond' } } },
      Guarded: functionResource('guarded'),
      GuardedUrl: {
        Type: 'AWS::Lambda::Url',
        Properties: { AuthType: 'AWS_IAM', TargetFunctionArn: { 'Fn::GetAtt': ['Guarded', 'Arn'] } },
      },
      ...open('Echo'),
      ...open('Respond'),
      GuardedPermission: {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          Action: 'lambda:InvokeFunctionUrl',
          FunctionName: { Ref: 'Guarded' },
          Principal: { Ref: 'AWS::AccountId' },
          FunctionUrlAuthType: 'AWS_IAM',
        },
      },
    },
    {
      outputs: {
        Echo: { Value: { 'Fn::GetAtt': ['EchoUrl', 'FunctionUrl'] } },
        Respond: { Value: { 'Fn::GetAtt': ['RespondUrl', 'FunctionUrl'] } },
        Guarded: { Value: { 'Fn::GetAtt': ['GuardedUrl', 'FunctionUrl'] } },
      },
    },
  );
});

afterAll(() => stack.close());

describe('a function URL', () => {
  it('is an address of its own on the cloud’s port', async () => {
    const config = await stack.lambda.send(new GetFunctionUrlConfigCommand({ FunctionName: 'echo' }));

    expect(output('Echo')).toMatch(new RegExp(`^${stack.cloud.url}/_url/[0-9a-f]{32}/$`));
    expect(config).toMatchObject({ FunctionUrl: output('Echo'), AuthType: 'NONE', InvokeMode: 'BUFFERED' });
  });

  it('tells the handler of the request in payload format 2.0, at the cloud’s time', async () => {
    const response = await fetch(`${output('Echo')}a%20b/c?x=1&x=2&y=%C3%BC`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: 'k=v; l=w', 'x-own': 'yes', 'user-agent': 'tests' },
      body: '{"n":1}',
    });
    const event = JSON.parse(await response.text());

    expect(event).toMatchObject({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/a b/c',
      rawQueryString: 'x=1&x=2&y=%C3%BC',
      cookies: ['k=v', 'l=w'],
      queryStringParameters: { x: '1,2', y: 'ü' },
      body: '{"n":1}',
      isBase64Encoded: false,
      requestContext: {
        accountId: 'anonymous',
        http: { method: 'POST', path: '/a b/c', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'tests' },
        stage: '$default',
        timeEpoch: Date.parse('2031-05-06T07:08:09Z'),
        time: '06/May/2031:07:08:09 +0000',
      },
    });
    expect(event.headers['x-own']).toBe('yes');
    expect(event.headers.cookie).toBeUndefined();
    expect(event.requestContext.authorizer).toBeUndefined();
  });

  it('encodes a body that is not text', async () => {
    const response = await fetch(output('Echo'), {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: new Uint8Array([0, 255, 16]),
    });

    expect(await response.json()).toMatchObject({ body: 'AP8Q', isBase64Encoded: true, rawPath: '/' });
  });

  it('sends status, headers, cookies and body as the handler gives them', async () => {
    const response = await fetch(`${output('Respond')}full`);

    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('text/csv');
    expect(response.headers.get('x-own')).toBe('a');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2; Secure']);
    expect(await response.text()).toBe('x,y');
  });

  it('decodes a body that is base64', async () => {
    const response = await fetch(`${output('Respond')}bytes`);

    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255, 16]);
  });

  it.each([
    ['plain', 200, 'Hello'],
    ['', 200, '{"message":"inferred"}'],
    ['empty', 204, ''],
    ['fail', 502, 'Internal Server Error'],
    ['odd', 502, 'Internal Server Error'],
  ])('answers /%s with %i', async (path, status, body) => {
    const response = await fetch(output('Respond') + path);

    expect(response.status).toBe(status);
    expect(await response.text()).toBe(body);
  });

  it('is found by nobody who does not know it', async () => {
    const response = await fetch(`${stack.cloud.url}/_url/0123456789/`);

    expect(response.status).toBe(404);
  });
});

describe('a function URL with AWS_IAM', () => {
  it('forbids a request that nobody signed', async () => {
    const response = await fetch(output('Guarded'));

    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ Message: 'Forbidden' });
  });

  it('tells the handler who signed', async () => {
    const body = '{"n":1}';
    const response = await fetch(output('Guarded'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signed('lambda', 'POST', output('Guarded'), body) },
      body,
    });
    const event = JSON.parse(await response.text());

    expect(event.requestContext).toMatchObject({
      accountId: '000000000000',
      authorizer: { iam: { accessKey: 'test', accountId: '000000000000', userArn: 'arn:aws:iam::000000000000:root' } },
    });
  });

  it('keeps who may call it in the function’s policy', async () => {
    const { Policy = '' } = await stack.lambda.send(new GetPolicyCommand({ FunctionName: 'guarded' }));

    expect(JSON.parse(Policy).Statement).toMatchObject([
      {
        Effect: 'Allow',
        Principal: { AWS: '000000000000' },
        Action: 'lambda:InvokeFunctionUrl',
        Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
      },
    ]);
  });

  it('does not bar the API', async () => {
    const answer = await stack.lambda.send(
      new InvokeCommand({ FunctionName: 'guarded', Payload: Buffer.from('{"a":1}') }),
    );

    expect(Buffer.from(answer.Payload ?? []).toString()).toBe('{"a":1}');
  });
});
