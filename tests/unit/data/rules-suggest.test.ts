import { describe, expect, it } from 'vitest';

import { suggestRules } from '../../../shared/data/rules/suggest.ts';
import { modelDefinitionSchema } from '../../../shared/definition/schema.ts';
import { judgedFiles } from './rules-world.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const csv = (rows: number): string =>
  `id,price,visits,late,plan,day\n${Array.from({ length: rows }, (_, at) => `${at + 1},${at % 50 === 0 ? '' : (at % 40) + 0.5},${at % 7},${at % 2},${['free', 'pro'][at % 2]},2001-01-${String((at % 28) + 1).padStart(2, '0')}`).join('\n')}\n`;

const suggested = async (rows: number, options = {}) => {
  const { profile } = await shop.read({ 'a.csv': csv(rows) });
  if (profile === null) throw new Error('there is a profile');
  return suggestRules(profile, options);
};

const termsOf = (suggestions: Awaited<ReturnType<typeof suggested>>, column: string) =>
  suggestions.flatMap(({ rule }) => (rule.column === column ? [rule] : []));

describe('a suggested rule', () => {
  it('is what the data of many rows shows', async () => {
    const suggestions = await suggested(2000, { key: ['id'] });

    expect(termsOf(suggestions, 'plan')).toEqual([
      { rule: 'completeness', column: 'plan' },
      { rule: 'values_in_set', column: 'plan', values: ['free', 'pro'], max_unseen_share: 0.01 },
    ]);
    expect(termsOf(suggestions, 'visits')).toEqual([
      { rule: 'completeness', column: 'visits' },
      { rule: 'column_type', column: 'visits', type: 'integer' },
      { rule: 'values_not_negative', column: 'visits' },
      { rule: 'values_between', column: 'visits', min: -2, max: 8, severity: 'warn' },
    ]);
    expect(termsOf(suggestions, 'id')).toContainEqual({ rule: 'uniqueness', column: 'id' });
    expect(suggestions.every(({ evidence }) => evidence.length > 10)).toBe(true);
  });

  it('of a column that lacks values is the lower end of the interval of their share', async () => {
    const [completeness] = termsOf(await suggested(2000), 'price');

    // Wilson's interval of 1960 of 2000 begins at 0.9729.
    expect(completeness).toEqual({ rule: 'completeness', column: 'price', min: 0.972 });
  });

  it('of few rows asks for less, by the rule of three', async () => {
    const suggestions = await suggested(60, { key: ['id'] });

    expect(termsOf(suggestions, 'plan')[0]).toEqual({ rule: 'completeness', column: 'plan', min: 0.95 });
    expect(termsOf(suggestions, 'id').map(({ rule }) => rule)).not.toContain('uniqueness');
  });

  it('of a set leaves room for what so few rows may not have shown, by the upper end of the interval', async () => {
    const suggestions = termsOf(await suggested(200), 'plan');

    // Wilson's interval of 0 of 200 ends at 0.0188.
    expect(suggestions).toContainEqual({
      rule: 'values_in_set',
      column: 'plan',
      values: ['free', 'pro'],
      max_unseen_share: 0.019,
    });
    expect(suggestions).toContainEqual({ rule: 'completeness', column: 'plan', min: 0.985 });
  });

  it('is no set where the values are more than one in twenty rows, and a range is wider than its extremes', async () => {
    const text = `place,size\n${Array.from({ length: 100 }, (_, at) => `place ${at % 10},${at === 0 ? 0 : at === 1 ? 100 : 5}`).join('\n')}\n`;
    const { profile } = await shop.read({ 'a.csv': text });

    const suggestions = profile === null ? [] : suggestRules(profile);

    expect(termsOf(suggestions, 'place').map(({ rule }) => rule)).toEqual(['completeness']);
    // Three quarters of the values are equal: a tenth of the range takes the place of what lies between the quartiles.
    expect(termsOf(suggestions, 'size')).toContainEqual({
      rule: 'values_between',
      column: 'size',
      min: -5,
      max: 105,
      severity: 'warn',
    });
  });

  it('is what it is from its limits on, and not below', async () => {
    const of = async (rows: number, cell: (at: number) => string | number, options = {}) => {
      const text = `name\n${Array.from({ length: rows }, (_, at) => cell(at)).join('\n')}\n`;
      const { profile } = await shop.read({ 'a.csv': text });
      return (profile === null ? [] : suggestRules(profile, options)).map(({ rule }) => rule);
    };
    const named = async (...given: Parameters<typeof of>) => (await of(...given)).map(({ rule }) => rule);
    const key = { key: ['name'] };

    expect(await named(1000, (at) => `place ${at % 50}`)).toContain('values_in_set');
    expect(await named(1020, (at) => `place ${at % 51}`)).not.toContain('values_in_set');
    expect(await named(100, (at) => at)).toContain('values_not_negative');
    expect(await named(100, (at) => at - 1)).not.toContain('values_not_negative');
    expect(await named(100, (at) => at, key)).toContain('uniqueness');
    expect(await named(99, (at) => at, key)).not.toContain('uniqueness');
    expect(await named(100, (at) => Math.max(1, at), key)).not.toContain('uniqueness');
    expect((await of(1000, () => 'x'))[0]).toEqual({ rule: 'completeness', column: 'name' });
    expect((await of(999, () => 'x'))[0]).toEqual({ rule: 'completeness', column: 'name', min: 0.996 });
    // Of more than 10,000 values their number is an estimate.
    expect(await named(12_000, (at) => at, key)).toContain('uniqueness');
    expect(await named(24_000, (at) => at % 12_000, key)).not.toContain('uniqueness');
  });

  it('shows no value of a protected column, and none that few rows have', async () => {
    const rare = `${csv(2000)}2001,1,1,1,Ada Lovelace,2001-01-01\n`;
    const { profile } = await shop.read({ 'a.csv': rare });

    const guarded = await suggested(2000, { protected: ['plan'] });

    expect(termsOf(guarded, 'plan').map(({ rule }) => rule)).toEqual(['completeness']);
    expect(JSON.stringify(profile && suggestRules(profile))).not.toContain('Ada');
  });

  it('is one that a definition takes, and that the data it comes from keeps', async () => {
    const rules = (await suggested(2000, { key: ['id'] })).map(({ rule }) => rule);

    const definition = modelDefinitionSchema.parse({ problem: 'binary', data: { label: 'late', rules } });
    const { accepted, checks } = await judgedFiles(
      shop,
      { 'a.csv': csv(2000) },
      rules.map((rule) => JSON.stringify(rule)),
    );

    expect(definition.data.rules).toHaveLength(rules.length);
    expect(accepted).toBe(true);
    expect(checks.filter(({ index, result }) => index !== null && result !== 'pass')).toEqual([]);
  });
});
