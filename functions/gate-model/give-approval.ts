import { CandidateHeldV1, CandidateRejectedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { approvalSchema } from '../../shared/evaluation/approval.ts';
import { decisionSchema, type Reason } from '../../shared/evaluation/decision.ts';
import { registeredSchema } from '../../shared/ledger/facts.ts';
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

const STATUS = { approved: 'Approved', rejected: 'Rejected' } as const;

/**
 * Writes a person's answer about a held candidate into the registry, from where the rollout follows. The first answer
 * in time stands; a version that is no longer pending was decided in the registry itself, and that is left alone.
 *
 * @throws NotFoundError when the candidate is not decided or registered yet.
 */
export const giveApproval =
  ({ ledger, sageMaker, tell }: GiveApprovalDeps) =>
  async ({ data, now, eventId }: Woken<ApprovalAnswer>): Promise<Outcome> => {
    const { model, run } = data;
    const context = { now, correlationId: run };
    const { outcome } = await ledger.read(decisionSchema, keys.decision(model, run));
    if (outcome !== 'hold') return { outcome: 'nothing_held' };

    const { modelPackageArn } = await ledger.read(registeredSchema, keys.registered(model, run));
    const answered = await ledger.find(approvalSchema, keys.approval(model, run));
    if (answered === undefined && data.expiresAt !== undefined && Date.parse(data.expiresAt) <= now.getTime()) {
      const reason: Reason = {
        code: 'approval_expired',
        message: `the answer of ${data.approver} expired at ${data.expiresAt}: the candidate is still held`,
      };
      await tell(CandidateHeldV1, `${model}/${run}/${eventId}`, { model, run, reasons: [reason] }, context);
      return { outcome: reason.code };
    }
    const approval =
      answered ??
      (await ledger.record(approvalSchema, keys.approval(model, run), {
        model,
        run,
        decision: data.decision,
        approver: data.approver,
        reference: data.reference ?? null,
        givenAt: now.toISOString(),
      }));

    const version = await sageMaker.describePackage(modelPackageArn);
    if (text(version, 'ModelApprovalStatus') === 'PendingManualApproval') {
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
