/**
 * SageMaker Model Monitor's files, for those who leave it: its constraints become rules, and rules become constraints.
 * What has no counterpart is said by name, never dropped.
 *
 * Documented: "Schema for Constraints", https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-constraints.html;
 * "Schema for Statistics", …/model-monitor-byoc-statistics.html; "Schema for Violations",
 * …/model-monitor-interpreting-violations.html.
 */
import * as z from 'zod';
import type { ColumnProfile, Profile } from '../profile/published.ts';
import type { Rule } from './check.ts';
import type { RuleResult } from './result.ts';
import type { SuggestedRule } from './suggest.ts';

/** Types as Model Monitor infers them. */
const INFERRED_TYPES = ['Integral', 'Fractional', 'String', 'Unknown'] as const;
type InferredType = (typeof INFERRED_TYPES)[number];

const switched = z.enum(['Enabled', 'Disabled']).optional();

/** `constraints.json`. Members that the schema does not name are kept, so that they can be told. */
export const constraintsSchema = z.looseObject({
  version: z.number(),
  features: z.array(
    z.looseObject({
      name: z.string(),
      inferred_type: z.enum(INFERRED_TYPES),
      completeness: z.number().min(0).max(1).optional(),
      num_constraints: z.looseObject({ is_non_negative: z.boolean().optional() }).optional(),
      string_constraints: z.looseObject({ domains: z.array(z.string()).optional() }).optional(),
      monitoringConfigOverrides: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
  monitoring_config: z
    .looseObject({
      evaluate_constraints: switched,
      emit_metrics: switched,
      datatype_check_threshold: z.number().min(0).max(1).optional(),
      domain_content_threshold: z.number().min(0).max(1).optional(),
      distribution_constraints: z.looseObject({}).optional(),
    })
    .optional(),
});
export type Constraints = z.infer<typeof constraintsSchema>;

const common = z.looseObject({ num_present: z.number(), num_missing: z.number() });

/** `statistics.json`, what of it is read. */
export const statisticsSchema = z.looseObject({
  version: z.number(),
  dataset: z.looseObject({ item_count: z.number() }).optional(),
  features: z.array(
    z.looseObject({
      name: z.string(),
      inferred_type: z.enum(INFERRED_TYPES),
      numerical_statistics: z.looseObject({ common, min: z.number().nullish(), max: z.number().nullish() }).optional(),
      string_statistics: z.looseObject({ common, distinct_count: z.number().optional() }).optional(),
    }),
  ),
});
export type Statistics = z.infer<typeof statisticsSchema>;

/** `constraint_violations.json`. */
export interface Violations {
  readonly violations: readonly {
    readonly feature_name: string;
    readonly constraint_check_type: CheckType;
    readonly description: string;
  }[];
}
type CheckType =
  | 'data_type_check'
  | 'completeness_check'
  | 'missing_column_check'
  | 'extra_column_check'
  | 'categorical_values_check';

/** What became of the files. */
export interface ImportedConstraints {
  readonly rules: readonly SuggestedRule[];
  /** What has no counterpart among the rules, one sentence each. */
  readonly untranslated: readonly string[];
}

/** Model Monitor's default of both thresholds. Documented. */
const DEFAULT_THRESHOLD = 0.1;

const TYPES: Readonly<Record<InferredType, 'integer' | 'number' | 'string' | null>> = {
  Integral: 'integer',
  Fractional: 'number',
  String: 'string',
  Unknown: null,
};

/** What is left of 1; 1 - 0.9 is not 0.1 by a little. */
const rest = (share: number): number => Number((1 - share).toPrecision(12));

/** Makes rules of constraints. The statistics are only read for how many rows speak for them. */
export function importConstraints(constraints: Constraints, statistics?: Statistics): ImportedConstraints {
  const { features, monitoring_config: config = {} } = constraints;
  const untranslated: string[] = [];
  const rules: SuggestedRule[] = [];
  const isOff = config.evaluate_constraints === 'Disabled';
  if (isOff) untranslated.push('monitoring_config.evaluate_constraints is Disabled: the rules only warn');
  if (config.distribution_constraints !== undefined)
    untranslated.push(
      'monitoring_config.distribution_constraints: distributions are compared by monitoring.drift, not by a rule',
    );
  if (config.emit_metrics !== undefined)
    untranslated.push('monitoring_config.emit_metrics: metrics are always published');
  untranslated.push(...unknown('', constraints, ['version', 'features', 'monitoring_config']));
  untranslated.push(
    ...unknown('monitoring_config.', config, [
      'evaluate_constraints',
      'emit_metrics',
      'datatype_check_threshold',
      'domain_content_threshold',
      'distribution_constraints',
    ]),
  );
  const add = (rule: SuggestedRule['rule'], evidence: string): void => {
    rules.push({ rule: isOff ? { ...rule, severity: 'warn' } : rule, evidence });
  };
  const rows = statistics?.dataset?.item_count;
  const seen = rows === undefined ? '' : ` (baseline of ${rows.toLocaleString('en-US')} rows)`;
  add(
    { rule: 'columns_match_set', columns: features.map(({ name }) => name), exact: true },
    `missing_column_check and extra_column_check${seen}`,
  );
  for (const feature of features) {
    const path = `features[${feature.name}].`;
    const type = TYPES[feature.inferred_type];
    const typeShare = config.datatype_check_threshold ?? DEFAULT_THRESHOLD;
    const unseenShare = config.domain_content_threshold ?? DEFAULT_THRESHOLD;
    if (type === null) untranslated.push(`${path}inferred_type is Unknown: no type to hold it to`);
    else if (typeShare >= 1)
      untranslated.push(`monitoring_config.datatype_check_threshold ${typeShare}: any type passes`);
    else
      add(
        { rule: 'column_type', column: feature.name, type, mostly: rest(typeShare) },
        `inferred_type ${feature.inferred_type}, datatype_check_threshold ${typeShare}`,
      );
    if (feature.completeness !== undefined && feature.completeness > 0)
      add(
        {
          rule: 'completeness',
          column: feature.name,
          ...(feature.completeness === 1 ? {} : { min: feature.completeness }),
        },
        `completeness ${feature.completeness}${seen}`,
      );
    if (feature.num_constraints?.is_non_negative === true)
      add({ rule: 'values_not_negative', column: feature.name }, 'num_constraints.is_non_negative');
    const domains = feature.string_constraints?.domains ?? [];
    if (domains.length > 0)
      add(
        { rule: 'values_in_set', column: feature.name, values: domains, max_unseen_share: unseenShare },
        `string_constraints.domains, domain_content_threshold ${unseenShare}`,
      );
    if (Object.keys(feature.monitoringConfigOverrides ?? {}).length > 0)
      untranslated.push(`${path}monitoringConfigOverrides: limits of one column are set at its rule`);
    untranslated.push(
      ...unknown(path, feature, [
        'name',
        'inferred_type',
        'completeness',
        'num_constraints',
        'string_constraints',
        'monitoringConfigOverrides',
      ]),
      ...unknown(`${path}num_constraints.`, feature.num_constraints ?? {}, ['is_non_negative']),
      ...unknown(`${path}string_constraints.`, feature.string_constraints ?? {}, ['domains']),
    );
  }
  return { rules, untranslated: [...new Set(untranslated)] };
}

const unknown = (path: string, given: object, known: readonly string[]): string[] =>
  Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => `${path}${name}: not a member of the documented schema`);

/** Model Monitor's files as rules and a profile make them. */
export interface ExportedConstraints {
  readonly statistics: Statistics;
  readonly constraints: Constraints;
  /** Rules without a counterpart, and statistics that cannot be told; one sentence each. */
  readonly untranslated: readonly string[];
}

const inferredType = ({ type, nulls }: ColumnProfile, rows: number): InferredType => {
  if (nulls === rows) return 'Unknown';
  if (type === 'integer') return 'Integral';
  return type === 'number' ? 'Fractional' : 'String';
};

/** Makes constraints and statistics. A column that no rule is about has its type, and no completeness is asked of it. */
export function exportConstraints(rules: readonly Rule[], profile: Profile): ExportedConstraints {
  const { rows, columns } = profile;
  const used = new Set<Rule>();
  const of = <Name extends Rule['rule']>(name: Name, column: string): Extract<Rule, { rule: Name }> | undefined => {
    const found = rules.find(
      (rule): rule is Extract<Rule, { rule: Name }> => rule.rule === name && 'column' in rule && rule.column === column,
    );
    if (found !== undefined) used.add(found);
    return found;
  };
  const untranslated: string[] = [];
  let typeShare = DEFAULT_THRESHOLD;
  let domainShare = DEFAULT_THRESHOLD;
  const typeShares = new Set<number>();
  const domainShares = new Set<number>();
  const features = columns.map((column): Constraints['features'][number] => {
    const { name } = column;
    const typed = of('column_type', name);
    if (typed !== undefined) typeShares.add(rest(typed.mostly));
    const complete = of('completeness', name);
    const positive = of('values_not_negative', name);
    if (positive !== undefined && positive.mostly < 1)
      untranslated.push(`values_not_negative of ${name}: its mostly of ${positive.mostly} becomes 1`);
    const members = of('values_in_set', name);
    if (members !== undefined) domainShares.add(members.max_unseen_share);
    const inferred = inferredType(column, rows);
    return {
      name,
      inferred_type: typed === undefined ? inferred : typeOfRule(typed.type),
      completeness: complete?.min ?? 0,
      ...(inferred === 'Integral' || inferred === 'Fractional'
        ? { num_constraints: { is_non_negative: positive !== undefined } }
        : {}),
      ...(members === undefined ? {} : { string_constraints: { domains: members.values.map(String) } }),
    };
  });
  const present = new Set(columns.map(({ name }) => name));
  for (const rule of rules) {
    if (rule.rule === 'columns_match_set' || used.has(rule)) continue;
    const where = 'column' in rule ? ` of ${rule.column}` : '';
    const missing = 'column' in rule && !present.has(rule.column) ? ': the profile has no such column' : '';
    untranslated.push(`${rule.rule}${where}${missing === '' ? ': Model Monitor has no such constraint' : missing}`);
  }
  // One threshold is of all columns: the strictest, so that nothing passes there that a rule refuses.
  if (typeShares.size > 0) typeShare = Math.min(...typeShares);
  if (domainShares.size > 0) domainShare = Math.min(...domainShares);
  if (typeShares.size > 1)
    untranslated.push(`column_type: mostly differs by column; all are held to ${rest(typeShare)}`);
  if (domainShares.size > 1)
    untranslated.push(`values_in_set: max_unseen_share differs by column; all are held to ${domainShare}`);
  for (const { name } of columns.filter(({ topCut }) => topCut !== undefined))
    untranslated.push(`distribution.categorical of ${name}: the kept profile holds its long texts shortened`);
  if (rules.some(({ severity }) => severity === 'warn'))
    untranslated.push('severity warn: Model Monitor knows violations only');
  return {
    statistics: {
      version: 0,
      dataset: { item_count: rows },
      features: columns.map((column) => statisticsOf(column, rows)),
    },
    constraints: {
      version: 0,
      features,
      monitoring_config: {
        evaluate_constraints: 'Enabled',
        emit_metrics: 'Enabled',
        datatype_check_threshold: typeShare,
        domain_content_threshold: domainShare,
      },
    },
    untranslated,
  };
}

const typeOfRule = (type: string): InferredType =>
  type === 'integer' ? 'Integral' : type === 'number' ? 'Fractional' : 'String';

function statisticsOf(column: ColumnProfile, rows: number): Statistics['features'][number] {
  const { name, nulls, min, max, mean, stdev, distinct, distinctEstimate, top, topCut, histogram } = column;
  const counts = { num_present: rows - nulls, num_missing: nulls };
  const inferred = inferredType(column, rows);
  if (inferred === 'Integral' || inferred === 'Fractional') {
    return {
      name,
      inferred_type: inferred,
      numerical_statistics: {
        common: counts,
        ...(mean === null ? {} : { mean, sum: mean * counts.num_present }),
        ...(stdev === null ? {} : { std_dev: stdev }),
        min: typeof min === 'number' ? min : null,
        max: typeof max === 'number' ? max : null,
        // The sketch of a KLL is not there: a profile holds counts between fixed edges.
        ...(histogram === undefined ? {} : { distribution: { kll: { buckets: bucketsOf(histogram) } } }),
      },
    };
  }
  return {
    name,
    inferred_type: inferred,
    string_statistics: {
      common: counts,
      distinct_count: distinct ?? distinctEstimate ?? 0,
      // Shortened texts are no values of the column.
      ...(top.length === 0 || topCut !== undefined
        ? {}
        : { distribution: { categorical: { buckets: top.map(([value, count]) => ({ value, count })) } } }),
    },
  };
}

function bucketsOf({ edges, counts }: { readonly edges: readonly number[]; readonly counts: readonly number[] }) {
  return counts.map((count, at) => ({ lower_bound: edges[at] ?? null, upper_bound: edges[at + 1] ?? null, count }));
}

const CHECKS: Readonly<Record<string, CheckType>> = {
  column_type: 'data_type_check',
  column_type_changed: 'data_type_check',
  timestamp_parseable: 'data_type_check',
  completeness: 'completeness_check',
  column_exists: 'missing_column_check',
  column_removed: 'missing_column_check',
  columns_match_set: 'missing_column_check',
  column_added: 'extra_column_check',
  values_in_set: 'categorical_values_check',
};

/** Writes broken rules as violations; those without a counterpart are told by name. */
export function exportViolations(results: readonly RuleResult[]): { violations: Violations; untranslated: string[] } {
  const broken = results.filter(({ result }) => result !== 'pass');
  return {
    violations: {
      violations: broken.flatMap(({ rule, column, message }) => {
        const check = CHECKS[rule];
        return check === undefined
          ? []
          : [{ feature_name: column ?? '', constraint_check_type: check, description: message }];
      }),
    },
    untranslated: broken
      .filter(({ rule }) => CHECKS[rule] === undefined)
      .map(({ rule, column, message }) => `${rule}${column === undefined ? '' : ` of ${column}`}: ${message}`),
  };
}
