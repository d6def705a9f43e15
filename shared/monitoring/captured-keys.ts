/**
 * What names the rows of requests that others captured, by the hour: the caller's inference id, and the row's key where
 * what was sent holds it. Read once from the capture of a closed hour, so that no later label file reads that again.
 */
import * as z from 'zod';

import type { MissingValues } from '../data/missing-values.ts';
import type { ColumnTypes } from '../features/check.ts';
import { type CaptureTally, captureBatches } from './capture.ts';
import type { TextColumns } from './capture-text.ts';
import { keyNamer } from './row-keys.ts';

/** `predicted/<model>/captured/<definition digest>/<hour>.json`. */
export const capturedHourSchema = z.strictObject({
  model: z.string(),
  hour: z.string(),
  /** A request: its id, when it was, and the hashes of its rows' keys; none where labels are joined by the id. */
  requests: z.array(z.tuple([z.string(), z.number(), z.array(z.string())])),
});
export type CapturedHour = z.infer<typeof capturedHourSchema>;

/** How requests are read to be named. */
export interface CapturedNaming {
  readonly text: TextColumns;
  /** The key's columns, and at which place of a row each is sent; null where the id is all that is asked for. */
  readonly key: readonly { readonly column: string; readonly place: number }[] | null;
  readonly columnTypes: ColumnTypes;
  readonly missing?: MissingValues | undefined;
}

/** Reads values as they are watched, and remembers those of some columns as they were sent. */
function remembering({ names, readers: readersOf }: TextColumns, wanted: readonly number[]) {
  const values: unknown[] = [];
  const places = new Map<unknown, number>();
  const readers = readersOf.map((read, column) => {
    if (!wanted.includes(column)) return read;
    return (cell: unknown): number | undefined => {
      // What the window cannot read, a label finds nothing in.
      if (read(cell) === undefined) return undefined;
      let place = places.get(cell);
      if (place === undefined) {
        place = values.push(cell) - 1;
        places.set(cell, place);
      }
      return place;
    };
  });
  return { text: { names, readers }, valueAt: (place: number): unknown => values[place] ?? null };
}

/** The names of a capture file's requests. What cannot be read is counted, and told where the window is measured. */
export async function* capturedNames(
  source: AsyncIterable<Uint8Array>,
  file: string,
  { text, key, columnTypes, missing }: CapturedNaming,
  tally: CaptureTally,
): AsyncGenerator<CapturedHour['requests'][number]> {
  const columns = key ?? [];
  const { text: read, valueAt } = remembering(
    text,
    columns.map(({ place }) => place),
  );
  const nameOf =
    key === null
      ? null
      : keyNamer(
          key.map(({ column }) => column),
          columnTypes,
          missing,
        );
  const shape = { features: text.names.length, outputs: 0, text: read };
  for await (const batch of captureBatches(source, file, shape, tally)) {
    const rows = Array.from({ length: key === null ? 0 : batch.rows }, (_, row) =>
      Object.fromEntries(columns.map(({ column, place }) => [column, valueAt(batch.columns[place]?.[row] ?? -1)])),
    );
    const hashes = nameOf?.(rows) ?? [];
    for (let record = 0; record < batch.records; record += 1) {
      const mine = hashes.slice(batch.firstRow[record], batch.firstRow[record + 1]);
      // A row without a key keeps its place.
      const known = mine.map((hash) => hash ?? '');
      yield [batch.inferenceId(record) ?? batch.eventId(record), batch.atMs[record] ?? 0, known];
    }
  }
}
