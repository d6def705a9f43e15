/**
 * Columns whose cells are written as the sender declares (`data.source.columns`): each cell becomes the notation that is
 * read, before anything else looks at it, so that types, profile, rules, problems and typed copies know one notation.
 */
import { type ColumnNotation, hasClock } from '../definition/column-notation.ts';
import type { SourceFormat } from '../definition/source.ts';
import type { ColumnType } from '../features/columns.ts';
import { MISSING_WORDS } from './cell-types.ts';
import type { ExpectedTypes } from './column-typing.ts';
import type { Problem } from './problems.ts';
import type { SourceBlock } from './sources/part.ts';
import { type ColumnSpec, literal } from './sql.ts';

type Declared = SourceFormat['columns'];

/** A four-digit year: the engine reads `24` as the year 24. */
const EARLIEST = "TIMESTAMP '1000-01-01'";
/** A cell that is not written as declared is no cell of the type, whatever else it looks like. */
const UNLIKE = "'?'";

const MARKS: Readonly<Record<NonNullable<ColumnNotation['thousands']>, string>> = {
  '.': '[.]',
  ',': '[,]',
  ' ': '[ \\x{00a0}\\x{202f}\\x{2009}]',
  "'": "['\\x{2019}]",
};

/** A text as a regular expression of itself. */
const verbatim = (text: string): string =>
  [...text].map((letter) => `\\x{${(letter.codePointAt(0) ?? 0).toString(16)}}`).join('');

const cases = (name: string): string => name.toLowerCase();

/** What is declared of a column; a name is found whatever its case, as everywhere. */
function notationFor(declared: Declared, name: string): ColumnNotation | undefined {
  const found = Object.keys(declared).find((each) => each === name || cases(each) === cases(name));
  return found === undefined ? undefined : declared[found];
}

/** The type that a notation is of; undefined where it says nothing of it. */
export function typeOfNotation({ date, epoch, decimal, thousands, unit }: ColumnNotation): ColumnType | undefined {
  if (date !== null) return hasClock(date) ? 'timestamp' : 'date';
  if (epoch !== null) return 'timestamp';
  return decimal !== null || thousands !== null || unit !== null ? 'number' : undefined;
}

/** A way of writing, as SQL. */
interface Written {
  /** True of a trimmed cell that is written so. */
  readonly test: string;
  /** The cell as it is read. */
  readonly text: string;
}

function asDate(cell: string, date: string): Written {
  const time = `try_strptime(${cell}, ${literal(date)})`;
  const shown = hasClock(date) ? '%Y-%m-%d %H:%M:%S.%f' : '%Y-%m-%d';
  return { test: `coalesce(${time} >= ${EARLIEST}, false)`, text: `strftime(${time}, ${literal(shown)})` };
}

function asEpoch(cell: string, epoch: NonNullable<ColumnNotation['epoch']>): Written {
  const [digits, fraction, factor] = epoch === 'seconds' ? [12, 6, 1_000_000] : [15, 3, 1000];
  const micros = `(TRY_CAST(${cell} AS DECIMAL(26, ${fraction})) * ${factor})::BIGINT`;
  return {
    test: `regexp_full_match(${cell}, '-?[0-9]{1,${digits}}(?:[.][0-9]{1,${fraction}})?')`,
    text: `strftime(make_timestamp(${micros}), '%Y-%m-%d %H:%M:%S.%f')`,
  };
}

function asNumber(cell: string, { decimal, thousands, unit }: ColumnNotation): Written {
  const point = decimal === ',' ? '[,]' : '[.]';
  const mark = thousands === null ? undefined : MARKS[thousands];
  const whole = mark === undefined ? '[0-9]+' : `(?:[0-9]{1,3}(?:${mark}[0-9]{3})+|[0-9]+)`;
  const sign = unit === null ? undefined : verbatim(unit.trim());
  const space = '[ \\x{00a0}\\x{202f}]?';
  const before = sign === undefined ? '' : `(?:${sign}${space})?`;
  const behind = sign === undefined ? '' : `(?:${space}${sign})?`;
  const pattern = `[-+]?${before}[-+]?${whole}(?:${point}[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?${behind}`;
  const bare =
    sign === undefined
      ? cell
      : `regexp_replace(${cell}, ${literal(`${before}|${behind}`.replaceAll(')?', ')'))}, '', 'g')`;
  const joined = mark === undefined ? bare : `regexp_replace(${bare}, ${literal(mark)}, '', 'g')`;
  return {
    test: `regexp_full_match(${cell}, ${literal(pattern)})`,
    text: decimal === ',' ? `replace(${joined}, ',', '.')` : joined,
  };
}

/** How a notation writes a value, in SQL of a trimmed cell; undefined where it says nothing of it. */
export function writtenAs(cell: string, notation: ColumnNotation): Written | undefined {
  if (notation.date !== null) return asDate(cell, notation.date);
  if (notation.epoch !== null) return asEpoch(cell, notation.epoch);
  return typeOfNotation(notation) === undefined ? undefined : asNumber(cell, notation);
}

/** SQL of a cell as it is read. */
function rewritten(given: string, notation: ColumnNotation): string {
  const cell = `trim(${given}::VARCHAR)`;
  const words = notation.missing.map(literal).join(', ');
  const isMissing = words === '' ? 'false' : `${cell} IN (${words})`;
  const written = writtenAs(cell, notation);
  if (written === undefined) return `CASE WHEN ${isMissing} THEN '' ELSE ${given}::VARCHAR END`;
  const { test, text } = written;
  const isNothing = `${cell} = '' OR lower(${cell}) IN (${MISSING_WORDS.map(literal).join(', ')})`;
  return `CASE WHEN ${isMissing} OR ${isNothing} THEN '' WHEN ${test} THEN ${text} ELSE ${UNLIKE} || ${given}::VARCHAR END`;
}

/** Whether the cells of a column are looked at: of Parquet, where they are text, or whole numbers that count time. */
const isRewritten = (databaseType: string, { epoch, missing }: ColumnNotation): boolean =>
  databaseType === 'VARCHAR' ||
  ((epoch !== null || missing.length > 0) && /^U?(?:TINY|SMALL|BIG)?INT(?:EGER)?$/.test(databaseType));

/** A block whose cells are as they are read, given what is declared. */
export function declaredCells(block: SourceBlock, declared: Declared): SourceBlock {
  const columns = block.names.flatMap((name, at) => {
    const notation = notationFor(declared, name);
    return notation === undefined || !isRewritten(block.types[at] ?? '', notation) ? [] : [{ at, notation }];
  });
  if (columns.length === 0) return block;
  const replaced = columns.map(({ at, notation }) => `${rewritten(`c${at}`, notation)} AS c${at}`).join(', ');
  const types = block.types.map((type, at) => (columns.some((column) => column.at === at) ? 'VARCHAR' : type));
  // Where the scanner found the cells, they stand as they were written: the engine reads them.
  const { scanned, ...rest } = block;
  scanned?.release();
  return { ...rest, types, relation: `SELECT * REPLACE (${replaced}) FROM (${block.relation})` };
}

/** The types that columns are read with: those that their notation is of, then those that were expected. */
export function withDeclared(expected: ExpectedTypes, declared: Declared): ExpectedTypes {
  if (Object.keys(declared).length === 0) return expected;
  return (names) => {
    const types = names.flatMap((name): ColumnSpec[] => {
      const notation = notationFor(declared, name);
      const type = notation === undefined ? undefined : typeOfNotation(notation);
      return type === undefined ? [] : [{ name, type }];
    });
    const others = typeof expected === 'function' ? expected(names) : expected;
    return [...types, ...others.filter(({ name }) => !types.some((each) => each.name === name))];
  };
}

/** How a notation is called in a sentence. */
function wordsOf({ date, epoch, decimal, thousands, unit }: ColumnNotation): string {
  if (date !== null) return `not written as ${date}`;
  if (epoch !== null) return `not a number of ${epoch} since 1970`;
  const example = `1${thousands ?? ''}234${decimal ?? '.'}5${unit === null ? '' : ` ${unit}`}`;
  return `not a number written as ${example}`;
}

/** Problems of cells, told of the notation that was declared. */
export function toldAsDeclared(problems: readonly Problem[], declared: Declared): readonly Problem[] {
  return problems.map((problem) => {
    const notation = problem.column === undefined ? undefined : notationFor(declared, problem.column);
    if (problem.code !== 'cell_not_parsed' || notation === undefined || typeOfNotation(notation) === undefined)
      return problem;
    // What is counted and not listed has its own words.
    if (problem.line === undefined) return problem;
    return { ...problem, message: `${wordsOf(notation)}, as data.source.columns declares` };
  });
}
