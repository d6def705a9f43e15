/** The run cannot be prepared, for a reason of its own making: it ends. */
export class UnpreparableError extends Error {
  override readonly name = 'UnpreparableError';
}
