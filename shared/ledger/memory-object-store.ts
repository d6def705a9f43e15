import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';

import { NotFoundError } from '../errors.ts';
import type { ObjectStore } from './object-store.ts';

const bytesOf = (body: Uint8Array | string) =>
  typeof body === 'string' ? new TextEncoder().encode(body) : body.slice();

/** An object store in memory, with the same conditional writes as S3. For the unit tests of the steps. */
export const memoryObjectStore = (): ObjectStore & { keys(): string[] } => {
  const objects = new Map<string, { body: Uint8Array; etag: string; versionId: string }>();
  const superseded = new Map<string, Uint8Array>();
  let versions = 0;
  const put = (key: string, body: Uint8Array | string) => {
    const bytes = bytesOf(body);
    versions += 1;
    const before = objects.get(key);
    if (before) superseded.set(`${key}\n${before.versionId}`, before.body);
    objects.set(key, {
      versionId: `v${versions}`,
      body: bytes,
      etag: `"${createHash('md5').update(bytes).digest('hex')}"`,
    });
  };
  const sorted = () => [...objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return {
    keys: sorted,
    async get(key) {
      const found = objects.get(key);
      return found && { body: found.body.slice(), etag: found.etag };
    },
    async put(key, body, condition) {
      const found = objects.get(key);
      if (condition === 'absent' && found) return 'conflict';
      if (typeof condition === 'object' && found?.etag !== condition.etag) return 'conflict';
      put(key, body);
      return 'written';
    },
    async *list(prefix) {
      for (const key of sorted()) {
        const object = objects.get(key);
        if (key.startsWith(prefix) && object) yield { key, sizeBytes: object.body.byteLength };
      }
    },
    async *folders(prefix) {
      const below = sorted().filter((key) => key.startsWith(prefix) && key.includes('/', prefix.length));
      yield* new Set(below.map((key) => key.slice(0, key.indexOf('/', prefix.length) + 1)));
    },
    async *currentVersions(prefix) {
      for (const key of sorted()) {
        const object = objects.get(key);
        if (!key.startsWith(prefix) || !object) continue;
        yield { key, sizeBytes: object.body.byteLength, versionId: object.versionId, writtenAt: new Date(0) };
      }
    },
    async open(key, versionId) {
      const found = objects.get(key);
      const current = versionId === undefined || found?.versionId === versionId;
      const body = current ? found?.body : superseded.get(`${key}\n${versionId}`);
      if (!body) throw new NotFoundError(`no object ${key}`);
      return { body: Readable.from([Buffer.from(body)]), sizeBytes: body.byteLength };
    },
    async download(key, file) {
      const found = objects.get(key);
      if (!found) throw new NotFoundError(`no object ${key}`);
      await writeFile(file, found.body);
    },
    async upload(key, file) {
      put(key, await readFile(file));
    },
  };
};
