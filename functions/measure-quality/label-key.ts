/** What a key below `ground-truth/` means. */

const GROUND_TRUTH = 'ground-truth/';

/** A file of labels, or nothing that is read. */
export type LabelKey =
  | { readonly kind: 'labels'; readonly model: string }
  | { readonly kind: 'ignored'; readonly model: string | undefined; readonly reason: string };

/**
 * Reads a key: `ground-truth/<model>/…` are labels, however deep; SageMaker's own layout has a folder for each hour in
 * which labels were collected. Names that begin with `.` or `_` are not data, nor is what lies below them.
 */
export function labelKey(key: string): LabelKey {
  const [model = '', ...path] = key.startsWith(GROUND_TRUTH) ? key.slice(GROUND_TRUTH.length).split('/') : [];
  if (model === '' || path.length === 0) {
    return { kind: 'ignored', model: undefined, reason: `labels land at ${GROUND_TRUTH}<model>/…` };
  }
  if (path.at(-1) === '')
    return { kind: 'ignored', model, reason: 'the key ends with a slash: it stands for a folder' };
  const quiet = path.find((segment) => segment.startsWith('.') || segment.startsWith('_'));
  if (quiet !== undefined) {
    return { kind: 'ignored', model, reason: `${quiet} begins with ${quiet[0]}: such names are not data` };
  }
  return { kind: 'labels', model };
}
