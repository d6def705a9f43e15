/**
 * Rows and predictions of requests and answers in JSON. Source of the forms: SageMaker developer guide, "Common data
 * formats for inference".
 */

type Cells = readonly unknown[];

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;

/** `[…]`, `{ "features": […] }`, or the long form `{ "data": { "features": { "values": […] } } }`. */
function cellsOf(value: unknown): Cells | undefined {
  if (Array.isArray(value)) return value;
  const features = member(value, 'features') ?? member(member(member(value, 'data'), 'features'), 'values');
  return Array.isArray(features) ? features : undefined;
}

type ReadRow = (value: unknown) => Cells | undefined;

/** A row, a list of rows, or `{ "instances": [ … ] }`. */
function rowsOf(value: unknown, read: ReadRow): Cells[] | undefined {
  const several = member(value, 'instances') ?? (Array.isArray(value) && value.some(isNested) ? value : undefined);
  if (several === undefined) {
    const one = read(value);
    return one === undefined ? undefined : [one];
  }
  if (!Array.isArray(several)) return undefined;
  const rows = several.map(read);
  return rows.every((row) => row !== undefined) ? rows : undefined;
}

const isNested = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** What JSON there is in a text: one value, or one in each line. */
function valuesIn(text: string): unknown[] | undefined {
  try {
    return [JSON.parse(text)];
  } catch {
    try {
      return text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => JSON.parse(line));
    } catch {
      return undefined;
    }
  }
}

/** The rows of a request in JSON, NaN where a value is null; undefined where it has no rows of numbers. */
export function jsonRows(text: string): number[][] | undefined {
  const rows: number[][] = [];
  for (const value of valuesIn(text) ?? [undefined]) {
    const found = rowsOf(value, cellsOf);
    if (found === undefined) return undefined;
    for (const cells of found) {
      const row = cells.map((cell) => (cell === null ? Number.NaN : cell));
      if (!row.every((cell) => typeof cell === 'number')) return undefined;
      rows.push(row);
    }
  }
  return rows;
}

/**
 * The rows of a request in JSON, whatever their values are: lists, or objects by the names of the columns, of which one
 * at least must be there. Undefined where it has no such rows.
 */
export function jsonCells(text: string, names: readonly string[]): Cells[] | undefined {
  const named: ReadRow = (value) => {
    const inner = member(value, 'features');
    const row = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : value;
    if (Array.isArray(row) || !names.some((name) => member(row, name) !== undefined)) return cellsOf(row);
    return names.map((name) => member(row, name) ?? null);
  };
  const rows: Cells[] = [];
  for (const value of valuesIn(text) ?? [undefined]) {
    const found = rowsOf(value, named);
    if (found === undefined) return undefined;
    rows.push(...found);
  }
  return rows;
}

/** A prediction's members that hold its numbers, in order of preference. */
const SCORES = ['score', 'scores', 'probabilities', 'probability'] as const;

function numbersOf(value: unknown): number[] | undefined {
  if (typeof value === 'number') return [value];
  if (Array.isArray(value)) {
    const parts = value.map(numbersOf);
    return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
  }
  const inner = ['predictions', ...SCORES].map((name) => member(value, name)).find((found) => found !== undefined);
  return inner === undefined ? undefined : numbersOf(inner);
}

/** The numbers of an answer in JSON, row after row; undefined where it has none. */
export function jsonPredictions(text: string): number[] | undefined {
  const values = valuesIn(text);
  return values === undefined ? undefined : numbersOf(values);
}
