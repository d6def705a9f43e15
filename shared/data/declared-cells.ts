/**
 * Columns whose cells are written as the sender declares (`data.source.columns`): each cell becomes the notation that is
 * read, before anything else looks at it, so that types, profile, rules, problems and typed copies know one notation.
 */
import { type ColumnNotation, hasClock } from '../definition/column-notation.ts';
import type { SourceFormat } from '../definition/source.ts';
import type { ColumnType } from '../features/columns.ts';
import { MISSING_WORDS } from './cell-types.ts';
import type { ExpectedTypes } from './column-typing.ts';
import { typeOfParquet } from './parquet-types.ts';
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
export function notationFor(declared: Declared, name: string): ColumnNotation | undefined {
  const found = Object.keys(declared).find((each) => each === name || cases(each) === cases(name));
  return found === undefined ? undefined : declared[found];
}

/** The type that a notation is of; undefined where it says nothing of it. */
export function typeOfNotation({
  date,
  clock,
  epoch,
  decimal,
  thousands,
  unit,
}: ColumnNotation): ColumnType | undefined {
  if (date !== null) return hasClock(date) ? 'timestamp' : 'date';
  if (clock !== null) return 'number';
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

/** The day that strptime gives a time of day (DuckDB 1.4). */
const DAY_OF_CLOCKS = "TIMESTAMP '1900-01-01'";

function asClock(cell: string, clock: string): Written {
  const time = `try_strptime(${cell}, ${literal(clock)})`;
  const micros = `(epoch_us(${time}) - epoch_us(${DAY_OF_CLOCKS}))`;
  return { test: `coalesce(${time} IS NOT NULL, false)`, text: `(${micros} / 1000000)::VARCHAR` };
}

/** Digits before and behind the point, and microseconds in one. Finer ones are cut off, as in times that are written out. */
const EPOCHS: Readonly<Record<NonNullable<ColumnNotation['epoch']>, readonly [digits: number, fraction: number]>> = {
  seconds: [12, 6],
  milliseconds: [15, 3],
  microseconds: [16, 0],
  nanoseconds: [19, 0],
};

function asEpoch(cell: string, epoch: NonNullable<ColumnNotation['epoch']>): Written {
  const [digits, fraction] = EPOCHS[epoch];
  // A division of whole numbers goes towards zero; the microsecond a time is in lies below it.
  const nanoseconds = `TRY_CAST(${cell} AS HUGEINT)`;
  const micros =
    epoch === 'nanoseconds'
      ? `((${nanoseconds} - ((${nanoseconds} % 1000 + 1000) % 1000)) // 1000)::BIGINT`
      : `(TRY_CAST(${cell} AS DECIMAL(26, ${fraction})) * ${10 ** fraction})::BIGINT`;
  const behind = fraction === 0 ? '' : `(?:[.][0-9]{1,${fraction}})?`;
  return {
    test: `regexp_full_match(${cell}, '-?[0-9]{1,${digits}}${behind}')`,
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
  if (notation.clock !== null) return asClock(cell, notation.clock);
  if (notation.epoch !== null) return asEpoch(cell, notation.epoch);
  return typeOfNotation(notation) === undefined ? undefined : asNumber(cell, notation);
}

const WHOLE = /^-?[0-9]+$/;

/** Whether a trimmed cell is a word for missing; of a whole number also where it is written with decimals, all of them 0. */
function isMissingWord(cell: string, { missing }: ColumnNotation): string {
  if (missing.length === 0) return 'false';
  const whole = missing.filter((word) => WHOLE.test(word));
  const told = `${cell} IN (${missing.map(literal).join(', ')})`;
  if (whole.length === 0) return told;
  return `(${told} OR regexp_full_match(${cell}, ${literal(`(?:${whole.join('|')})[.]0*`)}))`;
}

/** SQL of a number of a typed file: null where it stands for no value. */
function withoutStandIns(given: string, { missing }: ColumnNotation): string {
  const numbers = missing.filter((word) => Number.isFinite(Number(word))).map((word) => literal(word));
  return numbers.length === 0
    ? given
    : `CASE WHEN ${given}::DOUBLE IN (${numbers.map((word) => `${word}::DOUBLE`).join(', ')}) THEN NULL ELSE ${given} END`;
}

/** SQL of a cell as it is read. */
function rewritten(given: string, notation: ColumnNotation): string {
  const cell = `trim(${given}::VARCHAR)`;
  const isMissing = isMissingWord(cell, notation);
  const written = writtenAs(cell, notation);
  if (written === undefined) return `CASE WHEN ${isMissing} THEN '' ELSE ${given}::VARCHAR END`;
  const { test, text } = written;
  const isNothing = `${cell} = '' OR lower(${cell}) IN (${MISSING_WORDS.map(literal).join(', ')})`;
  return `CASE WHEN ${isMissing} OR ${isNothing} THEN '' WHEN ${test} THEN ${text} ELSE ${UNLIKE} || ${given}::VARCHAR END`;
}

/** Whole numbers of a typed file: they may count time. */
const isInteger = (databaseType: string): boolean => /^U?(?:TINY|SMALL|BIG)?INT(?:EGER)?$/.test(databaseType);

interface Rewriting {
  readonly sql: string;
  /** The type that it gives a cell. */
  readonly type: string;
}

/** How the cells of a column come to be as they are read; undefined where they are so already. */
function rewriting(cell: string, databaseType: string, notation: ColumnNotation): Rewriting | undefined {
  if (databaseType === 'VARCHAR' || (notation.epoch !== null && isInteger(databaseType)))
    return { sql: rewritten(cell, notation), type: 'VARCHAR' };
  const source = typeOfParquet(databaseType);
  return notation.missing.length > 0 && (source === 'integer' || source === 'number')
    ? { sql: withoutStandIns(cell, notation), type: databaseType }
    : undefined;
}

/** A block whose cells are as they are read, given what is declared. */
export function declaredCells(block: SourceBlock, declared: Declared): SourceBlock {
  const columns = block.names.flatMap((name, at) => {
    const notation = notationFor(declared, name);
    const found = notation && rewriting(`c${at}`, block.types[at] ?? '', notation);
    return found === undefined ? [] : [{ at, ...found }];
  });
  if (columns.length === 0) return block;
  const replaced = columns.map(({ at, sql }) => `${sql} AS c${at}`).join(', ');
  const types = block.types.map((type, at) => columns.find((column) => column.at === at)?.type ?? type);
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
function wordsOf({ date, clock, epoch, decimal, thousands, unit }: ColumnNotation): string {
  if (date !== null) return `not written as ${date}`;
  if (clock !== null) return `not a time of day written as ${clock}`;
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
