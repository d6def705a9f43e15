import { describe, expect, it } from 'vitest';
import type { Rule } from '../../../shared/data/rules/check.ts';
import { NO_COUNTS } from '../../../shared/data/rules/counts.ts';
import { judgeChecks, keysOf, planChecks } from '../../../shared/data/rules/plan.ts';
import type { ColumnSpec } from '../../../shared/data/sql.ts';
import { definitionWith, judgedFiles, NOW } from './rules-world.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

/** The checks of a table, under these rules. */
const planned = (columns: readonly ColumnSpec[], rules: readonly Rule[] = []) =>
  planChecks({ problem: 'binary', rules, columns, ids: [], now: NOW });
const texts = (count: number): ColumnSpec[] =>
  Array.from({ length: count }, (_, at) => ({ name: `t${at}`, type: 'string' }));

describe('what is looked for without a rule', () => {
  it('is personal data in the first 200 columns of text, and in any that a rule names', () => {
    const columns: ColumnSpec[] = [{ name: 'n', type: 'number' }, ...texts(202)];
    const looked = (rules: readonly Rule[] = []): unknown[] =>
      planned(columns, rules)
        .filter(({ rule }) => rule === 'no_pii')
        .map(({ column, index }) => [column, index]);

    const found = looked();
    const { rules } = definitionWith(['{ rule: no_pii, column: t201 }', '{ rule: no_pii, column: t0 }']).definition
      .data;
    const asked = looked(rules);

    expect(found).toHaveLength(200);
    expect([found[0], found.at(-1)]).toEqual([
      ['t0', null],
      ['t199', null],
    ]);
    // A column of a rule is no standing check's: the next one is looked at in its place.
    expect(asked).toHaveLength(202);
    expect(asked.slice(0, 2)).toEqual([
      ['t201', 0],
      ['t0', 1],
    ]);
    expect(asked.at(-1)).toEqual(['t200', null]);
  });

  it('is personal data in the first 20,000 lines, and in all where a rule asks for it', {
    timeout: 60_000,
  }, async () => {
    const rows = Array.from({ length: 20_300 }, (_, at) => `${at},1,1,${at % 2},${at > 19_600 ? 'a@b.org' : 'none'}`);
    const files = { 'shop.csv': `id,price,visits,late,note\n${rows.join('\n')}\n` };
    const told = async (rules: readonly string[]) =>
      (await judgedFiles(shop, files, rules)).checks.filter(({ rule }) => rule === 'no_pii');

    // The header is a line.
    expect(await told([])).toMatchObject([{ index: null, result: 'warn', evaluated: 19_999, failed: 19_998 - 19_600 }]);
    expect(await told(['{ rule: no_pii, column: note }'])).toMatchObject([
      { index: 0, result: 'fail', evaluated: 20_300, failed: 20_299 - 19_600 },
    ]);
  });

  it('is rows that come again among a million, and among more where a rule asks for it', () => {
    const { rules } = definitionWith(['{ rule: duplicate_rows_max }']).definition.data;
    const [standing, asked] = [planned(texts(2)), planned(texts(2), rules)];
    const inRows = (checks: typeof standing, rows: number): number => keysOf(checks, rows).size;

    expect([inRows(standing, 1_000_000), inRows(standing, 1_000_001)]).toEqual([1, 0]);
    expect([inRows(asked, 1_000_000), inRows(asked, 1_000_001)]).toEqual([1, 1]);
    const evidence = {
      counts: { ...NO_COUNTS, rows: 1_000_001 },
      keys: new Map(),
      figures: new Map(),
      history: [],
      label: null,
      now: NOW,
    };
    expect(judgeChecks(standing, evidence)).toContainEqual(
      expect.objectContaining({
        rule: 'duplicate_rows_max',
        result: 'pass',
        message: 'not looked for in more than 1,000,000 rows without a rule that asks for it',
      }),
    );
  });
});
