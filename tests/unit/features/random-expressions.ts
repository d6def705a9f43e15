/** Random expressions over random columns, each written for us and for DuckDB. */

import type { CellValue, ColumnType } from '../../../shared/features/columns.ts';
import fc from '../../fast-check.ts';
import type { Table } from './duckdb.ts';

/** An expression for us, and what DuckDB is asked in its place. */
export interface Text {
  readonly ours: string;
  readonly duck: string;
}

/**
 * `$0`, `$1`, … are expressions of the types. Without text of its own DuckDB is asked the same; a wrapper around it is
 * one of the documented differences (docs/expressions.md, "Where DuckDB answers otherwise").
 */
interface Recipe {
  readonly sql: string;
  readonly types: readonly ColumnType[];
  readonly duck: string;
}

const of = (sql: string, types: readonly ColumnType[], duck = sql): Recipe => ({ sql, types, duck });
/** What may be infinite or NaN there, or an error. */
const finite = (sql: string, ...types: ColumnType[]): Recipe => of(sql, types, `finite(try(${sql}))`);
/** What may go beyond 2^53 there, or beyond 2^63 to an error. */
const exact = (sql: string, ...types: ColumnType[]): Recipe => of(sql, types, `exact(try(${sql}))`);
const plain = (sql: string, ...types: ColumnType[]): Recipe => of(sql, types);
/** Whole numbers stay whole with us, and become doubles there. */
const whole = (sql: string): Recipe => of(sql, ['integer'], `${sql}::BIGINT`);
/** What may leave the years 1 to 9999. */
const day = (sql: string, ...types: ColumnType[]): Recipe => of(sql, types, `inyears(try(${sql}))`);

const PARTS = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond', 'microsecond'];
const ofTime = ['year', 'isoyear', 'quarter', 'month', 'week', 'day', 'dayofweek', 'isodow', 'dayofyear'];
const choices = (type: ColumnType): Recipe[] => [
  plain('CASE WHEN $0 THEN $1 ELSE $2 END', 'boolean', type, type),
  plain('CASE WHEN $0 THEN $1 END', 'boolean', type),
  plain('coalesce($0, $1)', type, type),
  plain('nullif($0, $1)', type, type),
  plain('greatest($0, $1, $2)', type, type, type),
  plain('least($0, $1)', type, type),
];
const comparisons = (type: ColumnType): Recipe[] => [
  ...['=', '<>', '<', '<=', '>', '>='].map((operator) => plain(`($0 ${operator} $1)`, type, type)),
  plain('($0 IS DISTINCT FROM $1)', type, type),
  plain('($0 IS NOT DISTINCT FROM $1)', type, type),
  plain('($0 BETWEEN $1 AND $2)', type, type, type),
  plain('($0 IN ($1, $2))', type, type, type),
  plain('($0 NOT IN ($1, NULL))', type, type),
  plain('($0 IS NULL)', type),
];
/** Small: positions, counts and digits. */
const SMALL = '($1 % 9)';

/** What is exact: DuckDB answers the same, bit for bit. */
export const RECIPES: Readonly<Record<ColumnType, readonly Recipe[]>> = {
  integer: [
    exact('($0 + $1)', 'integer', 'integer'),
    exact('($0 - $1)', 'integer', 'integer'),
    exact('($0 * $1)', 'integer', 'integer'),
    plain('(- $0)', 'integer'),
    plain('($0 // $1)', 'integer', 'integer'),
    plain('($0 % $1)', 'integer', 'integer'),
    plain('abs($0)', 'integer'),
    whole('floor($0)'),
    whole('ceil($0)'),
    whole('trunc($0)'),
    plain('sign($0)', 'number'),
    exact('round($0)', 'integer'),
    exact('round($0, -2)', 'integer'),
    exact('trunc($0, -2)', 'integer'),
    plain('width_bucket($0, $1, $2, 7)', 'number', 'number', 'number'),
    plain('length($0)', 'string'),
    plain('strpos($0, $1)', 'string', 'string'),
    plain('ascii($0)', 'string'),
    ...ofTime.flatMap((name) => [plain(`${name}($0)`, 'timestamp'), plain(`${name}($0)`, 'date')]),
    ...['hour', 'minute', 'second'].map((name) => plain(`${name}($0)`, 'timestamp')),
    ...PARTS.filter((part) => part !== 'week').flatMap((part) => [
      exact(`date_diff('${part}', $0, $1)`, 'timestamp', 'date'),
      exact(`date_sub('${part}', $0, $1)`, 'timestamp', 'timestamp'),
    ]),
    // Weeks begin on Monday with us, on Thursday there.
    of(
      "date_diff('week', $0, $1)",
      ['timestamp', 'timestamp'],
      "date_diff('day', date_trunc('week', $0), date_trunc('week', $1)) // 7",
    ),
    plain("date_sub('week', $0, $1)", 'timestamp', 'timestamp'),
    plain('($0 - $1)', 'date', 'date'),
    plain('CAST($0 AS bigint)', 'boolean'),
    of('CAST($0 AS bigint)', ['number'], 'exact(TRY_CAST($0 AS BIGINT))'),
    // A constant that is no number is refused at once.
    of("CAST(concat($0, '') AS bigint)", ['string'], "exact(TRY_CAST(concat($0, '') AS BIGINT))"),
    ...choices('integer'),
  ],
  number: [
    finite('($0 + $1)', 'number', 'number'),
    finite('($0 - $1)', 'number', 'integer'),
    finite('($0 * $1)', 'number', 'number'),
    finite('($0 / $1)', 'number', 'number'),
    finite('($0 / $1)', 'integer', 'integer'),
    finite('($0 % $1)', 'number', 'number'),
    plain('(- $0)', 'number'),
    ...['abs', 'floor', 'ceil', 'trunc', 'round'].map((name) => plain(`${name}($0)`, 'number')),
    of(`round($0, ${SMALL})`, ['number', 'integer'], `round($0, ${SMALL}::INTEGER)`),
    of(`trunc($0, ${SMALL})`, ['number', 'integer'], `trunc($0, ${SMALL}::INTEGER)`),
    finite('sqrt($0)', 'number'),
    finite('radians($0)', 'number'),
    finite('degrees($0)', 'number'),
    plain('CAST($0 AS double)', 'integer'),
    of("CAST(concat($0, '') AS double)", ['string'], "finite(TRY_CAST(concat($0, '') AS DOUBLE))"),
    plain('epoch($0)', 'timestamp'),
    ...choices('number'),
  ],
  string: [
    plain('($0 || $1)', 'string', 'string'),
    plain('concat($0, $1, $2)', 'string', 'string', 'string'),
    plain('concat_ws($0, $1, $2)', 'string', 'string', 'string'),
    ...['lower', 'upper', 'trim', 'ltrim', 'rtrim', 'nfc_normalize', 'strip_accents'].map((name) =>
      plain(`${name}($0)`, 'string'),
    ),
    ...['trim', 'ltrim', 'rtrim'].map((name) => plain(`${name}($0, $1)`, 'string', 'string')),
    plain('substr($0, $1 % 9, $2 % 9)', 'string', 'integer', 'integer'),
    plain('substr($0, 2)', 'string'),
    plain(`left($0, ${SMALL})`, 'string', 'integer'),
    plain(`right($0, ${SMALL})`, 'string', 'integer'),
    of(`lpad($0, ${SMALL}, $2)`, ['string', 'integer', 'string'], `try(lpad($0, ${SMALL}::INTEGER, $2))`),
    of(`rpad($0, ${SMALL}, $2)`, ['string', 'integer', 'string'], `try(rpad($0, ${SMALL}::INTEGER, $2))`),
    plain('replace($0, $1, $2)', 'string', 'string', 'string'),
    plain('translate($0, $1, $2)', 'string', 'string', 'string'),
    plain(`split_part($0, $2, ${SMALL})`, 'string', 'integer', 'string'),
    // A character of code 0 is a text for us, and the end of one elsewhere.
    of('chr(nullif($0, 0))', ['integer'], 'try(chr(TRY_CAST(nullif($0, 0) AS INTEGER)))'),
    plain('CAST($0 AS varchar)', 'integer'),
    plain('CAST($0 AS varchar)', 'number'),
    plain('CAST($0 AS varchar)', 'timestamp'),
    plain('CAST($0 AS varchar)', 'date'),
    plain('CAST($0 AS varchar)', 'boolean'),
    ...choices('string'),
  ],
  boolean: [
    plain('($0 AND $1)', 'boolean', 'boolean'),
    plain('($0 OR $1)', 'boolean', 'boolean'),
    plain('(NOT $0)', 'boolean'),
    plain('($0 IS TRUE)', 'boolean'),
    plain('($0 IS NOT FALSE)', 'boolean'),
    plain('($0 < $1)', 'integer', 'number'),
    plain('($0 >= $1)', 'date', 'timestamp'),
    ...(['integer', 'number', 'string', 'boolean', 'timestamp', 'date'] as const).flatMap(comparisons),
    plain('($0 LIKE $1)', 'string', 'string'),
    plain('($0 ILIKE $1)', 'string', 'string'),
    plain('contains($0, $1)', 'string', 'string'),
    plain('starts_with($0, $1)', 'string', 'string'),
    plain('ends_with($0, $1)', 'string', 'string'),
    plain('CAST($0 AS boolean)', 'integer'),
    plain('CAST($0 AS boolean)', 'number'),
    ...choices('boolean'),
  ],
  timestamp: [
    ...PARTS.map((part) => plain(`date_trunc('${part}', $0)`, 'timestamp')),
    plain("date_trunc('week', $0)", 'date'),
    plain('CAST($0 AS timestamp)', 'date'),
    plain('greatest($0, $1)', 'timestamp', 'date'),
    of(
      'make_timestamp(1900 + $0 % 99, $1 % 14, 1 + abs($2 % 31), 5, 59, abs($3 % 60))',
      ['integer', 'integer', 'integer', 'number'],
      'try(make_timestamp(1900 + $0 % 99, $1 % 14, 1 + abs($2 % 31), 5, 59, abs($3 % 60)))',
    ),
    ...choices('timestamp'),
  ],
  date: [
    plain('CAST($0 AS date)', 'timestamp'),
    of(`($0 + $1)`, ['date', 'integer'], 'inyears(try($0 + TRY_CAST($1 AS INTEGER)))'),
    of(`($0 - $1)`, ['date', 'integer'], 'inyears(try($0 - TRY_CAST($1 AS INTEGER)))'),
    day('last_day($0)', 'timestamp'),
    of(
      'make_date(1900 + $0 % 99, $1 % 14, $2 % 33)',
      ['integer', 'integer', 'integer'],
      'try(make_date(1900 + $0 % 99, $1 % 14, $2 % 33))',
    ),
    ...choices('date'),
  ],
};

/** What no two libraries compute alike: the last bits may differ, by so many units in the last place. */
export const INEXACT: readonly (Recipe & { readonly ulps: number })[] = [
  ...(
    [
      ['exp($0)', 1],
      ['ln($0)', 1],
      ['log2($0)', 1],
      ['log10($0)', 1],
      ['cbrt($0)', 2],
      ['sin($0)', 1],
      ['cos($0)', 1],
      ['tan($0)', 1],
      ['asin($0)', 1],
      ['acos($0)', 1],
      ['atan($0)', 1],
      ['sinh($0)', 1],
      ['cosh($0)', 1],
      ['tanh($0)', 1],
      ['asinh($0)', 1],
      ['acosh($0)', 1],
      ['atanh($0)', 1],
      ['pi() * $0', 0],
    ] as const
  ).map(([sql, ulps]) => ({ ...finite(sql, 'number'), ulps })),
  ...(
    [
      ['pow($0, $1)', 1],
      ['atan2($0, $1)', 1],
      ['log($0, $1)', 2],
    ] as const
  ).map(([sql, ulps]) => ({ ...finite(sql, 'number', 'number'), ulps })),
];

const fill = (template: string, args: readonly string[]): string =>
  args.reduce((text, arg, i) => text.replaceAll(`$${i}`, () => arg), template);

/** A recipe with its arguments in place. */
export const made = ({ sql, duck }: Recipe, args: readonly Text[]): Text => ({
  ours: fill(
    sql,
    args.map(({ ours }) => ours),
  ),
  duck: fill(
    duck,
    args.map((arg) => arg.duck),
  ),
});

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** Letters of one to four bytes, marks that stand apart, capitals that differ in length, spaces of several kinds. */
const LETTERS = [...'aBé ß%_,1İΣςǆ日😀', '\u00a0', '\t', 'e\u0301', "'", '-', '.', 'ñ', 'Å'];
const someText = fc.oneof(
  fc.string({ unit: fc.constantFrom(...LETTERS), maxLength: 6 }),
  fc.constantFrom('12', ' 3.5 ', '-4e2', '+7', '1.', '.5', '1e400', '-0', '9007199254740993', 'x1', 'NaN', 'inf'),
);

const CONSTANTS: Readonly<Record<ColumnType, fc.Arbitrary<string>>> = {
  integer: fc.oneof(
    fc.integer({ min: -20, max: 20 }).map(String),
    fc.constantFrom('NULL::bigint', '9007199254740991', '0'),
  ),
  number: fc.constantFrom('0.5::double', '2.0::double', '1e3', '(-0.25::double)', '0.1::double', '1e308', '1e-320'),
  string: someText.map(quoted),
  boolean: fc.constantFrom('true', 'false', 'CAST(NULL AS boolean)'),
  timestamp: fc.constantFrom("timestamp '2001-01-14 10:30:00'", "timestamp '1999-12-31 23:59:59.5'"),
  date: fc.constantFrom("date '2001-01-14'", "date '2000-02-29'", "date '9999-12-31'"),
};

const COLUMNS: Readonly<Record<ColumnType, readonly string[]>> = {
  integer: ['i', 'j', 'k'],
  number: ['x', 'y', 'z'],
  string: ['s', 'u'],
  boolean: ['p', 'q'],
  timestamp: ['t', 'v'],
  date: ['d', 'e'],
};

/** The types of columns and expressions. */
export const TYPES = ['integer', 'number', 'string', 'boolean', 'timestamp', 'date'] as const;

const leaf = (type: ColumnType): fc.Arbitrary<Text> =>
  fc
    .oneof({ arbitrary: fc.constantFrom(...COLUMNS[type]), weight: 3 }, CONSTANTS[type])
    .map((text) => ({ ours: text, duck: text }));

/** An application of a recipe to expressions of at most this depth. */
export const applied = (recipe: Recipe, depth: number): fc.Arbitrary<Text> =>
  fc.tuple(...recipe.types.map((type) => expression(type, depth))).map((args) => made(recipe, args));

const grown = new Map<string, fc.Arbitrary<Text>>();

/** A random expression of a type, at most so deep. Made once: recipes share their arguments. */
export function expression(type: ColumnType, depth: number): fc.Arbitrary<Text> {
  if (depth === 0) return leaf(type);
  const key = `${type} ${depth}`;
  const known = grown.get(key);
  if (known !== undefined) return known;
  const branches = RECIPES[type].map((recipe) => applied(recipe, depth - 1));
  const made = fc.oneof({ arbitrary: leaf(type), weight: 4 }, ...branches);
  grown.set(key, made);
  return made;
}

const nullable = <T extends CellValue>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 5 });
const EDGES = Number.MAX_SAFE_INTEGER;
/** From 1900 to 2100. */
const milliseconds = fc.integer({ min: -2_208_988_800_000, max: 4_102_444_800_000 });
const instant = milliseconds.chain((ms) =>
  fc
    .integer({ min: 0, max: 999 })
    .map((us) => new Date(ms).toISOString().slice(0, 23).concat(String(us).padStart(3, '0'))),
);
const CELLS: Readonly<Record<ColumnType, fc.Arbitrary<CellValue>>> = {
  integer: nullable(
    fc.oneof(
      { arbitrary: fc.integer({ min: -99, max: 99 }), weight: 4 },
      fc.integer({ min: -EDGES, max: EDGES }),
      fc.constantFrom(0, EDGES, -EDGES),
    ),
  ),
  number: nullable(
    fc.oneof(
      { arbitrary: fc.double({ min: -1e6, max: 1e6, noNaN: true }), weight: 3 },
      { arbitrary: fc.constantFrom(0, 1, 1.5, -2.5, 0.125, -0.5, 2.675, 1.005), weight: 2 },
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    ),
  ),
  string: nullable(someText),
  boolean: nullable(fc.boolean()),
  timestamp: nullable(instant),
  date: nullable(milliseconds.map((ms) => new Date(ms).toISOString().slice(0, 10))),
};

const ROWS = 40;

/** The rows of a seed. */
export const randomTable = (seed: number): Table =>
  Object.fromEntries(
    TYPES.flatMap((type, k) =>
      COLUMNS[type].map((name, i) => [
        name,
        { type, values: fc.sample(CELLS[type], { numRuns: ROWS, seed: seed + 100 * k + i }) },
      ]),
    ),
  );
