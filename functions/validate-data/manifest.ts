/** A dataset announced by a manifest: the versions of the objects it consists of. */
import * as z from 'zod';

import { type IncomingKey, incomingKey, modelFolder } from './incoming-key.ts';

/** At most so many parts, and so many bytes of manifest. */
const MAX_PARTS = 10_000;
const MAX_BYTES = 4 * 1024 * 1024;

const manifestSchema = z.strictObject({
  parts: z
    .array(z.strictObject({ key: z.string().min(1), versionId: z.string().min(1) }))
    .min(1)
    .max(MAX_PARTS),
});

/** A version of an object that a manifest names. */
export type ManifestPart = z.infer<typeof manifestSchema>['parts'][number];

/**
 * Reads a manifest: the parts in the order of their keys, or why it is none. Parts lie in the data bucket, in folders
 * below the same model that no `_SUCCESS` closes: a file directly below the model would be a dataset of its own.
 */
export async function readManifest(
  body: AsyncIterable<Uint8Array>,
  model: string,
): Promise<{ readonly parts: readonly ManifestPart[] } | { readonly refused: string }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) return { refused: `the manifest is larger than ${MAX_BYTES} bytes` };
    chunks.push(chunk);
  }
  let given: unknown;
  try {
    given = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return { refused: 'the manifest is not JSON' };
  }
  const parsed = manifestSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue === undefined || issue.path.length === 0 ? 'the manifest' : issue.path.join('.');
    return {
      refused: `${place}: ${issue?.message ?? 'not understood'}; expected { "parts": [{ "key": …, "versionId": … }] }`,
    };
  }
  const parts = [...parsed.data.parts].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  for (const [index, { key }] of parts.entries()) {
    if (key === parts[index - 1]?.key) return { refused: `${key} is named twice` };
    const meant = incomingKey(key);
    if (meant.kind !== 'part' || meant.model !== model) {
      return { refused: `${key} is no part: parts lie in folders below incoming/${model}/` };
    }
  }
  return { parts };
}

/**
 * The prefix that the names of a manifest's parts begin after: the folder directly below the model, as where `_SUCCESS`
 * closes it, so that a manifest of what that folder holds is the same dataset; the model's where parts lie in several.
 */
export function partsFolder(keys: readonly string[], model: string): string {
  const folders = new Set(keys.map((key) => folderOf(incomingKey(key))));
  const [only] = folders;
  return folders.size === 1 && only !== undefined ? only : modelFolder(model);
}

const folderOf = (meant: IncomingKey): string | undefined => (meant.kind === 'part' ? meant.folder : undefined);
