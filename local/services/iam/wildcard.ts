/**
 * Patterns of policies: `*`, `?` and policy variables.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html and
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html (documented)
 */

/** The values of a condition key in a request; undefined when the request does not have the key. */
export type KeyValues = (key: string) => readonly string[] | undefined;

/** Does a text match? What variables stand for is looked up in the request. */
export type TextPattern = (text: string, valuesOf: KeyValues) => boolean;

const expression = (pattern: string, flags: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    `s${flags}`,
  );

/** A pattern without variables. */
const plain = (pattern: string, flags: string): ((text: string) => boolean) => {
  if (pattern === '*') return () => true;
  if (flags === '' && !/[*?]/.test(pattern)) return (text) => text === pattern;
  const compiled = expression(pattern, flags);
  return (text) => compiled.test(text);
};

/** `${aws:userid}`, with a default: `${aws:userid, 'nobody'}`; `${*}`, `${?}` and `${$}` are the characters themselves. */
const VARIABLE = /\$\{([^}]*)\}/g;
const WITH_DEFAULT = /^\s*([^,\s]+)\s*(?:,\s*'([^']*)'\s*)?$/;

const literal = (text: string) => text.replace(/[.+^${}()|[\]\\*?]/g, '\\$&');

/** The condition keys that a pattern's variables name. */
export const variablesOf = (pattern: string): string[] =>
  [...pattern.matchAll(VARIABLE)]
    .map(([, inner = '']) => inner)
    .filter((inner) => !['*', '?', '$'].includes(inner))
    .map((inner) => WITH_DEFAULT.exec(inner)?.[1] ?? inner);

/**
 * Compiles a pattern.
 * @param options `ignoreCase` for actions; `wildcards: false` for operators that compare whole texts.
 */
export const textPattern = (
  pattern: string,
  { ignoreCase = false, wildcards = true }: { readonly ignoreCase?: boolean; readonly wildcards?: boolean } = {},
): TextPattern => {
  const flags = ignoreCase ? 'i' : '';
  if (!pattern.includes('${')) {
    if (wildcards) return plain(pattern, flags);
    if (!ignoreCase) return (text) => text === pattern;
    const lower = pattern.toLowerCase();
    return (text) => text.toLowerCase() === lower;
  }
  return (text, valuesOf) => {
    let source = '';
    let at = 0;
    for (const match of pattern.matchAll(VARIABLE)) {
      const before = pattern.slice(at, match.index);
      source += wildcards ? expression(before, '').source.slice(1, -1) : literal(before);
      at = match.index + match[0].length;
      const inner = match[1] ?? '';
      if (inner === '*' || inner === '?' || inner === '$') {
        source += literal(inner);
        continue;
      }
      const [, key = '', otherwise] = WITH_DEFAULT.exec(inner) ?? [];
      const [value = otherwise, ...more] = valuesOf(key.toLowerCase()) ?? [];
      // Documented: a variable the request has no single value for makes the whole statement not match.
      if (value === undefined || more.length > 0) return false;
      source += literal(value);
    }
    const rest = pattern.slice(at);
    source += wildcards ? expression(rest, '').source.slice(1, -1) : literal(rest);
    return new RegExp(`^${source}$`, `s${flags}`).test(text);
  };
};

const PARTS = 6;

/** The six parts of an ARN or of a pattern of one; the last keeps its colons, and one inside `${…}` parts nothing. */
const partsOf = (arn: string): string[] => {
  const parts = arn.includes('${') ? arn.split(/:(?![^{]*\})/) : arn.split(':');
  return [...parts.slice(0, PARTS - 1), ...(parts.length >= PARTS ? [parts.slice(PARTS - 1).join(':')] : [])];
};

// Every statement of every policy is asked about the same resource.
let lastArn = '';
let lastParts: readonly string[] = [''];

/** Compiles an ARN pattern: each of the six parts is matched by itself, and a part left out is any. */
export const arnPattern = (pattern: string): TextPattern => {
  if (pattern === '*') return () => true;
  const parts = partsOf(pattern).map((part) => textPattern(part));
  return (arn, valuesOf) => {
    if (arn !== lastArn) {
      lastArn = arn;
      lastParts = partsOf(arn);
    }
    const given = lastParts;
    if (given.length < PARTS) return false;
    return parts.every((matches, index) => matches(given[index] ?? '', valuesOf));
  };
};
