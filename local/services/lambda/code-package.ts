import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, normalize, sep } from 'node:path';

import { unzipSync } from 'fflate';

/** The zip of a function or a layer. Nothing is read before it is asked for, so that deploying costs nothing. */
export interface CodePackage {
  readonly sizeBytes: number;
  /** Base64, as AWS gives it. */
  sha256(): Promise<string>;
  /** Unpacks on the first call; every call gives the same folder. */
  folder(): Promise<string>;
}

/**
 * @param key The S3 key the template names; its last part is the file's name among the artifacts.
 * @param target Folder to unpack into.
 * @throws Error when there is no such file.
 */
export const openCodePackage = (artifacts: string, key: string, target: string): CodePackage => {
  const file = join(artifacts, basename(key));
  if (!existsSync(file)) throw new Error(`no ${basename(key)} in ${artifacts}`);
  let unpacked: Promise<string> | undefined;
  return {
    sizeBytes: statSync(file).size,
    async sha256() {
      const hash = createHash('sha256');
      for await (const chunk of createReadStream(file)) hash.update(chunk);
      return hash.digest('base64');
    },
    folder() {
      unpacked ??= unpack(file, target);
      return unpacked;
    },
  };
};

const unpack = async (file: string, target: string): Promise<string> => {
  const entries = unzipSync(new Uint8Array(await readFile(file)));
  await mkdir(target, { recursive: true });
  for (const [name, bytes] of Object.entries(entries)) {
    const path = normalize(join(target, name));
    if (!path.startsWith(target + sep)) throw new Error(`${basename(file)}: ${name} points outside of the package`);
    if (name.endsWith('/')) {
      await mkdir(path, { recursive: true });
      continue;
    }
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
  return target;
};
