/** A file or a folder of the command line, as a delivery of data. */
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { filesBelow } from './folder-store.ts';
import { InputProblem } from './input-problem.ts';

/** What was named: one file, or a folder with its parts in the order of their names. */
export interface Delivery {
  /** As it was given. */
  readonly given: string;
  /** Its own name, without the folders it lies in. */
  readonly name: string;
  readonly isFolder: boolean;
  readonly parts: readonly { readonly name: string; readonly path: string; readonly sizeBytes: number }[];
}

/** Names that begin so are not data, nor is what lies below them; in a bucket it is the same. */
const isHidden = (path: string): boolean => path.split('/').some((name) => /^[._]/.test(name));

/**
 * Looks for what the command line names.
 *
 * @throws InputProblem where there is nothing of that name, or a folder without parts
 */
export async function findDelivery(given: string): Promise<Delivery> {
  const path = resolve(given);
  const found = await stat(path).catch(() => undefined);
  const name = basename(path);
  if (found?.isFile()) return { given, name, isFolder: false, parts: [{ name, path, sizeBytes: found.size }] };
  if (!found?.isDirectory()) {
    throw new InputProblem(
      'no_such_file',
      given,
      'there is no such file',
      'name a CSV file with a header, JSON Lines or Parquet, or a folder of such parts',
    );
  }
  const names = (await filesBelow(path)).filter((part) => !isHidden(part));
  if (names.length === 0) {
    throw new InputProblem(
      'no_rows',
      given,
      'the folder holds no part: names that begin with . or _ are not data',
      'name a folder with data in it',
    );
  }
  const parts = await Promise.all(
    names.map(async (part) => ({ name: part, path: join(path, part), sizeBytes: (await stat(join(path, part))).size })),
  );
  return { given, name, isFolder: true, parts };
}
