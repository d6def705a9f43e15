import { ApprovalGivenV1, ModelEvaluatedV1 } from '../../events/index.ts';
import { on, type Route } from '../../shared/runtime/route.ts';
import { xgboostImage } from '../../shared/sagemaker/images.ts';
import { type GateModelDeps, gateModel } from './gate-model.ts';
import { giveApproval } from './give-approval.ts';

export interface GateModelRoutesDeps extends Omit<GateModelDeps, 'image'> {
  readonly region: string;
}

/** What wakes `gate-model`: an evaluated candidate, and the word of a person. */
export const gateModelRoutes = ({ region, ...deps }: GateModelRoutesDeps): Route[] => [
  on(ModelEvaluatedV1, gateModel({ ...deps, image: xgboostImage(region) })),
  on(ApprovalGivenV1, giveApproval(deps)),
];
