/** A dataset is its bytes: the same content is the same dataset, whatever it is called and however often it comes. */
import { createHash } from 'node:crypto';

/** One delivered file: its name below the dataset's folder, and the sha256 of its bytes in hex. */
export interface HashedPart {
  readonly name: string;
  readonly sha256: string;
}

const DIGITS = 20;

/** The sha256 of a stream of bytes, in hex. */
export async function sha256Of(source: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of source) hash.update(chunk);
  return hash.digest('hex');
}

/**
 * The id of a dataset: 20 hex digits. Of a single file, the beginning of the sha256 of its bytes; of a folder, that of
 * its parts' names and hashes in the order of the names.
 *
 * @throws RangeError when there is no part, a hash is not a sha256, or two parts have one name.
 */
export function datasetId(content: { file: string } | { folder: readonly HashedPart[] }): string {
  if ('file' in content) return checked(content.file).slice(0, DIGITS);
  if (content.folder.length === 0) throw new RangeError('a folder without parts is no dataset');
  const parts = [...content.folder].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const hash = createHash('sha256');
  parts.forEach((part, index) => {
    if (part.name === parts[index - 1]?.name) throw new RangeError(`two parts are named ${part.name}`);
    hash.update(`${JSON.stringify(part.name)} ${checked(part.sha256)}\n`);
  });
  return hash.digest('hex').slice(0, DIGITS);
}

function checked(sha256: string): string {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError(`not a sha256 in hex: ${JSON.stringify(sha256)}`);
  return sha256;
}
