/** What the ledger needs of a store of objects. `shared/aws` implements it on S3; tests in memory; both pass one suite. */
import type { Readable } from 'node:stream';

export interface StoredObject {
  readonly body: Uint8Array;
  /** Opaque; changes whenever the object does. */
  readonly etag: string;
}

export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
}

export interface ObjectVersion extends ListedObject {
  readonly versionId: string;
  readonly writtenAt: Date;
}

/** `absent`: only if there is no such object. `{ etag }`: only if it is still that one. */
export type WriteCondition = 'absent' | { readonly etag: string };

export interface ObjectStore {
  /** Undefined when there is no such object. */
  get(key: string): Promise<StoredObject | undefined>;
  /**
   * Writes in one step. `conflict`: the condition did not hold (perhaps through an earlier try of the same write).
   * @throws DependencyError when the store could not tell.
   */
  put(key: string, body: Uint8Array | string, condition?: WriteCondition): Promise<'written' | 'conflict'>;
  /** In the order of the keys' UTF-8 bytes. */
  list(prefix: string): AsyncIterable<ListedObject>;
  /** The folders directly below a prefix that ends with a slash, each with its own slash at the end, in the same order. */
  folders(prefix: string): AsyncIterable<string>;
  /** The current version of every object below a prefix, in the same order; deleted objects are left out. */
  currentVersions(prefix: string): AsyncIterable<ObjectVersion>;
  /**
   * The object as a stream, for what is too large for memory.
   * @throws NotFoundError
   */
  open(key: string, versionId?: string): Promise<{ body: Readable; sizeBytes: number }>;
  /**
   * Puts the object into a local file.
   * @throws NotFoundError
   */
  download(key: string, file: string): Promise<void>;
  /** Uploads a local file under a key, replacing what is there. */
  upload(key: string, file: string, contentType: string): Promise<void>;
}
