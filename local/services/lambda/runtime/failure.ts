import type { FunctionFailure } from './messages.ts';

/** An error whose name is one of the runtime's own: `Runtime.HandlerNotFound` and the like. */
export class RuntimeError extends Error {
  constructor(name: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = name;
  }
}

/**
 * A thrown value as the Node.js runtime reports it.
 * Source: docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html; for what is no Error, the runtime's published
 * source, github.com/aws/aws-lambda-nodejs-runtime-interface-client (documented).
 */
export const failureOf = (thrown: unknown): FunctionFailure => {
  if (thrown instanceof Error) {
    return { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? '').split('\n') };
  }
  return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
};
