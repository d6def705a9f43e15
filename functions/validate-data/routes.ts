import { S3ObjectCreated } from '../../events/index.ts';
import { onAws, type Route } from '../../shared/runtime/route.ts';
import { type ValidateDataDeps, validateData } from './validate-data.ts';

/** What wakes `validate-data`: an upload. */
export const validateDataRoutes = (deps: ValidateDataDeps): Route[] => [onAws(S3ObjectCreated, validateData(deps))];
