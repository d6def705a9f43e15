/** What comes of data that breaks the rules of its model: one that only warns lets it pass, one that fails turns it away. */
import { afterEach, describe, expect, it } from 'vitest';

import { verdictSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { hearEvents } from '../loop/deliveries.ts';
import { parcels } from '../loop/parcels.ts';
import type { World } from '../loop/world.ts';
import { startInProcessWorld } from './world.ts';

const MODEL = 'parcel-ruled';

let open: World | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

/** Uploads a file; what the verdict, the report and the events say of it. */
const delivered = async (csv: string) => {
  open = await startInProcessWorld({ models: [MODEL], start: '2001-03-20T06:00:00Z' });
  const heard = await hearEvents(open);
  const key = `incoming/${MODEL}/parcels.csv`;
  const versionId = await open.land(key, csv);
  const arrival = await open.arrival(MODEL, key, versionId);
  const verdictKey = keys.verdict(MODEL, arrival?.dataset ?? '', arrival?.rulesDigest ?? '');
  const verdict = await open.ledger.read(verdictSchema, verdictKey);
  const report = Buffer.from((await open.store.get(verdict.reportKey ?? ''))?.body ?? []).toString();
  return { arrival, verdict, report, events: await heard(), runs: await open.runs(MODEL) };
};

describe('data that breaks a rule', () => {
  it('which only warns is accepted and trained on, and its report tells', async () => {
    const { arrival, verdict, report, events, runs } = await delivered(parcels('2001-03-01', 12));

    expect(arrival?.outcome).toBe('accepted');
    expect(verdict.problems).toEqual([]);
    expect(verdict.checks?.filter(({ index }) => index !== null).map(({ rule, result }) => [rule, result])).toEqual([
      ['values_in_set', 'pass'],
      ['values_between', 'warn'],
      ['row_count_between', 'pass'],
      ['freshness', 'pass'],
    ]);
    expect(report).toContain('lie outside the limits');
    expect(events.map((event) => event['detail-type'])).toContain('DatasetAccepted.v1');
    expect(runs).toHaveLength(1);
  });

  it('which fails is rejected, and the sender is told the rule, the line and the column', async () => {
    const lines = parcels('2001-03-01', 12).split('\n');
    for (const at of [40, 700]) lines[at] = (lines[at] ?? '').replace(/,(ant|bee|crow|dove),/, ',emu,');

    const { arrival, verdict, report, events, runs } = await delivered(lines.join('\n'));

    const problem = {
      code: 'rule_broken',
      rule: 'values_in_set',
      column: 'carrier',
      line: 41,
      count: 2,
      message: expect.stringMatching(/2 of 1,200 values are not in the set.*also line 701$/),
    };
    expect(arrival?.outcome).toBe('rejected');
    expect(verdict.problems).toEqual([problem]);
    expect(verdict.checks?.[0]).toMatchObject({
      result: 'fail',
      value: 2 / 1200,
      samples: [{ line: 41 }, { line: 701 }],
    });
    expect(report).toContain('not in the set');
    expect(report).not.toContain('emu');
    const [told] = events.filter((event) => event['detail-type'] === 'DatasetRejected.v1');
    expect(Object(told?.detail.data).problems).toEqual([problem]);
    expect(runs).toEqual([]);
  });
});
