import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';

import { translated } from './translate.ts';

/** Publishes readable messages to one topic. Subjects are ASCII, at most 100 characters. Source: SNS Publish. */
export const topic = (topicArn: string, sns = new SNSClient({})) => {
  return async (subject: string, message: string): Promise<void> => {
    try {
      await sns.send(new PublishCommand({ TopicArn: topicArn, Subject: subject.slice(0, 100), Message: message }));
    } catch (cause) {
      throw translated(cause, `publish to ${topicArn}`);
    }
  };
};
