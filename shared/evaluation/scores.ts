import { parseDecimal } from './decimal.ts';

/**
 * Predictions of one model for the gate rows, in the order of `rows/`: one column `score`, or one `score.<class>` for
 * each class. Whoever made the model, everything in this folder starts here.
 */
interface Scores {
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly values: Float64Array }[];
}

/**
 * How a file holds scores. `transform`: what SageMaker's batch transform writes for a CSV answer: no header, one
 * prediction per line or joined by commas (the image's serve.py does the one, its multi-model path the other), read
 * alike by splitting on both; of several classes a line for each row, in brackets or without. `csv`: a header of the columns' names, one row per line.
 */
type ScoresForm = 'transform' | 'csv';

/**
 * One file of scores and how many rows it must hold. Loaded when its turn comes, so that one file is in memory at a
 * time.
 */
export interface ScoresPart {
  readonly name: string;
  readonly rows: number;
  readonly form: ScoresForm;
  readonly load: () => Promise<Uint8Array>;
}

/** The values a score can take: a probability, or any finite number. */
export type ScoreRange = 'probability' | 'finite';

/** Why scores cannot be judged; nothing is promoted on them. */
interface ScoresFault {
  readonly code: 'missing_rows' | 'extra_rows' | 'not_a_number' | 'out_of_range' | 'wrong_header' | 'wrong_columns';
  readonly message: string;
  readonly part: string;
  /** The physical line, the first being 1. */
  readonly line?: number;
}

/** Scores, complete and in range, or the first fault. */
export type ScoresRead =
  | { readonly outcome: 'read'; readonly scores: Scores }
  | { readonly outcome: 'refused'; readonly fault: ScoresFault };

/** What is expected of the files. */
export interface ScoresExpected {
  /** `['score']` unless the model answers several numbers for a row. */
  readonly columns?: readonly string[];
  readonly range: ScoreRange;
}

const [NEWLINE, RETURN, COMMA] = [0x0a, 0x0d, 0x2c];

/**
 * Of what was found, at most this much is repeated: a score is a number, and whatever else stands there may be
 * somebody's data.
 */
const SHOWN = 24;

function shown(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.subarray(start, Math.min(end, start + SHOWN))).toString('utf8');
  return text === '' ? 'nothing' : JSON.stringify(text);
}

/** The end of the text without its last line break: that one closes a line, it does not open an empty one. */
function endOfText(bytes: Uint8Array): number {
  let end = bytes.length;
  if (end > 0 && bytes[end - 1] === NEWLINE) end -= 1;
  if (end > 0 && bytes[end - 1] === RETURN) end -= 1;
  return end;
}

/** Reads the header line and gives, for each position in a row, the expected column it fills. */
function readHeader(
  name: string,
  bytes: Uint8Array,
  columns: readonly string[],
): { readonly start: number; readonly positions: readonly number[] } | ScoresFault {
  const newline = bytes.indexOf(NEWLINE);
  const end = newline < 0 ? bytes.length : newline;
  const text = new TextDecoder().decode(bytes.subarray(0, end)).replace(/\r$/, '');
  const found = text.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
  const positions = found.map((cell) => columns.indexOf(cell));
  if (positions.includes(-1) || new Set(positions).size !== columns.length || found.length !== columns.length) {
    return {
      code: 'wrong_header',
      message: `the header of ${name} is ${shown(bytes, 0, end)}; expected ${columns.join(',')}`,
      part: name,
      line: 1,
    };
  }
  return { start: newline < 0 ? bytes.length : newline + 1, positions };
}

const [SPACE, OPEN, CLOSE] = [0x20, 0x5b, 0x5d];

/**
 * One of several numbers of a row as Python prints a list of them, which is how the image's batch answer of several
 * classes may come: `[0.1, 0.2, 0.7]`. Source: the image's serve.py, `map(str, preds.tolist())`.
 */
function withinList(
  bytes: Uint8Array,
  start: number,
  end: number,
  column: number,
  width: number,
): readonly [from: number, to: number] {
  let [from, to] = [start, end];
  while (from < to && bytes[from] === SPACE) from += 1;
  while (to > from && bytes[to - 1] === SPACE) to -= 1;
  if (column === 0 && bytes[from] === OPEN) from += 1;
  if (column === width - 1 && to > from && bytes[to - 1] === CLOSE) to -= 1;
  return [from, to];
}

/** Reads one file into the rows of `into` from `offset` on. */
function readPart(
  { name, rows, form }: ScoresPart,
  bytes: Uint8Array,
  columns: readonly string[],
  range: ScoreRange,
  into: readonly Float64Array[],
  offset: number,
): ScoresFault | undefined {
  const header =
    form === 'csv' ? readHeader(name, bytes, columns) : { start: 0, positions: columns.map((_, at) => at) };
  if ('code' in header) return header;
  const width = columns.length;
  const end = endOfText(bytes);
  const wanted = rows * width;
  let line = form === 'csv' ? 2 : 1;
  let count = 0;
  for (let start = header.start; start < end; ) {
    let stop = start;
    while (stop < end && bytes[stop] !== COMMA && bytes[stop] !== NEWLINE) stop += 1;
    const closesLine = stop >= end || bytes[stop] === NEWLINE;
    const last = closesLine && bytes[stop - 1] === RETURN && stop > start ? stop - 1 : stop;
    const column = count % width;
    const [from, to] =
      form === 'transform' && width > 1 ? withinList(bytes, start, last, column, width) : [start, last];
    const value = parseDecimal(bytes, from, to);
    const fault = (code: ScoresFault['code'], message: string): ScoresFault => ({ code, message, part: name, line });
    if (!Number.isFinite(value)) {
      return fault('not_a_number', `${name}, line ${line}: ${shown(bytes, start, last)} is not a score`);
    }
    if (range === 'probability' && (value < 0 || value > 1)) {
      return fault('out_of_range', `${name}, line ${line}: ${value} is not a probability`);
    }
    // A row of several numbers has a line to itself in every form: else one short row would shift all that follow.
    if ((form === 'csv' || width > 1) && closesLine !== (column === width - 1)) {
      return fault('wrong_columns', `${name}, line ${line} does not have ${width} columns`);
    }
    if (count < wanted) {
      const values = into[header.positions[column] ?? 0];
      if (values !== undefined) values[offset + Math.floor(count / width)] = value;
    }
    count += 1;
    if (closesLine) line += 1;
    // A comma at the very end opens one more, empty value.
    if (!closesLine && stop + 1 >= end)
      return fault('not_a_number', `${name}, line ${line}: nothing after the last comma`);
    start = stop + 1;
  }
  if (count === wanted) return undefined;
  const found = count % width === 0 ? `${count / width} rows` : `${count} values in ${width} columns`;
  return {
    code: count < wanted ? 'missing_rows' : 'extra_rows',
    message: `${name} has scores for ${found}; there are ${rows} rows`,
    part: name,
  };
}

/**
 * Reads the scores of all gate rows, part after part. Fails closed: a row without a score, a score without a row,
 * anything that is not a finite number or not in range refuses the whole, by part and line.
 */
export async function readScores(
  parts: readonly ScoresPart[],
  { columns = ['score'], range }: ScoresExpected,
): Promise<ScoresRead> {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const into = columns.map(() => new Float64Array(rows));
  let offset = 0;
  for (const part of parts) {
    const fault = readPart(part, await part.load(), columns, range, into, offset);
    if (fault !== undefined) return { outcome: 'refused', fault };
    offset += part.rows;
  }
  return {
    outcome: 'read',
    scores: { rows, columns: columns.map((name, at) => ({ name, values: into[at] ?? new Float64Array(0) })) },
  };
}
