/** Rows that stand on both sides of a split because nothing but their names differ. */
import { describe, expect, it } from 'vitest';
import { hashSplit, judgingFolds, SIDES } from '../../../shared/data/split.ts';
import { runEndSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import fc from '../../fast-check.ts';
import { MODEL } from './data-world.ts';
import { prepareWorld, RUN } from './prepare-world.ts';

const FEATURES = '  features: [load, line]\n';
const definition = (data: string) =>
  `problem: binary\ndata:\n  label: late\n${data}monitoring: { drift: null }\nevaluation: { cluster: none }\n`;
const KEYED = '  key: [id]\n';

interface Row {
  readonly id: number;
  readonly load: number;
  readonly late: number;
}

/** Rows of which no two are equal but for their names, and copies of some of them. */
const rowsOf = (count: number, copied: readonly number[] = []): Row[] => {
  const rows = Array.from({ length: count }, (_, at) => ({ id: at, load: at, late: (at >> 1) % 2 }));
  return [...rows, ...copied.map((at, i) => ({ id: count + i, load: at, late: (at >> 1) % 2 }))];
};

type Column = readonly [name: string, of: (row: Row) => string | number];
const ID: Column = ['id', ({ id }) => id];
const LINE: Column = ['line', ({ load }) => 'ABCDEFG'.charAt(load % 7)];
const PLACE: Column = ['place', ({ id }) => `in ${id % 90}`];
const DAY: Column = ['day', ({ id }) => new Date(id * 86_400_000).toISOString().slice(0, 10)];

/** The rows, each with a name unless others are asked for in its place. */
const csvOf = (rows: readonly Row[], names: readonly Column[] = [ID, LINE]): string =>
  `${[...names.map(([name]) => name), 'load', 'late'].join(',')}\n${rows
    .map((row) => [...names.map(([, of]) => of(row)), row.load, row.late].join(','))
    .join('\n')}\n`;

const column = (rows: readonly Row[]) => ({
  type: 'integer' as const,
  values: Float64Array.from(rows, ({ id }) => id),
});

/** By brute force: rows that judge and equal one that was learned from. */
function sharedByHand(rows: readonly Row[], shares: { validation: number; gate: number }): number {
  const sides = hashSplit([column(rows)], rows.length, shares);
  return rows.filter(
    (row, i) =>
      sides[i] === SIDES.gate &&
      rows.some((other, j) => sides[j] !== SIDES.gate && other.load === row.load && other.late === row.late),
  ).length;
}

async function run(rows: readonly Row[], yaml: string, csv = csvOf(rows)) {
  const world = await prepareWorld(yaml);
  await world.plan([await world.deliver(csv)], { cut: null });
  const { outcome } = await world.prepare();
  const reason = (await world.ledger.find(runEndSchema, keys.end(MODEL, RUN)))?.reason;
  return { outcome, reason, prepared: outcome === 'prepared' ? await world.prepared() : undefined };
}

describe('rows that are equal but for their names', () => {
  it('end the run where more of them judge than may, with how many, by what, and what to do', async () => {
    const rows = rowsOf(
      200,
      Array.from({ length: 100 }, (_, at) => at),
    );
    const shared = sharedByHand(rows, { validation: 0.1, gate: 0.2 });
    const judging = hashSplit([column(rows)], rows.length, { validation: 0.1, gate: 0.2 }).filter(
      (side) => side === SIDES.gate,
    ).length;

    const { outcome, reason } = await run(rows, definition(`${KEYED}${FEATURES}`));

    expect(outcome).toBe('unpreparable');
    expect(reason).toContain(`${shared} of the ${judging} rows to judge on`);
    expect(reason).toContain('in all but id, a row the model was trained on, and at most 0.1 % may');
    expect(reason).toContain('data.split.max_shared');
  });

  it('are counted exactly, told where they are allowed, and not recorded where there are none', async () => {
    const yaml = definition(`${KEYED}${FEATURES}  split: { max_shared: 1 }\n`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 59 }), { maxLength: 60 }), async (copied) => {
        const rows = rowsOf(60, copied);
        const { prepared } = await run(rows, yaml);
        expect(prepared).toBeDefined();
        expect(prepared?.sharedRows ?? 0).toBe(sharedByHand(rows, { validation: 0.1, gate: 0.2 }));
        expect(prepared?.sharedRows).not.toBe(0);
      }),
      { numRuns: 6 },
    );
  });

  it('are counted over the models of all folds: each has seen what the others judge', async () => {
    const rows = rowsOf(120, [3, 3, 40, 77]);
    const folds = judgingFolds([column(rows)], rows.length, 3);
    const shared = rows.filter((row, i) =>
      rows.some((other, j) => folds[i] !== folds[j] && other.load === row.load && other.late === row.late),
    ).length;

    const { prepared } = await run(rows, definition(`${KEYED}${FEATURES}  split: { folds: 3, max_shared: 1 }\n`));

    expect(shared).toBeGreaterThan(0);
    expect(prepared?.sharedRows).toBe(shared);
    expect((await run(rows, definition(`${KEYED}${FEATURES}  split: { folds: 3 }\n`))).outcome).toBe('unpreparable');
  });

  it.each<{ where: string; data: string; names?: readonly Column[] }>([
    { where: 'a feature reads what names them', data: `${KEYED}  features: [load, id]\n` },
    { where: 'an entity keeps them together', data: `${KEYED}${FEATURES}  entity: line\n` },
    { where: 'no key is declared', data: FEATURES },
    { where: 'the key is what they share', data: `  key: [load]\n${FEATURES}` },
    {
      where: 'the key says what kind of row each is',
      data: '  key: [line, place]\n  features: [load]\n',
      names: [LINE, PLACE],
    },
    { where: 'the key says when each was', data: '  key: [day]\n  features: [load]\n', names: [DAY] },
  ])('are no matter where $where', async ({ data, names }) => {
    const rows = rowsOf(
      200,
      Array.from({ length: 100 }, (_each, at) => at),
    );
    const { outcome, prepared } = await run(rows, definition(data), csvOf(rows, names));
    expect(outcome).toBe('prepared');
    expect(prepared?.sharedRows).toBeUndefined();
  });

  it('are as many as the definition allows, and no more', async () => {
    const rows = rowsOf(200, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const all = definition(`${KEYED}${FEATURES}  split: { max_shared: 1 }\n`);
    const { prepared } = await run(rows, all);
    const [shared = 0, judging = 1] = [prepared?.sharedRows, prepared?.splits.gate.rows];
    const allowing = (share: number) => definition(`${KEYED}${FEATURES}  split: { max_shared: ${share} }\n`);

    expect(shared).toBeGreaterThan(0);
    expect((await run(rows, allowing(shared / judging))).outcome).toBe('prepared');
    expect((await run(rows, allowing((shared - 0.5) / judging))).outcome).toBe('unpreparable');
  });
});
