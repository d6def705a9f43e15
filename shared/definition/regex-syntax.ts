/**
 * The regular expressions a rule may hold: the syntax of RE2 (https://github.com/google/re2/wiki/Syntax), which the data
 * engine matches in time linear in the text. It has no look-around and no back references. Checked here, where a
 * definition is read, so that nobody learns of it from the first upload.
 */

/** RE2 refuses more repetitions, nested ones multiplied. */
const MAX_REPEAT = 1000;
const MAX_DEPTH = 100;

const CATEGORIES = new Set(
  'L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs C Cc Cf Co Cs'.split(' '),
);
const SCRIPTS = new Set(
  'Any Arabic Armenian Bengali Cyrillic Devanagari Georgian Greek Gujarati Han Hangul Hebrew Hiragana Katakana Khmer Latin Tamil Telugu Thai'.split(
    ' ',
  ),
);
const POSIX = new Set('alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit'.split(' '));

class Refused extends Error {}

const NOT_SUPPORTED: readonly (readonly [RegExp, string])[] = [
  [/^\(\?<?[=!]/, 'look-ahead and look-behind are not supported'],
  [/^\(\?>/, 'atomic groups are not supported'],
  [/^\(\?#/, 'comments are not supported'],
  [/^\(\?</, 'a named group is written (?P<name>…)'],
  [/^\(\?P[=>]/, 'back references are not supported'],
];

/** Reads one pattern; throws where it meets what RE2 does not take. */
class Pattern {
  readonly #text: string;
  #at = 0;
  readonly #names = new Set<string>();

  constructor(text: string) {
    this.#text = text;
  }

  read(): void {
    this.#alternatives(0);
    if (this.#at < this.#text.length) throw new Refused('a ) has no (');
  }

  #peek(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    const sticky = new RegExp(pattern.source, 'uy');
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text);
    if (found !== null) this.#at += found[0].length;
    return found;
  }

  /** Returns how often its innermost parts are repeated at most, all repetitions multiplied. */
  #alternatives(depth: number): number {
    if (depth > MAX_DEPTH) throw new Refused('groups are nested too deeply');
    let most = 1;
    /** Undefined: there is nothing a repetition could be of. */
    let last: number | undefined;
    let isRepeated = false;
    while (this.#at < this.#text.length && !this.#peek(')')) {
      if (this.#take(/\|/)) {
        last = undefined;
        isRepeated = false;
        continue;
      }
      const repeat = this.#take(/([*+?]|\{(\d+)(,(\d*))?\})\??/);
      if (repeat !== null) {
        if (last === undefined) throw new Refused(`${repeat[0]} has nothing to repeat`);
        if (isRepeated) throw new Refused(`${repeat[0]} repeats a repetition; put it in a group`);
        most = Math.max(most, repeated(repeat, last));
        isRepeated = true;
        continue;
      }
      last = this.#atom(depth);
      isRepeated = false;
      most = Math.max(most, last ?? 1);
    }
    return most;
  }

  #atom(depth: number): number | undefined {
    if (this.#peek('(')) return this.#group(depth);
    if (this.#peek('[')) this.#characters();
    else if (this.#take(/\\Q/)) {
      const end = this.#text.indexOf('\\E', this.#at);
      const quoted = this.#text.slice(this.#at, end < 0 ? undefined : end);
      this.#at = end < 0 ? this.#text.length : end + 2;
      return quoted === '' ? undefined : 1;
    } else if (this.#peek('\\')) this.#escape(false);
    else this.#take(/[\s\S]/);
    return 1;
  }

  #group(depth: number): number | undefined {
    const rest = this.#text.slice(this.#at);
    const refused = NOT_SUPPORTED.find(([start]) => start.test(rest));
    if (refused !== undefined) throw new Refused(refused[1]);
    if (this.#take(/\(\?(?:[imsU]+(?:-[imsU]+)?|-[imsU]+)\)/)) return undefined;
    const named = this.#take(/\(\?P<([A-Za-z0-9_]+)>/)?.[1];
    if (named !== undefined && this.#names.has(named)) throw new Refused(`two groups are named ${named}`);
    if (named !== undefined) this.#names.add(named);
    if (named === undefined && !this.#take(/\(\?(?:[imsU]*(?:-[imsU]+)?):/)) {
      if (this.#peek('(?')) throw new Refused(`${rest.slice(0, 4)} is not supported`);
      this.#take(/\(/);
    }
    const most = this.#alternatives(depth + 1);
    if (!this.#take(/\)/)) throw new Refused('a ( is not closed');
    return most;
  }

  /** An escape outside a class, or in one. Returns the code point of a single character. */
  #escape(isInClass: boolean): number | undefined {
    if (this.#take(/\\[dDsSwW]/)) return undefined;
    if (!isInClass && this.#take(/\\[bBAzC]/)) return undefined;
    const property = this.#take(/\\[pP](?:\{\^?([A-Za-z_]+)\}|([A-Z]))/);
    if (property !== null) {
      const name = property[1] ?? property[2] ?? '';
      if (!CATEGORIES.has(name) && !SCRIPTS.has(name)) throw new Refused(`\\p{${name}} is not known`);
      return undefined;
    }
    const hex = this.#take(/\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))/);
    if (hex !== null) {
      const code = Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
      if (code > 0x10ffff) throw new Refused(`${hex[0]} is beyond Unicode`);
      return code;
    }
    const octal = this.#take(/\\0[0-7]{0,2}/);
    if (octal !== null) return Number.parseInt(octal[0].slice(1), 8);
    const control = this.#take(/\\([aftnrv])/)?.[1];
    if (control !== undefined) return { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 }[control];
    const mark = this.#take(/\\([!-/:-@[-^`{-~])/)?.[1];
    if (mark !== undefined) return mark.charCodeAt(0);
    const given = this.#text.slice(this.#at, this.#at + 2);
    if (given === '\\') throw new Refused('it ends in a \\');
    throw new Refused(/^\\[1-9]/.test(given) ? 'back references are not supported' : `${given} is not supported`);
  }

  #characters(): void {
    this.#take(/\[\^?/);
    let isFirst = true;
    while (isFirst || !this.#peek(']')) {
      if (this.#at >= this.#text.length) throw new Refused('a [ is not closed');
      isFirst = false;
      const name = this.#take(/\[:\^?([a-z]*):\]/)?.[1];
      if (name !== undefined) {
        if (!POSIX.has(name)) throw new Refused(`[:${name}:] is not known`);
        continue;
      }
      const low = this.#character();
      if (!this.#peek('-') || this.#text[this.#at + 1] === ']' || this.#at + 1 >= this.#text.length) continue;
      // A set such as \d begins no range: the - after it stands for itself.
      if (low === undefined) continue;
      this.#take(/-/);
      const high = this.#character();
      if (high === undefined) throw new Refused('a range ends in a set of characters');
      if (high < low) throw new Refused('a range in [] runs backwards');
    }
    this.#take(/\]/);
  }

  /** One character of a class; undefined where it is a set such as `\d`. */
  #character(): number | undefined {
    if (this.#peek('\\')) return this.#escape(true);
    return this.#take(/[\s\S]/)?.[0].codePointAt(0);
  }
}

function repeated([text, , min, range, max]: RegExpExecArray, of: number): number {
  // The others are not bounded by a number, and do not count.
  if (min === undefined) return of;
  const least = Number(min);
  const most = range === undefined ? least : max === '' || max === undefined ? least : Number(max);
  if (most < least) throw new Refused(`${text} runs backwards`);
  if (most * of > MAX_REPEAT)
    throw new Refused(`${text} repeats more than ${MAX_REPEAT} times, nested ones multiplied`);
  return Math.max(1, most) * of;
}

/** What RE2 does not take in a pattern; undefined where it takes it. */
export function regexFault(pattern: string): string | undefined {
  try {
    new Pattern(pattern).read();
    return undefined;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.message;
  }
}
