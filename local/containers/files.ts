/** Where the files of a container lie: in a folder of this machine, or in this process's memory. */
import { createHash, hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';

import type { ContainerFiles } from '../contracts.ts';
import { filesBelow, inside, packFolder, unpackInto } from './archive.ts';

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** The files of a container that is a process: a folder stands for its `/`. */
export const filesIn = (root: string): ContainerFiles => {
  const place = (path: string) => inside(root, path);
  return {
    root,
    async makeFolder(path) {
      await mkdir(place(path), { recursive: true });
    },
    async write(path, body) {
      const file = place(path);
      await mkdir(dirname(file), { recursive: true });
      if (body instanceof Readable) await pipeline(body, createWriteStream(file));
      else await writeFile(file, body);
    },
    async read(path) {
      try {
        return await readFile(place(path));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    open: (path) => createReadStream(place(path)),
    list: (folder) => filesBelow(place(folder)),
    pack: async (folder) => packFolder(place(folder)),
    unpack: (folder, archive) => unpackInto(place(folder), archive),
    remove: () => rm(root, { recursive: true, force: true }),
  };
};

interface ArchivedFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** What was packed and unpacked in this process's memory: clouds of one process mostly have the same. */
const packed = new Map<string, Buffer>();
const unpacked = new Map<string, readonly ArchivedFile[]>();
const MOST_KEPT = 100;
/** What is larger is worked out anew. */
const MOST_BYTES = 1024 * 1024;

const keep = <Kept>(known: Map<string, Kept>, key: string, kept: Kept, files: readonly ArchivedFile[]): Kept => {
  if (files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0) > MOST_BYTES) return kept;
  if (known.size >= MOST_KEPT) known.clear();
  known.set(key, kept);
  return kept;
};

const archiveOf = async (files: readonly ArchivedFile[]): Promise<Buffer> => {
  const digest = createHash('sha256');
  for (const { name, bytes } of files) digest.update(`${name}\0${bytes.byteLength}\0`).update(bytes);
  const key = digest.digest('base64');
  const known = packed.get(key);
  if (known) return known;
  const archive = pack();
  for (const { name, bytes } of files) archive.entry({ name, mode: 0o644, mtime: new Date(0) }, bytes);
  archive.finalize();
  return keep(packed, key, gzipSync(await collected(archive)), files);
};

const filesOf = async (archived: Buffer): Promise<readonly ArchivedFile[]> => {
  const key = hash('sha256', archived);
  const known = unpacked.get(key);
  if (known) return known;
  const archive = extract();
  archive.end(gunzipSync(archived));
  const files: ArchivedFile[] = [];
  for await (const entry of archive) {
    const { name, type } = entry.header;
    if (type === 'file') files.push({ name, bytes: await collected(entry) });
    else if (type === 'directory') entry.resume();
    else throw new Error(`entry ${name} of the archive is a ${type}`);
  }
  return keep(unpacked, key, files, files);
};

/** Stands for `/` in names. It lies below something, so that what leads out of it can be told. */
const MEMORY_ROOT = '/container';

/** The files of a container that runs in this process. */
export const filesInMemory = (): ContainerFiles => {
  const files = new Map<string, Buffer>();
  const place = (path: string) => inside(MEMORY_ROOT, path);
  const found = (path: string): Buffer => {
    const bytes = files.get(place(path));
    if (!bytes) throw new Error(`there is no file ${path}`);
    return bytes;
  };
  const list = (folder: string): string[] => {
    const prefix = `${place(folder).replace(/\/$/, '')}${posix.sep}`;
    return [...files.keys()].flatMap((path) => (path.startsWith(prefix) ? [path.slice(prefix.length)] : [])).sort();
  };
  return {
    root: undefined,
    makeFolder: () => Promise.resolve(),
    async write(path, body) {
      files.set(place(path), body instanceof Readable ? await collected(body) : Buffer.from(body));
    },
    read: async (path) => files.get(place(path)),
    open: (path) => Readable.from([found(path)], { objectMode: false }),
    list: async (folder) => list(folder),
    // A copy, as in `unpack`: what others do with the bytes is their own affair.
    pack: async (folder) =>
      Buffer.from(await archiveOf(list(folder).map((name) => ({ name, bytes: found(posix.join(folder, name)) })))),
    async unpack(folder, archive) {
      for (const { name, bytes } of await filesOf(await collected(archive)))
        files.set(inside(place(folder), name), Buffer.from(bytes));
    },
    async remove() {
      files.clear();
    },
  };
};

/** Whole, what comes in pieces. */
const collected = async (pieces: AsyncIterable<unknown>): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of pieces) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('an archive consists of bytes');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
