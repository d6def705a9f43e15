/** Each row of the catalogue through the code that `validate-data` judges deliveries with. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { datasetJudge } from '../../shared/data/judge-dataset.ts';
import { beyondLimits, type Problem } from '../../shared/data/problems.ts';
import type { ReadDataset } from '../../shared/data/read-dataset.ts';
import { publish } from '../../shared/definition/publish.ts';
import { readDefinition } from '../../shared/definition/read.ts';
import { workshop } from '../unit/data/workshop.ts';
import { catalogue } from './catalogue.ts';
import { DEFINITION, type HostileFile } from './hostile-file.ts';

const MIB = 1024 * 1024;
const shop = workshop();

const maker = {
  get engine() {
    return shop.engine;
  },
  async parquet(sql: string): Promise<Buffer> {
    const path = join(shop.directory(), 'made.parquet');
    await shop.engine.copyToParquet(sql, path);
    return readFileSync(path);
  },
};

interface Judged {
  readonly read: ReadDataset;
  readonly problems: readonly Problem[];
  readonly warned: readonly string[];
  readonly peakBytes: number;
}

/** What the function does with a delivery, from its first byte to the verdict. */
async function judge(row: HostileFile): Promise<Judged> {
  const { model, definition } = readDefinition(row.definition ?? DEFINITION, 'models/orders.yml');
  const now = new Date('2026-01-01T00:00:00Z');
  const judging = datasetJudge({ published: publish(model, definition), before: null, history: [], now });
  const made = await row.bytes(maker);
  const isFile = typeof made === 'string' || made instanceof Uint8Array;
  const files = isFile ? { [row.file ?? 'orders.csv']: made } : made;
  const before = process.resourceUsage().maxRSS;
  const read = await shop.read(files, {
    expected: judging.expected,
    visit: [judging.visit],
    source: definition.data.source,
    maxBytes: row.maxBytes ?? 64 * MIB,
  });
  const { problems, checks } = await judging.judge(shop.engine, read);
  const warned = checks.filter(({ result }) => result === 'warn').map(({ rule }) => rule);
  const peakBytes = (process.resourceUsage().maxRSS - before) * 1024;
  return { read, problems, warned, peakBytes };
}

/** A problem, as far as a row says where it has to be. */
const asTold = (problem: Problem | undefined, places: readonly string[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(problem ?? {}).filter(([key]) => key === 'code' || places.includes(key)));

describe.each(Object.entries(catalogue))('a delivery that is hostile or damaged in its %s', (_, rows) => {
  it.each(rows.map((row) => [row.name, row] as const))('is judged with a reason: %s', async (_name, row) => {
    const { read, problems, warned, peakBytes } = await judge(row);

    const { expected } = row;
    if (expected.verdict === 'accepted') {
      expect(problems).toEqual([]);
      expect(read.rows).toBe(expected.rows);
      const types = Object.fromEntries(read.columns.map(({ name, type }) => [name, type]));
      expect(types).toMatchObject(expected.types ?? {});
      expect(warned).toEqual(expect.arrayContaining([...(expected.warns ?? [])]));
    } else if (expected.verdict === 'deferred') {
      expect(beyondLimits(problems)).toMatchObject(expected.problem);
      expect(problems).toHaveLength(1);
    } else {
      expect(beyondLimits(problems)).toBeUndefined();
      const told = expected.problems.map(({ code: _, ...place }, i) => asTold(problems[i], Object.keys(place)));
      expect(told).toEqual(expected.problems);
      const codes = new Set([...expected.problems.map(({ code }) => code), ...(expected.also ?? [])]);
      expect(problems.map(({ code }) => code).filter((code) => !codes.has(code))).toEqual([]);
      expect(problems[0]?.message).toContain(expected.says ?? '');
      // A list that grows with the damage would be as large as the file.
      expect(problems.length).toBeLessThanOrEqual(100);
    }
    expect(peakBytes / MIB).toBeLessThan(row.memoryMiB ?? 200);
  });
});

it('has at least 120 deliveries, each by a name of its own', () => {
  const names = Object.values(catalogue).flatMap((rows) => rows.map(({ name }) => name));
  expect(names.length).toBeGreaterThanOrEqual(120);
  expect(new Set(names).size).toBe(names.length);
});
