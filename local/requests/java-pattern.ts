/**
 * Regular expressions of AWS's service models, which are Java's, as JavaScript's. What this has no translation for is
 * refused, so that no pattern is taken to be checked that is not.
 * https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/regex/Pattern.html (documented)
 */

/** Java's `\s`; JavaScript's holds more. */
const SPACE = String.raw`\t\n\v\f\r\u{20}`;
/** What Java's `.` leaves out: U+0085 too, which JavaScript's does not. */
const LINE_ENDS = String.raw`\n\r\u{85}\u{2028}\u{2029}`;
/** Java's POSIX classes, US-ASCII only. */
const POSIX: Readonly<Record<string, string>> = {
  Alnum: 'A-Za-z0-9',
  Alpha: 'A-Za-z',
  ASCII: String.raw`\u{0}-\u{7f}`,
  Digit: '0-9',
  Lower: 'a-z',
  Print: String.raw`\u{20}-\u{7e}`,
  Upper: 'A-Z',
};
const CATEGORY = /^(?:Is)?(L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cfon]?)$/;
const CONTROLS = 'tnrf';
const SAME_ESCAPES = 'dDwWbB';

const literal = (character: string) =>
  /^[A-Za-z0-9 ]$/.test(character) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

// Backtracks over every way to part a line of blanks; the same language, in linear time.
const EQUIVALENT: Readonly<Record<string, string>> = {
  '^[ \\t]*[\\x20-\\x7E]+([ \\t]+[\\x20-\\x7E]+)*[ \\t]*$': '[\\t\\x20-\\x7E]*[\\x20-\\x7E][\\t]*',
};

/** What a backslash and what follows stand for, and how many characters of the pattern that is. */
const escapeAt = (pattern: string, at: number, inClass: boolean): { text: string; length: number } => {
  const refuse = () => new Error(`no translation for the escape at ${at} of the pattern ${pattern}`);
  const next = pattern[at + 1];
  if (next === undefined) throw refuse();
  if (SAME_ESCAPES.includes(next) || CONTROLS.includes(next)) return { text: `\\${next}`, length: 2 };
  if (next === 's') return { text: inClass ? SPACE : `[${SPACE}]`, length: 2 };
  if (next === 'S') return { text: `[^${SPACE}]`, length: 2 };
  if (next === 'A' && !inClass) return { text: '^', length: 2 };
  if (next === 'z' && !inClass) return { text: '$', length: 2 };
  const code = /^(?:x([\da-fA-F]{2})|u([\da-fA-F]{4}))/.exec(pattern.slice(at + 1, at + 6));
  if (code) return { text: `\\u{${code[1] ?? code[2]}}`, length: 1 + code[0].length };
  const property = /^([pP])\{(\w+)\}/.exec(pattern.slice(at + 1));
  if (property) {
    const [whole, sign, name = ''] = property;
    const length = 1 + whole.length;
    const posix = Object.hasOwn(POSIX, name) ? POSIX[name] : undefined;
    if (posix !== undefined) return { text: `[${sign === 'P' ? '^' : ''}${posix}]`, length };
    const category = CATEGORY.exec(name)?.[1];
    if (category !== undefined) return { text: `\\${sign}{${category}}`, length };
  }
  if (/[A-Za-z0-9]/.test(next)) throw refuse();
  return { text: literal(next), length: 2 };
};

/** A class from its bracket on: `[`, members, ranges and nested classes, `]`. */
const classAt = (pattern: string, start: number): { text: string; length: number } => {
  let text = '[';
  let at = start + 1;
  if (pattern[at] === '^') {
    text += '^';
    at += 1;
  }
  // Whether a hyphen here would join two characters: only after a single one that ends no range.
  let canJoin = false;
  while (at < pattern.length) {
    const character = pattern[at] ?? '';
    if (character === ']') return { text: `${text}]`, length: at + 1 - start };
    if (pattern.startsWith('&&', at)) throw new Error(`no translation for && in the pattern ${pattern}`);
    if (character === '-' && canJoin && pattern[at + 1] !== ']' && pattern[at + 1] !== undefined) {
      const end =
        pattern[at + 1] === '\\' ? escapeAt(pattern, at + 1, true) : { text: literal(pattern[at + 1]!), length: 1 };
      text += `-${end.text}`;
      at += 1 + end.length;
      canJoin = false;
    } else if (character === '[') {
      const nested = classAt(pattern, at);
      text += nested.text;
      at += nested.length;
      canJoin = false;
    } else if (character === '\\') {
      const escaped = escapeAt(pattern, at, true);
      text += escaped.text;
      // `\w-_` is a word character, a hyphen or an underscore.
      canJoin = !/^(?:\\[dDwWpPbB]|\[|\\t\\n)/.test(escaped.text);
      at += escaped.length;
    } else {
      text += literal(character);
      canJoin = true;
      at += 1;
    }
  }
  throw new Error(`the class at ${start} of the pattern ${pattern} has no end`);
};

/** The same regular expression as JavaScript's, with the flag `v`. */
const translate = (pattern: string): string => {
  let text = '';
  let at = 0;
  while (at < pattern.length) {
    const character = pattern[at] ?? '';
    const quantifier = /^(?:[*+?]|\{\d+(?:,\d*)?\})/.exec(pattern.slice(at))?.[0];
    if (quantifier !== undefined) {
      // Repeating the end of the text changes nothing (`…)${1,128}`, in SageMaker's tags).
      const repeatsEnd = text.endsWith('$');
      if (repeatsEnd && /^(?:[*?]|\{0)/.test(quantifier))
        throw new Error(`no translation for an end that may be left out of the pattern ${pattern}`);
      if (!repeatsEnd) text += quantifier;
      at += quantifier.length;
      // A possessive quantifier matches no more than the greedy one it stands beside, which is what there is here.
      if (pattern[at] === '+') at += 1;
      else if (pattern[at] === '?') {
        text += '?';
        at += 1;
      }
    } else if (character === '[') {
      const found = classAt(pattern, at);
      text += found.text;
      at += found.length;
    } else if (character === '\\') {
      const escaped = escapeAt(pattern, at, false);
      text += escaped.text;
      at += escaped.length;
    } else if (character === '(') {
      const group = /^\((?:\?(?:[:=!]|<[=!]))?/.exec(pattern.slice(at))?.[0] ?? '(';
      if (group === '(' && pattern[at + 1] === '?')
        throw new Error(`no translation for a group of the pattern ${pattern}`);
      text += group;
      at += group.length;
    } else {
      text += character === '.' ? `[^${LINE_ENDS}]` : ')|^$'.includes(character) ? character : literal(character);
      at += 1;
    }
  }
  return text;
};

/**
 * @param pattern Java's text of it, as a service model has it.
 * @returns What matches the same texts, each as a whole: AWS compares with `matches()`, anchors or not.
 * @throws Error for syntax that has no translation here.
 */
export const javaPattern = (pattern: string): RegExp =>
  new RegExp(`^(?:${translate(EQUIVALENT[pattern] ?? pattern)})$`, 'v');
