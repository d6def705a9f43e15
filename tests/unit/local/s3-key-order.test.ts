import { describe, expect, it } from 'vitest';
import { compareKeys, createKeyOrder } from '../../../local/services/s3/key-order.ts';
import { parseRange } from '../../../local/services/s3/range.ts';
import fc from '../../fast-check.ts';

const unit = fc.constantFrom('a', 'b', '/', 'é', '\u{d7ff}', '\u{e000}', '\u{ffee}', '\u{10000}', '\u{10ffff}');
const key = fc.string({ unit, maxLength: 5 });

describe('the order of keys', () => {
  it('is that of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('is kept while keys come and go', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.boolean()), { maxLength: 40 }), key, (changes, probe) => {
        const order = createKeyOrder();
        const model = new Set<string>();
        for (const [name, isAdded] of changes) {
          if (isAdded) order.add(name);
          else order.remove(name);
          if (isAdded) model.add(name);
          else model.delete(name);
        }
        const sorted = [...model].sort(compareKeys);

        expect(order.keys).toEqual(sorted);
        expect(order.keys.slice(order.from(probe))).toEqual(sorted.filter((name) => compareKeys(name, probe) >= 0));
        expect(order.keys.slice(order.after(probe))).toEqual(sorted.filter((name) => compareKeys(name, probe) > 0));
        expect(order.keys.slice(order.afterPrefix(probe))).toEqual(
          sorted.filter((name) => compareKeys(name, probe) > 0 && !name.startsWith(probe)),
        );
      }),
      { seed: 2 },
    );
  });
});

describe('ranges', () => {
  it.each([
    ['bytes=0-0', 10, { from: 0, to: 0 }],
    ['bytes=3-', 10, { from: 3, to: 9 }],
    ['bytes=-3', 10, { from: 7, to: 9 }],
    ['bytes=-30', 10, { from: 0, to: 9 }],
    ['bytes=5-50', 10, { from: 5, to: 9 }],
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=5-4', 10, undefined],
    ['bytes=-', 10, undefined],
    ['bytes=a-b', 10, undefined],
    ['bytes=0-1,3-4', 10, undefined],
    ['items=0-1', 10, undefined],
  ])('reads %s of %i bytes', (header, size, range) => {
    expect(parseRange(header, size)).toEqual(range);
  });
});
