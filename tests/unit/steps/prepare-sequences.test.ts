import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mergeDays, timeCut } from '../../../functions/plan-run/time-cut.ts';
import { assignRows, sharesOf, splitMethod } from '../../../functions/prepare-data/assign-rows.ts';
import { championExposure } from '../../../functions/prepare-data/champion-exposure.ts';
import { literal } from '../../../shared/data/engine.ts';
import { SIDES } from '../../../shared/data/split.ts';
import { publish } from '../../../shared/definition/publish.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import { type ResolvedInput, resolveInput } from '../../../shared/definition/resolve.ts';
import type { ColumnBatch } from '../../../shared/features/columns.ts';
import type { Prepared, RunPlan, SplitMethod } from '../../../shared/ledger/facts.ts';
import fc from '../../fast-check.ts';
import { workshop } from '../data/workshop.ts';
import { prepareWorld } from './prepare-world.ts';

const shop = workshop();
const HOUR_MS = 3_600_000;
const START = Date.UTC(2001, 0, 1);

/** One observation of something, at an hour counted from the start. */
interface Row {
  readonly id: number;
  readonly hour: number;
  readonly late: number;
}

interface Delivery {
  readonly kind: 'deliver';
  readonly rows: readonly Row[];
}

/** A run over all that was delivered, under a definition of its own. */
interface Run {
  readonly kind: 'run';
  readonly by: 'time' | 'key' | 'entity';
  readonly gate: number;
  readonly validation: number;
  readonly embargoHours: number;
  /** Days of data that a run takes; null for all. */
  readonly windowDays: number | null;
  /** Without a time: how many models judge; null where one does. */
  readonly folds: number | null;
  readonly isPromoted: boolean;
}

/** From any day on, early ones too: what lands late, overlaps or comes again lands in between. */
const delivery: fc.Arbitrary<Delivery> = fc
  .record({ from: fc.integer({ min: 0, max: 30 }), days: fc.integer({ min: 1, max: 12 }), seed: fc.nat(9) })
  .chain(({ from, days, seed }) =>
    fc
      .array(
        fc.record({
          id: fc.integer({ min: 0, max: 40 }),
          hour: fc.integer({ min: from * 24, max: (from + days) * 24 - 1 }),
          late: fc.constantFrom(0, 1),
        }),
        { minLength: 5, maxLength: 40 },
      )
      .map((rows) => ({ kind: 'deliver' as const, rows: seed === 0 ? [...rows, ...rows] : rows })),
  );
const run: fc.Arbitrary<Run> = fc.record({
  kind: fc.constant('run' as const),
  by: fc.oneof(
    { arbitrary: fc.constant('time' as const), weight: 3 },
    fc.constantFrom('key' as const, 'entity' as const),
  ),
  gate: fc.constantFrom(0.1, 0.2, 0.3),
  validation: fc.constantFrom(0.1, 0.2),
  embargoHours: fc.constantFrom(0, 1, 30),
  windowDays: fc.constantFrom(null, 5, 15),
  folds: fc.constantFrom(null, null, 2, 5),
  isPromoted: fc.boolean(),
});
const sequence = fc
  .array(fc.oneof({ arbitrary: delivery, weight: 2 }, run), { minLength: 2, maxLength: 10 })
  .chain((steps) => {
    const delivered = steps.filter((step) => step.kind === 'deliver');
    // The same delivery once more, after all.
    return delivered.length === 0
      ? fc.constant(steps)
      : fc.constantFrom(...delivered).map((again) => [...steps, again, ...steps.filter((step) => step.kind === 'run')]);
  });

/** How rows are divided: by time or into parts of a hash, or into folds. */
const splitText = ({ by, gate, validation, embargoHours, folds }: Run): string => {
  if (by === 'time') return `gate: ${gate}, validation: ${validation}, embargo: ${embargoHours}h`;
  return folds === null ? `gate: ${gate}, validation: ${validation}` : `folds: ${folds}, validation: ${validation}`;
};

const definitionOf = (asked: Run): string => `
problem: binary
data:
  label: late
${asked.by === 'time' ? '  time: at\n' : ''}${asked.by === 'entity' ? '  entity: id\n' : ''}  key: ${asked.by === 'key' ? '[id]' : '[id, at]'}
  features: [{ name: f, sql: id + 1 }]
  split: { ${splitText(asked)} }
`;

const COLUMNS = [
  { name: 'id', type: 'integer' },
  { name: 'at', type: 'timestamp' },
  { name: 'late', type: 'integer' },
] as const;

const batchOf = (rows: readonly Row[]): ColumnBatch => ({
  rows: rows.length,
  columns: {
    id: { type: 'integer', values: Float64Array.from(rows, ({ id }) => id) },
    at: { type: 'timestamp', values: Float64Array.from(rows, ({ hour }) => (START + hour * HOUR_MS) * 1000) },
    late: { type: 'integer', values: Float64Array.from(rows, ({ late }) => late) },
  },
});

/** What a run trained on and is judged by, and how it was split. */
interface Made {
  readonly by: Run['by'];
  readonly split: SplitMethod;
  readonly trainedBefore: Prepared['trainedBefore'];
  readonly columnTypes: ResolvedInput['columnTypes'];
  /** The model that serves, or with folds those that judge in its place: each has rows it was taught and rows it judges. */
  readonly models: readonly {
    /** Rows to train on or to stop at. */
    readonly taught: readonly Row[];
    readonly judging: readonly Row[];
  }[];
  readonly cut: RunPlan['cut'];
}

const dayOf = ({ hour }: Row): string => new Date(START + hour * HOUR_MS).toISOString().slice(0, 10);

/** The cut that `plan-run` makes of the rows; undefined where it plans nothing. */
function cutOf(asked: Run, rows: readonly Row[], champion: Made | undefined): RunPlan['cut'] | undefined {
  if (asked.by !== 'time') return null;
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(dayOf(row), (counts.get(dayOf(row)) ?? 0) + 1);
  const newest = Math.max(...[...counts.keys()].map((day) => Date.parse(`${day}T00:00:00Z`)));
  const from = asked.windowDays === null ? Number.NEGATIVE_INFINITY : newest - asked.windowDays * 24 * HOUR_MS;
  const seen =
    champion?.split.by === 'time' && champion.trainedBefore !== null
      ? Date.parse(champion.trainedBefore)
      : Number.NEGATIVE_INFINITY;
  const cut = timeCut(mergeDays([[...counts]], from), asked, seen, asked.embargoHours * HOUR_MS);
  return (
    cut && {
      from: Number.isFinite(from) ? new Date(from).toISOString() : null,
      validation: new Date(cut.validation).toISOString(),
      gate: new Date(cut.gate).toISOString(),
      embargoMs: asked.embargoHours * HOUR_MS,
    }
  );
}

interface Asked {
  readonly input: ResolvedInput;
  readonly split: ReturnType<typeof readDefinition>['definition']['data']['split'];
}

const known = new Map<string, Asked>();

/** What a definition means for the columns. */
function askedBy(yaml: string): Asked {
  const asked = known.get(yaml);
  if (asked !== undefined) return asked;
  const { definition } = readDefinition(yaml, 'models/m.yml');
  const found = { input: resolveInput(publish('m', definition), COLUMNS), split: definition.data.split };
  known.set(yaml, found);
  return found;
}

/** A run over these rows by the code of the steps. */
function made(asked: Run, rows: readonly Row[], champion: Made | undefined): Made | undefined {
  const cut = cutOf(asked, rows, champion);
  if (cut === undefined) return undefined;
  const { input, split } = askedBy(definitionOf(asked));
  const { folds } = split;
  const judges =
    folds === null ? [null] : Array.from({ length: folds }, (_, index) => ({ of: folds, judges: index + 1 }));
  return {
    by: asked.by,
    split: splitMethod(input, cut, split),
    trainedBefore: cut === null ? null : new Date(Date.parse(cut.gate) - cut.embargoMs).toISOString(),
    columnTypes: input.columnTypes,
    models: judges.map((fold) => {
      const assign = assignRows(input, {
        problem: 'binary',
        cut,
        shares: sharesOf(split),
        fold,
        halfLifeMs: null,
        classes: null,
        classWeights: null,
      });
      const { sides } = assign(batchOf(rows));
      const of = (...wanted: number[]): Row[] => rows.filter((_, row) => wanted.includes(sides[row] ?? SIDES.none));
      return { taught: of(SIDES.train, SIDES.validation), judging: of(SIDES.gate) };
    }),
    cut,
  };
}

/** Fails where rows that judge were taught, or something later was. */
function expectUnseen(candidate: Made, other: Made, whose: string): void {
  expect(other.models, 'as many models judge').toHaveLength(candidate.models.length);
  candidate.models.forEach(({ judging }, model) => {
    const { trainedBefore } = other;
    expectUnseenBy({ by: candidate.by, judging }, { taught: other.models[model]?.taught ?? [], trainedBefore }, whose);
  });
}

function expectUnseenBy(
  { by, judging }: { readonly by: Run['by']; readonly judging: readonly Row[] },
  { taught, trainedBefore }: { readonly taught: readonly Row[]; readonly trainedBefore: Made['trainedBefore'] },
  whose: string,
): void {
  // Without a time it is the key, or the entity, that must not be on both sides.
  const unitOf = ({ id, hour }: Row): string => (by === 'time' ? `${id} ${hour}` : String(id));
  const known = new Set(taught.map(unitOf));
  expect(
    judging.filter((row) => known.has(unitOf(row))),
    `rows that ${whose} was taught`,
  ).toEqual([]);
  if (by !== 'time' || trainedBefore === null) return;
  const end = (Date.parse(trainedBefore) - START) / HOUR_MS;
  expect(
    taught.filter(({ hour }) => hour >= end),
    `rows later than ${whose} says it was taught`,
  ).toEqual([]);
  expect(
    judging.filter(({ hour }) => hour < end),
    `rows that judge, earlier than what ${whose} was taught`,
  ).toEqual([]);
}

describe('over any sequence of deliveries and runs', () => {
  it('gate rows never reach training, and nothing later does, of the candidate or a champion it is compared with', () => {
    let compared = 0;
    let exposed = 0;
    let inFolds = 0;
    fc.assert(
      fc.property(sequence, (steps) => {
        const datasets = new Map<string, readonly Row[]>();
        let champion: Made | undefined;
        for (const step of steps) {
          if (step.kind === 'deliver') {
            datasets.set(JSON.stringify(step.rows), step.rows);
            continue;
          }
          const rows = [...datasets.values()].flat();
          const candidate = rows.length === 0 ? undefined : made(step, rows, champion);
          if (candidate === undefined) continue;

          expectUnseen(candidate, candidate, 'the candidate');
          // With folds every row judges, and once.
          if (candidate.split.by === 'folds') {
            expect(candidate.models.flatMap(({ judging }) => judging)).toHaveLength(rows.length);
          }
          if (champion !== undefined) {
            const why = championExposure(candidate, champion, candidate.cut);
            if (why === null) {
              compared += 1;
              if (candidate.split.by === 'folds') inFolds += 1;
              expectUnseen(candidate, champion, 'the champion');
            } else exposed += 1;
          }
          if (step.isPromoted && candidate.models.every(({ taught }) => taught.length > 0)) champion = candidate;
        }
      }),
      { numRuns: 1500, seed: 11 },
    );
    // The sequences are such that there is something to see.
    expect(compared).toBeGreaterThan(1000);
    expect(exposed).toBeGreaterThan(500);
    expect(inFolds).toBeGreaterThan(20);
  });

  it('gate rows never reach the parts of training, through the steps themselves', async () => {
    let prepared = 0;
    let inFolds = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(delivery, { minLength: 2, maxLength: 3 }),
        run.filter(({ windowDays }) => windowDays === null),
        async (deliveries, asked) => {
          const world = await prepareWorld(definitionOf(asked));
          const csv = ({ rows }: Delivery) =>
            `id,at,late\n${rows.map(({ id, hour, late }) => `${id},${new Date(START + hour * HOUR_MS).toISOString().slice(0, 19)},${late}`).join('\n')}\n0,2001-01-01T00:00:00,1\n1,2001-01-01T01:00:00,0\n`;
          const datasets: string[] = [];
          for (const each of [...deliveries, ...deliveries.slice(0, 1)]) datasets.push(await world.deliver(csv(each)));
          const rows = deliveries.flatMap((each) => each.rows);
          const cut = cutOf(asked, rows, undefined);
          if (cut === undefined) return;
          await world.plan([...new Set(datasets)], { cut });

          const { outcome } = await world.prepare();

          if (outcome !== 'prepared') return;
          const { splits, folds } = await world.prepared();
          const read = async (parts: readonly { rowsKey: string }[]) => {
            const found = await Promise.all(
              parts.map(async ({ rowsKey }) => {
                const path = join(shop.directory(), 'rows.parquet');
                writeFileSync(path, (await world.store.get(rowsKey))?.body ?? '');
                return shop.rows(`SELECT * FROM read_parquet(${literal(path)})`);
              }),
            );
            return found.flat();
          };
          for (const each of folds ?? [splits]) {
            const [train, validation, gate] = await Promise.all([
              read(each.train.parts),
              read(each.validation.parts),
              read(each.gate.parts),
            ]);
            const judged = new Set(gate.map(([key]) => key));
            const taught = [...train, ...validation];
            expect(taught.filter(([key]) => judged.has(key))).toEqual([]);
            if (asked.by === 'time') {
              const times = (some: typeof gate): number[] => some.map(([, , time]) => Number(time));
              expect(Math.max(...times(taught))).toBeLessThan(Math.min(...times(gate)));
            }
          }
          prepared += 1;
          if (folds !== undefined) inFolds += 1;
        },
      ),
      { numRuns: 8, seed: 3 },
    );
    expect(prepared).toBeGreaterThan(4);
    expect(inFolds).toBeGreaterThan(0);
  });
});
