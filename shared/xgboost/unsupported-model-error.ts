import { MillraceError } from '../errors.ts';

/** These bytes are no XGBoost model that can be read here, or the model needs something that is not implemented. */
export class UnsupportedModelError extends MillraceError {
  override readonly name = 'UnsupportedModelError';
  readonly retryable = false;
}
