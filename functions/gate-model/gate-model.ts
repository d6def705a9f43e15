import { ApprovalRequestedV1, CandidateHeldV1, CandidatePromotedV1, CandidateRejectedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { policyOf } from '../../shared/definition/policy.ts';
import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { answerBefore } from '../../shared/evaluation/approval.ts';
import { circumstancesSchema } from '../../shared/evaluation/circumstances.ts';
import { type Decision, decide, decisionSchema } from '../../shared/evaluation/decision.ts';
import { evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import {
  preparedSchema,
  registeredSchema,
  runEndSchema,
  runPlanSchema,
  trainedSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import type { SageMakerApi } from '../../shared/sagemaker/resources.ts';
import { registerCandidate } from './register-candidate.ts';
import { type DrawRunReport, writeRunReport } from './report-run.ts';

export interface GateModelDeps {
  readonly ledger: Ledger;
  readonly sageMaker: SageMakerApi;
  readonly tell: Tell;
  readonly stage: string;
  /** `s3://bucket` of the store. */
  readonly storeUri: string;
  /** Of the candidate's container. */
  readonly image: string;
  /** In place of what draws the report, which is made of facts alone: where the same is drawn again and again. */
  readonly drawReport?: DrawRunReport;
}

/** What is told of a decision, and how it ends the run; a promoted candidate's run goes on to its rollout. */
const FOLLOWS = {
  promote: { told: CandidatePromotedV1, end: undefined },
  hold: { told: CandidateHeldV1, end: 'held' },
  reject: { told: CandidateRejectedV1, end: 'rejected' },
} as const satisfies Record<Decision['outcome'], object>;

/**
 * Decides about an evaluated candidate: the first decision stands, even under a newer definition. Then the report is
 * written, the candidate registered, and the decision told.
 */
export const gateModel =
  ({ ledger, sageMaker, tell, stage, storeUri, image, drawReport }: GateModelDeps) =>
  async ({ data, now }: Woken<{ readonly model: string; readonly run: string }>): Promise<Outcome> => {
    const { model, run } = data;
    const context = { now, correlationId: run };
    const end = await ledger.find(runEndSchema, keys.end(model, run));
    if (end !== undefined) {
      // Promoted and perhaps not told: a crash came between, and the rollout that followed is over by now.
      const decided = await ledger.find(decisionSchema, keys.decision(model, run));
      if (decided?.outcome === 'promote' && (await ledger.find(registeredSchema, keys.registered(model, run)))) {
        await tell(CandidatePromotedV1, `${model}/${run}`, { model, run, reasons: decided.reasons }, context);
      }
      // The end may be ours and not told, nor the slot released: a crash came between.
      if (end.end === 'held' || end.end === 'rejected') await concludeRun({ ledger, tell }, end, now);
      return { outcome: 'over' };
    }

    const [plan, prepared, trained, circumstances, evaluation] = await Promise.all([
      ledger.read(runPlanSchema, keys.plan(model, run)),
      ledger.read(preparedSchema, keys.prepared(model, run)),
      ledger.read(trainedSchema, keys.trained(model, run)),
      ledger.read(circumstancesSchema, keys.circumstances(model, run)),
      ledger.read(evaluationSchema, keys.evaluation(model, run)),
    ]);
    const { definition } = await ledger.read(publishedDefinitionSchema, keys.definition(model, plan.definitionDigest));
    const policy = policyOf(definition);
    const decision = await ledger.record(decisionSchema, keys.decision(model, run), {
      model,
      run,
      ...decide({ evaluation, circumstances, policy }),
      policy,
      decidedAt: now.toISOString(),
    });

    await writeRunReport(ledger, { plan, prepared, evaluation, circumstances, decision }, drawReport);
    const modelPackageArn = await registerCandidate(
      { ledger, sageMaker, stage, storeUri, image },
      {
        definition,
        digests: { definition: plan.definitionDigest, input: prepared.inputDigest },
        trained,
        evaluation,
        decision,
        now,
      },
    );
    const { told, end: ends } = FOLLOWS[decision.outcome];
    const { reasons } = decision;
    await tell(told, `${model}/${run}`, { model, run, reasons }, context);
    if (decision.outcome === 'hold') {
      const asked = {
        model,
        run,
        reasons,
        champion: plan.champion?.run ?? null,
        modelPackageArn,
        reportUri: `${storeUri}/${keys.runReport(model, run)}`,
        evaluationUri: `${storeUri}/${keys.evaluation(model, run)}`,
        answerBefore: answerBefore(decision.decidedAt, definition.retraining.max_age).toISOString(),
      };
      await tell(ApprovalRequestedV1, `${model}/${run}`, asked, context);
    }
    if (ends !== undefined) {
      const reason = decision.reasons[0]?.message ?? decision.outcome;
      await concludeRun({ ledger, tell }, { model, run, end: ends, reason }, now);
    }
    return { outcome: decision.outcome };
  };
