import { describe, expect, it } from 'vitest';

import {
  type Condition,
  type Datapoint,
  evaluateCondition,
  evaluationRange,
  javaNumber,
  MISSING_DATA,
} from '../../../local/services/monitoring/alarm-evaluation.ts';

const END = Date.parse('2026-11-21T13:20:00Z');
const NOW = END + 985;
const MINUTE = 60_000;

const condition = (more: Partial<Condition> = {}): Condition => ({
  evaluationPeriods: 3,
  datapointsToAlarm: 3,
  mOfN: false,
  comparison: 'GreaterThanThreshold',
  threshold: 50,
  missingData: 'missing',
  periodSeconds: 60,
  statistic: 'Average',
  ...more,
});

/** Data points written oldest first: `0` is fine, `X` breaches, `-` is missing. */
const points = (written: string): Datapoint[] =>
  written
    .split(' ')
    .reverse()
    .flatMap((mark, age): Datapoint[] =>
      mark === '-' ? [] : [{ at: END - (age + 1) * MINUTE, value: mark === 'X' ? 99 : 1, sampleCount: 1 }],
    );

const stateOf = (written: string, more: Partial<Condition>) =>
  evaluateCondition(condition(more), points(written), END, NOW)?.state ?? 'retained';

describe('an alarm whose data is missing', () => {
  // The rows of alarms-and-missing-data: missing, ignore, breaching, not breaching.
  it.each([
    ['0 - X - X', 3, ['OK', 'OK', 'OK', 'OK']],
    ['0 - - - -', 3, ['OK', 'OK', 'OK', 'OK']],
    ['- - - - -', 3, ['INSUFFICIENT_DATA', 'retained', 'ALARM', 'OK']],
    ['0 X X - X', 3, ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['- - X - -', 3, ['ALARM', 'retained', 'ALARM', 'OK']],
    ['0 - X - X', 2, ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 0 X 0 X', 2, ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 - X - -', 2, ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - - 0', 2, ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - X -', 2, ['ALARM', 'retained', 'ALARM', 'OK']],
    // Too early to alarm: the next data point may be fine.
    ['- - - - X', 3, ['INSUFFICIENT_DATA', 'retained', 'ALARM', 'OK']],
    ['- - - X -', 3, ['INSUFFICIENT_DATA', 'retained', 'ALARM', 'OK']],
    ['- - - X 0', 3, ['OK', 'OK', 'OK', 'OK']],
    ['- - X - 0', 3, ['OK', 'OK', 'OK', 'OK']],
  ] as const)('goes, with %s and %i data points to alarm, where the documentation says', (written, m, expected) => {
    const states = (['missing', 'ignore', 'breaching', 'notBreaching'] as const).map((missingData) =>
      stateOf(written, { missingData, datapointsToAlarm: m }),
    );

    expect(states).toEqual(expected);
  });

  it('looks back over five periods for three, and a minute further for periods below one', () => {
    expect(evaluationRange(3, 300)).toBe(5);
    expect(evaluationRange(2, 10)).toBe(8);
  });
});

describe('an alarm compares', () => {
  it.each([
    ['GreaterThanOrEqualToThreshold', [false, true, true]],
    ['GreaterThanThreshold', [false, false, true]],
    ['LessThanThreshold', [true, false, false]],
    ['LessThanOrEqualToThreshold', [true, true, false]],
  ] as const)('by %s', (comparison, expected) => {
    const verdicts = [49, 50, 51].map((value) =>
      evaluateCondition(
        condition({ comparison, evaluationPeriods: 1, datapointsToAlarm: 1 }),
        [{ at: END - MINUTE, value, sampleCount: 1 }],
        END,
        NOW,
      ),
    );

    expect(verdicts.map((verdict) => verdict?.state === 'ALARM')).toEqual(expected);
  });
});

describe('the reason of an alarm', () => {
  const one: Datapoint[] = [{ at: END - MINUTE, value: 99.5, sampleCount: 2 }];
  const single = { evaluationPeriods: 1, datapointsToAlarm: 1 };
  const reason = (more: Partial<Condition>, data: readonly Datapoint[]) =>
    evaluateCondition(condition(more), data, END, NOW)?.reason;

  it('names the only data point', () => {
    expect(reason(single, one)).toBe(
      'Threshold Crossed: 1 datapoint [99.5 (21/11/26 13:19:00)] was greater than the threshold (50.0).',
    );
  });

  it('says how many are needed once DatapointsToAlarm was given', () => {
    expect(reason({ ...single, mOfN: true }, one)).toBe(
      'Threshold Crossed: 1 out of the last 1 datapoints [99.5 (21/11/26 13:19:00)] was greater than the threshold (50.0) (minimum 1 datapoint for OK -> ALARM transition).',
    );
    expect(reason({ mOfN: true, datapointsToAlarm: 2 }, points('0 0 X'))).toBe(
      'Threshold Crossed: 2 out of the last 3 datapoints [1.0 (21/11/26 13:18:00), 1.0 (21/11/26 13:17:00)] were not greater than the threshold (50.0) (minimum 2 datapoints for ALARM -> OK transition).',
    );
  });

  it('tells of what was missing, and how it counted', () => {
    expect(reason({ evaluationPeriods: 2, datapointsToAlarm: 2, missingData: 'breaching' }, [])).toBe(
      'Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching].',
    );
    expect(reason({ ...single, missingData: 'notBreaching' }, [])).toBe(
      'Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].',
    );
    expect(reason({ datapointsToAlarm: 2, missingData: 'breaching' }, points('- 0 -'))).toBe(
      'Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as [Breaching].',
    );
    expect(reason({ missingData: 'breaching' }, points('- 0 -'))).toBe(
      'Threshold Crossed: 1 datapoint [1.0 (21/11/26 13:18:00)] was not greater than the threshold (50.0) and 2 missing datapoints were treated as [Breaching].',
    );
    expect(reason({}, [])).toBe('Insufficient Data: 3 datapoints were unknown.');
    expect(reason(single, [])).toBe('Insufficient Data: 1 datapoint was unknown.');
  });

  it('comes with data in the form that AWS writes', () => {
    const crossed = evaluateCondition(condition({ ...single, unit: 'Seconds' }), one, END, NOW);
    const silent = evaluateCondition(condition({ evaluationPeriods: 2, datapointsToAlarm: 2 }), [], END, NOW);

    expect(crossed?.reasonData).toBe(
      '{"version":"1.0","queryDate":"2026-11-21T13:20:00.985+0000","startDate":"2026-11-21T13:19:00.000+0000","unit":"Seconds","statistic":"Average","period":60,"recentDatapoints":[99.5],"threshold":50.0,"evaluatedDatapoints":[{"timestamp":"2026-11-21T13:19:00.000+0000","sampleCount":2.0,"value":99.5}]}',
    );
    expect(silent?.reasonData).toBe(
      '{"version":"1.0","queryDate":"2026-11-21T13:20:00.985+0000","statistic":"Average","period":60,"recentDatapoints":[],"threshold":50.0,"evaluatedDatapoints":[{"timestamp":"2026-11-21T13:19:00.000+0000"},{"timestamp":"2026-11-21T13:18:00.000+0000"}]}',
    );
  });

  it.each([
    [0, '0.0'],
    [-3, '-3.0'],
    [0.0666851903306472, '0.0666851903306472'],
    [12_345_678, '1.2345678E7'],
    [0.0001, '1.0E-4'],
  ])('writes %d as %s', (value, written) => {
    expect(javaNumber(value)).toBe(written);
  });
});

describe('every way of treating missing data', () => {
  it('leaves an alarm with enough data alone', () => {
    const states = MISSING_DATA.map((missingData) => stateOf('- X - X X', { missingData }));

    expect(new Set(states)).toEqual(new Set(['ALARM']));
  });
});
