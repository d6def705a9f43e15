import * as z from 'zod';

import { orderAscending } from './radix-sort.ts';

/**
 * A few gate rows and what the models said of them, to hold an endpoint against. A row is named by its part and its
 * place there (the first is 0); its values stay where they are.
 */
export const goldenSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  /** The champion the scores of `champion` are of; null without one. */
  championRun: z.string().nullable(),
  rows: z.array(
    z.strictObject({
      part: z.int().min(0),
      ordinal: z.int().min(0),
      candidate: z.number(),
      champion: z.number().nullable(),
    }),
  ),
});
export type Golden = z.infer<typeof goldenSchema>;
export type GoldenRow = Golden['rows'][number];

/** Scores of the gate rows and how many rows each part of `rows/` has, in order. */
export interface GoldenInput {
  readonly parts: readonly number[];
  readonly candidate: Float64Array;
  readonly champion: Float64Array | null;
}

/**
 * Chooses golden rows: evenly spread over the candidate's scores from the lowest to the highest, so that a served
 * model which is off anywhere is off on one of them. The same scores choose the same rows.
 */
export function chooseGolden({ parts, candidate, champion }: GoldenInput, count = 20): GoldenRow[] {
  const total = candidate.length;
  const order = orderAscending(candidate);
  const steps = Math.max(Math.min(count, total) - 1, 1);
  const chosen = new Set<number>();
  for (let step = 0; step < Math.min(count, total); step += 1) {
    chosen.add(order[Math.round((step * (total - 1)) / steps)] ?? 0);
  }
  const rows: GoldenRow[] = [];
  let first = 0;
  parts.forEach((size, part) => {
    for (const row of [...chosen].filter((index) => index >= first && index < first + size).sort((a, b) => a - b)) {
      rows.push({
        part,
        ordinal: row - first,
        candidate: candidate[row] ?? 0,
        champion: champion === null ? null : (champion[row] ?? 0),
      });
    }
    first += size;
  });
  return rows;
}
