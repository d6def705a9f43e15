/** Does a text match? */
export type Matches = (text: string | undefined) => boolean;

/** Compiles a pattern of `*` and `?`; without one every text matches, and none, too. */
export const compilePattern = (pattern: string | undefined): Matches => {
  if (pattern === undefined) return () => true;
  if (!/[*?]/.test(pattern)) return (text) => text === pattern;
  const expression = new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    's',
  );
  return (text) => text !== undefined && expression.test(text);
};

/** Compiles a pattern for ARNs: it may be of the whole one, of the resource it names (`model/m`), or of its name alone. */
export const compileArnPattern = (pattern: string | undefined): Matches => {
  const matches = compilePattern(pattern);
  return (arn) =>
    matches(arn) ||
    (arn !== undefined &&
      (matches(arn.slice(arn.lastIndexOf(':') + 1)) || matches(arn.slice(arn.lastIndexOf('/') + 1))));
};
