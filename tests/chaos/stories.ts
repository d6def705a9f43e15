/** The stories that are told with one thing going wrong: each way a run can go. */
import { ApprovalGivenV1 } from '../../events/index.ts';
import type { FaultRule } from '../../local/faults/settings.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { approvalSchema } from '../../shared/evaluation/approval.ts';
import { decisionSchema } from '../../shared/evaluation/decision.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { parcels } from '../loop/parcels.ts';
import { HOUR_MS, type World } from '../loop/world.ts';

/** What somebody outside does, when it can be done. */
interface Chapter {
  /** At once by default. */
  readonly ready?: (world: World) => Promise<boolean>;
  readonly tell: (world: World) => Promise<void>;
}

export interface Story {
  readonly name: string;
  readonly model: string;
  /** What has happened before anything can go wrong. */
  readonly before?: (world: World) => Promise<void>;
  /** What goes wrong in this story anyway. */
  readonly faults?: readonly FaultRule[];
  readonly chapters: readonly Chapter[];
  /** How the runs end. */
  readonly ends: readonly string[];
}

const LATE = 'parcel-late';
const ASKED = 'parcel-asked';
const REFUSED = 'parcel-refused';

const landing = (model: string, file: string, body: string) => async (world: World) => {
  await world.land(`incoming/${model}/${file}`, body);
};
const first = (model: string) => landing(model, 'first.csv', parcels('2001-03-01', 12));
export const second = (model: string) => landing(model, 'second.csv', parcels('2001-03-13', 5));

/** A champion is in service, and its cooldown is over. */
export const inService = (model: string) => async (world: World) => {
  await first(model)(world);
  await world.cloud.clock.jump(world.cloud.clock.ms() + 2 * HOUR_MS, () => world.cloud.activity.idle());
  await world.settle();
};

const heldRun = async (world: World): Promise<string | undefined> => {
  const [run] = await world.runs(ASKED);
  const decision = run && (await world.ledger.find(decisionSchema, keys.decision(ASKED, run)));
  return decision && decision.outcome === 'hold' ? run : undefined;
};

/** As `millrace approve` and `millrace reject` say it. */
const answer = (decision: 'approved' | 'rejected'): Chapter => ({
  ready: async (world) => (await heldRun(world)) !== undefined,
  async tell(world) {
    const run = (await heldRun(world)) ?? '';
    const data = { model: ASKED, run, decision, approver: 'Ada' };
    const tell = eventPublisher(world.outputs.BusName ?? '', world.events);
    const say = async () => {
      const now = world.cloud.clock.now();
      await tell(ApprovalGivenV1, `${run}/${decision}/Ada`, data, { now, correlationId: run });
      await world.settle();
    };
    await say();
    if (await world.ledger.find(approvalSchema, keys.approval(ASKED, run))) return;
    // Nobody but the person knows of an answer that is lost on its way: who sees it nowhere after an hour gives it again.
    await world.cloud.clock.advance(HOUR_MS, () => world.cloud.activity.idle());
    await say();
  },
});

/** So that nothing but reconcile moves the run. */
const lostOnTheWayTo = (step: string): FaultRule => ({ fault: 'lose-event', target: `*-${step}`, nth: 1 });

export const STORIES = {
  first: {
    name: 'a first model',
    model: LATE,
    chapters: [{ tell: first(LATE) }],
    ends: ['promoted'],
  },
  challenger: {
    name: 'a challenger of the champion',
    model: LATE,
    before: inService(LATE),
    chapters: [{ tell: second(LATE) }],
    ends: ['promoted', 'promoted'],
  },
  rolledBack: {
    name: 'a rollout that comes back on the old configuration',
    model: LATE,
    before: inService(LATE),
    // Not once: an update of which nobody knows that it was sent is sent again, and fails again.
    faults: [{ fault: 'fail-deployment', failure: 'unhealthy', silent: true }],
    chapters: [{ tell: second(LATE) }],
    ends: ['promoted', 'rolled-back'],
  },
  damaged: {
    name: 'damaged data',
    model: LATE,
    chapters: [{ tell: landing(LATE, 'damaged.csv', 'sent,carrier\n2001-03-01,ant,one too many\n') }],
    ends: [],
  },
  repeated: {
    name: 'the same data again',
    model: LATE,
    before: inService(LATE),
    chapters: [{ tell: landing(LATE, 'again.csv', parcels('2001-03-01', 12)) }],
    ends: ['promoted'],
  },
  folder: {
    name: 'a folder of parts',
    model: LATE,
    chapters: [
      { tell: landing(LATE, 'folder/one.csv', parcels('2001-03-01', 6)) },
      { tell: landing(LATE, 'folder/two.csv', parcels('2001-03-07', 6)) },
      { tell: landing(LATE, 'folder/_SUCCESS', '') },
    ],
    ends: ['promoted'],
  },
  secondAttempt: {
    name: 'a training that SageMaker fails, and the next attempt',
    model: LATE,
    faults: [{ fault: 'fail-training', failure: 'internal', nth: 1 }],
    chapters: [{ tell: first(LATE) }],
    ends: ['promoted'],
  },
  failed: {
    name: 'a training that the container fails',
    model: REFUSED,
    chapters: [{ tell: first(REFUSED) }],
    ends: ['failed'],
  },
  unscored: {
    name: 'a candidate that cannot be scored',
    model: LATE,
    faults: [{ fault: 'fail-transform', failure: 'internal', nth: 1 }],
    chapters: [{ tell: first(LATE) }],
    ends: ['failed'],
  },
  approved: {
    name: 'a held candidate that is approved',
    model: ASKED,
    chapters: [{ tell: first(ASKED) }, answer('approved')],
    ends: ['held'],
  },
  refused: {
    name: 'a held candidate that is rejected',
    model: ASKED,
    chapters: [{ tell: first(ASKED) }, answer('rejected')],
    ends: ['held'],
  },
  reconciled: {
    name: 'a first model whose every event is lost once',
    model: LATE,
    faults: [
      'validate-data',
      'plan-run',
      'prepare-data',
      'launch-training',
      'track-training',
      'evaluate-model',
      'gate-model',
      'deploy-model',
      'track-endpoint',
    ].map(lostOnTheWayTo),
    chapters: [{ tell: first(LATE) }],
    ends: ['promoted'],
  },
} as const satisfies Record<string, Story>;
