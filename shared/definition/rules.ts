/** The rules data can be held to, under the field's usual names. Definitions only: what they mean is `shared/data`'s. */
import * as z from 'zod';
import { COLUMN_TYPES } from '../features/columns.ts';
import { regexFault } from './regex-syntax.ts';

const severity = z.enum(['warn', 'fail']).default('fail');
/** The least share of the rows that have a value, and pass. */
const mostly = z.number().gt(0).max(1).default(1);
const share = z.number().min(0).max(1);
const column = z.string().min(1);
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const count = z.int().min(0);
/** The whole value has to match; see `regex-syntax.ts` for what is taken. */
const regex = z
  .string()
  .min(1)
  .max(1000)
  .superRefine((pattern, context) => {
    const fault = regexFault(pattern);
    if (fault !== undefined)
      context.addIssue({ code: 'custom', message: `a regular expression as RE2 takes it: ${fault}` });
  });

const limits = <T extends z.ZodType>(bound: T) => ({ min: bound.optional(), max: bound.optional() });

const onColumn = <Name extends string, Shape extends z.ZodRawShape>(rule: Name, shape: Shape) =>
  z.strictObject({ rule: z.literal(rule), column, ...shape, severity });
const onDataset = <Name extends string, Shape extends z.ZodRawShape>(rule: Name, shape: Shape) =>
  z.strictObject({ rule: z.literal(rule), ...shape, severity });

/** Rules whose limits are `min` and `max`, of which one must be there. */
const BETWEEN = /_between$/;

/** One rule of `data.rules`. */
export const ruleSchemaWith = <Span extends z.ZodType<number>>(span: Span) =>
  z
    .discriminatedUnion('rule', [
      onColumn('column_exists', {}),
      onColumn('column_type', { type: z.enum(COLUMN_TYPES), mostly }),
      onColumn('completeness', { min: share.default(1) }),
      onColumn('uniqueness', { min: share.default(1) }),
      onColumn('values_in_set', { values: z.array(scalar).min(1), max_unseen_share: share.default(0) }),
      onColumn('values_between', {
        ...limits(z.union([z.number(), z.string()])),
        strict_min: z.boolean().default(false),
        strict_max: z.boolean().default(false),
        mostly,
      }),
      onColumn('values_not_negative', { mostly }),
      onColumn('value_length_between', { ...limits(count), mostly }),
      onColumn('matches_regex', { regex, mostly }),
      onColumn('timestamp_parseable', { mostly }),
      onColumn('mean_between', limits(z.number())),
      onColumn('stdev_between', limits(z.number().min(0))),
      onColumn('quantile_between', { quantile: share, ...limits(z.number()) }),
      onColumn('distinct_count_between', limits(count)),
      onColumn('no_pii', {}),
      onDataset('row_count_between', limits(count)),
      onDataset('row_count_vs_history', {
        window: z.int().min(1).max(100).default(8),
        max_z: z.number().gt(0).default(4),
        min_history: z.int().min(1).max(100).default(4),
        /** 7: only datasets of the same weekday are compared with. */
        seasonality: z.literal(7).optional(),
      }),
      onDataset('columns_match_set', { columns: z.array(column).min(1), exact: z.boolean().default(false) }),
      onDataset('primary_key', { columns: z.array(column).min(1) }),
      onDataset('duplicate_rows_max', { warn: share.default(0.01), max: share.default(0.05) }),
      onColumn('freshness', { max_age: span }),
      onDataset('label_balance', { min_share: share.optional() }),
      onDataset('no_leakage', { max_auc: z.number().gt(0.5).max(1).default(0.98) }),
    ])
    .superRefine((rule, context) => {
      if (!BETWEEN.test(rule.rule)) return;
      const { min, max } = { min: undefined, max: undefined, ...rule };
      if (min === undefined && max === undefined) {
        context.addIssue({ code: 'custom', path: ['rule'], message: 'min, max or both beside it' });
      } else if (min !== undefined && max !== undefined && min > max) {
        context.addIssue({ code: 'custom', path: ['min'], message: `at most max, which is ${max}` });
      }
    });
