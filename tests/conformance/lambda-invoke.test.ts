import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  ListFunctionsCommand,
  ListVersionsByFunctionCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Json } from '../../local/contracts.ts';
import { deployStack, functionResource, type TestStack } from './lambda-stack.ts';

const KITCHEN_SINK = `
const { label } = require('measuring-tape');
let invocations = 0;
const seen = new Date(0).constructor === Date;
exports.handler = async (event, context) => {
  invocations++;
  switch (event.do) {
    case 'echo': return { event, invocations, pid: process.pid };
    case 'environment': return { env: process.env, cwd: process.cwd(), channel: typeof process.send };
    case 'context': return { ...context, remaining: context.getRemainingTimeInMillis() };
    case 'time': return { now: Date.now(), date: new Date().toISOString(), text: Date().slice(0, 15),
      parsed: new Date('1999-01-02T03:04:05Z').toISOString(), own: new Date() instanceof Date, seen };
    case 'layer': return label;
    case 'log': console.log('seen', { a: 1 }); console.error('two\\nlines'); process.stdout.write('bare\\n'); return 'ok';
    case 'throw': throw new TypeError('this is intentional');
    case 'throw text': throw 'just text';
    case 'reject later': setTimeout(() => Promise.reject(new Error('nobody listens')), 5); return new Promise(() => {});
    case 'throw later': setTimeout(() => { throw new RangeError('out of turn'); }, 5); return new Promise(() => {});
    case 'exit': process.exit(event.code);
    case 'circle': { const circle = {}; circle.circle = circle; return circle; }
    case 'nothing': return undefined;
    case 'hang': return new Promise(() => {});
    case 'wait': await new Promise((resolve) => setTimeout(resolve, 150)); return process.pid;
    case 'large': return 'x'.repeat(6291556);
    case 'fill': { const all = []; for (;;) all.push(new Array(100000).fill({ some: 'thing' }).map((x) => ({ ...x }))); }
  }
};`;

let stack: TestStack;
let layerFolder: string;

const invoke = async (payload: Json, name = 'sink') => {
  const answer = await stack.lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(payload)), LogType: 'Tail' }),
  );
  return {
    status: answer.StatusCode,
    version: answer.ExecutedVersion,
    functionError: answer.FunctionError,
    payload: JSON.parse(Buffer.from(answer.Payload ?? []).toString()),
    log: Buffer.from(answer.LogResult ?? '', 'base64').toString(),
  };
};

beforeAll(async () => {
  layerFolder = await mkdtemp(join(tmpdir(), 'layer-'));
  const module = join(layerFolder, 'nodejs', 'node24', 'node_modules', 'measuring-tape');
  await mkdir(module, { recursive: true });
  await writeFile(join(module, 'index.js'), "exports.label = 'from the folder that stands for /opt';");
  stack = await deployStack(
    {
      sink: { 'index.js': KITCHEN_SINK },
      esm: {
        'package.json': '{"type":"module"}',
        'dist/step/index.js':
          "import { readFileSync } from 'node:fs'; await null; export const nested = { handler: async () => import.meta.url + readFileSync('package.json', 'utf8') };",
      },
      brief: { 'index.js': 'exports.handler = () => new Promise(() => {});' },
      crashing: { 'index.js': "throw new URIError('not today');" },
      missing: { 'index.js': "require('no-such-module');" },
      nameless: { 'index.js': 'exports.other = () => 1;' },
      callback: { 'index.js': 'exports.handler = (event, context, callback) => callback(null, 1);' },
      broken: { 'index.js': 'exports.handler = (=> 1;' },
      single: { 'index.js': 'exports.handler = () => new Promise((resolve) => setTimeout(resolve, 200));' },
      'json-logs': { 'index.js': "exports.handler = async () => { console.warn('careful'); };" },
      tape: { 'nodejs/node_modules/measuring-tape/index.js': 'exports.label = 1;' },
    },
    {
      Tape: {
        Type: 'AWS::Lambda::LayerVersion',
        Properties: { LayerName: 'tape', Content: { S3Bucket: 'deployments', S3Key: 'packages/1/tape.zip' } },
      },
      Sink: functionResource('sink', {
        Timeout: 20,
        MemorySize: 128,
        Layers: [{ Ref: 'Tape' }],
        Environment: { Variables: { COLOUR: 'green', COUNT: 3 } },
        Tags: [{ Key: 'team', Value: 'one' }],
      }),
      Esm: functionResource('esm', { Handler: 'dist/step/index.nested.handler' }),
      Brief: functionResource('brief', { Timeout: 1 }),
      Crashing: functionResource('crashing'),
      Missing: functionResource('missing'),
      Nameless: functionResource('nameless'),
      Callback: functionResource('callback'),
      Broken: functionResource('broken'),
      Single: functionResource('single', { ReservedConcurrentExecutions: 1 }),
      JsonLogs: functionResource('json-logs', { LoggingConfig: { LogFormat: 'JSON' } }),
    },
    { layers: { tape: layerFolder } },
  );
});

afterAll(async () => {
  await stack.close();
  await rm(layerFolder, { recursive: true, force: true });
});

describe('invoking a function', () => {
  it('gives the event to the handler and the answer back, reusing the process', async () => {
    const first = await invoke({ do: 'echo', n: [1, 'ü'] });
    const second = await invoke({ do: 'echo' });

    expect(first).toMatchObject({ status: 200, version: '$LATEST', functionError: undefined });
    expect(first.payload.event).toEqual({ do: 'echo', n: [1, 'ü'] });
    expect(second.payload.pid).toBe(first.payload.pid);
    expect(second.payload.invocations).toBe(first.payload.invocations + 1);
  });

  it('finds the function by its ARN and by a partial one', async () => {
    const arn = 'arn:aws:lambda:eu-west-1:000000000000:function:sink';

    const answers = [
      await invoke({ do: 'nothing' }, arn),
      await invoke({ do: 'nothing' }, '000000000000:function:sink'),
    ];

    expect(answers.map((answer) => answer.payload)).toEqual([null, null]);
  });

  it('runs ES modules with nested exports, relative to the package', async () => {
    const answer = await invoke({}, 'esm');

    expect(answer.payload).toMatch(/^file:.*\/dist\/step\/index\.js\{"type":"module"\}$/);
  });

  it('starts another process for an invocation that overlaps', async () => {
    const answers = await Promise.all([invoke({ do: 'wait' }), invoke({ do: 'wait' })]);

    expect(answers[0]?.payload).not.toBe(answers[1]?.payload);
  });

  it('throttles beyond the reserved concurrency', async () => {
    const results = await Promise.allSettled([invoke({}, 'single'), invoke({}, 'single')]);

    const rejected = results.filter((result) => result.status === 'rejected');
    expect(rejected).toHaveLength(1);
    expect(rejected[0]?.reason).toMatchObject({
      name: 'TooManyRequestsException',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      $metadata: { httpStatusCode: 429 },
    });
  });

  it('says that there is no such function, and no such operation', async () => {
    const command = new InvokeCommand({ FunctionName: 'nobody' });
    const other = new ListVersionsByFunctionCommand({ FunctionName: 'sink' });

    await expect(stack.lambda.send(command)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Function not found: arn:aws:lambda:eu-west-1:000000000000:function:nobody',
    });
    await expect(stack.lambda.send(other)).rejects.toThrow('/2015-03-31/functions/sink/versions is not implemented');
  });

  it('refuses a payload that is not JSON', async () => {
    const command = new InvokeCommand({ FunctionName: 'sink', Payload: Buffer.from('{') });

    await expect(stack.lambda.send(command)).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
  });

  it('runs nothing in a dry run', async () => {
    const answer = await stack.lambda.send(new InvokeCommand({ FunctionName: 'crashing', InvocationType: 'DryRun' }));

    expect(answer.StatusCode).toBe(204);
  });
});

describe('the execution environment', () => {
  it('has an environment of its own and nothing of the cloud process', async () => {
    process.env.SECRET_OF_THE_DEVELOPER = 'x';

    const { payload } = await invoke({ do: 'environment' });

    delete process.env.SECRET_OF_THE_DEVELOPER;
    expect(payload.channel).toBe('undefined');
    expect(payload.cwd).toBe(payload.env.LAMBDA_TASK_ROOT);
    expect(payload.env).toMatchObject({
      COLOUR: 'green',
      COUNT: '3',
      AWS_ENDPOINT_URL: stack.cloud.url,
      AWS_REGION: 'eu-west-1',
      AWS_LAMBDA_FUNCTION_NAME: 'sink',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/sink',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      _HANDLER: 'index.handler',
      TZ: ':UTC',
    });
    const names = Object.keys(payload.env);
    expect(names).not.toContain('SECRET_OF_THE_DEVELOPER');
    expect(names.filter((name) => /^(npm_|VITEST|NODE_(?!PATH))/.test(name))).toEqual([]);
  });

  it('has the credentials of the function’s role', async () => {
    const { payload } = await invoke({ do: 'environment' });

    const principal = stack.cloud.iam.principalOf(payload.env.AWS_ACCESS_KEY_ID);
    expect(principal?.roleArn).toBe('arn:aws:iam::000000000000:role/worker-role');
    expect(payload.env.AWS_SESSION_TOKEN).toBeTruthy();
  });

  it('hands over the context Lambda documents', async () => {
    const { payload } = await invoke({ do: 'context' });

    expect(payload).toMatchObject({
      functionName: 'sink',
      functionVersion: '$LATEST',
      memoryLimitInMB: '128',
      invokedFunctionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:sink',
      logGroupName: '/aws/lambda/sink',
      logStreamName: expect.stringMatching(/^2031\/05\/06\/\[\$LATEST\][0-9a-f]{32}$/),
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(payload.remaining).toBeGreaterThan(10_000);
    expect(payload.remaining).toBeLessThanOrEqual(20_000);
  });

  it('shows the cloud’s time, and follows it', async () => {
    const before = await invoke({ do: 'time' });
    await stack.cloud.clock.advance(3_600_000);
    const after = await invoke({ do: 'time' });

    expect(before.payload.date).toMatch(/^2031-05-06T07:08:/);
    expect(before.payload.text).toBe('Tue May 06 2031');
    expect(before.payload).toMatchObject({ parsed: '1999-01-02T03:04:05.000Z', own: true, seen: true });
    expect(after.payload.date).toMatch(/^2031-05-06T08:08:/);
    expect(new Date(after.payload.now).toISOString().slice(0, 16)).toBe(after.payload.date.slice(0, 16));
  });

  it('mounts the folder given for a layer in place of its zip', async () => {
    const { payload } = await invoke({ do: 'layer' });

    expect(payload).toBe('from the folder that stands for /opt');
  });
});

describe('a function that fails', () => {
  it.each([
    [{ do: 'throw' }, 'TypeError', 'this is intentional'],
    [{ do: 'throw text' }, 'string', 'just text'],
    [{ do: 'circle' }, 'Runtime.JSONStringifyError', 'Unable to stringify response body'],
    [{ do: 'throw later' }, 'RangeError', 'out of turn'],
    [{ do: 'reject later' }, 'Runtime.UnhandledPromiseRejection', 'Error: nobody listens'],
    [{ do: 'exit', code: 0 }, 'Runtime.ExitError', /^RequestId: \S+ Error: Runtime exited without providing a reason$/],
    [{ do: 'exit', code: 7 }, 'Runtime.ExitError', /^RequestId: \S+ Error: Runtime exited with error: exit status 7$/],
    [{ do: 'large' }, 'Function.ResponseSizeTooLarge', /^Response payload size exceeded/],
  ])('reports %o as Lambda does, and the next invocation works', async (event, errorType, errorMessage) => {
    const failed = await invoke(event);
    const next = await invoke({ do: 'nothing' });

    expect(failed).toMatchObject({ status: 200, functionError: 'Unhandled' });
    expect(failed.payload).toMatchObject({ errorType, errorMessage: expect.stringMatching(errorMessage) });
    expect(next.functionError).toBeUndefined();
  });

  it('is ended when its memory is used up', async () => {
    const failed = await invoke({ do: 'fill' });

    expect(failed.payload).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect(failed.payload.errorMessage).toContain('signal: aborted');
  });

  it('carries the trace of what was thrown', async () => {
    const { payload } = await invoke({ do: 'throw' });

    expect(payload.trace[0]).toBe('TypeError: this is intentional');
    expect(payload.trace[1]).toContain('index.js');
  });

  it('is stopped at its timeout', async () => {
    const failed = await invoke({}, 'brief');

    expect(failed.payload).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/),
    });
    expect(failed.log).toMatch(/2031-05-06T\S+ [0-9a-f-]{36} Task timed out after 1\.00 seconds\n/);
    expect(failed.log).toContain('Status: timeout');
  });

  it.each([
    ['crashing', 'URIError', 'not today'],
    ['missing', 'Runtime.ImportModuleError', /^Error: Cannot find module 'no-such-module'/],
    ['nameless', 'Runtime.HandlerNotFound', 'index.handler is undefined or not exported'],
    ['callback', 'Runtime.CallbackHandlerDeprecated', /no callback handlers/],
    ['broken', 'Runtime.UserCodeSyntaxError', /^SyntaxError: /],
  ])('tells why %s could not be initialised', async (name, errorType, errorMessage) => {
    const failed = await invoke({}, name);

    expect(failed).toMatchObject({ functionError: 'Unhandled' });
    expect(failed.payload).toMatchObject({ errorType, errorMessage: expect.stringMatching(errorMessage) });
  });
});

describe('the log', () => {
  it('comes back with the answer, between start and report', async () => {
    const { log } = await invoke({ do: 'log' });

    const lines = log.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^START RequestId: \S+ Version: \$LATEST$/);
    expect(lines[1]).toMatch(/^2031-05-06T\S+Z\t[0-9a-f-]{36}\tINFO\tseen \{ a: 1 \}$/);
    expect(lines[2]).toMatch(/\tERROR\ttwo\rlines$/);
    expect(lines[3]).toBe('bare');
    expect(lines[4]).toMatch(/^END RequestId: /);
    expect(lines[5]).toMatch(
      /^REPORT RequestId: \S+\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB/,
    );
    expect(lines).toHaveLength(6);
  });

  it('stays in the function’s log group', async () => {
    await invoke({ do: 'log' });

    const messages = stack.cloud.logs.read('/aws/lambda/sink').map((event) => event.message);
    expect(messages.filter((message) => message === 'bare').length).toBeGreaterThan(0);
  });

  it('is JSON where the function asks for it', async () => {
    const { log } = await invoke({}, 'json-logs');

    const events = log
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map((event) => event.type ?? event.level)).toEqual(['platform.start', 'WARN', 'platform.report']);
    expect(events[1]).toMatchObject({ message: 'careful', requestId: events[0].record.requestId });
  });
});

describe('describing functions', () => {
  it('gives the configuration as it was declared', async () => {
    const configuration = await stack.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'sink' }));
    const whole = await stack.lambda.send(new GetFunctionCommand({ FunctionName: 'sink' }));
    const concurrency = await stack.lambda.send(new GetFunctionConcurrencyCommand({ FunctionName: 'single' }));

    expect(configuration).toMatchObject({
      FunctionName: 'sink',
      Runtime: 'nodejs24.x',
      Timeout: 20,
      MemorySize: 128,
      State: 'Active',
      Environment: { Variables: { COLOUR: 'green', COUNT: '3' } },
      LoggingConfig: { LogFormat: 'Text', LogGroup: '/aws/lambda/sink' },
    });
    expect(configuration.CodeSha256).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(whole.Tags).toEqual({ team: 'one' });
    expect(concurrency.ReservedConcurrentExecutions).toBe(1);
  });

  it('lists them by pages', async () => {
    const first = await stack.lambda.send(new ListFunctionsCommand({ MaxItems: 6 }));
    const second = await stack.lambda.send(new ListFunctionsCommand({ MaxItems: 6, Marker: first.NextMarker }));

    const names = [...(first.Functions ?? []), ...(second.Functions ?? [])].map((found) => found.FunctionName);
    expect(names).toHaveLength(10);
    expect(second.NextMarker).toBeUndefined();
  });
});
