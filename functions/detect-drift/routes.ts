import { WindowClosedV1 } from '../../events/index.ts';
import { on, type Route } from '../../shared/runtime/route.ts';
import { type DetectDriftDeps, detectDrift } from './detect-drift.ts';

/** What wakes `detect-drift`: a window that has had its time. */
export const detectDriftRoutes = (deps: DetectDriftDeps): Route[] => [on(WindowClosedV1, detectDrift(deps))];
