import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { APIGatewayProxyStructuredResultV2, LambdaFunctionURLEvent } from 'aws-lambda';

import { DependencyError } from '../errors.ts';
import { logger } from './logger.ts';
import { countOutcome } from './metrics.ts';

/** What came through a function's door. */
export interface Asked {
  readonly method: string;
  /** Without the leading slash. */
  readonly path: string;
  readonly body: string;
  readonly now: Date;
  /** Unique to this request. */
  readonly requestId: string;
}

/** What goes back; `outcome` is counted and logged. */
export interface Answered {
  readonly status: number;
  readonly outcome: string;
  readonly body: unknown;
}

/** A path that is no URI encoding is left as it came: it names nothing. */
const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};

/** The handler of a step behind a function URL (payload format 2.0). Failures of ours are 5xx that say no details. */
export const urlHandler = (answer: (asked: Asked) => Promise<Answered>) =>
  middy<LambdaFunctionURLEvent, APIGatewayProxyStructuredResultV2>()
    .use(injectLambdaContext(logger))
    .handler(async (event) => {
      const { http, timeEpoch, requestId } = event.requestContext;
      const { status, outcome, body } = await answer({
        method: http.method,
        path: decoded(event.rawPath.replace(/^\//, '')),
        body: event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64').toString('utf8') : (event.body ?? ''),
        now: new Date(timeEpoch),
        requestId,
      }).catch((error: unknown): Answered => {
        logger.error('could not answer', { error: error instanceof Error ? error : new Error(String(error)) });
        return error instanceof DependencyError
          ? { status: 503, outcome: 'unavailable', body: { error: 'unavailable', message: 'try again in a moment' } }
          : { status: 500, outcome: 'failed', body: { error: 'failed', message: 'the request could not be answered' } };
      });
      countOutcome(outcome);
      logger.info(outcome, { status, path: event.rawPath });
      return { statusCode: status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    });
