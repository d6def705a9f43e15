/** What is wrong with a file, for people: what is the same is said once, with its lines, and what to do about it. */
import type { ProblemCode } from '../../shared/data/problems.ts';

/** A problem, as the reading tells it or a verdict keeps it. */
interface Told {
  readonly code: string;
  readonly message: string;
  readonly part?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: string | undefined;
  readonly count?: number | undefined;
}

/** Problems that are the same but for their lines. */
interface Group {
  readonly problem: Told;
  readonly lines: number[];
  count: number;
}

/** So many lines of the same are named. */
const NAMED_LINES = 5;

const counted = (n: number): string => n.toLocaleString('en-US');
const isRest = ({ line, message }: Told): boolean => line === undefined && message.endsWith('more of the same');

function grouped(problems: readonly Told[]): Group[] {
  const groups: Group[] = [];
  for (const problem of problems) {
    const { code, part, column, message, line, count = 1 } = problem;
    const kin = groups.filter(
      ({ problem: other }) => other.code === code && other.part === part && other.column === column,
    );
    const [most] = kin.toSorted((a, b) => b.count - a.count);
    const same = kin.find(({ problem: other }) => other.message === message) ?? (isRest(problem) ? most : undefined);
    if (same === undefined) groups.push({ problem, lines: line === undefined ? [] : [line], count });
    else {
      // A cell may be told twice, where two settings need its column.
      if (line !== undefined && same.lines.includes(line)) continue;
      same.count += count;
      if (line !== undefined) same.lines.push(line);
    }
  }
  return groups;
}

function placeOf({ problem: { part, column }, lines, count }: Group, file: string): string {
  const named = lines.slice(0, NAMED_LINES);
  const more = count - named.length;
  const word = /\.parquet$/i.test(part ?? file) ? 'row' : 'line';
  const where = `${word}${lines.length + more > 1 ? 's' : ''} ${named.join(', ')}${more > 0 ? ` and ${counted(more)} more` : ''}`;
  const place = [
    ...(part === undefined ? [] : [part]),
    ...(lines.length === 0 ? [] : [where]),
    ...(column === undefined ? [] : [`column ${column}`]),
  ];
  return place.length === 0 ? '' : `${place.join(', ')}: `;
}

/**
 * Problems, one to a line.
 *
 * @param file the name of a file that has no parts
 * @param most how many are told; of others how many there are
 */
export function problemLines(problems: readonly Told[], file: string, most = Number.POSITIVE_INFINITY): string[] {
  const groups = grouped(problems);
  const told = groups
    .slice(0, most)
    .map((group) => `${placeOf(group, file)}${group.problem.message} (${group.problem.code})`);
  const rest = groups.slice(most).reduce((sum, { count }) => sum + count, 0);
  return rest === 0 ? told : [...told, `and ${counted(rest)} more`];
}

const AGAIN = 'it was damaged on its way or while it was written: fetch it, or write it, again';
const QUOTES = 'put fields that hold the delimiter, a quote or a line end in quotes, and double the quotes within';

/** What to do about problems of a kind, in words of the command line. */
const TO_DO: Readonly<Partial<Record<ProblemCode, string>>> = {
  encoding: 'say how it is encoded, such as --encoding windows-1252 (Excel on Windows) or latin-1; or save it as UTF-8',
  ragged_row:
    'every line needs as many fields as the header: take away lines above it (titles, comments) and below the table (totals); of comments say --comment "#", of an unusual delimiter --delimiter',
  header_name_empty: 'name every column, or take the columns without a name away; in pandas to_csv(…, index=False)',
  header_missing: 'begin with a line of column names',
  header_repeated: 'leave the header on the first line only',
  column_duplicated: 'rename one of the two',
  quote_unclosed: QUOTES,
  quote_misplaced: QUOTES,
  json_nested: 'make a column of each value within, as pandas.json_normalize does, and leave lists out',
  column_type_unsupported: 'make numbers, texts, truth values or times of these columns, or leave them out',
  cell_not_parsed: 'mend these cells, or leave them empty',
  not_a_table: 'export it as CSV, JSON Lines (of a JSON list: jq -c ".[]" FILE) or Parquet',
  format_unsupported: 'export it as CSV, JSON Lines or Parquet',
  gzip_corrupt: AGAIN,
  zstd_corrupt: AGAIN,
  parquet_corrupt: AGAIN,
};

const A_TABLE =
  'a table is asked for: CSV with a header and one row per line, JSON Lines with one object per line, or Parquet';

/** What to do about problems, those of the first kind first. */
export function whatToDo(problems: readonly { readonly code: ProblemCode }[]): string {
  const known = [...new Set(problems.flatMap(({ code }) => TO_DO[code] ?? []))];
  return known.length === 0 ? A_TABLE : known.slice(0, 3).join('; ');
}
