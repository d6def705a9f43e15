import { Logger } from '@aws-lambda-powertools/logger';

/** One logger a function; its service is the step's name. Facts go in as fields, never whole payloads. */
export const logger = new Logger({ serviceName: process.env.STEP ?? 'millrace' });
