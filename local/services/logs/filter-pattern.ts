import { ServiceError } from '../../contracts.ts';

/**
 * CloudWatch Logs' unstructured filter patterns, of which plain terms are understood: every term, or quoted phrase,
 * must be in the message, case counting.
 * Source: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html (documented).
 * @throws ServiceError InvalidParameterException for optional and excluded terms, regular expressions, JSON and
 * space-delimited patterns, which are not implemented.
 */
export const compileFilterPattern = (pattern: string): ((message: string) => boolean) => {
  const text = pattern.trim();
  const refuse = (what: string) =>
    new ServiceError('InvalidParameterException', `filterPattern: ${what} is not implemented: ${pattern}`);
  if (text.startsWith('{')) throw refuse('a JSON pattern');
  if (text.startsWith('[')) throw refuse('a space-delimited pattern');
  const terms = [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, bare]) => {
    if (quoted !== undefined) return quoted.replace(/\\(.)/g, '$1');
    const term = bare ?? '';
    if (term.startsWith('?')) throw refuse('an optional term (?)');
    if (term.startsWith('-')) throw refuse('an excluded term (-)');
    if (term.startsWith('%')) throw refuse('a regular expression (%)');
    if (!/^\w+$/.test(term)) throw refuse('a term with other characters than letters, digits and _ without quotes');
    return term;
  });
  return (message) => terms.every((term) => message.includes(term));
};
