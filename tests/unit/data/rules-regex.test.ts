import { describe, expect, it } from 'vitest';
import { literal } from '../../../shared/data/sql.ts';
import { DefinitionError, readDefinition } from '../../../shared/definition/read.ts';
import { regexFault } from '../../../shared/definition/regex-syntax.ts';
import fc from '../../fast-check.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

/** Whether the engine compiles a pattern. */
const compiles = async (pattern: string): Promise<boolean> => {
  try {
    await shop.engine.query(`SELECT regexp_full_match('a', ${literal(pattern)}) AS m`);
    return true;
  } catch {
    return false;
  }
};

const PIECES = [
  ...['a', 'b', '0', ' ', '.', '^', '$', '|', '(', ')', '(?:', '(?i)', '(?P<n>', '(?<n>', '(?=', '(?!', '(?<=', '(?>'],
  ...[
    '(?-s:',
    '(?#',
    '[',
    ']',
    '[^',
    '-',
    '[:alpha:]',
    '[:foo:]',
    '*',
    '+',
    '?',
    '*?',
    '{2}',
    '{2,}',
    '{1,3}',
    '{3,1}',
  ],
  ...['{1001}', '{100}', '{', '}', '{,3}', '\\d', '\\W', '\\b', '\\B', '\\A', '\\z', '\\Z', '\\G', '\\K', '\\h', '\\1'],
  ...['\\0', '\\07', '\\x41', '\\x{41}', '\\x{110000}', '\\u0041', '\\pL', '\\p{Greek}', '\\P{^Lu}', '\\p{Foo}', '\\Q'],
  ...['\\E', '\\.', '\\_', '\\-', '\\n', '\\e', '\\c', 'é', '😀', '\\\\'],
];

describe('a regular expression of a rule', () => {
  it('is taken only where the engine takes it, whatever it is made of', async () => {
    const pattern = fc
      .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 7 })
      .map((pieces) => pieces.join(''));
    let taken = 0;

    await fc.assert(
      fc.asyncProperty(pattern, async (text) => {
        if (regexFault(text) !== undefined) return;
        taken += 1;
        expect({ text, compiles: await compiles(text) }).toEqual({ text, compiles: true });
      }),
      { numRuns: 3000, seed: 6 },
    );

    expect(taken).toBeGreaterThan(500);
  });

  it.each([
    ['(?=a)', /look-ahead/],
    ['(?<=a)b', /look-behind/],
    ['(a)\\1', /back references/],
    ['a++', /repeats a repetition/],
    ['*a', /nothing to repeat/],
    ['(a', /not closed/],
    ['a)', /no \(/],
    ['[a', /\[ is not closed/],
    ['[z-a]', /backwards/],
    ['a{1001}', /1000/],
    ['(a{100}){100}', /1000/],
    ['a\\', /ends in/],
    ['\\Z', /\\Z/],
  ])('%s is refused, and so it is by the engine', async (pattern, fault) => {
    expect(regexFault(pattern)).toMatch(fault);
    expect(await compiles(pattern)).toBe(false);
  });

  it.each([
    '[A-Z]{2}[0-9]{6}',
    '(?i)ab|cd',
    '[^@]+@[^@]+',
    '\\d{4}-\\d{2}',
    '[\\w.-]+',
    '[]a]',
    'a{,3}',
    '\\p{Lu}\\p{Ll}*',
  ])('%s is taken', async (pattern) => {
    expect(regexFault(pattern)).toBeUndefined();
    expect(await compiles(pattern)).toBe(true);
  });

  it('is refused when the definition is read, at its line', () => {
    const yaml = `problem: binary
data:
  label: late
  rules:
    - { rule: matches_regex, column: code, regex: '(?=x)y' }
`;

    const read = () => readDefinition(yaml, 'models/m.yml');

    expect(read).toThrow(DefinitionError);
    expect(read).toThrow(/:5[\s\S]*data\.rules\[0\]\.regex[\s\S]*look-ahead/);
  });
});
