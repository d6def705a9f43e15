import type { ProblemCode } from '../problems.ts';

/** A delivered file cannot be read further, and it is the file's fault: a problem of the data, once it is told. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
