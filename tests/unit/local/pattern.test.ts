import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../local/contracts.ts';
import { ServiceError } from '../../../local/contracts.ts';
import { compilePattern } from '../../../local/services/events/pattern.ts';
import fc from '../../fast-check.ts';

interface Case {
  readonly id: string;
  readonly name: string;
  readonly pattern: JsonObject;
  readonly event?: Json;
  readonly matches?: boolean;
  readonly invalid?: boolean;
}

const cases = JSON.parse(
  readFileSync(new URL('../../fixtures/pattern-cases.json', import.meta.url), 'utf8'),
) as readonly Case[];

const refusal = (pattern: string | JsonObject): ServiceError => {
  try {
    compilePattern(pattern);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('the pattern was taken');
};

describe('an event pattern', () => {
  it('has all 228 cases of event-ruler to answer', () => {
    expect(cases).toHaveLength(228);
  });

  it.each(cases.filter((each) => !each.invalid))('answers $id as event-ruler does: $name', (each) => {
    const matches = compilePattern(each.pattern);

    expect(matches(each.event ?? null)).toBe(each.matches);
  });

  it.each(cases.filter((each) => each.invalid))('is refused in $id as event-ruler does: $name', (each) => {
    expect(refusal(each.pattern).code).toBe('InvalidEventPatternException');
  });

  it('is the same as text and as an object', () => {
    const pattern = { detail: { key: [{ prefix: 'in/' }] } };
    const event = { detail: { key: 'in/a' } };

    expect(compilePattern(JSON.stringify(pattern))(event)).toBe(true);
    expect(compilePattern(pattern)(event)).toBe(true);
  });

  it.each([
    ['text that is no JSON', '{"source":'],
    ['a list', '[]'],
    ['an unknown match type', { detail: { v: [{ 'starts-with': 'x' }] } }],
    ['a match type that is a property of every object', { detail: { v: [{ constructor: 'x' }] } }],
    ['two match types in one object', { detail: { v: [{ prefix: 'x', suffix: 'y' }] } }],
    ['a list in a list', { detail: { v: [['x']] } }],
    ['a lone $or branch', { $or: [{ source: ['x'] }] }],
    ['an empty prefix in anything-but', { detail: { v: [{ 'anything-but': { prefix: '' } }] } }],
    ['a numeric range upside down', { detail: { v: [{ numeric: ['>', 5, '<', 5] }] } }],
    ['a numeric operator that does not exist', { detail: { v: [{ numeric: ['!=', 5] }] } }],
    ['a negative mask', { detail: { v: [{ cidr: '10.0.0.0/-1' }] } }],
  ])('refuses %s', (_, pattern) => {
    expect(refusal(pattern).code).toBe('InvalidEventPatternException');
  });

  it('names the match type it does not know', () => {
    expect(refusal({ detail: { v: [{ 'starts-with': 'x' }] } }).message).toContain('starts-with');
  });

  it('refuses more than a thousand combinations of $or', () => {
    const ten = Array.from({ length: 10 }, (_, index) => ({ [`a${index}`]: ['x'] }));
    const pattern = { $or: ten, b: { $or: ten }, c: { $or: ten }, d: { $or: ten } };

    expect(refusal(pattern).message).toContain('1000');
  });

  it('keeps IPv4 and IPv6 apart', () => {
    const matches = compilePattern({ ip: [{ cidr: '0.0.0.0/0' }] });

    expect(matches({ ip: '::1' })).toBe(false);
    expect(matches({ ip: '8.8.8.8' })).toBe(true);
  });

  it('matches an event made of its own exact values, whatever they are', () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const name = fc.stringMatching(/^[a-z]{1,6}$/);

    fc.assert(
      fc.property(fc.dictionary(name, leaf, { minKeys: 1 }), (event) => {
        const pattern = Object.fromEntries(Object.entries(event).map(([key, value]) => [key, [value]]));
        expect(compilePattern(pattern)(event)).toBe(true);
      }),
    );
  });

  it('takes a wildcard as the regular expression it stands for', () => {
    const piece = fc.constantFrom('a', 'b', '*');
    const text = fc.array(fc.constantFrom('a', 'b'), { maxLength: 8 }).map((letters) => letters.join(''));
    const wildcard = fc
      .array(piece, { minLength: 1, maxLength: 6 })
      .map((pieces) => pieces.join('').replace(/\*+/g, '*'));

    fc.assert(
      fc.property(wildcard, text, (pattern, value) => {
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(value);
        expect(compilePattern({ v: [{ wildcard: pattern }] })({ v: value })).toBe(expected);
      }),
    );
  });
});
