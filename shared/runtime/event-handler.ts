import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';

import { dispatch } from './dispatch.ts';
import { logger } from './logger.ts';
import type { Route } from './route.ts';
import type { Outcome } from './woken.ts';

/** The handler of a step that EventBridge wakes. An error leaves it to Lambda: two retries, then the failure queue. */
export const eventHandler = (...routes: Route[]) =>
  middy<unknown, Outcome>()
    .use(injectLambdaContext(logger))
    .handler((event, { getRemainingTimeInMillis }) =>
      dispatch(routes, event, (envelope) => envelope.time, undefined, getRemainingTimeInMillis),
    );
