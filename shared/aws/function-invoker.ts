import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

import { translated } from './translate.ts';

/** Hands an event to a function as EventBridge would: asynchronously. */
export const functionInvoker = (lambda = new LambdaClient({})) => {
  return async (functionName: string, event: unknown): Promise<void> => {
    try {
      await lambda.send(
        new InvokeCommand({ FunctionName: functionName, InvocationType: 'Event', Payload: JSON.stringify(event) }),
      );
    } catch (cause) {
      throw translated(cause, `invoke ${functionName}`);
    }
  };
};
