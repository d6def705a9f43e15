import { describe, expect, it } from 'vitest';

import { jsonCopy } from '../../../local/json-copy.ts';
import fc from '../../fast-check.ts';

const throughText = (value: object): unknown => JSON.parse(JSON.stringify(value));

describe('a copy of JSON', () => {
  it('is what text and back would give', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything({ withDate: true, withNullPrototype: true })), (value) => {
        expect(jsonCopy(value)).toStrictEqual(throughText(value));
      }),
    );
  });

  it('leaves out what JSON leaves out, and writes as JSON what has a word for it', () => {
    const value = {
      time: new Date('2001-01-25T06:00:00Z'),
      bytes: Buffer.from('ab'),
      missing: undefined,
      function: () => 1,
      list: [undefined, Number.NaN, -0],
      own: { toJSON: () => 'word' },
    };

    const copy = jsonCopy(value);

    expect(copy).toStrictEqual(throughText(value));
    expect(Object.is(Array.isArray(copy.list) ? copy.list[2] : undefined, 0)).toBe(true);
  });

  it('keeps a member that is called as the prototype is', () => {
    const value: object = JSON.parse('{"__proto__":{"a":1},"b":2}');

    const copy = jsonCopy(value);

    expect(JSON.stringify(copy)).toBe('{"__proto__":{"a":1},"b":2}');
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  });

  it('shares nothing with what it was made of', () => {
    const value = { list: [{ a: 1 }] };
    const copy = jsonCopy(value);

    value.list[0] = { a: 2 };

    expect(copy).toEqual({ list: [{ a: 1 }] });
  });

  it('refuses what is no object as JSON', () => {
    expect(() => jsonCopy(new Date(0))).toThrow(TypeError);
    expect(() => jsonCopy([1])).toThrow(TypeError);
  });
});
