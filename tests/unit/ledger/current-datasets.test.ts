import { describe, expect, it } from 'vitest';

import { currentDatasets, type Delivery } from '../../../shared/ledger/current-datasets.ts';

const accepted = (dataset: string, receivedAt = '2001-01-01T00:00:00.000Z') => ({
  dataset: {
    model: 'late-bus',
    dataset,
    sources: [{ bucket: 'data', key: 'first', versionId: 'v', sizeBytes: 1, sha256: 'x' }],
    format: 'csv' as const,
    sizeBytes: 1,
    receivedAt,
  },
});

let hour = 0;
/** A delivery, an hour after the one before it. */
const came = (key: string, dataset: string | undefined, outcome: Delivery['outcome'] = 'accepted'): Delivery => {
  hour += 1;
  return {
    upload: { bucket: 'data', key, versionId: `v${hour}` },
    receivedAt: new Date(Date.parse('2001-01-02T00:00:00Z') + hour * 3_600_000).toISOString(),
    outcome,
    ...(dataset !== undefined && { dataset }),
  };
};

const idsOf = (datasets: string[], deliveries: Delivery[], rejected: string[] = []) =>
  currentDatasets(
    datasets.map((dataset) => accepted(dataset)),
    deliveries,
    new Set(rejected),
  ).map(({ dataset }) => dataset.dataset);

describe('the datasets in force', () => {
  it('leave out what a newer version of the same key supersedes', () => {
    expect(idsOf(['x', 'y', 'z'], [came('a', 'x'), came('a', 'y'), came('b', 'z')])).toEqual(['y', 'z']);
  });

  it('are those that came back when a key got its old bytes again', () => {
    expect(idsOf(['x', 'y'], [came('a', 'x'), came('a', 'y'), came('a', 'x', 'repeated')])).toEqual(['x']);
  });

  it('keep what another key still means', () => {
    expect(idsOf(['x', 'y'], [came('a', 'x'), came('b', 'x', 'repeated'), came('a', 'y')])).toEqual(['x', 'y']);
  });

  it('do not depend on the order in which the facts are listed', () => {
    const deliveries = [came('a', 'x'), came('a', 'y'), came('a', 'x', 'repeated')];

    expect(idsOf(['x', 'y'], deliveries.toReversed())).toEqual(['x']);
  });

  it('are not superseded by what was rejected, put off or ignored', () => {
    const deliveries = [
      came('a', 'x'),
      came('a', 'bad', 'rejected'),
      came('a', undefined, 'deferred'),
      came('a', undefined, 'ignored'),
    ];

    expect(idsOf(['x'], deliveries)).toEqual(['x']);
  });

  it('are not superseded by what the rules in force reject, although earlier rules let it in', () => {
    expect(idsOf(['x'], [came('a', 'x'), came('a', 'y')], ['y'])).toEqual(['x']);
  });

  it('are superseded by what waits to be judged under the rules in force', () => {
    expect(idsOf(['x'], [came('a', 'x'), came('a', 'y')])).toEqual([]);
  });

  it('have those too whose arrival is not recorded', () => {
    expect(idsOf(['x', 'y'], [came('a', 'x')])).toEqual(['x', 'y']);
  });

  it('have both of two that came under one key in one moment', () => {
    const first = came('a', 'x');
    const second = { ...came('a', 'y'), receivedAt: first.receivedAt };

    expect(idsOf(['x', 'y'], [first, second])).toEqual(['x', 'y']);
  });

  it('are listed oldest first', () => {
    const datasets = [accepted('x', '2001-01-03T00:00:00.000Z'), accepted('y', '2001-01-02T00:00:00.000Z')];

    expect(currentDatasets(datasets, [], new Set()).map(({ dataset }) => dataset.dataset)).toEqual(['y', 'x']);
  });
});
