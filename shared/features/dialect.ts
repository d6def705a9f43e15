/**
 * The words of an expression. The parser is PostgreSQL's grammar with some habits that would surprise here: it reads
 * `a-1` as two values, folds `Delay` to `delay`, has no `1e5`, `//`, `==`, `**` or TRY_CAST, and takes no letter beyond
 * ASCII. So the text is cut into words first, refused where a word is not allowed, and handed over in words the parser
 * takes, together with a map back to the places in the original.
 */
import { ExpressionError } from './expression.ts';

/** A word of the text: `start` and `end` in the original, `outStart` and `outEnd` in what the parser reads. */
interface Word {
  readonly kind: 'distinct' | 'name' | 'quoted' | 'string' | 'number' | 'symbol';
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly outStart: number;
  readonly outEnd: number;
}

/** A text in the parser's words. */
export interface Rewritten {
  readonly text: string;
  readonly words: readonly Word[];
}

/** The schema that marks our own operators among the parser's; nobody can write it, `operator` is refused. */
export const OWN_SCHEMA = 'millrace';

const PATTERNS: readonly (readonly [Word['kind'], RegExp])[] = [
  ['distinct', /is\s+(?:not\s+)?distinct\s+from(?![\p{L}\p{M}\p{N}_])/iuy],
  ['quoted', /"(?:[^"]|"")+"/y],
  ['string', /'(?:[^']|'')*'/y],
  ['number', /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['name', /[\p{L}_][\p{L}\p{M}\p{N}_]*/uy],
  ['symbol', /\/\/|\*\*|==|<>|!=|<=|>=|\|\||::|[-+*/%^=<>(),.]/y],
];

const SPACE = /\s+/y;
const STRING_PREFIXES: ReadonlySet<string> = new Set(['e', 'x', 'b', 'n']);

const REPLACED: Readonly<Record<string, string>> = {
  '//': `operator(${OWN_SCHEMA}./)`,
  '**': '^',
  '==': '=',
};

/** Cuts an expression into words and puts them as the parser takes them. @throws ExpressionError at a word not allowed. */
export function rewrite(sql: string): Rewritten {
  const words: Word[] = [];
  let text = '';
  let at = 0;
  while (at < sql.length) {
    SPACE.lastIndex = at;
    const space = SPACE.exec(sql);
    if (space !== null) {
      at += space[0].length;
      continue;
    }
    const { kind, text: word } = wordAt(sql, at);
    const out = parserWord(kind, word, words.length);
    words.push({
      kind,
      text: word,
      start: at,
      end: at + word.length,
      outStart: text.length,
      outEnd: text.length + out.length,
    });
    text += `${out} `;
    at += word.length;
  }
  return { text, words };
}

function wordAt(sql: string, at: number): { kind: Word['kind']; text: string } {
  const two = sql.slice(at, at + 2);
  if (two === '--' || two === '/*') {
    throw new ExpressionError(`comments are not allowed; write them in the YAML, and a - -1 with a space`, at + 1);
  }
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const text = pattern.exec(sql)?.[0];
    if (text === undefined) continue;
    if (kind === 'name') refuseName(sql, text, at);
    return { kind, text };
  }
  const quote = sql[at];
  if (quote === "'" || quote === '"') throw new ExpressionError(`the quote ${quote} is not closed`, at + 1);
  throw new ExpressionError(
    `${JSON.stringify(String.fromCodePoint(sql.codePointAt(at) ?? 0))} is not allowed; the operators are + - * / // % ^ || = <> < <= > >= ::, and AND, OR, NOT, IN, BETWEEN, LIKE, ILIKE, IS NULL in words`,
    at + 1,
  );
}

function refuseName(sql: string, name: string, at: number): void {
  const lower = name.toLowerCase();
  if (STRING_PREFIXES.has(lower) && sql[at + name.length] === "'") {
    throw new ExpressionError(`${name}'…' strings are not allowed; write '…', doubling a quote inside`, at + 1);
  }
  if (lower === 'operator') throw new ExpressionError('OPERATOR(…) is not allowed', at + 1);
}

function parserWord(kind: Word['kind'], word: string, index: number): string {
  // The parser has no such test; an equality of our own stands as loosely as the words do.
  if (kind === 'distinct') return `operator(${OWN_SCHEMA}.${/\bnot\b/i.test(word) ? '=' : '!='})`;
  if (kind === 'symbol') return REPLACED[word] ?? word;
  // The value is read from the original text; the parser only needs something that is a number.
  if (kind === 'number') return /[eE]/.test(word) ? `$${index + 1}` : word;
  if (kind === 'name' && word.toLowerCase() === 'try_cast') return 'cast';
  // ASCII is what the parser's own lexer takes as a bare name.
  return kind === 'name' && /[^A-Za-z0-9_]/.test(word) ? `"${word}"` : word;
}

/** The words a node of the parser's tree covers, as indices. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** From the parser's places to words. */
export function spanOf({ words }: Rewritten, location: { readonly start: number; readonly end: number }): Span {
  const first = words.findIndex((word) => word.outEnd > location.start);
  const last = words.findLastIndex((word) => word.outStart < location.end);
  return { first: Math.max(first, 0), last: Math.max(last, 0) };
}

/** Whether the words of a span stand in parentheses of their own: `(a = b) = c`, and not `(a) = (b) = c`. */
export function isParenthesised({ words }: Rewritten, { first, last }: Span): boolean {
  const partner = partners(words);
  let [from, to] = [first, last];
  // The parser's span of `(a) = b` may begin at `a`: take in the parentheses whose partner lies inside.
  for (let grown = true; grown; ) {
    grown = false;
    for (let i = from; i <= to; i++) {
      const other = partner.get(i);
      if (other === undefined || (other >= from && other <= to)) continue;
      [from, to] = [Math.min(from, other), Math.max(to, other)];
      grown = true;
    }
  }
  return from > 0 && partner.get(from - 1) === to + 1;
}

function partners(words: readonly Word[]): Map<number, number> {
  const open: number[] = [];
  const found = new Map<number, number>();
  words.forEach((word, index) => {
    if (word.kind !== 'symbol') return;
    if (word.text === '(') open.push(index);
    if (word.text === ')') {
      const start = open.pop();
      if (start === undefined) return;
      found.set(start, index);
      found.set(index, start);
    }
  });
  return found;
}
