import { describe, expect, it } from 'vitest';

import { parseExpression, type Series, type Value } from '../../../local/services/monitoring/metric-math.ts';

const MINUTE = 60_000;
/** Values of successive minutes; undefined where there is none. */
const line = (...values: (number | undefined)[]): Series =>
  new Map(values.flatMap((value, index) => (value === undefined ? [] : [[index * MINUTE, value] as const])));

const METRICS: Readonly<Record<string, Series>> = {
  m1: line(1, 2, undefined, 4),
  m2: line(10, 0, 30, 40),
  errors: line(1, undefined, 3, 4),
  none: line(),
};

const run = (text: string): Value => {
  const members = Object.entries(METRICS).map(([id, points]) => ({ id, points }));
  return parseExpression(text).evaluate({
    value: (id) => (METRICS[id] ? { kind: 'series', points: METRICS[id] } : undefined),
    metrics: () => members,
    timeline: [0, 1, 2, 3].map((index) => index * MINUTE),
    periodSeconds: 60,
  });
};
/** A series' values by minute, `-` where there is none. */
const written = (text: string): unknown => {
  const value = run(text);
  if (value.kind === 'scalar') return value.value;
  if (value.kind === 'list') return value.members.map(({ id }) => id);
  return [0, 1, 2, 3].map((index) => value.points.get(index * MINUTE) ?? '-').join(' ');
};

describe('an expression', () => {
  it.each([
    ['m1 + m2', '11 2 - 44'],
    ['m1 * 2 - 1', '1 3 - 7'],
    ['-m1 ^ 2', '-1 -4 - -16'],
    ['2 ^ 3 ^ 2', 512],
    ['m1 / m2', '0.1 - - 0.1'],
    ['(m1 + 1) * 100 / (m2 + 10)', '10 30 - 10'],
    ['m1 > 1', '0 1 - 1'],
    ['m1 >= 2 AND m2 == 0', '0 1 - 0'],
    ['m1 < 2 || m2 >= 40', '1 0 - 1'],
    ['1 - 2 - 3', -4],
    ['SUM(m1)', 7],
    ['AVG(m1)', 7 / 3],
    ['MAX(m2) - MIN(m2)', 40],
    ['SUM([m1, m2])', '11 2 30 44'],
    ['AVG([m1, m2])', '5.5 1 30 22'],
    ['MAX([m1, m2]) * 1', '10 2 30 40'],
    ['SUM(METRICS("m"))', '11 2 30 44'],
    ['METRICS()', ['m1', 'm2', 'errors', 'none']],
    ['METRIC_COUNT(METRICS())', 4],
    ['DATAPOINT_COUNT(m1)', 3],
    ['FILL(m1, 0)', '1 2 0 4'],
    ['FILL(m1, REPEAT)', '1 2 2 4'],
    ['FILL(m1, LINEAR)', '1 2 3 4'],
    ['FILL(m1, m2)', '1 2 30 4'],
    ['FILL(none, 7)', '7 7 7 7'],
    ['FILL(none, REPEAT)', '- - - -'],
    ['IF(m2 > 5, m1, 0)', '1 0 - 4'],
    ['IF(m2 > 5, 1)', '1 - 1 1'],
    ['IF(1, m1, m2)', '1 2 - 4'],
    ['DIFF(m1)', '- 1 - 2'],
    ['RATE(m2)', `- ${-10 / 60} 0.5 ${10 / 60}`],
    ['DIFF_TIME(m1)', '- 60 - 120'],
    ['RUNNING_SUM(m1)', '1 3 - 7'],
    ['ABS(0 - m1)', '1 2 - 4'],
    ['CEIL(m1 / 3) + FLOOR(m1 / 3)', '1 1 - 3'],
    ['m1 / PERIOD(m1) * 60', '1 2 - 4'],
    ['TIME_SERIES(5)', '5 5 5 5'],
    ['LOG10(m2)', `1 - ${Math.log10(30)} ${Math.log10(40)}`],
    ['SUM(none) + m1', '- - - -'],
    ['STDDEV([m1, m2])', '4.5 1 0 18'],
  ])('%s is worth %s', (text, expected) => {
    expect(written(text)).toEqual(expected);
  });

  it.each([
    ['m1 +', 'unexpected the end'],
    ['(m1', 'expected )'],
    ['m1 m2', 'unexpected m2'],
    ['m1 ? 2', 'unexpected character'],
    ['IF(m1)', 'takes 2 to 3 arguments'],
    ['SUM()', 'takes 1 arguments'],
    ['m9 + 1', 'no metric or expression with the id m9'],
    ['METRICS() + METRICS()', 'two arrays'],
    ['"text"', 'a text stands'],
  ])('%s is refused', (text, message) => {
    expect(() => run(text)).toThrow(message);
  });

  it.each(['SEARCH("x", "Average")', 'ANOMALY_DETECTION_BAND(m1)', 'HOUR(m1)', 'NONSENSE(m1)'])(
    '%s is refused by the name of its function',
    (text) => {
      expect(() => run(text)).toThrow(`the function ${text.slice(0, text.indexOf('('))}`);
    },
  );

  it('names the queries that it needs', () => {
    expect(parseExpression('SUM([m1, e2]) + FILL(m3, REPEAT)').references).toEqual(['m1', 'e2', 'm3']);
  });
});
