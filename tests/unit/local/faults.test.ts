import { describe, expect, it } from 'vitest';
import { createClock } from '../../../local/clock.ts';
import { type BeforeAnswer, type Principal, Unanswered } from '../../../local/contracts.ts';
import { createFaults } from '../../../local/faults/faults.ts';
import { compileArnPattern, compilePattern } from '../../../local/faults/pattern.ts';
import type { FaultSettings } from '../../../local/faults/settings.ts';
import fc from '../../fast-check.ts';

const OPERATIONS = { s3: { PutObject: {}, GetObject: {} }, sagemaker: { DescribeModel: {}, CreateModel: {} } };
const ADMINISTRATOR: Principal = { arn: 'arn:aws:iam::000000000000:root', accessKeyId: 'test' };
const WRITER: Principal = {
  arn: 'arn:aws:sts::000000000000:assumed-role/writing/writer',
  accessKeyId: 'ASIA',
  roleArn: 'arn:aws:iam::000000000000:role/writing',
};

const setUp = (...rules: NonNullable<FaultSettings['rules']>) => {
  const clock = createClock(0, false);
  const crashed: string[] = [];
  const lines: string[] = [];
  const cloud = {
    account: '000000000000',
    region: 'eu-west-1',
    clock,
    log: (line: string) => void lines.push(line),
    lambda: { crash: (arn: string) => void crashed.push(arn) },
  };
  const faults = createFaults(cloud, { rules }, OPERATIONS);
  const ask = async (principal = ADMINISTRATOR, operation = 'PutObject', key = 'k') =>
    faults.admitted({ scope: 's3', operation, params: { Bucket: 'store', Key: key }, principal });
  const outcome = async (asked: Promise<BeforeAnswer | undefined>): Promise<string> => {
    try {
      (await asked)?.('done');
      return 'answered';
    } catch (error) {
      return error instanceof Error ? error.name : String(error);
    }
  };
  return { faults, clock, ask, outcome, crashed, lines };
};
const event = (detailType: string) => ({
  bus: 'default',
  rule: 'r',
  target: 'arn:aws:sqs:eu-west-1:000000000000:q',
  event: {
    version: '0' as const,
    id: 'i',
    'detail-type': detailType,
    source: 's',
    account: '000000000000',
    time: '2001-01-01T00:00:00Z',
    region: 'eu-west-1',
    resources: [],
    detail: {},
  },
});

describe('a pattern', () => {
  it.each([
    ['a*c', 'abbc', true],
    ['a*c', 'abcd', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a.c', 'abc', false],
    ['*', '', true],
  ])('%s and %s: %s', (pattern, text, matches) => {
    expect(compilePattern(pattern)(text)).toBe(matches);
  });

  it('of something matches nothing that is not there, and no pattern matches all', () => {
    expect(compilePattern('*')(undefined)).toBe(false);
    expect(compilePattern(undefined)(undefined)).toBe(true);
  });

  it('of an ARN may be of the name it ends with', () => {
    const arn = 'arn:aws:sagemaker:eu-west-1:000000000000:model/m-1';

    expect(
      ['m-1', 'm-*', 'model/m-?', '*:model/m-1', 'model'].map((pattern) => compileArnPattern(pattern)(arn)),
    ).toEqual([true, true, true, true, false]);
  });
});

describe('faults of requests', () => {
  it('cost nothing where none are set', async () => {
    const { ask } = setUp();

    await expect(ask()).resolves.toBeUndefined();
  });

  it('are counted by each rule for itself', async () => {
    const { ask, outcome } = setUp(
      { fault: 'throttle', resource: 'a', nth: 2 },
      { fault: 'error', resource: 'b', nth: 2, code: 'Broken' },
    );
    const outcomes: string[] = [];

    for (const key of ['a', 'b', 'a', 'b', 'a', 'b']) {
      outcomes.push(await outcome(ask(ADMINISTRATOR, 'PutObject', key)));
    }

    expect(outcomes).toEqual(['answered', 'answered', 'ServiceError', 'ServiceError', 'answered', 'answered']);
  });

  it('strike as the first of several rules says, and all of them count', async () => {
    const { ask, faults } = setUp({ fault: 'error', code: 'First' }, { fault: 'throttle' });

    await expect(ask()).rejects.toMatchObject({ code: 'First' });

    expect(faults.report().rules.map(({ report }) => report)).toEqual([
      { selected: 1, struck: 1 },
      { selected: 1, struck: 1 },
    ]);
  });

  it('choose by role and by function', async () => {
    const { ask, outcome } = setUp({ fault: 'throttle', role: 'writing', function: 'wr*' });

    const outcomes = [await outcome(ask()), await outcome(ask(WRITER))];

    expect(outcomes).toEqual(['answered', 'ServiceError']);
  });

  it('kill the function that asks and let nobody hear', async () => {
    const { ask, crashed } = setUp({ fault: 'crash', function: 'writer', when: 'after', nth: 1 });

    const before = await ask(WRITER);
    const asked = [...crashed];

    expect(asked).toEqual([]);
    expect(() => before?.('done')).toThrow(Unanswered);
    expect(crashed).toEqual(['arn:aws:lambda:eu-west-1:000000000000:function:writer']);
  });

  it('hold a client, and not a function, while the clock stands', async () => {
    const { ask, clock } = setUp({ fault: 'latency', delayMs: 1000 });
    let isHeld = true;
    const held = ask().then(() => {
      isHeld = false;
    });

    await ask(WRITER);
    const before = isHeld;
    await clock.advance(1000);
    await held;

    expect(before).toBe(true);
  });

  it('hold a function while the clock flows', async () => {
    const clock = createClock(0, true);
    const faults = createFaults(
      {
        account: '000000000000',
        region: 'eu-west-1',
        clock,
        log: () => undefined,
        lambda: { crash: () => undefined },
      },
      { rules: [{ fault: 'latency', delayMs: 3_600_000 }] },
      OPERATIONS,
    );
    const waiting = faults.admitted({ scope: 's3', operation: 'PutObject', params: {}, principal: WRITER });

    const next = clock.nextTimer();
    await clock.advance(3_600_000);
    await waiting;
    clock.close();

    expect(next).toBeGreaterThanOrEqual(3_600_000);
  });

  it('are drawn alike for the same seed, whatever else is asked in between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(fc.boolean(), { maxLength: 20 }), async (seed, between) => {
        const run = async (others: readonly boolean[]) => {
          const { faults, ask, outcome } = setUp();
          faults.set({ seed, rules: [{ fault: 'throttle', operation: 'PutObject', probability: 0.3 }] });
          const outcomes: string[] = [];
          for (let at = 0; at < 20; at++) {
            if (others[at]) await ask(ADMINISTRATOR, 'GetObject');
            outcomes.push(await outcome(ask()));
          }
          return outcomes;
        };

        expect(await run(between)).toEqual(await run([]));
      }),
      { numRuns: 25 },
    );
  });

  it('strike about as often as their probability says', async () => {
    const { faults, ask, outcome } = setUp({ fault: 'throttle', probability: 0.25 });

    for (let at = 0; at < 2000; at++) await outcome(ask());

    const [rule] = faults.report().rules;
    // Six standard deviations about the mean of 500.
    expect(Math.abs((rule?.report.struck ?? 0) - 500)).toBeLessThan(117);
  });
});

describe('faults of events', () => {
  it('add up: what is late and doubled is late twice, and what is lost is not doubled', () => {
    const late = setUp({ fault: 'delay-event', delayMs: 10 }, { fault: 'double-event', delayMs: 5 });
    const lost = setUp({ fault: 'lose-event' }, { fault: 'double-event' });

    expect(late.faults.copies(event('T'))).toEqual([10, 15]);
    expect(lost.faults.copies(event('T'))).toEqual([]);
  });

  it('hold each event for a time within their span', () => {
    const { faults } = setUp({ fault: 'reorder-events', withinMs: 100 });

    const delays = Array.from({ length: 50 }, () => faults.copies(event('T'))[0] ?? Number.NaN);

    expect(delays.every((delay) => delay >= 0 && delay <= 100)).toBe(true);
    expect(new Set(delays).size).toBeGreaterThan(10);
  });
});

describe('eventual consistency', () => {
  const model = 'arn:aws:sagemaker:eu-west-1:000000000000:model/m';

  it('hides a thing or not, as it was drawn once, until its time is over', async () => {
    const { faults, clock } = setUp({ fault: 'unsettled', nth: 2, forMs: 1000 });

    const first = [faults.settled(model, 0), faults.settled(model, 0)];
    const second = [faults.settled(`${model}2`, 0), faults.settled(`${model}2`, 0)];
    await clock.advance(1000);

    expect(first).toEqual([true, true]);
    expect(second).toEqual([false, false]);
    expect(faults.settled(`${model}2`, 0)).toBe(true);
  });
});

describe('a trace', () => {
  it('counts from its beginning and ends when it is stopped', async () => {
    const { faults, ask } = setUp();
    const begin = (requestId: string) => faults.timesOut({ functionName: 'writer', requestId });
    begin('0');
    await ask(WRITER);

    const trace = faults.trace();
    begin('1');
    await ask(WRITER);
    await ask(ADMINISTRATOR);
    await ask(WRITER, 'GetObject');
    begin('2');
    await ask(WRITER);
    trace.stop();
    await ask(WRITER);

    expect(
      trace.requests.map(({ invocation, request, ordinal, operation }) => [invocation, request, ordinal, operation]),
    ).toEqual([
      [1, 1, 1, 'PutObject'],
      [1, 2, 2, 'GetObject'],
      [2, 1, 3, 'PutObject'],
    ]);
  });
});
