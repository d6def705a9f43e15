import { describe, expect, it } from 'vitest';

import { heldCandidates } from '../../../functions/reconcile/held.ts';
import { lostEvents } from '../../../functions/reconcile/lost-events.ts';
import {
  type Champion,
  championSchema,
  type Deployment,
  deploymentSchema,
  refusalSchema,
  registeredSchema,
  type Slot,
  waitingSchema,
} from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { ledgerOn } from '../../../shared/ledger/ledger.ts';
import { memoryObjectStore } from '../../../shared/ledger/memory-object-store.ts';

const MODEL = 'late-bus';
const RUN = '20010201-0123456789';
const OTHER = '20010202-0123456789';
const ENDED = '2001-02-01T12:00:00.000Z';
const NOW = new Date('2001-02-03T12:00:00.000Z');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ago = (ms: number) => new Date(NOW.getTime() - ms);

type End = Slot['history'][number]['end'];
const slotOf = (ends: Readonly<Record<string, End>>): Slot => ({
  model: MODEL,
  flight: null,
  history: Object.entries(ends).map(([run, end]) => ({ run, startedAt: ENDED, endedAt: ENDED, end })),
});
const packageArn = (run: string) => `arn:aws:sagemaker:eu-west-1:000000000000:model-package/mr-dev-late-bus/${run}`;

const champion = (since: Date): Champion => ({
  model: MODEL,
  n: 1,
  run: '20010101-9876543210',
  definitionDigest: 'd',
  inputDigest: 'i',
  modelName: 'm',
  modelPackageArn: 'p',
  endpointName: 'e',
  endpointConfigName: 'c',
  trainedBefore: null,
  since: since.toISOString(),
});
const rollout = (run: string): Deployment => ({
  model: MODEL,
  n: 1,
  run,
  kind: 'update',
  endpointName: 'e',
  endpointConfigName: 'c',
  modelName: 'm',
  modelPackageArn: packageArn(run),
  inputDigest: 'i',
  definitionDigest: 'd',
  replaces: null,
  trigger: 'approval',
  decidedAt: ENDED,
});

/** Candidates that were registered when their runs ended; the registry's versions by run, changed an hour ago. */
const worldOf = async (registered: readonly string[], versions: Readonly<Record<string, object>> = {}) => {
  const ledger = ledgerOn(memoryObjectStore());
  for (const run of registered)
    await ledger.record(registeredSchema, keys.registered(MODEL, run), {
      model: MODEL,
      run,
      modelPackageArn: packageArn(run),
      registeredAt: ENDED,
    });
  const woken: object[] = [];
  const asked: string[] = [];
  const held = heldCandidates({
    ledger,
    sageMaker: {
      describePackage: async (arn) => {
        asked.push(arn);
        const run = registered.find((one) => packageArn(one) === arn) ?? '';
        return { ModelApprovalStatus: 'Approved', LastModifiedTime: ago(HOUR_MS), ...versions[run] };
      },
    },
    lost: lostEvents(async (step, event) => {
      woken.push({ step, ...event });
    }),
    patienceMs: 24 * HOUR_MS,
  });
  return { ledger, held, woken, asked };
};

describe('a held candidate', () => {
  it('that was approved is told of again, as the registry would', async () => {
    const { held, woken } = await worldOf([RUN]);

    const followed = await held.followApprovals(MODEL, slotOf({ [RUN]: 'held' }), NOW);

    expect(followed).toBe(1);
    expect(woken).toMatchObject([
      {
        step: 'deploy-model',
        'detail-type': 'SageMaker Model Package State Change',
        time: NOW.toISOString(),
        detail: { ModelPackageArn: packageArn(RUN) },
      },
    ]);
    expect(woken[0]).not.toHaveProperty('waitingSince');
  });

  it('has the same event whenever it is told of, so that who hears it twice knows', async () => {
    const { held, woken } = await worldOf([RUN]);
    const slot = slotOf({ [RUN]: 'held' });

    await held.followApprovals(MODEL, slot, NOW);
    await held.followApprovals(MODEL, slot, new Date(NOW.getTime() + HOUR_MS));

    const ids = new Set(woken.map((event) => Object(event).id));
    expect(woken).toHaveLength(2);
    expect(ids.size).toBe(1);
  });

  it.each<[string, object]>([
    ['waits for its approval', { ModelApprovalStatus: 'PendingManualApproval' }],
    ['was rejected', { ModelApprovalStatus: 'Rejected' }],
    ['was approved just now, and deploy-model is at work', { LastModifiedTime: ago(10 * MINUTE_MS) }],
  ])('is left alone when it %s', async (_, version) => {
    const { held, woken } = await worldOf([RUN], { [RUN]: version });

    const followed = await held.followApprovals(MODEL, slotOf({ [RUN]: 'held' }), NOW);

    expect(followed).toBe(0);
    expect(woken).toEqual([]);
  });

  it('that was approved as it was registered, and never changed, is told of', async () => {
    const { held } = await worldOf([RUN], { [RUN]: { LastModifiedTime: undefined } });

    const followed = await held.followApprovals(MODEL, slotOf({ [RUN]: 'held' }), NOW);

    expect(followed).toBe(1);
  });

  it('that was not registered yet, or refused since, is not asked for', async () => {
    const { ledger, held, woken, asked } = await worldOf([OTHER]);
    await ledger.record(refusalSchema, keys.refusal(MODEL, OTHER), {
      model: MODEL,
      run: OTHER,
      code: 'champion_changed',
      reason: 'the champion has changed',
      refusedAt: ENDED,
    });

    const followed = await held.followApprovals(MODEL, slotOf({ [RUN]: 'held', [OTHER]: 'held' }), NOW);

    expect({ followed, woken, asked }).toEqual({ followed: 0, woken: [], asked: [] });
  });

  it('that has a rollout is not told of, whoever else is', async () => {
    const { ledger, held, woken } = await worldOf([RUN, OTHER]);
    await ledger.record(deploymentSchema, keys.deployment(MODEL, 1), rollout(RUN));

    const followed = await held.followApprovals(MODEL, slotOf({ [RUN]: 'held', [OTHER]: 'held' }), NOW);

    expect(followed).toBe(1);
    expect(woken).toMatchObject([{ detail: { ModelPackageArn: packageArn(OTHER) } }]);
  });

  it.each([
    ['is not told of after a new champion', new Date(Date.parse(ENDED) + HOUR_MS), 0],
    ['is told of under the champion it was judged against', new Date(Date.parse(ENDED) - HOUR_MS), 1],
  ])('%s', async (_, since, expected) => {
    const { ledger, held } = await worldOf([RUN]);
    await ledger.record(championSchema, keys.champion(MODEL), champion(since));

    const followed = await held.followApprovals(MODEL, slotOf({ [RUN]: 'held' }), NOW);

    expect(followed).toBe(expected);
  });

  it.each([
    ['is left alone while its message comes back by itself', ago(2 * HOUR_MS), 0],
    ['is told of again with its old waiting when the message never came', ago(26 * HOUR_MS), 1],
  ])('%s', async (_, since, expected) => {
    const { ledger, held, woken } = await worldOf([RUN]);
    await ledger.record(waitingSchema, keys.waiting(MODEL, RUN, 'deploy-model'), {
      model: MODEL,
      run: RUN,
      step: 'deploy-model',
      for: 'an update of the endpoint',
      since: since.toISOString(),
    });

    const followed = await held.followApprovals(MODEL, slotOf({ [RUN]: 'held' }), NOW);

    expect(followed).toBe(expected);
    expect(woken.map((event) => Object(event).waitingSince)).toEqual(expected === 1 ? [since.toISOString()] : []);
  });
});

describe('runs that ended otherwise, and models without a slot', () => {
  it.each<[string, Slot | undefined]>([
    ['promoted', slotOf({ [RUN]: 'promoted' })],
    ['failed', slotOf({ [RUN]: 'failed' })],
    ['in flight', slotOf({ [RUN]: null })],
    ['no slot', undefined],
  ])('are not looked at: %s', async (_, slot) => {
    const { held, asked } = await worldOf([RUN]);

    const followed = await held.followApprovals(MODEL, slot, NOW);

    expect({ followed, asked }).toEqual({ followed: 0, asked: [] });
  });
});
