/** What is kept is what would be worked out anew, and nothing is kept for another question. */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import fc from '../fast-check.ts';

import { contentOf, createKept, frozen, kept } from './kept-answers.ts';

/** Values as questions are made of: told apart where JSON tells nothing apart, too. */
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(undefined, null, true, 0, -0, Number.NaN, '', 'a'),
    fc.double(),
    fc.string(),
    fc.date({ noInvalidDate: true }),
    fc.float64Array({ maxLength: 3 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 2 }), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const copyOf = <T>(original: T): T => structuredClone(original);

/** The same, with all of it frozen that can be. */
const unchanging = <T>(original: T): T => {
  if (typeof original !== 'object' || original === null || ArrayBuffer.isView(original)) return original;
  for (const member of Object.values(original)) unchanging(member);
  return Object.freeze(original);
};

describe('a question', () => {
  it('whose parts cannot change is known by its content too, and another one is another', () => {
    fc.assert(
      fc.property(value, value, value, (one, other, beside) => {
        const asked = (part: unknown) => contentOf([unchanging(copyOf(part)), beside], unchanging(copyOf(part)));

        expect(asked(one)).toBe(asked(one));
        if (!isDeepStrictEqual(one, other)) expect(asked(one)).not.toBe(asked(other));
      }),
    );
    const nothing = unchanging({});
    expect(contentOf(nothing, null)).not.toBe(contentOf(null, nothing));
  });

  it('is another one when what only seemed unchanging has changed', () => {
    const inside = { count: 1 };
    const asked = Object.freeze([inside, new Float64Array(1)]);
    const before = contentOf(asked);

    inside.count = 2;

    expect(contentOf(asked)).not.toBe(before);
  });

  it('that is long is known by as much as one that is short', () => {
    const long = 'x'.repeat(5_000);

    expect(contentOf(`${long}a`)).toBe(contentOf(`${long}a`));
    expect(contentOf(`${long}a`)).not.toBe(contentOf(`${long}b`));
    expect(contentOf(`${long}a`).length).toBeLessThan(100);
  });

  it('is known by its content, wherever that lies', () => {
    fc.assert(
      fc.property(value, (asked) => {
        expect(contentOf(copyOf(asked))).toBe(contentOf(copyOf(asked)));
      }),
    );
  });

  it('is another one when anything in it is another', () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        fc.pre(!isDeepStrictEqual(one, other));

        expect(contentOf(one)).not.toBe(contentOf(other));
      }),
    );
    expect(contentOf('a', 'b')).not.toBe(contentOf('ab'));
    expect(contentOf(0)).not.toBe(contentOf(-0));
    expect(contentOf({ a: undefined })).not.toBe(contentOf({}));
  });

  it('that cannot be told whole is refused', () => {
    expect(() => contentOf({ rows: () => 1 })).toThrow(/could not be cloned/);
  });
});

describe('an answer', () => {
  it('is the one that would be worked out, and is worked out once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ max: 3 }), fc.string({ maxLength: 1 })), { maxLength: 20 }),
        (asked) => {
          const worked: string[] = [];
          const answerTo = (count: number, text: string) => ({ said: [text, { count }] });
          const answer = kept((count: number, text: string) => {
            worked.push(`${count} ${text}`);
            return answerTo(count, text);
          });

          for (const [count, text] of asked) expect(answer(count, text)).toEqual(answerTo(count, text));

          expect(worked).toEqual([...new Set(worked)]);
        },
      ),
    );
  });

  it('cannot be changed for whoever asks next', () => {
    const answer = kept((count: number) => ({ list: [{ count }] }))(1);

    expect(() => Object.assign(answer.list[0] ?? {}, { count: 2 })).toThrow(TypeError);
    expect(() => frozen({ values: new Float64Array(1) })).toThrow('only plain objects and lists can be kept');
  });

  it('is worked out again when working it out has failed', () => {
    let tries = 0;
    const answer = kept(() => {
      tries += 1;
      if (tries === 1) throw new Error('not yet');
      return tries;
    });

    expect(answer).toThrow('not yet');
    expect([answer(), answer()]).toEqual([2, 2]);
  });

  it('goes when there are many newer ones', () => {
    const answers = createKept<number>();
    for (let at = 0; at < 1_000; at += 1) answers.keep(String(at), at);

    const left = Array.from({ length: 1_000 }, (_, at) => answers.get(String(at))).filter((at) => at !== undefined);

    expect(left).toEqual(Array.from({ length: 256 }, (_, at) => 744 + at));
  });
});
