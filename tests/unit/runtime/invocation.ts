import type { Context } from 'aws-lambda';

/** The context Lambda hands a handler. */
export const context: Context = {
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'the-function',
  functionVersion: '1',
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:the-function',
  memoryLimitInMB: '256',
  awsRequestId: 'request-1',
  logGroupName: 'group',
  logStreamName: 'stream',
  getRemainingTimeInMillis: () => 1000,
  done: () => {},
  fail: () => {},
  succeed: () => {},
};

export const SENT_AT = new Date('2001-02-01T12:00:05.000Z');

/** One of Millrace's own events in EventBridge's envelope. */
export const ownEvent = (detailType: string, data: object, occurredAt = '2001-02-01T12:00:00.000Z') => ({
  version: '0',
  id: 'envelope-1',
  'detail-type': detailType,
  source: 'millrace',
  account: '000000000000',
  time: '2001-02-01T12:00:01Z',
  region: 'eu-west-1',
  resources: [],
  detail: { metadata: { eventId: 'event-1', correlationId: 'c', occurredAt }, data },
});
