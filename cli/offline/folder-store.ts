/** Object stores on this machine's disk, so that the steps of the loop run on files as they run on S3. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

import { NotFoundError } from '../../shared/errors.ts';
import type { ListedObject, ObjectStore, ObjectVersion } from '../../shared/ledger/object-store.ts';

/** What a bucket without versions calls the one version of an object. Source: S3 user guide, "Object versioning". */
export const ONLY_VERSION = 'null';

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** What a file system says of a file that is not there becomes undefined; anything else stays an error. */
const orMissing = <T>(promise: Promise<T>): Promise<T | undefined> =>
  promise.catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Names of the files below a folder, with slashes, in the order of their bytes; none where there is no folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = (await orMissing(readdir(folder, { recursive: true, withFileTypes: true }))) ?? [];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort(byBytes);
}

/**
 * Objects under keys, each a file. `fileOf` says where a key lies, undefined where it cannot; `keys` names those there are.
 * Writers of one process are told apart as S3 tells them apart; other processes must leave the files alone.
 */
function storeOn(
  fileOf: (key: string) => string | undefined,
  keys: () => Promise<readonly string[]>,
  isWritable: boolean,
): ObjectStore {
  /** Conditional writes go one after another: looking and writing are two steps here. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work);
    last = mine;
    return mine;
  };
  const written = async (key: string): Promise<string> => {
    const file = isWritable ? fileOf(key) : undefined;
    if (file === undefined) throw new RangeError(`nothing can be written under ${key}`);
    await mkdir(dirname(file), { recursive: true });
    return file;
  };
  const get: ObjectStore['get'] = async (key) => {
    const file = fileOf(key);
    const body = file === undefined ? undefined : await orMissing(readFile(file));
    return body && { body, etag: `"${createHash('md5').update(body).digest('hex')}"` };
  };
  async function* sized(prefix: string): AsyncGenerator<ListedObject & { writtenAt: Date }> {
    for (const key of await keys()) {
      const file = key.startsWith(prefix) ? fileOf(key) : undefined;
      const found = file === undefined ? undefined : await orMissing(stat(file));
      if (found) yield { key, sizeBytes: found.size, writtenAt: found.mtime };
    }
  }
  return {
    get,
    put: (key, body, condition) =>
      inTurn(async () => {
        const found = condition === undefined ? undefined : await get(key);
        if (condition === 'absent' && found) return 'conflict';
        if (typeof condition === 'object' && found?.etag !== condition.etag) return 'conflict';
        await writeFile(await written(key), body);
        return 'written';
      }),
    async *list(prefix) {
      for await (const { key, sizeBytes } of sized(prefix)) yield { key, sizeBytes };
    },
    async *folders(prefix) {
      const below = (await keys()).filter((key) => key.startsWith(prefix) && key.includes('/', prefix.length));
      yield* new Set(below.map((key) => key.slice(0, key.indexOf('/', prefix.length) + 1)));
    },
    async *currentVersions(prefix): AsyncGenerator<ObjectVersion> {
      for await (const found of sized(prefix)) yield { ...found, versionId: ONLY_VERSION };
    },
    async open(key, versionId = ONLY_VERSION) {
      const file = fileOf(key);
      const found = file === undefined ? undefined : await orMissing(stat(file));
      if (file === undefined || !found?.isFile() || versionId !== ONLY_VERSION) {
        throw new NotFoundError(`no object ${key}`);
      }
      return { body: createReadStream(file), sizeBytes: found.size };
    },
    async download(key, into) {
      const file = fileOf(key);
      if (file === undefined || !(await orMissing(stat(file)))?.isFile()) throw new NotFoundError(`no object ${key}`);
      await copyFile(file, into);
    },
    upload: async (key, file) => copyFile(file, await written(key)),
  };
}

/** A store whose objects are the files of a folder, under their paths. */
export const folderStore = (root: string): ObjectStore =>
  storeOn(
    (key) => (key.split('/').some((segment) => segment === '..' || segment === '') ? undefined : join(root, key)),
    () => filesBelow(root),
    true,
  );

/** A store of files that lie where they lie, each under the key it is given here. Nothing can be written. */
export const givenFiles = (files: ReadonlyMap<string, string>): ObjectStore => {
  const keys = [...files.keys()].sort(byBytes);
  return storeOn(
    (key) => files.get(key),
    async () => keys,
    false,
  );
};
