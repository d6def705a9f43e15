import { describe, expect, it } from 'vitest';

import { embeddedMetrics } from '../../../local/services/logs/embedded-metric-format.ts';

const AT = 1_790_000_000_000;
const directive = (more: object = {}) => ({
  Namespace: 'Depot',
  Dimensions: [['Hall']],
  Metrics: [{ Name: 'Weight', Unit: 'Kilobytes' }],
  ...more,
});
const line = (root: object, ...CloudWatchMetrics: unknown[]) =>
  JSON.stringify({ _aws: { Timestamp: AT, CloudWatchMetrics }, ...root });

describe('a log line in the embedded metric format', () => {
  it('is a metric per name and dimension set', () => {
    const metrics = embeddedMetrics(
      line(
        { Hall: 'A', Shift: 'night', Weight: 12.5, Height: 3 },
        directive({
          Dimensions: [['Hall'], ['Hall', 'Shift'], []],
          Metrics: [{ Name: 'Weight', Unit: 'Kilobytes', StorageResolution: 1 }, { Name: 'Height' }],
        }),
      ),
    );

    const weight = { namespace: 'Depot', name: 'Weight', value: 12.5, unit: 'Kilobytes', at: AT, resolution: 1 };
    const height = { namespace: 'Depot', name: 'Height', value: 3, unit: 'None', at: AT, resolution: 60 };
    expect(metrics).toEqual([
      { ...weight, dimensions: { Hall: 'A' } },
      { ...weight, dimensions: { Hall: 'A', Shift: 'night' } },
      { ...weight, dimensions: {} },
      { ...height, dimensions: { Hall: 'A' } },
      { ...height, dimensions: { Hall: 'A', Shift: 'night' } },
      { ...height, dimensions: {} },
    ]);
  });

  it('may have several directives, and arrays of values up to a hundred', () => {
    const Weight = Array.from({ length: 120 }, (_, index) => index);
    const metrics = embeddedMetrics(line({ Hall: 'A', Weight }, directive(), directive({ Namespace: 'Other' })));

    expect(metrics).toHaveLength(200);
    expect(metrics.at(-1)).toMatchObject({ namespace: 'Other', value: 99 });
  });

  it.each([
    ['that is no JSON', '{"_aws": '],
    ['with something before the object', `INFO ${line({ Hall: 'A', Weight: 1 }, directive())}`],
    ['that is an array', JSON.stringify([{ _aws: {} }])],
    ['without metadata', JSON.stringify({ Hall: 'A', Weight: 1, note: '"_aws"' })],
    [
      'whose metadata has no time',
      JSON.stringify({ _aws: { CloudWatchMetrics: [directive()] }, Hall: 'A', Weight: 1 }),
    ],
    ['without a namespace', line({ Hall: 'A', Weight: 1 }, directive({ Namespace: '' }))],
    ['without its target', line({ Hall: 'A' }, directive())],
    ['whose target is a text', line({ Hall: 'A', Weight: '1' }, directive())],
    ['whose dimension is missing', line({ Weight: 1 }, directive())],
    ['whose dimension is a number', line({ Hall: 5, Weight: 1 }, directive())],
    ['whose metrics are no list', line({ Hall: 'A', Weight: 1 }, directive({ Metrics: 'Weight' }))],
    ['whose directive is a text', line({ Hall: 'A', Weight: 1 }, 'Weight')],
  ])('%s is a line like any other', (_, text) => {
    expect(embeddedMetrics(text)).toEqual([]);
  });
});
