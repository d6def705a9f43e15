import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { InvokeCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import { ADMINISTRATOR, deployStack, functionResource, signed, type TestStack } from './lambda-stack.ts';

const run = promisify(execFile);
const GROUP = '/aws/lambda/talker';
const TALKER = "exports.handler = async (event) => { for (const line of event) process.stdout.write(line + '\\n'); };";

let stack: TestStack;

beforeAll(async () => {
  stack = await deployStack(
    { talker: { 'index.js': TALKER } },
    {
      Logs: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: GROUP, RetentionInDays: 30 } },
      Talker: functionResource('talker'),
    },
  );
  const say = (lines: string[]) =>
    stack.lambda.send(new InvokeCommand({ FunctionName: 'talker', Payload: Buffer.from(JSON.stringify(lines)) }));
  await say(['one apple', 'two pears']);
  await stack.cloud.clock.advance(60_000);
  await say(['three apples', 'a "quoted phrase" here']);
});
afterAll(() => stack.close());

const logs = async (operation: string, input: JsonObject) => {
  const body = JSON.stringify(input);
  const response = await fetch(`${stack.cloud.url}/`, {
    method: 'POST',
    headers: signed('logs', 'POST', `${stack.cloud.url}/`, body, {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Logs_20140328.${operation}`,
    }),
    body,
  });
  const answer = JSON.parse(await response.text());
  return { status: response.status, answer };
};
const START = Date.parse('2031-05-06T07:08:09Z');
interface Answered {
  message: string;
}
const said = (events: Answered[]) =>
  events.map((event) => event.message).filter((text) => !/^(START|END|REPORT)/.test(text));

describe('CloudWatch Logs', () => {
  it('finds the lines of a function by term, phrase and time', async () => {
    const filter = async (more: JsonObject) =>
      (await logs('FilterLogEvents', { logGroupName: GROUP, ...more })).answer.events;

    const byTerm = await filter({ filterPattern: 'apple' });
    const byPhrase = await filter({ filterPattern: '"a \\"quoted phrase\\""' });
    const byTime = await filter({ startTime: START + 60_000 });
    const byBoth = await filter({ filterPattern: 'three apple', endTime: START + 60_000 });

    expect(said(byTerm)).toEqual(['one apple', 'three apples']);
    expect(said(byPhrase)).toEqual(['a "quoted phrase" here']);
    expect(said(byTime)).toEqual(['three apples', 'a "quoted phrase" here']);
    expect(byBoth).toEqual([]);
    expect(byTerm[0]).toMatchObject({ timestamp: START, logStreamName: expect.stringContaining('[$LATEST]') });
  });

  it('refuses patterns it does not understand by name', async () => {
    const refusals = await Promise.all(
      ['{ $.level = "INFO" }', '[a, b]', '?apple', '-apple', '%a.*%'].map((filterPattern) =>
        logs('FilterLogEvents', { logGroupName: GROUP, filterPattern }),
      ),
    );

    expect(refusals.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
    expect(refusals[0]?.answer).toMatchObject({ __type: 'InvalidParameterException' });
  });

  it('pages through a stream, forward and backward', async () => {
    const { answer: described } = await logs('DescribeLogStreams', { logGroupName: GROUP, orderBy: 'LastEventTime' });
    const logStreamName: string = described.logStreams[0].logStreamName;
    const get = async (more: JsonObject) =>
      (await logs('GetLogEvents', { logGroupName: GROUP, logStreamName, ...more })).answer;

    const first = await get({ startFromHead: true, limit: 3 });
    const second = await get({ nextToken: first.nextForwardToken, limit: 100 });
    const end = await get({ nextToken: second.nextForwardToken });
    const back = await get({ nextToken: second.nextBackwardToken, limit: 2 });
    const tail = await get({ limit: 1 });

    const all = [...first.events, ...second.events];
    expect(said(all)).toEqual(['one apple', 'two pears', 'three apples', 'a "quoted phrase" here']);
    expect(end.events).toEqual([]);
    expect(end.nextForwardToken).toBe(second.nextForwardToken);
    expect(said(back.events)).toEqual(['one apple', 'two pears']);
    expect(tail.events[0].message).toBe(all.at(-1).message);
  });

  it('describes groups with their retention', async () => {
    const { answer } = await logs('DescribeLogGroups', { logGroupNamePrefix: '/aws/lambda/t' });

    expect(answer.logGroups).toMatchObject([
      { logGroupName: GROUP, retentionInDays: 30, arn: `arn:aws:logs:eu-west-1:000000000000:log-group:${GROUP}:*` },
    ]);
  });

  it('says that there is no such group, and refuses a member it does not know', async () => {
    const missing = await logs('FilterLogEvents', { logGroupName: 'nobody' });
    const unknown = await logs('FilterLogEvents', { logGroupName: GROUP, unmask: true });

    expect(missing.answer).toMatchObject({
      __type: 'ResourceNotFoundException',
      message: 'The specified log group does not exist.',
    });
    expect(unknown.answer.message).toContain('unmask is not supported');
  });
});

describe('the AWS CLI', () => {
  const aws = async (...args: string[]) => {
    const { stdout } = await run('aws', ['--endpoint-url', stack.cloud.url, '--region', 'eu-west-1', ...args], {
      env: {
        PATH: process.env.PATH,
        HOME: '/nonexistent',
        AWS_ACCESS_KEY_ID: ADMINISTRATOR.accessKeyId,
        AWS_SECRET_ACCESS_KEY: ADMINISTRATOR.secretAccessKey,
      },
    });
    return stdout;
  };

  it('invokes functions and reads their logs', async () => {
    const installed = await run('aws', ['--version']).then(
      () => true,
      () => false,
    );
    if (!installed) {
      console.info('the AWS CLI is not installed: not tried with it');
      return;
    }

    const answer = JSON.parse(
      await aws('lambda', 'invoke', '--function-name', 'talker', '--payload', '["from the CLI"]', '/dev/null'),
    );
    const found = JSON.parse(
      await aws('logs', 'filter-log-events', '--log-group-name', GROUP, '--filter-pattern', 'CLI'),
    );
    const listed = JSON.parse(await aws('lambda', 'list-functions'));

    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
    expect(said(found.events)).toEqual(['from the CLI']);
    expect(listed.Functions).toHaveLength(1);
  });
});
