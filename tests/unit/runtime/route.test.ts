import './quiet.ts';

import { describe, expect, it } from 'vitest';

import { ModelTrainedV1, RunPlannedV1, SageMakerEndpoint } from '../../../events/index.ts';
import { InvalidEventError } from '../../../shared/errors.ts';
import { dispatch } from '../../../shared/runtime/dispatch.ts';
import { eventHandler } from '../../../shared/runtime/event-handler.ts';
import { on, onAws } from '../../../shared/runtime/route.ts';
import type { Woken } from '../../../shared/runtime/woken.ts';
import { context, ownEvent } from './invocation.ts';

const planned = ownEvent('RunPlanned.v1', { model: 'late-bus', run: '20010201-0123456789' });

const world = () => {
  const woken: Woken<unknown>[] = [];
  const step = async (one: Woken<unknown>) => {
    woken.push(one);
    return { outcome: 'done' };
  };
  return { woken, step, routes: [on(RunPlannedV1, step), onAws(SageMakerEndpoint, step)] };
};

describe('dispatching', () => {
  it('wakes the step with the data, the envelope’s time, and what the event says of itself', async () => {
    const { woken, routes } = world();

    const outcome = await dispatch(routes, planned, (envelope) => envelope.time);

    expect(outcome).toEqual({ outcome: 'done' });
    expect(woken).toEqual([
      {
        data: { model: 'late-bus', run: '20010201-0123456789' },
        now: new Date('2001-02-01T12:00:01Z'),
        occurredAt: new Date('2001-02-01T12:00:00.000Z'),
        eventId: 'event-1',
      },
    ]);
  });

  it('tells the step how long it may still take, whenever it asks', async () => {
    const { woken, routes } = world();
    let left = 500;

    await dispatch(
      routes,
      planned,
      () => new Date(0),
      undefined,
      () => left,
    );
    left = 20;

    expect(woken.map(({ remainingMs }) => remainingMs?.())).toEqual([20]);
  });

  it('wakes a step with an event of AWS, under the envelope’s id and time', async () => {
    const { woken, routes } = world();
    const event = {
      id: 'aws-1',
      'detail-type': 'SageMaker Endpoint State Change',
      source: 'aws.sagemaker',
      time: '981028801000',
      detail: { EndpointName: 'e', EndpointStatus: 'IN_SERVICE', Tags: null },
    };

    await dispatch(routes, event, () => new Date(0), new Date(1));

    expect(woken).toEqual([
      {
        data: { name: 'e', status: 'inservice' },
        now: new Date(0),
        occurredAt: new Date(981_028_801_000),
        eventId: 'aws-1',
        waitingSince: new Date(1),
      },
    ]);
  });

  it.each([
    ['an event no step here takes', ownEvent('RunEnded.v1', {})],
    ['the right name from another source', { ...planned, source: 'somebody' }],
    ['what is no event', { hello: 'world' }],
    ['nothing', undefined],
    ['data that is not the contract’s', ownEvent('RunPlanned.v1', { model: 'LATE', run: 'x' })],
    ['no metadata', { ...planned, detail: { data: planned.detail.data } }],
    ['no time', { ...planned, time: 'soon' }],
  ])('refuses %s, and wakes nobody', async (_what, event) => {
    const { woken, routes } = world();

    await expect(dispatch(routes, event, (envelope) => envelope.time)).rejects.toThrow(InvalidEventError);

    expect(woken).toEqual([]);
  });

  it('names what is wrong', async () => {
    const { routes } = world();

    const refused = dispatch(routes, ownEvent('RunPlanned.v1', { model: 'late-bus' }), (envelope) => envelope.time);

    await expect(refused).rejects.toThrow(/not a RunPlanned\.v1[\s\S]*run/);
  });

  it('passes on what the step throws', async () => {
    const trouble = new Error('trouble');
    const routes = [on(ModelTrainedV1, () => Promise.reject(trouble))];
    const event = ownEvent('ModelTrained.v1', { model: 'late-bus', run: '20010201-0123456789', jobName: 'j' });

    await expect(dispatch(routes, event, (envelope) => envelope.time)).rejects.toBe(trouble);
  });
});

describe('the handler of a step that EventBridge wakes', () => {
  it('gives the outcome, at the envelope’s time', async () => {
    const { woken, routes } = world();

    expect(await eventHandler(...routes)(planned, context)).toEqual({ outcome: 'done' });

    expect(woken[0]?.now).toEqual(new Date('2001-02-01T12:00:01Z'));
  });

  it('leaves an error to Lambda, which tries again', async () => {
    const { routes } = world();

    await expect(eventHandler(...routes)({ ...planned, source: 'x' }, context)).rejects.toThrow(InvalidEventError);
  });
});
