import { ApprovalGivenV1 } from '../../events/index.ts';
import { approvalSchema, lapsedBecause } from '../../shared/evaluation/approval.ts';
import { decisionSchema } from '../../shared/evaluation/decision.ts';
import { championSchema, runPlanSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { publishedModels } from '../place.ts';
import { onlyArgument, UsageError, type Verb } from '../verb.ts';

const verb = (decision: 'approved' | 'rejected'): Verb => ({
  options: ['approver', 'reference', 'expires'],
  async run({ place: find, args, options, now }) {
    const run = onlyArgument(args, 'run');
    if (!/^\d{8}-[0-9a-f]{10}$/.test(run)) throw new UsageError(`a run looks like 20010125-0a1b2c3d4e; found ${run}`);
    const expires = options.expires === undefined ? undefined : new Date(options.expires);
    if (expires && Number.isNaN(expires.getTime()))
      throw new UsageError(`--expires takes an ISO time; found ${options.expires}`);
    const place = await find();
    const models = await publishedModels(place.ledger);
    const found = await Promise.all(models.map((model) => place.ledger.find(runPlanSchema, keys.plan(model, run))));
    const plan = found.find((candidate) => candidate !== undefined);
    if (!plan) return { exit: 1, text: `no model has a run ${run}`, data: { error: 'unknown_run', run } };
    const stands = await place.ledger.find(decisionSchema, keys.decision(plan.model, run));
    if (stands?.outcome !== 'hold') {
      const why = stands ? `it was decided: ${stands.outcome}` : 'it has not been decided yet';
      return {
        exit: 1,
        text: `run ${run} is not held: ${why}`,
        data: { error: 'not_held', run, decision: stands?.outcome ?? null },
      };
    }
    const given = await place.ledger.find(approvalSchema, keys.approval(plan.model, run));
    if (given) {
      const text = `run ${run} was ${given.decision} by ${given.approver} before; the first answer stands`;
      return { exit: given.decision === decision ? 0 : 1, text, data: { ...given } };
    }
    const approver = options.approver ?? place.caller;
    const data = {
      model: plan.model,
      run,
      decision,
      approver,
      ...(options.reference !== undefined && { reference: options.reference }),
      ...(expires && { expiresAt: expires.toISOString() }),
    };
    // The same person's same decision is one approval, however often it is given.
    await place.tell(ApprovalGivenV1, `${run}/${decision}/${approver}`, data, { now, correlationId: run });
    const text = `Run ${run} of ${plan.model} is ${decision} by ${approver}.`;
    const champion = await place.ledger.find(championSchema, keys.champion(plan.model));
    // What the facts say already, as of the decision. Whether the evidence is too old or the answer expired goes by the
    // time of the event, so the loop says that: this machine's clock may show another time than the loop's.
    const late = lapsedBecause({
      decision: stands,
      expiresAt: null,
      judgedAgainst: plan.champion?.run ?? null,
      championNow: champion?.run ?? null,
      maxAgeMs: 1,
      now: new Date(stands.decidedAt),
    });
    if (decision === 'rejected' || late === undefined) return { exit: 0, text, data };
    // The loop says so too, to everybody who hears of the model.
    return { exit: 1, text: `${text}\nNothing is deployed: ${late.message}.`, data: { ...data, error: late.code } };
  },
});

export const approve = verb('approved');
export const reject = verb('rejected');
