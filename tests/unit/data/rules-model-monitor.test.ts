import { describe, expect, it } from 'vitest';

import { compactProfile } from '../../../shared/data/profile/compact.ts';
import {
  constraintsSchema,
  exportConstraints,
  exportViolations,
  importConstraints,
  statisticsSchema,
} from '../../../shared/data/rules/model-monitor.ts';
import { modelDefinitionSchema } from '../../../shared/definition/schema.ts';
import { definitionWith, judgedFiles, table } from './rules-world.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

/** As the prebuilt container writes it. Source: the schema in AWS's documentation, "Schema for Constraints". */
const CONSTRAINTS = constraintsSchema.parse({
  version: 0,
  features: [
    { name: 'price', inferred_type: 'Fractional', completeness: 1, num_constraints: { is_non_negative: true } },
    {
      name: 'plan',
      inferred_type: 'String',
      completeness: 0.98,
      string_constraints: { domains: ['free', 'pro', 'team'] },
      monitoringConfigOverrides: { categorical_comparison_threshold: 0.2 },
    },
    { name: 'odd', inferred_type: 'Unknown', completeness: 0 },
  ],
  monitoring_config: {
    evaluate_constraints: 'Enabled',
    emit_metrics: 'Enabled',
    datatype_check_threshold: 0.1,
    domain_content_threshold: 0.05,
    distribution_constraints: { perform_comparison: 'Enabled', comparison_threshold: 0.1, comparison_method: 'Robust' },
  },
});

describe('constraints of Model Monitor', () => {
  it('become rules that a definition takes', () => {
    const { rules } = importConstraints(CONSTRAINTS);

    expect(rules.map(({ rule }) => rule)).toEqual([
      { rule: 'columns_match_set', columns: ['price', 'plan', 'odd'], exact: true },
      { rule: 'column_type', column: 'price', type: 'number', mostly: 0.9 },
      { rule: 'completeness', column: 'price' },
      { rule: 'values_not_negative', column: 'price' },
      { rule: 'column_type', column: 'plan', type: 'string', mostly: 0.9 },
      { rule: 'completeness', column: 'plan', min: 0.98 },
      { rule: 'values_in_set', column: 'plan', values: ['free', 'pro', 'team'], max_unseen_share: 0.05 },
    ]);
    expect(() =>
      modelDefinitionSchema.parse({
        problem: 'binary',
        data: { label: 'late', rules: rules.map(({ rule }) => rule) },
      }),
    ).not.toThrow();
  });

  it('that have no counterpart are told by name', () => {
    const { untranslated } = importConstraints({ ...CONSTRAINTS, novelty: 1 });

    expect(untranslated).toEqual([
      expect.stringMatching(/^monitoring_config.distribution_constraints/),
      expect.stringMatching(/^monitoring_config.emit_metrics/),
      expect.stringMatching(/^novelty: not a member/),
      expect.stringMatching(/^features\[plan\].monitoringConfigOverrides/),
      expect.stringMatching(/^features\[odd\].inferred_type is Unknown/),
    ]);
  });

  it('that are not evaluated only warn', () => {
    const { rules } = importConstraints({ ...CONSTRAINTS, monitoring_config: { evaluate_constraints: 'Disabled' } });

    expect(new Set(rules.map(({ rule }) => rule.severity))).toEqual(new Set(['warn']));
  });

  it('come back as they were when the rules made of them are exported', async () => {
    const { profile } = await shop.read({ 'a.csv': table() });
    const features = CONSTRAINTS.features.slice(0, 2).map(({ monitoringConfigOverrides: _, ...feature }) => feature);
    const given = { ...CONSTRAINTS, features };
    const { rules } = importConstraints(given);
    const { definition } = definitionWith(rules.map(({ rule }) => JSON.stringify(rule)));

    const { constraints, statistics, untranslated } = exportConstraints(
      definition.data.rules,
      profile ?? { rows: 0, columns: [] },
    );

    const back = new Map(constraintsSchema.parse(constraints).features.map((feature) => [feature.name, feature]));
    expect(back.get('price')).toEqual(features[0]);
    expect(back.get('plan')).toEqual(features[1]);
    expect(constraints.monitoring_config).toMatchObject({
      datatype_check_threshold: 0.1,
      domain_content_threshold: 0.05,
    });
    expect(untranslated).toEqual([]);
    expect(statisticsSchema.parse(statistics)).toMatchObject({
      version: 0,
      dataset: { item_count: 40 },
      features: expect.arrayContaining([
        expect.objectContaining({
          name: 'price',
          inferred_type: 'Fractional',
          numerical_statistics: expect.objectContaining({
            common: { num_present: 40, num_missing: 0 },
            mean: 5,
            sum: 200,
            min: 0.5,
            max: 9.5,
          }),
        }),
      ]),
    });
  });

  it('are made of what rules have a counterpart, and the others are told', async () => {
    const { profile } = await shop.read({ 'a.csv': table() });
    const { definition } = definitionWith([
      '{ rule: freshness, column: day, max_age: 1d }',
      '{ rule: completeness, column: gone }',
      '{ rule: row_count_between, min: 5, severity: warn }',
    ]);

    const { untranslated } = exportConstraints(definition.data.rules, profile ?? { rows: 0, columns: [] });

    expect(untranslated).toEqual([
      'freshness of day: Model Monitor has no such constraint',
      'completeness of gone: the profile has no such column',
      'row_count_between: Model Monitor has no such constraint',
      'severity warn: Model Monitor knows violations only',
    ]);
  });

  it('come with the values of a column of texts, but where the kept profile has shortened them', async () => {
    const long = (at: number): string => `${'x'.repeat(250)}${at % 12}`;
    const rows = Array.from({ length: 60 }, (_, at) => `${at},${long(at)},${['a', 'b'][at % 2]}`);
    const { profile } = await shop.read({ 'a.csv': `id,note,kind\n${rows.join('\n')}\n` });
    const whole = profile ?? { rows: 0, columns: [] };
    const bucketsOf = ({ statistics }: ReturnType<typeof exportConstraints>, name: string): unknown =>
      statistics.features.find((feature) => feature.name === name)?.string_statistics?.distribution;

    const ofReading = exportConstraints([], whole);
    const ofKept = exportConstraints([], compactProfile(whole));

    const kinds = { categorical: { buckets: ['a', 'b'].map((value) => ({ value, count: 30 })) } };
    expect([bucketsOf(ofReading, 'kind'), bucketsOf(ofKept, 'kind')]).toEqual([kinds, kinds]);
    expect(bucketsOf(ofReading, 'note')).toMatchObject({
      categorical: { buckets: expect.arrayContaining([{ value: long(0), count: 5 }]) },
    });
    expect(bucketsOf(ofKept, 'note')).toBeUndefined();
    expect(ofReading.untranslated).toEqual([]);
    expect(ofKept.untranslated).toEqual([
      'distribution.categorical of note: the kept profile holds its long texts shortened',
    ]);
  });

  it('that are broken are violations of the checks it names', async () => {
    const { checks } = await judgedFiles(shop, { 'a.csv': table() }, [
      '{ rule: values_in_set, column: plan, values: [free] }',
      '{ rule: completeness, column: plan }',
      '{ rule: row_count_between, min: 500 }',
    ]);

    const { violations, untranslated } = exportViolations(checks.filter(({ index }) => index !== null));

    expect(violations).toEqual({
      violations: [
        {
          feature_name: 'plan',
          constraint_check_type: 'categorical_values_check',
          description: expect.stringContaining('not in the set'),
        },
      ],
    });
    expect(untranslated).toEqual([expect.stringMatching(/^row_count_between: /)]);
  });
});
