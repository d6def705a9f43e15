/** Reads a delivery of which nothing is declared as it is written: once to see how, and again if that is to be declared. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { SourceFormat } from '../../shared/definition/source.ts';
import type { Delivery } from './delivery.ts';
import { findComment } from './find-comment.ts';
import { readSeen, type Seen } from './seen.ts';
import { type SuggestedNotation, suggestNotations } from './suggest-notation.ts';

/** What was read, and what is to be declared so that the loop reads the same. */
export interface SeenAsWritten extends Seen {
  readonly written: readonly SuggestedNotation[];
  /** The mark of comments that was found; null where none was, or where it was declared. */
  readonly comment: string | null;
}

/**
 * Reads a delivery.
 *
 * @param directory for typed copies; the caller removes it
 */
export async function readAsWritten(
  delivery: Delivery,
  directory: string,
  given: SourceFormat,
): Promise<SeenAsWritten> {
  const comment = await findComment(delivery, given);
  const source = comment === null ? given : { ...given, comment };
  const seen = await readSeen(delivery, directory, source);
  let written: readonly SuggestedNotation[] = [];
  try {
    if (seen.dataset.problems.length === 0 && seen.rows > 0) written = await suggestNotations(seen);
  } catch (error) {
    seen.close();
    throw error;
  }
  if (written.length === 0) return { ...seen, written, comment };
  seen.close();
  const again = join(directory, 'as-written');
  await mkdir(again);
  const columns = Object.fromEntries(written.map(({ column, notation }) => [column, notation]));
  return { ...(await readSeen(delivery, again, { ...source, columns })), written, comment };
}
