/** Identifiers beyond 2^53 in a file that a model is made from: read as text, and declared so. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { init } from '../../../cli/verbs/init.ts';
import { validate } from '../../../cli/verbs/validate.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import { here } from './here.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'digits-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const orders = (column: string): string =>
  `${column},amount,paid\n${Array.from({ length: 400 }, (_, row) => `${2n ** 60n + BigInt(row)},${(row * 7) % 90}.5,${row % 2}\n`).join('')}`;

it('makes them the key, with every value its own, and the file passes', async () => {
  const file = join(folder, 'orders.csv');
  const out = join(folder, 'orders.yml');
  await writeFile(file, orders('order_id'));

  const made = await here(init, [file], { label: 'paid', out });
  const again = await here(validate, [file], { model: out });

  expect([made.exit, again.exit]).toEqual([0, 0]);
  const { data } = readDefinition(await readFile(out, 'utf8'), out).definition;
  expect(data.key).toEqual(['order_id']);
  expect(data.features?.map(({ name }) => name)).toEqual(['amount']);
  expect(data.rules).toMatchObject([{ rule: 'column_type', column: 'order_id', type: 'string' }]);
});

it('leaves them out where they are no key, and declares nothing of them', async () => {
  const file = join(folder, 'readings.csv');
  const out = join(folder, 'readings.yml');
  await writeFile(file, orders('reading'));

  const made = await here(init, [file], { label: 'paid', out });

  expect(made.exit).toBe(0);
  const yaml = await readFile(out, 'utf8');
  expect(readDefinition(yaml, out).definition.data).toMatchObject({ key: null, rules: [] });
  expect(yaml).toMatch(/#\s+reading: every row has its own value/);
});
