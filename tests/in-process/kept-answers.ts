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

/** Longer contents are known by a digest: of short ones that would take longer than to compare them. */
const SHORT_BYTES = 1024;

const known = (content: Buffer): string =>
  content.length <= SHORT_BYTES ? content.toString('latin1') : hash('sha256', content, 'base64');

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

/** A question with what cannot change in place of itself by what it is known by: facts are asked about again and again. */
const shortened = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  const content = Object.isFrozen(value) ? unchangingContent(value) : undefined;
  // A text as an object: nothing that is asked about has such a value.
  if (content !== undefined) return Object(content);
  if (Array.isArray(value)) return value.map(shortened);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shortened(member)]));
};

/**
 * What a question is known by: every value in it, of its type and its place.
 * @throws DataCloneError for a question that has functions in it.
 */
export const contentOf = (...question: readonly unknown[]): string => known(serialize(question.map(shortened)));

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
