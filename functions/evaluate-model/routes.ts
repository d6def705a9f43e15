import { SageMakerTransformJob } from '../../events/index.ts';
import type { Engine } from '../../shared/data/engine.ts';
import { onAws, type Route } from '../../shared/runtime/route.ts';
import { type EvaluateModelDeps, evaluateModel } from './evaluate-model.ts';
import { gateRowsReader } from './read-gate-rows.ts';

export interface EvaluateModelRoutesDeps extends Omit<EvaluateModelDeps, 'readGateRows'> {
  readonly openEngine: (tempDirectory: string) => Promise<Engine>;
}

/** What wakes `evaluate-model`: a job that scored the gate rows. */
export const evaluateModelRoutes = ({ openEngine, ...deps }: EvaluateModelRoutesDeps): Route[] => [
  onAws(SageMakerTransformJob, evaluateModel({ ...deps, readGateRows: gateRowsReader(deps.store, openEngine) })),
];
