import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../local/contracts.ts';
import { compileConditions } from '../../../local/services/iam/conditions.ts';
import { readPolicy } from '../../../local/services/iam/policy.ts';
import { arnPattern, textPattern } from '../../../local/services/iam/wildcard.ts';
import fc from '../../fast-check.ts';

const NONE = () => undefined;

describe('a pattern', () => {
  it.each([
    ['s3:GetObject', 's3:GetObject', true],
    ['s3:Get*', 's3:GetObjectVersion', true],
    ['s3:Get?bject', 's3:GetObject', true],
    ['s3:Get?bject', 's3:Getbject', false],
    ['*', 'anything at all', true],
    ['a.c', 'abc', false],
    ['(a|b)[0]', '(a|b)[0]', true],
    ['*\n*', 'a\nb', true],
  ])('%s meets %s: %s', (pattern, text, met) => {
    expect(textPattern(pattern)(text, NONE)).toBe(met);
  });

  it('meets itself, and everything once it is a star', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!/[*?$]/.test(text));
        return (
          textPattern(text)(text, NONE) && textPattern('*')(text, NONE) && textPattern(`${text}*`)(`${text}x`, NONE)
        );
      }),
    );
  });

  it('goes without regard to case only where it is told', () => {
    expect(textPattern('S3:getobject', { ignoreCase: true })('s3:GetObject', NONE)).toBe(true);
    expect(textPattern('S3:getobject')('s3:GetObject', NONE)).toBe(false);
  });

  it('fills in variables, and meets nothing when one is missing', () => {
    const home = textPattern(`home/\${aws:PrincipalAccount}/*`);
    const values = (key: string) => (key === 'aws:principalaccount' ? ['0123'] : undefined);

    expect(home('home/0123/file', values)).toBe(true);
    expect(home('home/4567/file', values)).toBe(false);
    expect(home('home/0123/file', NONE)).toBe(false);
    expect(textPattern(`home/\${aws:PrincipalAccount, 'all'}`)('home/all', NONE)).toBe(true);
    expect(textPattern(`what\${?}`)('what?', NONE)).toBe(true);
    expect(textPattern(`what\${?}`)('whatX', NONE)).toBe(false);
  });

  it('does not take a star in a variable’s value for a wildcard', () => {
    const values = () => ['*'];

    expect(textPattern(`home/\${aws:PrincipalAccount}`)('home/anybody', values)).toBe(false);
  });
});

describe('an ARN pattern', () => {
  it.each([
    ['arn:aws:s3:::bucket/*', 'arn:aws:s3:::bucket/a/b.csv', true],
    ['arn:aws:s3:::bucket', 'arn:aws:s3:::bucket/a', false],
    ['arn:aws:sqs:*:*:queue', 'arn:aws:sqs:eu-west-1:000000000000:queue', true],
    // A star stays within its part.
    ['arn:aws:sqs:*:queue', 'arn:aws:sqs:eu-west-1:000000000000:queue', false],
    [
      'arn:aws:logs:eu-west-1:000000000000:log-group:/x:*',
      'arn:aws:logs:eu-west-1:000000000000:log-group:/x:log-stream:s',
      true,
    ],
    // What is left out is any.
    ['arn:aws:s3', 'arn:aws:s3:::bucket', true],
    ['*', '*', true],
    ['arn:aws:s3:::*', '*', false],
  ])('%s meets %s: %s', (pattern, arn, met) => {
    expect(arnPattern(pattern)(arn, NONE)).toBe(met);
  });
});

describe('a condition', () => {
  const holds = (condition: JsonObject, given: Record<string, string[]>) =>
    compileConditions(condition, 'test').every((one) => one((key) => given[key]));

  it.each<[string, JsonObject, Record<string, string[]>, boolean]>([
    ['StringEquals', { StringEquals: { 's3:prefix': ['a', 'b'] } }, { 's3:prefix': ['b'] }, true],
    ['StringEquals of a missing key', { StringEquals: { 's3:prefix': 'a' } }, {}, false],
    ['StringEqualsIfExists of a missing key', { StringEqualsIfExists: { 's3:prefix': 'a' } }, {}, true],
    ['StringNotEquals of a missing key', { StringNotEquals: { 's3:prefix': 'a' } }, {}, true],
    [
      'StringNotEquals, any of the values',
      { StringNotEquals: { 's3:prefix': ['a', 'b'] } },
      { 's3:prefix': ['b'] },
      false,
    ],
    ['StringEquals with a star', { StringEquals: { 's3:prefix': 'a*' } }, { 's3:prefix': ['ab'] }, false],
    ['StringLike with a star', { StringLike: { 's3:prefix': 'a*' } }, { 's3:prefix': ['ab'] }, true],
    ['StringEqualsIgnoreCase', { StringEqualsIgnoreCase: { 's3:prefix': 'AB' } }, { 's3:prefix': ['ab'] }, true],
    ['NumericLessThanEquals', { NumericLessThanEquals: { 's3:max-keys': '10' } }, { 's3:max-keys': ['10'] }, true],
    ['NumericLessThan', { NumericLessThan: { 's3:max-keys': 10 } }, { 's3:max-keys': ['10'] }, false],
    ['a number that is none', { NumericGreaterThan: { 's3:max-keys': 1 } }, { 's3:max-keys': ['many'] }, false],
    [
      'DateGreaterThan',
      { DateGreaterThan: { 'aws:CurrentTime': '2001-01-25T00:00:00Z' } },
      { 'aws:currenttime': ['2001-01-26T00:00:00Z'] },
      true,
    ],
    ['Bool', { Bool: { 'aws:SecureTransport': false } }, { 'aws:securetransport': ['true'] }, false],
    ['IpAddress', { IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } }, { 'aws:sourceip': ['127.0.0.1'] }, true],
    ['NotIpAddress', { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, { 'aws:sourceip': ['10.1.2.3'] }, false],
    [
      'ArnLike',
      { ArnLike: { 'aws:SourceArn': 'arn:aws:events:*:*:rule/x*' } },
      { 'aws:sourcearn': ['arn:aws:events:eu-west-1:0:rule/xy'] },
      true,
    ],
    ['Null true', { Null: { 's3:prefix': 'true' } }, {}, true],
    ['Null false', { Null: { 's3:prefix': 'false' } }, {}, false],
    [
      'ForAllValues',
      { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } },
      { 'aws:tagkeys': ['a', 'b'] },
      true,
    ],
    ['ForAllValues of none', { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'a' } }, {}, true],
    ['ForAnyValue', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'b' } }, { 'aws:tagkeys': ['a', 'b'] }, true],
    ['ForAnyValue of none', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'b' } }, {}, false],
    [
      'two operators, of which one fails',
      { StringEquals: { 's3:prefix': 'a' }, Null: { 's3:delimiter': 'false' } },
      { 's3:prefix': ['a'] },
      false,
    ],
    ['a key in another case', { StringEquals: { 'AWS:sourceACCOUNT': '1' } }, { 'aws:sourceaccount': ['1'] }, true],
  ])('of %s', (_what, condition, given, expected) => {
    expect(holds(condition, given)).toBe(expected);
  });

  it.each([
    ['Equals', [false, true, false]],
    ['NotEquals', [true, false, true]],
    ['LessThan', [true, false, false]],
    ['LessThanEquals', [true, true, false]],
    ['GreaterThan', [false, false, true]],
    ['GreaterThanEquals', [false, true, true]],
  ])('of order: %s of what is less, the same and more', (operator, expected) => {
    const numbers = { [`Numeric${operator}`]: { 's3:max-keys': '10' } };
    const dates = { [`Date${operator}`]: { 'aws:CurrentTime': '2001-01-25T00:00:00Z' } };

    expect(['9', '10', '11'].map((keys) => holds(numbers, { 's3:max-keys': [keys] }))).toEqual(expected);
    expect(
      ['2001-01-24T23:59:59Z', String(Date.UTC(2001, 0, 25) / 1000), '2001-01-25T00:00:01Z'].map((time) =>
        holds(dates, { 'aws:currenttime': [time] }),
      ),
    ).toEqual(expected);
  });

  it.each([
    ['StringNotEquals', 'a', 'a', 'A'],
    ['StringNotEqualsIgnoreCase', 'a', 'A', 'b'],
    ['StringNotLike', 'a*', 'ab', 'b'],
  ])('of a denial: %s holds for all else, and where nothing is', (operator, wanted, same, other) => {
    const condition = { [operator]: { 's3:prefix': wanted } };

    expect([[same], [other]].map((prefix) => holds(condition, { 's3:prefix': prefix }))).toEqual([false, true]);
    expect(holds(condition, {})).toBe(true);
  });

  it.each([
    ['ArnEquals', true],
    ['ArnLike', true],
    ['ArnNotEquals', false],
    ['ArnNotLike', false],
  ])('of ARNs: %s', (operator, expected) => {
    const condition = { [operator]: { 'aws:SourceArn': 'arn:aws:sns:*:*:n*' } };

    expect(holds(condition, { 'aws:sourcearn': ['arn:aws:sns:eu-west-1:0:news'] })).toBe(expected);
    expect(holds(condition, { 'aws:sourcearn': ['arn:aws:sns:eu-west-1:0:other'] })).toBe(!expected);
  });

  it.each([
    [{ DateEquals: { 'aws:CurrentTime': 'some day' } }, 'some day'],
    [{ StringEquals: { 's3:prefix': { a: 'b' } } }, 'compares with texts'],
    [{ StringEquals: ['a'] }, 'StringEquals'],
    [{ StringMatches: { 's3:prefix': 'a' } }, 'StringMatches'],
    [{ BinaryEquals: { 's3:prefix': 'a' } }, 'BinaryEquals'],
    [{ StringEquals: { 's3:ExistingObjectTag/x': 'a' } }, 's3:ExistingObjectTag/x'],
    [{ StringLike: { 's3:prefix': `\${saml:sub}` } }, 'saml:sub'],
    [{ NumericEquals: { 's3:max-keys': 'many' } }, 'many'],
    [{ Bool: { 'aws:SecureTransport': 'yes' } }, 'yes'],
    [{ IpAddress: { 'aws:SourceIp': 'home' } }, 'home'],
    [{ Null: { 's3:prefix': 'perhaps' } }, 'Null'],
  ])('that this cloud could not judge is refused by name: %j', (condition, name) => {
    expect(() => compileConditions(condition, 'role r')).toThrow(name);
    expect(() => compileConditions(condition, 'role r')).toThrow(/^role r/);
  });
});

describe('a policy document', () => {
  const statement = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
  const read =
    (document: JsonObject, kind: 'identity' | 'resource' | 'trust' = 'identity') =>
    () =>
      readPolicy(document, kind, 'a policy');

  it.each<[string, JsonObject, string]>([
    ['another version', { Version: '2026-01-01', Statement: [statement] }, '2026-01-01'],
    ['an unknown member', { Statement: [statement], Rules: [] }, 'Rules'],
    ['an unknown member of a statement', { Statement: [{ ...statement, When: 'now' }] }, 'When'],
    ['no effect', { Statement: [{ Action: 's3:*', Resource: '*' }] }, 'Effect'],
    ['no action', { Statement: [{ Effect: 'Allow', Resource: '*' }] }, 'Action or NotAction'],
    ['both an action and its opposite', { Statement: [{ ...statement, NotAction: 's3:*' }] }, 'not both'],
    ['no resource', { Statement: [{ Effect: 'Allow', Action: 's3:*' }] }, 'Resource or NotResource'],
    ['a resource that is no ARN', { Statement: [{ ...statement, Resource: 'bucket' }] }, 'bucket'],
    ['a statement that is a text', { Statement: ['all'] }, 'is an object'],
    ['an action that is no text', { Statement: [{ ...statement, Action: [1] }] }, 'Action'],
    ['an action that is none', { Statement: [{ ...statement, Action: 'GetObject' }] }, 'GetObject'],
    ['a principal where none belongs', { Statement: [{ ...statement, Principal: '*' }] }, 'Principal'],
    [
      'a variable in the old version',
      { Statement: [{ ...statement, Resource: `arn:aws:s3:::\${aws:PrincipalAccount}` }] },
      '2012-10-17',
    ],
    [
      'a variable that nothing fills in',
      { Version: '2012-10-17', Statement: [{ ...statement, Resource: `arn:aws:s3:::\${aws:username}` }] },
      'aws:username',
    ],
  ])('with %s is refused by name', (_what, document, name) => {
    expect(read(document)).toThrow(name);
  });

  it.each<[string, JsonObject, string]>([
    ['NotPrincipal', { Statement: [{ ...statement, NotPrincipal: '*' }] }, 'NotPrincipal'],
    ['a principal that is a name', { Statement: [{ ...statement, Principal: 'me' }] }, 'Principal'],
    ['a federated principal', { Statement: [{ ...statement, Principal: { Federated: 'x' } }] }, 'Federated'],
  ])('of a resource with %s is refused by name', (_what, document, name) => {
    expect(read(document, 'resource')).toThrow(name);
  });

  it('may hold one statement without a list, or none', () => {
    expect(readPolicy({ Version: '2012-10-17', Statement: statement }, 'identity', 'p').statements).toHaveLength(1);
    expect(readPolicy({ Version: '2012-10-17', Statement: [] }, 'identity', 'p').statements).toHaveLength(0);
  });
});
