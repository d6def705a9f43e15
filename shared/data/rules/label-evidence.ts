/** Reads what the rules about the label need: how well each feature alone tells it, on an even sample of the rows. */
import type { ResolvedInput } from '../../definition/resolve.ts';
import type { Column } from '../../features/columns.ts';
import { compile } from '../../features/compile.ts';
import type { Engine } from '../engine.ts';
import { identifier, literal } from '../sql.ts';
import { trainingSample } from '../strongest-features.ts';
import type { TypedPart } from '../typed-copy.ts';
import type { LabelClasses, LabelEvidence } from './label-checks.ts';
import { countConflicts } from './label-conflicts.ts';

const BATCH_ROWS = 16_384;
/** Rows of the sample; fewer where there are many features, so that it takes at most 32 MB. */
const MAX_ROWS = 50_000;
const MAX_CELLS = 4_000_000;
/** Below so many rows, a feature ranks the label by chance. */
const MIN_ROWS = 100;
/** Rows of a category below which it says nothing of the label, and is as good as missing. */
const MIN_CATEGORY_ROWS = 20;
/** Rows with equal features are looked for up to so many rows. */
const MAX_CONFLICT_ROWS = 1_000_000;

/** What to read of the label. */
export interface LabelReading {
  readonly problem: LabelEvidence['problem'];
  readonly parts: readonly TypedPart[];
  readonly input: ResolvedInput;
  readonly classes: LabelClasses | null;
  readonly before: LabelClasses | null;
}

/** Reads it from the typed copies. */
export async function labelEvidence(engine: Engine, reading: LabelReading): Promise<LabelEvidence> {
  const { problem, parts, input, classes, before } = reading;
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  return {
    name: input.label.name,
    problem,
    classes,
    before,
    ...(await labelStrengths(engine, reading)),
    conflicting:
      rows > MAX_CONFLICT_ROWS
        ? null
        : await countConflicts(
            engine,
            parts.map(({ path }) => path),
            input,
          ),
  };
}

/** Every n-th row of a typed copy, with the columns that features and label are made of. */
function sampled(path: string, columns: readonly string[], step: number): string {
  const names = columns.length === 0 ? 'true AS "row"' : columns.map(identifier).join(', ');
  return `SELECT ${names} FROM read_parquet(${literal(path)}, file_row_number = true) WHERE file_row_number % ${step} = 0`;
}

/** How well each feature alone tells the label, on an even sample of the rows. */
export async function labelStrengths(
  engine: Engine,
  { problem, parts, input, classes }: Omit<LabelReading, 'before'>,
): Promise<Pick<LabelEvidence, 'strengths' | 'sampled'>> {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const limit = Math.max(1000, Math.min(MAX_ROWS, Math.floor(MAX_CELLS / (input.features.length + 1))));
  const step = Math.max(1, Math.ceil(rows / limit));
  // Each copy gives its first row whatever the step.
  const room = Math.ceil(rows / step) + parts.length;
  const expressions = [...input.features.map(({ expression }) => expression), input.label.expression];
  const evaluate = compile(expressions, input.columnTypes);
  const columns = [...new Set([...input.inputColumns, ...input.labelColumns])];
  const values = expressions.map(() => new Float64Array(room).fill(Number.NaN));
  const codes = [...expressions.keys()].map((at) =>
    at === input.features.length || input.features[at]?.kind === 'category' ? new Map<string | number, number>() : null,
  );
  let kept = 0;
  for (const { path } of parts) {
    for await (const batch of engine.columns(sampled(path, columns, step), BATCH_ROWS)) {
      for (const [at, vector] of evaluate(batch).entries())
        fill(values[at], kept, vector, codes[at], problem, at === input.features.length);
      kept += batch.rows;
    }
  }
  if (kept < MIN_ROWS || (problem === 'multiclass' && classes === null)) return { strengths: null, sampled: kept };
  input.features.forEach(({ kind }, at) => {
    if (kind === 'category') dropRare(values[at], codes[at]?.size ?? 0, kept);
  });
  const sample = trainingSample(input.features, { problem, classes: codes.at(-1)?.size ?? 0 }, Math.max(kept, 1));
  const known = Uint32Array.from(Array.from({ length: kept }, (_, row) => row)).filter(
    (row) => !Number.isNaN(values.at(-1)?.[row]),
  );
  sample.add(values.slice(0, -1), values.at(-1) ?? new Float64Array(0), known);
  return { strengths: sample.strongest(), sampled: known.length };
}

/** Puts a batch's values into a column: categories, and the classes of a multiclass label, as their codes. */
function fill(
  target: Float64Array | undefined,
  from: number,
  { values, nulls }: Column,
  codes: Map<string | number, number> | null | undefined,
  problem: LabelReading['problem'],
  isLabel: boolean,
): void {
  if (target === undefined) return;
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row];
    if (value === undefined || nulls?.[row] === 1) continue;
    if (!codes || (isLabel && problem !== 'multiclass')) {
      target[from + row] = Number(value);
      continue;
    }
    const code = codes.get(value) ?? codes.size;
    codes.set(value, code);
    target[from + row] = code;
  }
}

/** Takes categories of few rows for missing: a category of one row tells its label, whatever it is. */
function dropRare(column: Float64Array | undefined, categories: number, rows: number): void {
  if (column === undefined) return;
  const counts = new Uint32Array(categories);
  for (let row = 0; row < rows; row += 1) {
    const code = column[row] ?? Number.NaN;
    if (!Number.isNaN(code)) counts[code] = (counts[code] ?? 0) + 1;
  }
  for (let row = 0; row < rows; row += 1) {
    if ((counts[column[row] ?? -1] ?? 0) < MIN_CATEGORY_ROWS) column[row] = Number.NaN;
  }
}
