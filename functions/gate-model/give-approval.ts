import { CandidateHeldV1, CandidateRejectedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { approvalSchema, lapsedBecause } from '../../shared/evaluation/approval.ts';
import { decisionSchema } from '../../shared/evaluation/decision.ts';
import type { Reason } from '../../shared/evaluation/reason.ts';
import { championSchema, refusalSchema, registeredSchema, runPlanSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';
import { approvalDescription } from './package-request.ts';

export interface GiveApprovalDeps {
  readonly ledger: Ledger;
  readonly sageMaker: Pick<SageMakerApi, 'describePackage' | 'updatePackage'>;
  readonly tell: Tell;
}

/** A person's answer about a held candidate. */
export interface ApprovalAnswer {
  readonly model: string;
  readonly run: string;
  readonly decision: 'approved' | 'rejected';
  readonly approver: string;
  readonly reference?: string | undefined;
  /** From this time on the answer counts for nothing. */
  readonly expiresAt?: string | undefined;
}

/** In the registry, of a candidate that waits for a person. */
const PENDING = 'PendingManualApproval';

const STATUS = { approved: 'Approved', rejected: 'Rejected' } as const;

/**
 * Writes a person's answer about a held candidate into the registry, from where the rollout follows. The first answer
 * in time stands; a version that is no longer pending was decided in the registry itself, and that is left alone. An
 * answer that comes too late, after its own expiry or for a champion that has gone, changes nothing, and says why.
 *
 * @throws NotFoundError when the candidate is not decided or registered yet.
 */
export const giveApproval =
  ({ ledger, sageMaker, tell }: GiveApprovalDeps) =>
  async ({ data, now, eventId }: Woken<ApprovalAnswer>): Promise<Outcome> => {
    const { model, run } = data;
    const context = { now, correlationId: run };
    const decided = await ledger.read(decisionSchema, keys.decision(model, run));
    if (decided.outcome !== 'hold') return { outcome: 'nothing_held' };

    /** The answer counts for nothing: whoever gave it hears why. */
    const hold = async (about: string, reason: Reason): Promise<Outcome> => {
      await tell(CandidateHeldV1, `${model}/${run}/${about}`, { model, run, reasons: [reason] }, context);
      return { outcome: reason.code };
    };

    /** Why an approval would deploy nothing; undefined where it counts. */
    const lapsed = async (): Promise<Reason | undefined> => {
      const refused = await ledger.find(refusalSchema, keys.refusal(model, run));
      if (refused !== undefined) return { code: refused.code, message: refused.reason };
      const [plan, champion] = await Promise.all([
        ledger.read(runPlanSchema, keys.plan(model, run)),
        ledger.find(championSchema, keys.champion(model)),
      ]);
      const { definition } = await ledger.read(
        publishedDefinitionSchema,
        keys.definition(model, plan.definitionDigest),
      );
      return lapsedBecause({
        decision: decided,
        expiresAt: null,
        judgedAgainst: plan.champion?.run ?? null,
        championNow: champion?.run ?? null,
        maxAgeMs: definition.retraining.max_age,
        now,
      });
    };

    const { modelPackageArn } = await ledger.read(registeredSchema, keys.registered(model, run));
    const answered = await ledger.find(approvalSchema, keys.approval(model, run));
    const status = text(await sageMaker.describePackage(modelPackageArn), 'ModelApprovalStatus');
    if (answered === undefined) {
      if (data.expiresAt !== undefined && !(now.getTime() < Date.parse(data.expiresAt))) {
        const message = `the answer of ${data.approver} expired at ${data.expiresAt}: the candidate is still held`;
        return hold(eventId, { code: 'approval_expired', message });
      }
      if (status !== PENDING) {
        const found: Reason = {
          code: 'decided_in_registry',
          message: `the model registry says ${status ?? 'nothing'} already: the answer of ${data.approver} changes nothing`,
        };
        return status === STATUS[data.decision] ? { outcome: found.code } : hold(eventId, found);
      }
      const late = data.decision === 'approved' ? await lapsed() : undefined;
      if (late !== undefined) return hold(late.code, late);
    }
    const approval =
      answered ??
      (await ledger.record(approvalSchema, keys.approval(model, run), {
        model,
        run,
        decision: data.decision,
        approver: data.approver,
        reference: data.reference ?? null,
        expiresAt: data.expiresAt ?? null,
        givenAt: now.toISOString(),
      }));

    if (status === PENDING) {
      const source = approval.reference === null ? '' : ` (${approval.reference})`;
      await sageMaker.updatePackage({
        ModelPackageArn: modelPackageArn,
        ModelApprovalStatus: STATUS[approval.decision],
        ApprovalDescription: approvalDescription([`${approval.decision} by ${approval.approver}${source}`]),
      });
    }
    if (approval.decision === 'rejected') {
      const reason: Reason = { code: 'approval_refused', message: `${approval.approver} rejected the held candidate` };
      await tell(CandidateRejectedV1, `${model}/${run}`, { model, run, reasons: [reason] }, context);
    }
    return { outcome: approval.decision };
  };
