import { describe, expect, it } from 'vitest';

import type { JsonObject } from '../../../local/contracts.ts';
import { compileFilterPolicy, type FilterPolicyScope } from '../../../local/services/sns/filter-policy.ts';

type Attributes = Record<string, readonly [type: string, value: string]>;

const message = (attributes: Attributes, body = 'hello') => ({
  message: body,
  attributes: Object.fromEntries(Object.entries(attributes).map(([name, [Type, Value]]) => [name, { Type, Value }])),
});
const compile = (policy: JsonObject, scope: FilterPolicyScope = 'MessageAttributes') =>
  compileFilterPolicy(JSON.stringify(policy), scope, '');
const refusal = (policy: JsonObject, scope: FilterPolicyScope = 'MessageBody'): string => {
  try {
    compile(policy, scope);
    return 'taken';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
const values = (count: number) => Array.from({ length: count }, (_, index) => `value-${index}`);

describe('a filter policy on attributes', () => {
  const RAIN: Attributes = {
    sky: ['String', 'rain'],
    mm: ['Number', '12.5'],
    towns: ['String.Array', '["Ulm","Bonn",7]'],
  };

  it.each<[string, JsonObject, boolean]>([
    ['a text', { sky: ['rain', 'snow'] }, true],
    ['another text', { sky: ['sun'] }, false],
    ['the text of another case', { sky: ['Rain'] }, false],
    ['any case when asked to', { sky: [{ 'equals-ignore-case': 'RAIN' }] }, true],
    ['a beginning and an end', { sky: [{ prefix: 'ra' }], towns: [{ suffix: 'nn' }] }, true],
    ['a number by its value', { mm: [12.5] }, true],
    ['no number by its text', { mm: ['12.5'] }, false],
    ['a range', { mm: [{ numeric: ['>', 10, '<=', 20] }] }, true],
    ['anything but what it is', { sky: [{ 'anything-but': ['rain'] }] }, false],
    ['anything that does not begin so', { sky: [{ 'anything-but': { prefix: 'su' } }] }, true],
    ['one element of an array', { towns: ['Bonn'] }, true],
    ['a number in an array', { towns: [7] }, true],
    ['no element of an array', { towns: ['Rome'] }, false],
    ['all keys together', { sky: ['rain'], mm: [{ numeric: ['>', 20] }] }, false],
    ['one of the branches of $or', { $or: [{ sky: ['sun'] }, { mm: [{ numeric: ['>', 10] }] }] }, true],
    ['what is there', { sky: [{ exists: true }] }, true],
    ['what is not there', { wind: [{ exists: false }] }, true],
    ['nothing that is not there', { wind: [null, { 'anything-but': 'storm' }] }, false],
  ])('finds %s', (_, policy, matches) => {
    const accepts = compile(policy);

    const accepted = accepts(message(RAIN));

    expect(accepted).toBe(matches);
  });

  it('finds nothing in a message without attributes, what must be absent included', () => {
    const accepts = compile({ wind: [{ exists: false }] });

    const accepted = accepts(message({}));

    expect(accepted).toBe(false);
  });

  it('passes over an array that is none', () => {
    const accepts = compile({ towns: [{ exists: true }] });

    const accepted = accepts(message({ sky: ['String', 'rain'], towns: ['String.Array', '[Ulm'] }));

    expect(accepted).toBe(false);
  });
});

describe('a filter policy on the body', () => {
  it.each<[string, string, boolean]>([
    ['the members of an object', '{"order":{"state":"paid","sum":20}}', true],
    ['members that differ', '{"order":{"state":"open","sum":20}}', false],
    ['no body that is not JSON', 'order: paid', false],
    ['no body that is not an object', '["paid"]', false],
  ])('finds %s', (_, body, matches) => {
    const accepts = compile({ order: { state: ['paid'], sum: [{ numeric: ['<', 100] }] } }, 'MessageBody');

    const accepted = accepts(message({ order: ['String', 'paid'] }, body));

    expect(accepted).toBe(matches);
  });
});

describe('a filter policy is refused', () => {
  it.each<[string, JsonObject, string]>([
    ['with an operator that nobody knows', { key: [{ like: 'a' }] }, 'Unrecognized match type like'],
    ['with the wildcard of event patterns', { key: [{ wildcard: 'a*' }] }, 'Unrecognized match type wildcard'],
    ['with two operators in one', { key: [{ prefix: 'a', suffix: 'b' }] }, 'Only one key allowed in match expression'],
    ['with a prefix that is no text', { key: [{ prefix: null }] }, 'prefix match pattern must be a string'],
    [
      'with a suffix of any case',
      { key: [{ suffix: { 'equals-ignore-case': 'a' } }] },
      'suffix match pattern must be a string',
    ],
    [
      'with anything but a suffix',
      { key: [{ 'anything-but': { suffix: 'a' } }] },
      'Unsupported anything-but pattern: suffix',
    ],
    [
      'with an exists that is no truth',
      { key: [{ exists: 'no' }] },
      'exists match pattern must be either true or false.',
    ],
    ['with a list in a list', { key: [['a']] }, 'Match value must be String, number, true, false, or null'],
    ['with a value that stands alone', { key: 'a' }, '"key" must be an object or an array'],
    ['with a number too large', { key: [{ numeric: ['<', 2e9] }] }, 'The value 2000000000 is not between'],
    [
      'with six keys',
      Object.fromEntries(values(6).map((key) => [key, ['a']])),
      'Filter policy can not have more than 5 keys',
    ],
    ['with 151 values', { key: values(151) }, 'Filter policy is too complex'],
    // 3 x 4 x 2 x 3 x 3 = 216: depth counts.
    [
      'with few values in deep keys',
      { a: { b: { c: values(4) } }, d: { e: values(3) }, f: values(3) },
      'Filter policy is too complex',
    ],
    [
      'with too many values in its branches',
      { $or: [{ a: values(100) }, { b: values(51) }] },
      'Filter policy is too complex',
    ],
  ])('%s', (_, policy, reason) => {
    const message = refusal(policy);

    expect(message).toContain(`Invalid parameter: FilterPolicy: ${reason}`);
  });

  it('when it is nested and looks at attributes, also in a branch', () => {
    const found = [
      refusal({ key: { part: ['a'] } }, 'MessageAttributes'),
      refusal({ $or: [{ key: { part: ['a'] } }, { other: ['a'] }] }, 'MessageAttributes'),
    ];

    expect(found).toEqual(
      Array(2).fill('Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy'),
    );
  });

  it('when it is no JSON object', () => {
    const compiling = () => compileFilterPolicy('[]', 'MessageBody', 'Attributes Reason: ');

    expect(compiling).toThrow('Invalid parameter: Attributes Reason: FilterPolicy: failed to parse JSON.');
  });

  it('only beyond 150 combinations', () => {
    const found = [
      refusal({ key: values(150) }),
      refusal({ $or: [{ a: values(100) }, { b: values(50) }] }),
      refusal({ a: { b: { c: values(4) } }, d: { e: values(3) } }),
    ];

    expect(found).toEqual(['taken', 'taken', 'taken']);
  });
});
