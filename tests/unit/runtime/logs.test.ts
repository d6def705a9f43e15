import './audible.ts';

import type { SQSRecord } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';

import { RunPlannedV1 } from '../../../events/index.ts';
import { CapacityError, DependencyError, RefusedError } from '../../../shared/errors.ts';
import { dispatch } from '../../../shared/runtime/dispatch.ts';
import { queueHandler } from '../../../shared/runtime/queue-handler.ts';
import { on } from '../../../shared/runtime/route.ts';
import { context, ownEvent, SENT_AT } from './invocation.ts';

const planned = ownEvent('RunPlanned.v1', { model: 'late-bus', run: '20010201-0123456789' });

const lineSchema = z.looseObject({ level: z.string(), message: z.string() });
const lines: z.infer<typeof lineSchema>[] = [];

beforeEach(() => {
  lines.length = 0;
  for (const method of ['info', 'warn', 'error'] as const) {
    vi.spyOn(console, method).mockImplementation((line: unknown) => {
      lines.push(lineSchema.parse(JSON.parse(String(line))));
    });
  }
});
afterEach(() => {
  vi.restoreAllMocks();
});

const record = (messageId: string, body: string): SQSRecord => ({
  messageId,
  receiptHandle: 'r',
  body,
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: String(SENT_AT.getTime()),
    SenderId: 's',
    ApproximateFirstReceiveTimestamp: '1',
  },
  messageAttributes: {},
  md5OfBody: 'm',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn',
  awsRegion: 'eu-west-1',
});

const failing = (error: Error) => [on(RunPlannedV1, () => Promise.reject(error))];

describe('what is logged', () => {
  it('of a step that came to something is one line, with the event', async () => {
    await dispatch([on(RunPlannedV1, async () => ({ outcome: 'done' }))], planned, () => SENT_AT);

    expect(lines).toMatchObject([{ level: 'INFO', message: 'done', event: 'RunPlanned.v1', eventId: 'envelope-1' }]);
  });

  it('of a step that waits for capacity is no error: nobody has to look', async () => {
    const waits = dispatch(failing(new CapacityError('no instances')), planned, () => SENT_AT);

    await expect(waits).rejects.toThrow(CapacityError);

    expect(lines).toMatchObject([{ level: 'INFO', message: 'waits', for: 'no instances', event: 'RunPlanned.v1' }]);
  });

  it.each([
    ['may succeed the next time', new DependencyError('slower'), { message: 'slower', retryable: true }],
    ['cannot succeed', new RefusedError('no such role'), { message: 'no such role', retryable: false }],
    ['is a bug', new TypeError('x is not a function'), { message: 'x is not a function' }],
  ])('of a step that failed is an error, and whether it %s', async (_what, error, line) => {
    await expect(dispatch(failing(error), planned, () => SENT_AT)).rejects.toBe(error);

    expect(lines).toMatchObject([{ level: 'ERROR', ...line, error: { name: error.name } }]);
  });

  it('of a message that is not JSON names the message, so that it can be found', async () => {
    const handler = queueHandler(async () => {}, ...failing(new Error('not reached')));

    await handler({ Records: [record('m1', 'not json')] }, context);

    expect(lines).toMatchObject([{ level: 'ERROR', messageId: 'm1', error: { name: 'SyntaxError' } }]);
  });

  it('of a message that waits is no error', async () => {
    const handler = queueHandler(async () => {}, ...failing(new CapacityError('no instances')));

    await handler({ Records: [record('m1', JSON.stringify(planned))] }, context);

    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual(['INFO waits']);
  });

  it('of a message that waits and cannot be sent again is an error', async () => {
    const trouble = new DependencyError('the queue does not answer');
    const handler = queueHandler(() => Promise.reject(trouble), ...failing(new CapacityError('no instances')));

    await handler({ Records: [record('m1', JSON.stringify(planned))] }, context);

    expect(lines).toMatchObject([
      { level: 'INFO', message: 'waits' },
      { level: 'ERROR', messageId: 'm1', error: { name: 'DependencyError' } },
    ]);
  });
});
