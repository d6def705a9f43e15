import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';

import { dispatch } from './dispatch.ts';
import { logger } from './logger.ts';
import { type Defer, handleMessages } from './messages.ts';
import type { Route } from './route.ts';

/** The handler of a step that a queue wakes with events: failures are reported one by one, and waiting is not failing. */
export const queueHandler = (defer: Defer, ...routes: Route[]) =>
  middy<SQSEvent, SQSBatchResponse>()
    .use(injectLambdaContext(logger))
    .handler((event, { getRemainingTimeInMillis }) =>
      handleMessages(
        defer,
        {
          handle: (message, sentAt, waitingSince) =>
            dispatch(routes, message, () => sentAt, waitingSince, getRemainingTimeInMillis),
          failed: (error, { messageId }) =>
            logger.error('the message could not be handled', {
              error: error instanceof Error ? error : new Error(String(error)),
              messageId,
            }),
        },
        event,
      ),
    );
