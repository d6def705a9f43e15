import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import fc from '../../fast-check.ts';

import { DEFINITION } from './data-world.ts';
import { partsWorld } from './parts-world.ts';

const RULED = `${DEFINITION}
  rules:
    - { rule: completeness, column: x, severity: warn, min: 0.5 }
    - { rule: values_between, column: load, min: 0, max: 8, severity: warn }
    - { rule: uniqueness, column: y, severity: warn }
    - { rule: primary_key, columns: [at, line], severity: warn }
    - { rule: matches_regex, column: line, regex: '[AB]', severity: warn }
    - { rule: row_count_between, min: 1, max: 1000000 }
`;

/** What a cell of the columns x and y may hold: of one part those of one kind, and sometimes of another. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  wholes: ['1', '20', '-3', ''],
  numbers: ['1.5', '2', '1e3', ''],
  dates: ['2001-01-02', '2001-02-03', ''],
  times: ['2001-01-02 03:04:05', '2001-01-02T03:04:05Z', '2001-01-05'],
  truths: ['true', 'false', ''],
  words: ['a', 'B c', '"with ""quotes"" and\nlines"', 'NA'],
  codes: ['007', '012'],
  missing: ['', 'NA', 'null'],
};

interface Row {
  readonly at: string;
  readonly line: string;
  readonly load: string;
  readonly delay: string;
  readonly x: string;
  readonly y: string;
}

const COLUMNS = ['at', 'line', 'load', 'delay', 'x', 'y'] as const;

const kind = fc.constantFrom(...Object.keys(KINDS));
const cellOf = (name: string) => fc.constantFrom(...(KINDS[name] ?? ['']));
const cells = (from: readonly string[]) =>
  fc.oneof({ weight: 20, arbitrary: cellOf(from[0] ?? '') }, { weight: 1, arbitrary: cellOf(from[1] ?? '') });

const rows = fc.tuple(kind, kind, kind).chain(([x, y, other]) =>
  fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 400 }).map((hour) => new Date(Date.UTC(2001, 0, 1, hour)).toISOString()),
      line: fc.constantFrom('A', 'B', 'C'),
      load: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.double({ min: 0, max: 9, noNaN: true })).map(String),
      delay: fc.integer({ min: 0, max: 20 }).map(String),
      x: cells([x, other]),
      y: cells([y, other]),
    }),
    { minLength: 0, maxLength: 12 },
  ),
);

/** CSV with the columns in an order of its own. */
const csv = (some: readonly Row[], order: readonly (keyof Row)[]): string =>
  `${[order.join(','), ...some.map((row) => order.map((name) => row[name]).join(','))].join('\n')}\n`;

const part = fc.record({
  rows,
  order: fc.oneof(fc.constant([...COLUMNS]), fc.shuffledSubarray([...COLUMNS], { minLength: COLUMNS.length })),
  isPacked: fc.boolean(),
});

const parts = fc
  .array(part, { minLength: 2, maxLength: 6 })
  .map((some) =>
    Object.fromEntries(
      some.map(({ rows: own, order, isPacked }, index) => [
        `part-${index}.csv${isPacked ? '.gz' : ''}`,
        isPacked ? gzipSync(csv(own, order)) : csv(own, order),
      ]),
    ),
  );

describe('whatever the parts of a dataset hold', () => {
  it('reading them side by side, in any order, gives the bytes of reading them one after another', async () => {
    await fc.assert(
      fc.asyncProperty(parts, fc.infiniteStream(fc.nat({ max: 1000 })), async (folder, numbers) => {
        const one = await partsWorld({ yaml: RULED });
        const many = await partsWorld({ yaml: RULED });

        const alone = await one.oneByOne(folder);
        const together = await many.sideBySide(folder, (waiting) => (numbers.next().value ?? 0) % Math.max(waiting, 1));

        expect(together).toEqual(alone);
        expect(await many.kept()).toEqual(await one.kept());
        expect(many.told).toEqual(one.told);
      }),
      { seed: 6, numRuns: 5 },
    );
  });
});
