import { readFileSync } from 'node:fs';

import { expect } from 'vitest';
import * as z from 'zod';

const tolerance = z.object({ abs: z.number(), rel: z.number() });
const file = z.object({
  format: z.literal('mlops-reference-vectors/1'),
  default_tolerance: tolerance,
  cases: z
    .array(
      z.object({
        id: z.string(),
        description: z.string(),
        input: z.record(z.string(), z.unknown()),
        expected: z.record(z.string(), z.unknown()),
        note: z.string().optional(),
      }),
    )
    .min(1),
});

export type Vectors = z.infer<typeof file>;
export type VectorCase = Vectors['cases'][number];

/** A file of reference numbers under `tests/vectors/`. */
export function readVectors(name: string): Vectors {
  const path = new URL(`../../vectors/${name}.json`, import.meta.url);
  return file.parse(JSON.parse(readFileSync(path, 'utf8')));
}

const cells = z.array(z.number().nullable());

/** A column of a case; a null becomes NaN, the mark of a missing value. */
export function columnOf(input: VectorCase['input'], name: string): Float64Array {
  return Float64Array.from(cells.parse(input[name]), (cell) => cell ?? Number.NaN);
}

/** Holds every figure of `expected` against `actual`: null agrees with null alone, numbers within the tolerance. */
export function expectFigures(
  actual: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
  { abs, rel }: { abs: number; rel: number },
): void {
  for (const [name, figure] of Object.entries(expected)) {
    const found = actual[name];
    if (typeof figure !== 'number') {
      expect({ [name]: found }).toEqual({ [name]: figure });
      continue;
    }
    expect(typeof found, `${name} is ${String(found)}, not ${figure}`).toBe('number');
    const distance = Math.abs(Number(found) - figure);
    expect(distance, `${name} is ${String(found)}, not ${figure}`).toBeLessThanOrEqual(abs + rel * Math.abs(figure));
  }
}
