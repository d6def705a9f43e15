/** The model in an artefact of SageMaker's: a gzipped tar archive with one file. */
import { gunzipSync } from 'node:zlib';

import type { Model } from './model.ts';
import { readModel } from './model-file.ts';
import { UnsupportedModelError } from './unsupported-model-error.ts';

const BLOCK = 512;
/** Where a header of a tar archive says what. Source: POSIX.1-2017, pax, "ustar Interchange Format". */
const SIZE = { start: 124, end: 136 } as const;
const TYPE = 156;
/** `0`, and NUL in archives from before ustar: a file. */
const FILES: readonly number[] = [0x30, 0];
/** A model of so many bytes is not read: a function has other things in its memory. */
const MAX_BYTES = 512 * 1024 * 1024;

/** The files of a tar archive. @throws UnsupportedModelError where it is cut short, or says a size in another form */
function* filesIn(archive: Buffer): Generator<Buffer> {
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0; ) {
    const digits = archive.toString('latin1', at + SIZE.start, at + SIZE.end).replace(/[\0 ]+$/, '');
    const size = /^ *[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
    const begin = at + BLOCK;
    if (!(begin + size <= archive.length)) throw new UnsupportedModelError('the tar archive is cut short or damaged');
    if (FILES.includes(archive[at + TYPE] ?? -1)) yield archive.subarray(begin, begin + size);
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
}

/**
 * Reads the model of a `model.tar.gz`.
 *
 * @throws UnsupportedModelError where it is no such archive, is too large, or holds another number of files than one; and
 *   for models that are not read, see {@link readModel}.
 */
export function readModelArchive(bytes: Uint8Array): Model {
  let archive: Buffer;
  try {
    archive = gunzipSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    throw new UnsupportedModelError('not an archive compressed with gzip, or too large a one', { cause });
  }
  const [model, ...others] = filesIn(archive);
  if (model === undefined || others.length > 0) {
    throw new UnsupportedModelError(
      `the archive holds ${model === undefined ? 'no file' : 'several files'}, not one model`,
    );
  }
  return readModel(model);
}
