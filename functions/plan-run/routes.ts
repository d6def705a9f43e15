import { DatasetAcceptedV1, RetrainingRequestedV1, RunEndedV1, RunRequestedV1 } from '../../events/index.ts';
import { on, type Route } from '../../shared/runtime/route.ts';
import { type PlanRunDeps, planRun } from './plan-run.ts';

/** What wakes `plan-run`: data that was accepted, a run that ended, and whoever asks for a run. */
export const planRunRoutes = (deps: PlanRunDeps): Route[] => {
  const plan = planRun(deps);
  return [
    on(DatasetAcceptedV1, (woken) =>
      plan({ ...woken, data: { model: woken.data.model, kind: 'new_data', answer: false } }),
    ),
    on(RunEndedV1, (woken) => plan({ ...woken, data: { model: woken.data.model, kind: 'new_data', answer: false } })),
    on(RunRequestedV1, (woken) => plan({ ...woken, data: { ...woken.data, kind: 'requested', answer: true } })),
    on(RetrainingRequestedV1, (woken) =>
      plan({
        ...woken,
        data: {
          model: woken.data.model,
          kind: 'retraining',
          reason: woken.data.reasons.map((reason) => reason.message).join('; '),
          causes: woken.data.reasons.map((reason) => reason.code),
          answer: true,
        },
      }),
    ),
  ];
};
