import { mkdir, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Where the processes of a cloud's functions keep what V8 compiled, below the cloud's folder. */
export const compileCacheOf = (directory: string): string => join(directory, 'lambda', 'compile-cache');

/**
 * Lets a cloud compile into a folder that outlives it, so that the next cloud's processes find what this one's compiled.
 * Node checks what it finds against the file it loads, and names it by the file's path from the cache's folder, which is
 * the same in every cloud: nodejs.org/api/module.html#portability-of-the-compile-cache (documented).
 *
 * @param shared May be used by several clouds at once: Node writes whole files.
 */
export const shareCompileCache = async (directory: string, shared: string): Promise<void> => {
  await mkdir(join(directory, 'lambda'), { recursive: true });
  await mkdir(shared, { recursive: true });
  // A junction where links to folders need a privilege.
  await symlink(resolve(shared), compileCacheOf(directory), 'junction');
};
