import * as z from 'zod';

import { orderAscending } from './radix-sort.ts';

/** What a model answered for a row: a score, or with several classes the probability of each, in their order. */
const answerSchema = z.union([z.number(), z.array(z.number()).min(2)]);

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
      candidate: answerSchema,
      champion: answerSchema.nullable(),
    }),
  ),
});
export type Golden = z.infer<typeof goldenSchema>;
export type GoldenRow = Golden['rows'][number];

/** Scores of the gate rows and how many rows each part of `rows/` has, in order. */
export interface GoldenInput {
  readonly parts: readonly number[];
  /** One column, or one for each class. */
  readonly candidate: readonly Float64Array[];
  readonly champion: readonly Float64Array[] | null;
}

function answerAt(columns: readonly Float64Array[], row: number): GoldenRow['candidate'] {
  const answers = columns.map((column) => column[row] ?? 0);
  return answers.length === 1 ? (answers[0] ?? 0) : answers;
}

/**
 * Chooses golden rows: evenly spread over the candidate's scores (of the first class, where there are several) from the
 * lowest to the highest, so that a served model which is off anywhere is off on one of them. The same scores choose the
 * same rows.
 */
export function chooseGolden({ parts, candidate, champion }: GoldenInput, count = 20): GoldenRow[] {
  const order = orderAscending(candidate[0] ?? new Float64Array(0));
  const total = order.length;
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
        candidate: answerAt(candidate, row),
        champion: champion === null ? null : answerAt(champion, row),
      });
    }
    first += size;
  });
  return rows;
}
