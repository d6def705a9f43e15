/**
 * Answers of pure arithmetic, kept for the life of the process by the content of what was asked: thousands of stories are
 * told over the same data, and what the same bytes come to need not be worked out for each of them. Whatever has an effect
 * (requests, events, permissions, the ledger) is not for this, and happens every time.
 */
import { hash } from 'node:crypto';
import { serialize } from 'node:v8';

/** So many answers of each kind; the oldest go first. */
const MOST = 256;

/** What holds its content in itself: an answer that is kept can be frozen whole, a question that is asked told whole. */
const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
};

/**
 * Freezes an answer that is handed out again and again: whoever would change it for all others fails.
 * @throws TypeError for what cannot be frozen whole, such as typed arrays and maps.
 */
export const frozen = <Value>(value: Value): Value => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (!isPlain(value)) throw new TypeError('only plain objects and lists can be kept');
  Object.freeze(value);
  for (const member of Object.values(value)) frozen(member);
  return value;
};

/** Longer contents are known by a digest: kept whole they would take too much memory. */
const SHORT_CHARACTERS = 4096;

const known = (content: string): string => {
  if (content.length <= SHORT_CHARACTERS) return content;
  // UTF-8 has one character for all halves of others.
  return hash('sha256', content.isWellFormed() ? content : Buffer.from(content, 'utf16le'), 'base64');
};

/** What values are known by that nobody can change any more, down to the last: undefined for those that are not so. */
const unchanging = new WeakMap<object, string | undefined>();

const isUnchanging = (value: unknown): boolean => {
  if (typeof value === 'function') return false;
  if (typeof value !== 'object' || value === null) return true;
  if (!Object.isFrozen(value)) return false;
  if (unchanging.has(value)) return unchanging.get(value) !== undefined;
  return isPlain(value) && Object.values(value).every(isUnchanging);
};

/** Only of frozen values. */
const unchangingContent = (value: object): string | undefined => {
  if (!unchanging.has(value)) {
    unchanging.set(value, isUnchanging(value) ? hash('sha256', serialize(value), 'base64') : undefined);
  }
  return unchanging.get(value);
};

/** With its length before it a text cannot read like two, or like anything else. */
const textContent = (text: string): string => `${text.length}"${text}`;

/**
 * A value by its type and what it holds, as text: with what cannot change by what it is known by, for facts are asked about
 * again and again.
 */
const valueContent = (value: unknown): string => {
  if (typeof value === 'string') return textContent(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0;' : `${value};`;
  if (typeof value === 'boolean') return value ? 'true;' : 'false;';
  if (value === undefined) return 'undefined;';
  if (value === null) return 'null;';
  if (typeof value === 'object') {
    const content = Object.isFrozen(value) ? unchangingContent(value) : undefined;
    if (content !== undefined) return `#${content}`;
    if (Array.isArray(value)) {
      let items = '[';
      for (const item of value) items += valueContent(item);
      return `${items}]`;
    }
    if (isPlain(value)) {
      let members = '{';
      for (const [name, member] of Object.entries(value)) members += textContent(name) + valueContent(member);
      return `${members}}`;
    }
    if (value instanceof Uint8Array) return `${value.constructor.name}${hash('sha256', value, 'base64')}`;
  }
  return `=${hash('sha256', serialize(value), 'base64')}`;
};

/**
 * What a question is known by: every value in it, of its type and its place.
 * @throws DataCloneError for a question that has functions in it.
 */
export const contentOf = (...question: readonly unknown[]): string => known(question.map(valueContent).join(''));

/** Answers by what they answer. */
export const createKept = <Answer>() => {
  const answers = new Map<string, Answer>();
  return {
    get: (content: string): Answer | undefined => answers.get(content),
    keep(content: string, answer: Answer): Answer {
      const [oldest] = answers.keys();
      if (answers.size >= MOST && oldest !== undefined) answers.delete(oldest);
      answers.set(content, answer);
      return answer;
    },
  };
};

/** The same arithmetic, done once for each question. Its questions consist of values alone, and so do its answers. */
export const kept = <Question extends readonly unknown[], Answer>(
  work: (...question: Question) => Answer,
): ((...question: Question) => Answer) => {
  const known = createKept<{ readonly answer: Answer }>();
  return (...question) => {
    const content = contentOf(...question);
    return (known.get(content) ?? known.keep(content, { answer: frozen(work(...question)) })).answer;
  };
};
