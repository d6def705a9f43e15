import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { extract, pack } from 'tar-stream';

/** Every file below a folder, as paths relative to it with `/`, in order; [] when there is no such folder. */
export const filesBelow = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
};

/**
 * A path inside a folder.
 *
 * @throws Error when the name leads out of the folder.
 */
export const inside = (folder: string, name: string): string => {
  const path = join(folder, name);
  if (path !== folder && !path.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
    throw new Error(`the name ${JSON.stringify(name)} leads out of its folder`);
  }
  return path;
};

/** A folder's files as a gzipped tar archive; the same files give the same bytes. */
export const packFolder = (folder: string): Readable => {
  const archive = pack();
  const gzip = createGzip();
  const write = async () => {
    for (const name of await filesBelow(folder)) {
      const path = join(folder, name);
      const { size } = await stat(path);
      await pipeline(createReadStream(path), archive.entry({ name, size, mode: 0o644, mtime: new Date(0) }));
    }
    archive.finalize();
  };
  archive.on('error', (error) => gzip.destroy(error)).pipe(gzip);
  write().catch((error: Error) => gzip.destroy(error));
  return gzip;
};

/**
 * Unpacks a gzipped tar archive into a folder.
 *
 * @throws Error when it is not such an archive, or an entry leads out of the folder or is neither file nor folder.
 */
export const unpackInto = async (folder: string, body: Readable): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const archive = extract();
  const reading = pipeline(body, createGunzip(), archive);
  const writing = (async () => {
    for await (const entry of archive) {
      const path = inside(folder, entry.header.name);
      if (entry.header.type === 'directory') {
        await mkdir(path, { recursive: true });
        entry.resume();
      } else if (entry.header.type === 'file') {
        await mkdir(dirname(path), { recursive: true });
        await pipeline(entry, createWriteStream(path));
      } else {
        throw new Error(`entry ${entry.header.name} of the archive is a ${entry.header.type}`);
      }
    }
  })();
  await Promise.all([reading, writing]);
};
