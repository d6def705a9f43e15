/** What a key below `incoming/` means. */

/** The prefix of the data bucket under which data lands. */
const INCOMING = 'incoming/';

/** The object that closes a folder. */
const SUCCESS = '_SUCCESS';

/** How the name of a manifest ends. */
const MANIFEST = '.manifest.json';

/** What an uploaded object is, by its key. */
export type IncomingKey =
  | { readonly kind: 'ignored'; readonly model: string | undefined; readonly reason: string }
  /** A dataset by itself. */
  | { readonly kind: 'file'; readonly model: string; readonly name: string }
  /** Belongs to a folder; `folder` is its prefix, with the slash. */
  | { readonly kind: 'part'; readonly model: string; readonly folder: string; readonly name: string }
  /** Announces a dataset by the versions of its parts. */
  | { readonly kind: 'manifest'; readonly model: string; readonly name: string }
  /** Closes a folder. */
  | { readonly kind: 'success'; readonly model: string; readonly folder: string };

/**
 * Reads a key. `incoming/<model>/<file>` is a dataset; anything deeper belongs to the folder directly below the model,
 * which `_SUCCESS` closes, unless a manifest, `incoming/<model>/<name>.manifest.json`, names it as a part. Names that begin with `.` or `_` are not data, nor is what lies below them.
 */
export function incomingKey(key: string): IncomingKey {
  if (!key.startsWith(INCOMING))
    return { kind: 'ignored', model: undefined, reason: `the key is not below ${INCOMING}` };
  const [model = '', ...path] = key.slice(INCOMING.length).split('/');
  const name = path.at(-1);
  if (model === '' || name === undefined) {
    return {
      kind: 'ignored',
      model: undefined,
      reason: `data lands at ${INCOMING}<model>/<file>, and the key names no model`,
    };
  }
  if (name === '') return { kind: 'ignored', model, reason: 'the key ends with a slash: it stands for a folder' };
  const folder = `${modelFolder(model)}${path[0]}/`;
  if (path.length === 2 && name === SUCCESS && !hidden(path[0] ?? '')) return { kind: 'success', model, folder };
  const quiet = path.find(hidden);
  if (quiet !== undefined)
    return { kind: 'ignored', model, reason: `${quiet} begins with ${quiet[0]}: such names are not data` };
  if (path.some((segment) => segment === ''))
    return { kind: 'ignored', model, reason: 'the key has an empty part between slashes' };
  if (path.length === 1) return { kind: name.endsWith(MANIFEST) ? 'manifest' : 'file', model, name };
  return { kind: 'part', model, folder, name: path.slice(1).join('/') };
}

/** Below which the data of a model lands. */
export const modelFolder = (model: string): string => `${INCOMING}${model}/`;

const hidden = (segment: string): boolean => segment.startsWith('.') || segment.startsWith('_');
