/**
 * Which keys were predicted when: objects without content whose names say all there is, so that a thousand requests are read
 * by listing once. `<inference id>.<first row>-<the keys' hashes>`, below the hour of the prediction.
 */
import { parseInferenceId } from './inference-id.ts';

const HASH = 16;
/** A key of S3 has at most 1,024 bytes, and the folders take some. Source: S3 user guide, "Naming Amazon S3 objects". */
const KEYS_PER_NAME = 50;

/** Names the rows of a request; of many rows several names. */
export function keyNames(inferenceId: string, hashes: readonly string[]): string[] {
  const names: string[] = [];
  for (let first = 0; first < hashes.length; first += KEYS_PER_NAME) {
    names.push(`${inferenceId}.${first}-${hashes.slice(first, first + KEYS_PER_NAME).join('')}`);
  }
  return names;
}

/** A prediction, as a label names it. */
export interface Prediction {
  /** The inference id, with `.<row>` behind it. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
}

const NAME = /^(.+)-((?:[0-9a-f]{16})+)$/;

/** Reads a name of {@link keyNames}: each key's hash and its prediction; nothing of any other name. */
export function predictionsIn(name: string): [hash: string, prediction: Prediction][] {
  const [, first = '', hashes = ''] = NAME.exec(name) ?? [];
  const named = parseInferenceId(first);
  if (named === undefined || named.row === null) return [];
  const { request, row, atMs } = named;
  return Array.from({ length: hashes.length / HASH }, (_, at) => [
    hashes.slice(at * HASH, (at + 1) * HASH),
    { id: `${request}.${row + at}`, atMs },
  ]);
}
