/**
 * What the image tells its user: a setting or a file is wrong. Its text goes to `/opt/ml/output/failure`.
 * Named after the image's own class (aws/sagemaker-xgboost-container, sagemaker_algorithm_toolkit/exceptions.py).
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** Something the real image can do and this stand-in cannot. */
export const notImplemented = (what: string): UserError =>
  new UserError(`${what} is known to SageMaker's image but not implemented by its local stand-in`);
