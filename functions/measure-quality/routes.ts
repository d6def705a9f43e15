import { LabelsLandedV1, S3ObjectCreated } from '../../events/index.ts';
import { on, onAws, type Route } from '../../shared/runtime/route.ts';
import { type MeasureWindowDeps, measureWindow } from './measure-window.ts';
import { type TakeLabelsDeps, takeLabels } from './take-labels.ts';

/** What wakes `measure-quality`: a file of labels, and each window whose labels have landed or have had their time. */
export const measureQualityRoutes = (deps: TakeLabelsDeps & MeasureWindowDeps): Route[] => [
  onAws(S3ObjectCreated, takeLabels(deps)),
  on(LabelsLandedV1, measureWindow(deps)),
];
