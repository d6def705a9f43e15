// The words are those public issues quote (github.com/DIAGNijmegen/rse-grand-challenge/issues/2631).
/** FailureReason of a job that no instance was to be had for. */
export const CAPACITY_REASON =
  'CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type.';

/** FailureReason of a job that SageMaker itself failed. The words behind the colon are *assumed*. */
export const INTERNAL_REASON = 'InternalServerError: We encountered an internal error. Please try again.';
