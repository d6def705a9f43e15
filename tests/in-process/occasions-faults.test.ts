/**
 * Every kind of fault that the local cloud has, in the life of one model: a first run and a challenger by canary, with
 * traffic between. What cannot help is ended and told; everything else ends as if nothing had been.
 */
import { describe, expect, it } from 'vitest';

import { FAULT_KINDS, type FaultKind, type FaultRule } from '../../local/faults/settings.ts';
import { parcels } from '../loop/parcels.ts';
import { HOUR_MS, MINUTE_MS } from '../loop/world.ts';
import { moodyModel } from './moody-model.ts';
import { closeAfterEach, pass, startWorld } from './passing.ts';

const MODEL = 'parcel-canary';
const QUESTION = { sent: '2001-03-20T10:00:00', carrier: 'crow', weight: 3, distance: 800 };

closeAfterEach();

interface Occasion {
  readonly rules: readonly FaultRule[];
  /** The runs' ends where they are not both promoted. */
  readonly ends?: readonly string[];
  /** The challenger's fleet answers with errors, so that its canary is turned back. */
  readonly isTurnedBack?: boolean;
}

const OCCASIONS: Readonly<Record<FaultKind, Occasion>> = {
  // More often than an SDK tries: the step fails, and is tried again.
  throttle: { rules: [{ fault: 'throttle', service: 'sagemaker', operation: 'CreateTrainingJob', times: 4 }] },
  error: { rules: [{ fault: 'error', service: 's3', operation: 'PutObject', after: true, probability: 0.2 }] },
  quota: { rules: [{ fault: 'quota', service: 'sagemaker', operation: 'CreateTransformJob', nth: [1, 2] }] },
  latency: { rules: [{ fault: 'latency', service: 'sagemaker', delayMs: 5000 }] },
  crash: { rules: [{ fault: 'crash', function: '*-gate-model', when: 'after', nth: [2, 9] }] },
  'time-out': { rules: [{ fault: 'time-out', function: '*-prepare-data', when: 'after', nth: [1, 3] }] },
  'lose-event': { rules: [{ fault: 'lose-event', source: 'aws.sagemaker', target: '*-track-training' }] },
  'double-event': { rules: [{ fault: 'double-event', delayMs: 90_000 }] },
  'delay-event': { rules: [{ fault: 'delay-event', source: 'millrace', delayMs: 10 * MINUTE_MS }] },
  'reorder-events': { rules: [{ fault: 'reorder-events', withinMs: 5 * MINUTE_MS }] },
  'double-message': { rules: [{ fault: 'double-message', queue: '*', nth: [1, 3, 5] }] },
  'delay-message': { rules: [{ fault: 'delay-message', queue: '*', delayMs: 7 * MINUTE_MS }] },
  'fail-training': { rules: [{ fault: 'fail-training', failure: 'killed', nth: 1 }] },
  'delay-training': { rules: [{ fault: 'delay-training', delayMs: 30 * MINUTE_MS }] },
  'reclaim-spot': { rules: [{ fault: 'reclaim-spot', attempt: 1, afterMs: 1 }] },
  'fail-transform': { rules: [{ fault: 'fail-transform', failure: 'capacity', nth: 2 }], ends: ['promoted', 'failed'] },
  'fail-deployment': {
    rules: [{ fault: 'fail-deployment', failure: 'unhealthy', silent: true, nth: 2 }],
    ends: ['promoted', 'rolled-back'],
  },
  'fail-rollback': { rules: [{ fault: 'fail-rollback' }], ends: ['promoted', 'rolled-back'], isTurnedBack: true },
  'suspend-endpoint': {
    rules: [{ fault: 'suspend-endpoint', status: 'OutOfService', nth: 1, afterMs: 100 * MINUTE_MS, forMs: HOUR_MS }],
  },
  'slow-container': { rules: [{ fault: 'slow-container', delayMs: 30_000 }] },
  // The golden rows are not answered: a rollout is believed for answers.
  'kill-container': { rules: [{ fault: 'kill-container', nth: 1 }], ends: ['rolled-back', 'promoted'] },
  'delay-capture': { rules: [{ fault: 'delay-capture', delayMs: HOUR_MS }] },
  // Also what CreateEndpoint needs, straight after it was made.
  unsettled: { rules: [{ fault: 'unsettled', forMs: MINUTE_MS }] },
};

describe('a model', () => {
  it.each(FAULT_KINDS)('lives through the fault %s', async (kind) => {
    const { rules, ends = ['promoted', 'promoted'], isTurnedBack = false } = OCCASIONS[kind];
    const moody = moodyModel();
    const world = await startWorld({
      models: [MODEL],
      start: '2001-03-20T06:00:00Z',
      image: moody.image,
      cloud: { faults: { seed: 3, rules: [...rules] } },
    });

    await world.land(`incoming/${MODEL}/first.csv`, parcels('2001-03-01', 12));
    await pass(world, 2 * HOUR_MS);
    if (await world.champion(MODEL)) await world.predict(MODEL, QUESTION);
    if (isTurnedBack) moody.next = 'errs';
    await world.land(`incoming/${MODEL}/second.csv`, parcels('2001-03-13', 5));
    await pass(world, 3 * HOUR_MS);
    const told = (await world.ends(MODEL)).map((end) => end?.end);
    const { rules: reported } = world.cloud.faults.report();

    expect(told).toEqual(ends);
    expect(reported.map(({ report }) => report.struck > 0)).toEqual(rules.map(() => true));
    expect(await world.deadLetters()).toEqual({});
    const champion = await world.champion(MODEL);
    expect(champion?.run).toBe((await world.runs(MODEL))[ends.lastIndexOf('promoted')]);
  });
});
