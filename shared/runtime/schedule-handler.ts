import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';

import { envelopeSchema } from '../../events/envelope.ts';
import { logger } from './logger.ts';
import { countOutcome } from './metrics.ts';
import type { Outcome } from './woken.ts';

/** The handler of a step that a schedule wakes; all it needs is the time. */
export const scheduleHandler = (step: (woken: { now: Date }) => Promise<Outcome>) =>
  middy<unknown, Outcome>()
    .use(injectLambdaContext(logger))
    .handler(async (event) => {
      const outcome = await step({ now: envelopeSchema.parse(event).time });
      countOutcome(outcome.outcome);
      logger.info(outcome.outcome, { ...outcome });
      return outcome;
    });
