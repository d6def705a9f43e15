/** The record of AWS requests: one JSON line each, in the words of botocore's service models. */
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject } from './contracts.ts';
import { typedMembers } from './requests/typed-members.ts';

/** One line of the record. */
export interface RequestRecord {
  /** botocore's name of the service: `s3`, `events`, `cloudwatch`, `sagemaker-runtime`, … */
  readonly service: string;
  readonly operation: string;
  /** The request's members as the SDKs name them; a stream is `{ bytes: n }`. */
  readonly params: JsonObject;
  /** ARN of who signed. */
  readonly principal: string;
  /** HTTP status of the answer. */
  readonly status: number;
  /** The error's code, null for a success. */
  readonly error: string | null;
}

export interface Recorder {
  write(record: RequestRecord): void;
  /** Resolves when every line is in the file. */
  close(): Promise<void>;
}

// Where botocore's name is not the name in the signature's scope.
const BOTOCORE_NAMES: Readonly<Record<string, string>> = { monitoring: 'cloudwatch' };

/** @returns botocore's name for a service by its SigV4 scope and the way it is spoken to. */
export const recordedServiceName = (scope: string, protocol: string): string => {
  // InvokeEndpoint is signed for `sagemaker` and has a service model of its own.
  if (scope === 'sagemaker' && protocol === 'rest') return 'sagemaker-runtime';
  return BOTOCORE_NAMES[scope] ?? scope;
};

/** Names a folder in which each cloud that is given no file of its own records its requests. */
const FOLDER = 'LOCAL_CLOUD_REQUESTS';

let opened = 0;

/** @returns A file of one cloud's own in the folder that the environment names; undefined when it names none. */
export const fileFromEnvironment = (): string | undefined => {
  const folder = process.env[FOLDER];
  if (folder === undefined || folder === '') return undefined;
  mkdirSync(folder, { recursive: true });
  return join(folder, `${process.pid}-${++opened}.jsonl`);
};

/** @param file Lines are appended to it. Without a file there is no record. */
export const createRecorder = (file: string | undefined): Recorder => {
  if (file === undefined) return { write: () => undefined, close: () => Promise.resolve() };
  const stream = createWriteStream(file, { flags: 'a' });
  let failure: Error | undefined;
  let closed: Promise<void> | undefined;
  stream.on('error', (error) => {
    failure = error;
  });
  return {
    write(record) {
      if (failure) throw failure;
      const { service, operation, params } = record;
      stream.write(`${JSON.stringify({ ...record, params: typedMembers(service, operation, params) })}\n`);
    },
    close() {
      // A cloud that is closed twice closes this twice.
      closed ??= new Promise((resolve, reject) => {
        if (failure) reject(failure);
        else stream.end((error?: Error | null) => (error ? reject(error) : resolve()));
      });
      return closed;
    },
  };
};
