import { readdirSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { constraintsOf, type ShapeLine } from '../../../local/requests/constraints.ts';
import { javaPattern } from '../../../local/requests/java-pattern.ts';
import { CONSTRAINTS_FOLDER } from '../../../local/requests/served.ts';

const services = readdirSync(CONSTRAINTS_FOLDER).map((name) => name.replace('.jsonl', ''));

/** Every shape a shape speaks of. */
const targetsOf = (line: ShapeLine): readonly string[] => {
  if (line.type === 'structure') return Object.values(line.members);
  if (line.type === 'list') return [line.member];
  return line.type === 'map' ? [line.key, line.value] : [];
};

const SCALARS = new Set('string integer long float double boolean timestamp blob document'.split(' '));

describe('constraint data', () => {
  it.each(services)('of %s speaks of no shape that it lacks, and of required members that exist', (service) => {
    const { shapes, operations } = constraintsOf(service);

    const targets = [...shapes.values()]
      .flatMap(targetsOf)
      .concat([...operations.values()].flatMap((name) => name ?? []));
    const strangers = [...shapes.values()].flatMap((line) =>
      line.type === 'structure' ? (line.required ?? []).filter((name) => !(name in line.members)) : [],
    );

    expect(targets.filter((name) => !shapes.has(name) && !SCALARS.has(name))).toEqual([]);
    expect(strangers).toEqual([]);
  });

  it.each(services)('of %s has no pattern that is not checked', (service) => {
    const patterns = [...constraintsOf(service).shapes.values()].flatMap((line) =>
      'pattern' in line && line.pattern !== undefined ? [line.pattern] : [],
    );

    expect(() => patterns.map(javaPattern)).not.toThrow();
  });
});

describe('a pattern in Java’s syntax', () => {
  it.each<[what: string, pattern: string, yes: readonly string[], no: readonly string[]]>([
    ['is of the whole text', 'a|bc', ['a', 'bc'], ['ab', 'abc', 'xbc', '']],
    ['may have anchors', '^[a-z]+$', ['ab'], ['ab\n', 'a b']],
    [
      'lets a dot stand for anything but ends of lines',
      '.*',
      ['', 'a b', '…'],
      ['a\nb', 'a\rb', 'a\u0085b', 'a\u2028b'],
    ],
    ['takes \\s for ASCII blanks only', '\\S+', ['a\u00a0b', '\u3000'], ['a b', 'a\tb', '']],
    ['takes both halves of \\S\\s for anything', '[\\S\\s]*', ['a\nb \u2028'], []],
    ['takes \\w and \\d for ASCII', '\\w\\d', ['a1', '_0'], ['ä1', 'a١']],
    [
      'knows letters of every script',
      '([\\p{L}\\p{Z}\\p{N}_.:\\/=+\\-@]*)',
      ['Zürich 日本', 'a=b@c/d'],
      ['a{b', 'a,b', 'a"'],
    ],
    ['lets the end be repeated', ['([\\p{L}_-]*)$', '{1,128}'].join(''), ['ab_', ''], ['a b']],
    ['takes a hyphen after a range or a class for itself', '[a-zA-Z0-9-_]+[\\w-_]', ['a-_', '9--'], ['a+b', 'a b-']],
    ['takes a hyphen at the end for itself', '[a\\-z+-]', ['-', 'z', '+'], ['b', ',']],
    ['has ranges between escapes', '[\\x20-\\x7E]\\x2e', ['~.', ' .'], ['\u007f.', '~a']],
    ['has code points', '[\\u0009\\u0020-\\u00FF]+', ['\tÿ'], ['Ā', '\n']],
    ['knows POSIX classes', '\\A\\S[\\p{Print}]*\\z', ['ab c'], [' a', 'aé', 'a\n']],
    ['looks behind', '([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-)', ['a-b', 'a'], ['a-', '-a']],
    ['looks ahead', '^(?!\\s*$).+', [' a'], ['', '  ']],
    ['takes a possessive quantifier for a greedy one', 'a++b', ['aab'], ['b']],
    ['takes brackets and braces in classes for themselves', '[^{}()|&]+', ['a[', '#!'], ['a{', '&', '|']],
    ['escapes punctuation', '\\@\\_\\-\\/\\"\\{\\]', ['@_-/"{]'], ['@_-/"{}']],
    [
      'has no more time for blanks',
      '^[ \\t]*[\\x20-\\x7E]+([ \\t]+[\\x20-\\x7E]+)*[ \\t]*$',
      ['a b\t', '\ta'],
      ['', '\t', 'a\n'],
    ],
  ])('%s', (_, pattern, yes, no) => {
    const regExp = javaPattern(pattern);

    expect(yes.filter((text) => !regExp.test(text))).toEqual([]);
    expect(no.filter((text) => regExp.test(text))).toEqual([]);
  });

  it('answers at once where backtracking would take for ever', () => {
    const regExp = javaPattern('^[ \\t]*[\\x20-\\x7E]+([ \\t]+[\\x20-\\x7E]+)*[ \\t]*$');

    expect(regExp.test(`${'a '.repeat(250)}\u0080`)).toBe(false);
  });

  it.each(['[a-z&&[^b]]', '\\Qa\\E', '(?i)a', '\\1', '\\p{javaLowerCase}', '(a)$?', '[ab', 'a\\'])(
    'is refused where it has no translation: %s',
    (pattern) => {
      expect(() => javaPattern(pattern)).toThrow(/pattern/);
    },
  );
});
