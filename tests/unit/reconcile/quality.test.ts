import { describe, expect, it } from 'vitest';

import { LabelsLandedV1 } from '../../../events/index.ts';
import { lostEvents } from '../../../functions/reconcile/lost-events.ts';
import { unmeasuredQuality } from '../../../functions/reconcile/quality.ts';
import { publish } from '../../../shared/definition/publish.ts';
import { publishedDefinitionSchema } from '../../../shared/definition/published.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import { type Champion, championSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { ledgerOn } from '../../../shared/ledger/ledger.ts';
import { memoryObjectStore } from '../../../shared/ledger/memory-object-store.ts';
import { windowAt, windowName } from '../../../shared/monitoring/windows.ts';

const MODEL = 'late-bus';
const DAY_MS = 86_400_000;
const SINCE = '2001-01-20T06:00:00.000Z';
const NOW = new Date('2001-01-26T00:10:00Z');

const definitionOf = (monitoring: string) =>
  publish(
    MODEL,
    readDefinition(
      `problem: binary\ndata: { label: late, features: [load] }\nevaluation: { cluster: none }\nmonitoring: ${monitoring}\n`,
      `models/${MODEL}.yml`,
    ).definition,
  );

const world = async (monitoring = '{ window: 1d }', more: Partial<Champion> = {}) => {
  const store = memoryObjectStore();
  const data = memoryObjectStore();
  const ledger = ledgerOn(store);
  const definition = definitionOf(monitoring);
  await ledger.record(publishedDefinitionSchema, keys.definition(MODEL, definition.digest), definition);
  const champion: Champion = {
    model: MODEL,
    n: 1,
    run: '20010101-0123456789',
    definitionDigest: definition.digest,
    inputDigest: 'i',
    modelName: 'm',
    modelPackageArn: 'arn',
    endpointName: 'e',
    endpointConfigName: 'c',
    trainedBefore: null,
    since: SINCE,
    ...more,
  };
  await ledger.point(championSchema, keys.champion(MODEL), () => champion);
  const woken: { step: string; detail: unknown }[] = [];
  const lost = lostEvents(async (step, event) => {
    const { detail }: { detail?: unknown } = event;
    woken.push({ step, detail });
  });
  return {
    data,
    store,
    ledger,
    woken,
    /** The days of windows that were told. */
    days: () => woken.map(({ detail }) => LabelsLandedV1.detail.parse(detail).data.window.start.slice(0, 10)),
    measured: (day: string, asOf: string) =>
      store.put(keys.quality(MODEL, windowName(windowAt(Date.parse(day), DAY_MS)), new Date(asOf)), '{}'),
    ...unmeasuredQuality({ ledger, data, dataBucket: 'data', lost }),
  };
};

describe('labels whose event was lost', () => {
  it('are told to the step that reads them, once they have had time to be heard', async () => {
    const run = await world();
    await run.data.put(`ground-truth/${MODEL}/heard.csv`, 'a');
    await run.data.put(`ground-truth/${MODEL}/lost.csv`, 'b');
    await run.data.put('ground-truth/other/lost.csv', 'c');
    await run.store.put(keys.labelFile(MODEL, `ground-truth/${MODEL}/heard.csv`, 'v1'), '{}');

    const early = await run.takeInLabels(MODEL, new Date(60_000));
    const told = await run.takeInLabels(MODEL, NOW);

    expect([early, told]).toEqual([0, 1]);
    expect(run.woken).toMatchObject([
      { step: 'measure-quality', detail: { object: { key: `ground-truth/${MODEL}/lost.csv`, 'version-id': 'v2' } } },
    ]);
  });
});

describe('windows whose labels have had their time', () => {
  it('are told from the first day of the first model on, the oldest first', async () => {
    const run = await world();

    const told = await run.measureDue(MODEL, NOW);

    expect(told).toBe(5);
    expect(run.days()).toEqual(['2001-01-20', '2001-01-21', '2001-01-22', '2001-01-23', '2001-01-24']);
  });

  it('are not told again once they were looked at after that', async () => {
    const run = await world();
    for (const day of [20, 21, 22]) await run.measured(`2001-01-${day}`, `2001-01-${day + 2}T00:00:00Z`);
    // Looked at before its labels were due.
    await run.measured('2001-01-23', '2001-01-24T12:00:00Z');

    await run.measureDue(MODEL, NOW);

    expect(run.days()).toEqual(['2001-01-23', '2001-01-24']);
  });

  it('are a few at a time, and no more than can be looked back on', async () => {
    const run = await world('{ window: 1d }', { since: '2000-01-01T00:00:00.000Z' });

    const told = await run.measureDue(MODEL, NOW);

    expect(told).toBe(8);
    expect(run.days()[0]).toBe('2000-11-24');
  });

  it('are those before the model was taken out of service', async () => {
    const run = await world('{ window: 1d }', { retired: { at: '2001-01-22T12:00:00.000Z', reason: 'no more' } });

    await run.measureDue(MODEL, NOW);

    expect(run.days()).toEqual(['2001-01-20', '2001-01-21', '2001-01-22']);
  });

  it('are none where nobody asks for quality', async () => {
    expect(await (await world('{ quality: null }')).measureDue(MODEL, NOW)).toBe(0);
  });

  it('wait as long as the definition says', async () => {
    const run = await world('{ window: 1d, quality: { label_delay: 72h } }');

    await run.measureDue(MODEL, NOW);

    expect(run.days()).toEqual(['2001-01-20', '2001-01-21', '2001-01-22']);
  });
});
