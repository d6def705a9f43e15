/** String functions over unicode characters (code points), as DuckDB has them. */

/** Whether a text is ASCII, where characters, code units and bytes are the same. */
function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** A text's characters; for ASCII the text itself serves. */
const characters = (text: string): string | string[] => (isAscii(text) ? text : [...text]);

const slice = (chars: string | string[], from: number, to: number): string =>
  typeof chars === 'string' ? chars.slice(from, to) : chars.slice(from, to).join('');

/** The number of characters. */
export const lengthOf = (text: string): number => characters(text).length;

// DuckDB maps character by character (utf8proc), so neither a final sigma nor a two-letter result exists there.
const SPECIAL_LOWER: Readonly<Record<string, string>> = { İ: 'i' };
/** Capitals that JavaScript writes with two letters: ẞ, and the Greek letters with an iota below. */
const SPECIAL_UPPER: Readonly<Record<string, string>> = {
  ß: 'ẞ',
  ᾳ: 'ᾼ',
  ῃ: 'ῌ',
  ῳ: 'ῼ',
  ...Object.fromEntries(
    [0x1f80, 0x1f90, 0x1fa0].flatMap((first) =>
      Array.from({ length: 8 }, (_, i) => [String.fromCodePoint(first + i), String.fromCodePoint(first + i + 8)]),
    ),
  ),
};

function mapped(text: string, map: (char: string) => string, special: Readonly<Record<string, string>>): string {
  if (isAscii(text)) return map(text);
  let out = '';
  for (const char of text) {
    const image = special[char] ?? map(char);
    out += [...image].length === 1 ? image : char;
  }
  return out;
}

/** Upper case, character by character. */
export const upper = (text: string): string => mapped(text, (char) => char.toUpperCase(), SPECIAL_UPPER);
/** Lower case, character by character. */
export const lower = (text: string): string => mapped(text, (char) => char.toLowerCase(), SPECIAL_LOWER);

const LEADING_SPACE = /^\p{Zs}+/u;
const TRAILING_SPACE = /\p{Zs}$/u;

/** Without the spaces (unicode's, not tabs or newlines) at its start. */
export const trimStart = (text: string): string => text.replace(LEADING_SPACE, '');

/** Without the spaces at its end. */
export function trimEnd(text: string): string {
  let end = text.length;
  // Every space separator is one code unit; a pattern with + before $ would look at long inner runs again and again.
  while (end > 0 && TRAILING_SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Without any of the given characters at its start. */
export function trimStartOf(text: string, set: string): string {
  const unwanted = new Set(set);
  const chars = [...text];
  const from = chars.findIndex((char) => !unwanted.has(char));
  return from < 0 ? '' : chars.slice(from).join('');
}

/** Without any of the given characters at its end. */
export function trimEndOf(text: string, set: string): string {
  const unwanted = new Set(set);
  const chars = [...text];
  return chars.slice(0, chars.findLastIndex((char) => !unwanted.has(char)) + 1).join('');
}

/** `count` characters from the 1-based `start`; a negative start counts from the end, a negative count goes left. */
export function substring(text: string, start: number, count: number): string {
  const chars = characters(text);
  const size = chars.length;
  if (count === 0) return '';
  let from = start > 0 ? start - 1 : start < 0 ? size + start : 0;
  let length = count;
  if (start === 0) {
    // Position 0 is one before the first character, and uses up one of the count.
    length -= 1;
    if (length <= 0) return '';
  }
  let to = from + length;
  if (length < 0) [from, to] = [to, from];
  return slice(chars, Math.min(Math.max(from, 0), size), Math.min(Math.max(to, 0), size));
}

/** The first `count` characters; all but the last `-count` when it is negative. */
export function left(text: string, count: number): string {
  const chars = characters(text);
  return slice(chars, 0, count >= 0 ? count : Math.max(0, chars.length + count));
}

/** The last `count` characters; all but the first `-count` when it is negative. */
export function right(text: string, count: number): string {
  const chars = characters(text);
  return slice(chars, count >= 0 ? Math.max(0, chars.length - count) : Math.min(-count, chars.length), chars.length);
}

/** Every occurrence replaced; an empty `from` replaces nothing. */
export const replaceAll = (text: string, from: string, to: string): string =>
  from === '' ? text : text.split(from).join(to);

/** The 1-based place of a part in characters, 0 when it is not there, 1 for the empty part. */
export function positionOf(text: string, part: string): number {
  const at = text.indexOf(part);
  return at < 0 ? 0 : lengthOf(text.slice(0, at)) + 1;
}

/** The 1-based n-th piece between separators; a negative n counts from the end; '' outside. */
export function splitPart(text: string, separator: string, n: number): string {
  const pieces = separator === '' ? [...text] : text.split(separator);
  const piece = n > 0 ? pieces[n - 1] : n < 0 ? pieces.at(n) : undefined;
  return piece ?? '';
}

/** SQL's LIKE: `%` is any text, `_` any one character; there is no escape. */
export function like(text: string, pattern: string): boolean {
  const [chars, wanted] = isAscii(text) && isAscii(pattern) ? [text, pattern] : [[...text], [...pattern]];
  let [at, from] = [0, 0];
  let [retryAt, retryFrom] = [0, -1];
  // The last % alone is ever retried, which keeps this at length times length, whatever the pattern.
  while (at < chars.length) {
    const want = wanted[from];
    if (want === '%') {
      retryFrom = from++;
      retryAt = at;
    } else if (want !== undefined && (want === '_' || want === chars[at])) {
      at++;
      from++;
    } else if (retryFrom >= 0) {
      from = retryFrom + 1;
      at = ++retryAt;
    } else {
      return false;
    }
  }
  while (wanted[from] === '%') from++;
  return from === wanted.length;
}

/** LIKE over lower case. */
export const ilike = (text: string, pattern: string): boolean => like(lower(text), lower(pattern));

/** Order by code points, which is the order of UTF-8 bytes; JavaScript's own is by UTF-16 units. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a character above every other unit.
    const [xs, ys] = [x >= 0xd800 && x <= 0xdfff, y >= 0xd800 && y <= 0xdfff];
    if (xs !== ys) return xs ? 1 : -1;
    return x < y ? -1 : 1;
  }
  return a.length < b.length ? -1 : 1;
}

/** The text with each character of `from` made the one at its place in `to`, and left out where `to` has none there. */
export function translate(text: string, from: string, to: string): string {
  const images = new Map<string, string>();
  const replacements = [...to];
  [...from].forEach((char, place) => {
    if (!images.has(char)) images.set(char, replacements[place] ?? '');
  });
  let out = '';
  for (const char of text) out += images.get(char) ?? char;
  return out;
}

/** The longest text that is padded. */
const MAX_PADDED = 10_000;

/** What fills a text of `have` characters up to `size`; null where nothing can, or where it would be too long. */
function filling(have: number, size: number, filler: string): string | null {
  const chars = [...filler];
  if (chars.length === 0 || size > MAX_PADDED) return null;
  return Array.from({ length: size - have }, (_, place) => chars[place % chars.length]).join('');
}

/** The text filled up from the left to `size` characters, or its first `size`. */
export function padStart(text: string, size: number, filler: string): string | null {
  const have = lengthOf(text);
  if (have >= size) return left(text, Math.max(size, 0));
  const filled = filling(have, size, filler);
  return filled === null ? null : filled + text;
}

/** The text filled up from the right to `size` characters, or its first `size`. */
export function padEnd(text: string, size: number, filler: string): string | null {
  const have = lengthOf(text);
  if (have >= size) return left(text, Math.max(size, 0));
  const filled = filling(have, size, filler);
  return filled === null ? null : text + filled;
}

/** The code point of the first character; 0 for the empty text. */
export const codeOf = (text: string): number => text.codePointAt(0) ?? 0;

/** The character of a code point; null for what is none. */
export const characterOf = (code: number): string | null =>
  code >= 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : null;

const MARKS = /\p{M}+/gu;

/** Without the marks on letters (`é` is `e`); letters that are not made of two (`ø`) stay. */
export const withoutAccents = (text: string): string =>
  isAscii(text) ? text : text.normalize('NFD').replace(MARKS, '').normalize('NFC');
