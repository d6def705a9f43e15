import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../../local/contracts.ts';
import { compileSchedule } from '../../../local/services/events/schedule.ts';
import fc from '../../fast-check.ts';

const CREATED = Date.parse('2001-01-01T00:00:30Z');

/** The first times of a schedule after the given one. */
const times = (expression: string, after: string, count = 1): (string | undefined)[] => {
  const schedule = compileSchedule(expression);
  const found: (string | undefined)[] = [];
  let at: number | undefined = Date.parse(after);
  for (let index = 0; index < count && at !== undefined; index++) {
    at = schedule.next(at, CREATED);
    found.push(at === undefined ? undefined : new Date(at).toISOString().replace('.000Z', 'Z'));
  }
  return found;
};

describe('a schedule', () => {
  it.each([
    ['cron(0 20 * * ? *)', '2001-01-01T00:00:00Z', ['2001-01-01T20:00:00Z', '2001-01-02T20:00:00Z']],
    ['cron(0/15 * * * ? *)', '2001-01-01T00:00:00Z', ['2001-01-01T00:15:00Z', '2001-01-01T00:30:00Z']],
    ['cron(5,35 14 * * ? *)', '2001-01-01T14:05:00Z', ['2001-01-01T14:35:00Z', '2001-01-02T14:05:00Z']],
    // 2001-01-05 is a Friday.
    ['cron(0 18 ? * MON-FRI *)', '2001-01-05T18:00:00Z', ['2001-01-08T18:00:00Z', '2001-01-09T18:00:00Z']],
    ['cron(0/30 20-23 ? * 2-6 *)', '2001-01-05T23:30:00Z', ['2001-01-08T20:00:00Z', '2001-01-08T20:30:00Z']],
    ['cron(0 8 1 * ? *)', '2001-01-01T08:00:00Z', ['2001-02-01T08:00:00Z', '2001-03-01T08:00:00Z']],
    // 1 is Sunday.
    ['cron(0 0 ? * 1 *)', '2001-01-01T00:00:00Z', ['2001-01-07T00:00:00Z', '2001-01-14T00:00:00Z']],
    ['cron(0 0 ? * L *)', '2001-01-01T00:00:00Z', ['2001-01-06T00:00:00Z', '2001-01-13T00:00:00Z']],
    // 6L is the last Friday, SAT#3 the third Saturday.
    ['cron(15 10 ? * 6L 2002-2005)', '2001-01-01T00:00:00Z', ['2002-01-25T10:15:00Z', '2002-02-22T10:15:00Z']],
    ['cron(0 2 ? * SAT#3 *)', '2001-01-01T00:00:00Z', ['2001-01-20T02:00:00Z', '2001-02-17T02:00:00Z']],
    ['cron(0 0 L * ? *)', '2001-02-01T00:00:00Z', ['2001-02-28T00:00:00Z', '2001-03-31T00:00:00Z']],
    // 2001-03-03 is a Saturday: the weekday next to it is the 2nd.
    ['cron(0 0 3W MAR ? *)', '2001-02-01T00:00:00Z', ['2001-03-02T00:00:00Z', '2002-03-04T00:00:00Z']],
    ['cron(0 12 29 2 ? *)', '2001-01-01T00:00:00Z', ['2004-02-29T12:00:00Z', '2008-02-29T12:00:00Z']],
    ['rate(1 minute)', '2001-01-01T00:00:30Z', ['2001-01-01T00:01:30Z', '2001-01-01T00:02:30Z']],
    ['rate(5 hours)', '2001-01-01T05:00:30Z', ['2001-01-01T10:00:30Z', '2001-01-01T15:00:30Z']],
    ['rate(1 day)', '2001-01-03T00:00:00Z', ['2001-01-03T00:00:30Z', '2001-01-04T00:00:30Z']],
    ['rate(90 minutes)', '2001-01-01T00:00:30Z', ['2001-01-01T01:30:30Z', '2001-01-01T03:00:30Z']],
  ])('%s after %s fires at its times', (expression, after, expected) => {
    expect(times(expression, after, 2)).toEqual(expected);
  });

  it.each(['cron(0 12 31 4 ? *)', 'cron(0/5 5 ? JAN 1-5 2000)'])('%s never fires again', (expression) => {
    expect(times(expression, '2001-01-01T00:00:00Z')).toEqual([undefined]);
  });

  it.each([
    'cron(INVALID)',
    'cron(0 dummy ? * MON-FRI *)',
    'cron(7 20 * * NOT *)',
    'cron(71 8 1 * ? *)',
    'cron(0 1 * * * *)',
    'cron(0 1 ? * ? *)',
    'cron(0 9 * * *)',
    'cron(0 9 * * ? * *)',
    'cron(0 9 L-3 * ? *)',
    'cron(0 9 32 * ? *)',
    'cron(0 9 ? * 0 *)',
    'cron(0 9 ? * FRI-MON *)',
    'cron(0 9 ? * MON#6 *)',
    'cron(0 9 ? * 1/2 *)',
    'cron(0/0 9 * * ? *)',
    'cron(0 9 1 * ? 1969)',
    'rate(0 minutes)',
    'rate(1 minutes)',
    'rate(2 minute)',
    'rate(-1 minute)',
    'rate(1.5 hours)',
    'rate(10 seconds)',
    'rate(5minutes)',
    'at(2001-01-01T00:00:00)',
    '*/5 * * * *',
    '',
  ])('refuses "%s"', (expression) => {
    expect(() => compileSchedule(expression)).toThrow(
      new ServiceError('ValidationException', 'Parameter ScheduleExpression is not valid.'),
    );
  });

  it('gives a time after the one asked about, on the minute, for any daily hour', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 59 }),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: CREATED, max: CREATED + 10 * 365 * 86_400_000 }),
        (minute, hour, after) => {
          const next = compileSchedule(`cron(${minute} ${hour} * * ? *)`).next(after, CREATED) ?? Number.NaN;

          expect(next).toBeGreaterThan(after);
          expect(next - after).toBeLessThanOrEqual(86_400_000);
          expect(new Date(next).getUTCHours()).toBe(hour);
          expect(next % 60_000).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });
});
