/** Rules for Model Monitor, of what is in force: without any data at hand. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { rules } from '../../../cli/verbs/rules.ts';
import { validateData } from '../../../functions/validate-data/validate-data.ts';
import { DEFINITION, dataWorld, journeys, MODEL, woken } from '../steps/data-world.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rules-export-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const exported = ({ ledger, tell }: ReturnType<typeof dataWorld>, model: string) =>
  rules.run({
    args: ['export', model],
    options: { dir },
    switches: new Set(),
    now: new Date('2001-03-01T00:00:00Z'),
    place: async () => ({ stage: 'dev', region: 'r', account: 'a', caller: 'c', ledger, tell }),
    progress: () => undefined,
  });

const written = async (name: string) => JSON.parse(await readFile(join(dir, name), 'utf8'));

describe('exporting rules without data', () => {
  it('writes them with what was found in the dataset that was accepted last', async () => {
    const shop = dataWorld();
    const ruled = DEFINITION.replace(
      '  features:',
      '  rules:\n    - { rule: completeness, column: load, min: 0.9 }\n    - { rule: values_in_set, column: line, values: [A, B], severity: warn }\n  features:',
    );
    await shop.publish(ruled);
    const validate = validateData(shop);
    await validate(woken(await shop.upload(`incoming/${MODEL}/a.csv`, journeys(3))));
    const later = new Date('2001-02-02T00:00:00Z');
    const last = await validate(woken(await shop.upload(`incoming/${MODEL}/b.csv`, journeys(5)), later));

    const { exit, data } = await exported(shop, MODEL);

    expect(exit).toBe(0);
    expect(data).toMatchObject({ dataset: last.dataset });
    const statistics = await written('statistics.json');
    expect(statistics.dataset.item_count).toBe(120);
    const { features } = await written('constraints.json');
    expect(features.find(({ name }: { name: string }) => name === 'load')).toMatchObject({ completeness: 0.9 });
    const { violations } = await written('constraint_violations.json');
    expect(violations).toMatchObject([{ feature_name: 'line' }]);
  });

  it('leaves out the values of a column whose long texts are kept shortened, and says so', async () => {
    const shop = dataWorld();
    await shop.publish();
    let row = 0;
    const long = journeys(3).replaceAll(/^([^,\n]+),([A-Z]),/gm, (_all, at, line) => {
      row += 1;
      return `${at},${line.repeat(250)} ${row % 12},`;
    });
    await validateData(shop)(woken(await shop.upload(`incoming/${MODEL}/a.csv`, long)));

    const { text } = await exported(shop, MODEL);

    expect(text).toContain('distribution.categorical of line: the kept profile holds its long texts shortened');
    const { features } = await written('statistics.json');
    const line = features.find(({ name }: { name: string }) => name === 'line');
    expect(line.string_statistics).toEqual({ common: { num_present: row, num_missing: 0 }, distinct_count: 12 });
    expect(JSON.stringify(features)).not.toContain('…');
  });

  it('says what is missing where nothing is published, or nothing was accepted', async () => {
    const shop = dataWorld();

    const unknown = await exported(shop, 'models/nobody.yml');
    await shop.publish();
    const empty = await exported(shop, MODEL);

    expect([unknown.exit, empty.exit]).toEqual([1, 1]);
    expect(unknown.text).toBe('no model nobody is published');
    expect(empty.text).toContain('name data as --data');
  });
});
