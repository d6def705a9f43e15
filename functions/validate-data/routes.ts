import { PartsReadV1, S3ObjectCreated } from '../../events/index.ts';
import { on, onAws, type Route } from '../../shared/runtime/route.ts';
import { takeParts, type ValidateDataDeps, validateData } from './validate-data.ts';

/** What wakes `validate-data`: an upload, and the parts of one that others have read. */
export const validateDataRoutes = (deps: ValidateDataDeps): Route[] => [
  onAws(S3ObjectCreated, validateData(deps)),
  on(PartsReadV1, takeParts(deps)),
];
