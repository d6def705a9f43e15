import { approvalSchema } from '../../shared/evaluation/approval.ts';
import { decisionSchema } from '../../shared/evaluation/decision.ts';
import { evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import { type Rollout, rolloutsOf } from '../../shared/ledger/deployments.ts';
import {
  championSchema,
  type DeploymentEnd,
  definitionPointerSchema,
  deploymentEndSchema,
  preparedSchema,
  refusalSchema,
  runEndSchema,
  slotSchema,
  trainedSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { type RunState, stateOf } from '../../shared/ledger/run-states.ts';
import { publishedModels } from '../place.ts';
import { UsageError, type Verb } from '../verb.ts';

/** How many of a model's last runs are shown. */
const SHOWN = 10;

const runState = async (ledger: Ledger, model: string, run: string): Promise<RunState> => {
  const [end, prepared, attempts, trained, evaluation, decision] = await Promise.all([
    ledger.find(runEndSchema, keys.end(model, run)),
    ledger.find(preparedSchema, keys.prepared(model, run)),
    ledger.keys(keys.attempts(model, run)),
    ledger.find(trainedSchema, keys.trained(model, run)),
    ledger.find(evaluationSchema, keys.evaluation(model, run)),
    ledger.find(decisionSchema, keys.decision(model, run)),
  ]);
  return stateOf({
    prepared: prepared !== undefined,
    attempts: attempts.length,
    trained: trained !== undefined,
    evaluated: evaluation !== undefined,
    decided: decision?.outcome,
    end: end?.end,
  });
};

/** The latest rollout, with what it could see. */
const rolloutStatus = ({ deployment, started }: Rollout, end: DeploymentEnd | undefined) => ({
  n: deployment.n,
  run: deployment.run,
  rollback: deployment.rollback?.reason ?? null,
  state: end?.outcome ?? (started ? 'under way' : 'waiting'),
  sees: deployment.rollout?.says ?? null,
  reason: end?.reason ?? null,
});

const rolloutLine = ({ n, run, state, rollback, sees, reason }: ReturnType<typeof rolloutStatus>): string[] => [
  `  rollout ${n} of run ${run}  ${state}${rollback === null ? '' : `, put back: ${rollback}`}`,
  ...(sees === null ? [] : [`    ${sees}`]),
  ...(reason === null ? [] : [`    ${reason}`]),
];

const statusOf = async (ledger: Ledger, model: string) => {
  const [definition, champion, slot] = await Promise.all([
    ledger.find(definitionPointerSchema, keys.definitionPointer(model)),
    ledger.find(championSchema, keys.champion(model)),
    ledger.find(slotSchema, keys.slot(model)),
  ]);
  const runs = await Promise.all(
    (slot?.history ?? []).slice(-SHOWN).map(async ({ run, startedAt }) => {
      const [state, decision, end, approval, refusal] = await Promise.all([
        runState(ledger, model, run),
        ledger.find(decisionSchema, keys.decision(model, run)),
        ledger.find(runEndSchema, keys.end(model, run)),
        ledger.find(approvalSchema, keys.approval(model, run)),
        ledger.find(refusalSchema, keys.refusal(model, run)),
      ]);
      return {
        run,
        startedAt,
        state,
        decision: decision?.outcome ?? null,
        reasons: decision?.reasons ?? [],
        reason: end?.reason ?? null,
        approval: approval ? { decision: approval.decision, approver: approval.approver, at: approval.givenAt } : null,
        notDeployed: refusal ? { code: refusal.code, message: refusal.reason } : null,
      };
    }),
  );
  const last = (await rolloutsOf(ledger, model)).at(-1);
  const end = last?.ended
    ? await ledger.find(deploymentEndSchema, keys.deploymentEnd(model, last.deployment.n))
    : undefined;
  return {
    model,
    definition: definition?.digest ?? null,
    champion:
      champion && !champion.retired
        ? { run: champion.run, endpoint: champion.endpointName, since: champion.since }
        : null,
    retired: champion?.retired ? { run: champion.run, ...champion.retired } : null,
    rollout: last ? rolloutStatus(last, end) : null,
    inFlight: slot?.flight?.run ?? null,
    runs,
  };
};

export const status: Verb = {
  options: [],
  async run({ place: find, args }) {
    if (args.length > 1) throw new UsageError('expected at most one model');
    const place = await find();
    const published = await publishedModels(place.ledger);
    const [asked] = args;
    if (asked !== undefined && !published.includes(asked)) {
      return { exit: 1, text: `no model ${asked} is published`, data: { error: 'unknown_model', model: asked } };
    }
    const models = await Promise.all((asked ? [asked] : published).map((model) => statusOf(place.ledger, model)));
    const text = models.map((model) =>
      [
        `${model.model}  definition ${model.definition?.slice(0, 12) ?? 'none'}`,
        ...(model.retired ? [`  out of service since ${model.retired.at}: ${model.retired.reason}`] : []),
        `  in service: ${model.champion ? `run ${model.champion.run} on ${model.champion.endpoint} since ${model.champion.since}` : 'nothing'}`,
        ...(model.rollout ? rolloutLine(model.rollout) : []),
        ...model.runs.flatMap((run) => {
          const serves =
            run.run === model.champion?.run && run.state === 'held' ? ', approved since and in service' : '';
          const why = run.reasons.length === 0 && run.reason !== null ? `: ${run.reason}` : '';
          return [
            `  run ${run.run}  ${run.state}${serves}${why}`,
            ...run.reasons.map(({ message }) => `    - ${message}`),
            ...(run.approval ? [`    ${run.approval.decision} by ${run.approval.approver} at ${run.approval.at}`] : []),
            ...(run.notDeployed ? [`    not deployed: ${run.notDeployed.message}`] : []),
          ];
        }),
      ].join('\n'),
    );
    return { exit: 0, text: text.join('\n\n') || 'no model is published', data: { stage: place.stage, models } };
  },
};
