import { describe, expect, it } from 'vitest';

import { createClock } from '../../../local/clock.ts';
import { type Actor, ServiceError } from '../../../local/contracts.ts';
import { createMessageKeys } from '../../../local/message-keys.ts';

const START = Date.parse('2001-02-01T08:00:00Z');
const SECOND = 1_000;
const KEY = { key: 'alias/own', place: 'arn:aws:sqs:eu-west-1:000000000000:q' };
const session = (role: string, name: string): Actor => ({
  role: `arn:aws:iam::000000000000:role/${role}`,
  session: name,
});

/** Keys of a KMS that allows everything, or nothing with `refuses`, and says what it was asked. */
const keysOf = (refuses?: string) => {
  const clock = createClock(START, false);
  const asked: string[] = [];
  const keys = createMessageKeys(
    {
      clock,
      kms: {
        authorize({ action, via, context }) {
          asked.push(`${action} ${via} ${Object.keys(context)}`);
          if (refuses !== undefined) throw new ServiceError(refuses, 'no');
          return 'arn';
        },
      },
    },
    { via: 'sqs', context: 'aws:sqs:arn', codes: { AccessDenied: 'KmsAccessDenied' } },
  );
  return { clock, keys, asked };
};

describe('a data key', () => {
  it('is made and checked for a producer, and decrypted for a consumer', () => {
    const { keys, asked } = keysOf();

    keys.encrypt(session('a', 's'), KEY, 60);
    keys.decrypt(session('a', 's'), KEY, 60);

    expect(asked).toEqual([
      'kms:GenerateDataKey sqs aws:sqs:arn',
      'kms:Decrypt sqs aws:sqs:arn',
      'kms:Decrypt sqs aws:sqs:arn',
    ]);
  });

  it('is used again until its period is over', async () => {
    const { clock, keys, asked } = keysOf();
    const asks = () => {
      asked.length = 0;
      keys.encrypt(session('a', 's'), KEY, 60);
      return asked.length;
    };

    const first = asks();
    await clock.advance(59 * SECOND);
    const within = asks();
    await clock.advance(SECOND);

    expect([first, within, asks()]).toEqual([2, 0, 2]);
  });

  it('is shared by the sessions of a role, and by nobody else, nor with another queue', () => {
    const { keys, asked } = keysOf();
    const other = { ...KEY, place: 'arn:aws:sqs:eu-west-1:000000000000:other' };
    const asks = (by: Actor, key = KEY) => {
      asked.length = 0;
      keys.decrypt(by, key, 60);
      return asked.length;
    };

    expect([
      asks(session('a', 's')),
      asks(session('a', 't')),
      asks(session('b', 's')),
      asks({ service: 'events.amazonaws.com', sourceArn: 'arn:rule' }),
      asks(session('a', 's'), other),
    ]).toEqual([1, 0, 1, 1, 1]);
  });

  it('that was refused is asked for again, and the refusal has the service’s own code', () => {
    const { keys, asked } = keysOf('AccessDenied');
    const encrypt = () => keys.encrypt(session('a', 's'), KEY, 60);

    expect(encrypt).toThrow(expect.objectContaining({ code: 'KmsAccessDenied', status: 400 }));
    expect(encrypt).toThrow('AWSKMS');
    expect(asked).toHaveLength(2);
  });

  it('is not taken for refused by what KMS has no word for', () => {
    expect(() => keysOf('Surprise').keys.decrypt(session('a', 's'), KEY, 60)).toThrow(
      expect.objectContaining({ code: 'Surprise' }),
    );
  });
});
