/**
 * A step writes a run's end first and releases the model's slot afterwards. Whatever crashed in between, the event that
 * comes again, or reconciling, releases it: each step is woken with the ledger as such a crash leaves it.
 */
import { readFileSync } from 'node:fs';

import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';

import { runEndSchema, runPlanSchema, slotSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { MINUTE_MS, startWorld, type World } from './world.ts';

const MODEL = 'parcel-late';
const START = '2001-03-20T06:00:00Z';
/** What the samples call it. */
const SAMPLED = { model: 'flight-delay', run: '20010125-0a1b2c3d4e' };

let current = '';
let cases = 0;
const planOf = (run: string) =>
  runPlanSchema.parse({
    model: MODEL,
    run,
    stage: 'dev',
    plannedAt: START,
    trigger: { kind: 'new_data', eventId: 'event', overrode: [] },
    definitionDigest: '0'.repeat(64),
    rulesDigest: '0'.repeat(64),
    datasets: ['0'.repeat(20)],
    fresh: [],
    cut: null,
    champion: null,
  });

const sampleSchema = z.object({
  source: z.string(),
  'detail-type': z.string(),
  detail: z.record(z.string(), z.json()),
});

let world: World;
beforeAll(async () => {
  world = await startWorld([MODEL], START);
});
afterAll(() => world.close());

const flight = async () => (await world.ledger.find(slotSchema, keys.slot(MODEL)))?.flight;

beforeEach(async () => {
  current = `20010320-${String(cases++).padStart(10, '0')}`;
  const plan = planOf(current);
  const slot = { model: MODEL, flight: plan, history: [{ run: current, startedAt: START, endedAt: null, end: null }] };
  await world.ledger.point(slotSchema, keys.slot(MODEL), () => slot);
  await world.ledger.record(runPlanSchema, keys.plan(MODEL, current), plan);
});

const endRunOnly = (end: 'failed' | 'rejected') =>
  world.ledger.record(runEndSchema, keys.end(MODEL, current), {
    model: MODEL,
    run: current,
    end,
    reason: 'it was not to be',
    endedAt: START,
  });

/** Sends a sample event as if it were about this run. */
const wake = async (name: string) => {
  const text = readFileSync(`events/samples/${name}.json`, 'utf8')
    .replaceAll(SAMPLED.model, MODEL)
    .replaceAll(SAMPLED.run, current);
  const { source, 'detail-type': DetailType, detail } = sampleSchema.parse(JSON.parse(text));
  if (source === 'millrace') {
    const entry = { EventBusName: world.outputs.BusName, Source: source, DetailType, Detail: JSON.stringify(detail) };
    await world.events.send(new PutEventsCommand({ Entries: [entry] }));
  } else world.cloud.events.emit({ source, detailType: DetailType, resources: [], detail });
  await world.cloud.settle();
};

describe('a slot that was not released before a crash', () => {
  it.each([
    ['prepare-data', 'run-planned.v1', 'failed'],
    ['launch-training', 'run-prepared.v1', 'failed'],
    ['track-training', 'aws.sagemaker-training-job', 'failed'],
    ['evaluate-model', 'aws.sagemaker-transform-job', 'failed'],
    ['gate-model', 'model-evaluated.v1', 'rejected'],
  ] as const)('is released by %s when its event comes again', async (_step, sample, end) => {
    await endRunOnly(end);

    await wake(sample);

    expect(await flight()).toBeNull();
  });

  it('is released by reconciling when no event comes', async () => {
    await endRunOnly('failed');

    await world.cloud.settle({ advanceMs: 16 * MINUTE_MS });

    expect(await flight()).toBeNull();
  });
});
