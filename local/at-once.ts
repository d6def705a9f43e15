/**
 * Goes on with a value at once where it is here already, and later with one that is promised: most of what a request does
 * waits for nothing, and a promise at each step of its way takes longer than the steps do.
 */
export const goOn = <Value, Result>(
  value: Value | Promise<Value>,
  next: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> => (value instanceof Promise ? value.then(next) : next(value));
