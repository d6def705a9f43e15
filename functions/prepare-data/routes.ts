import { RunPlannedV1 } from '../../events/index.ts';
import { on, type Route } from '../../shared/runtime/route.ts';
import { type PrepareDataDeps, prepareData } from './prepare-data.ts';

/** What wakes `prepare-data`: a run that is planned. */
export const prepareDataRoutes = (deps: PrepareDataDeps): Route[] => [on(RunPlannedV1, prepareData(deps))];
