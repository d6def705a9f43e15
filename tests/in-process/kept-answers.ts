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

/**
 * What a question is known by: a digest of every value in it, of its type and its place.
 * @throws DataCloneError for a question that has functions in it.
 */
export const contentOf = (...question: readonly unknown[]): string => hash('sha256', serialize(question), 'base64');

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
