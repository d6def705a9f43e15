import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

import { translated } from './translate.ts';

/** Sends messages to one queue; the delay is at most 900 s. */
export const queue = (queueUrl: string, sqs = new SQSClient({})) => {
  return async (body: string, delaySeconds = 0): Promise<void> => {
    try {
      await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, DelaySeconds: delaySeconds }));
    } catch (cause) {
      throw translated(cause, `send to ${queueUrl}`);
    }
  };
};
