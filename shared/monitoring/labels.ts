/** Label files to labels by the hour of the prediction they are about. */

import { categoryText } from '../data/dictionary.ts';
import { missingTest, withoutMissing } from '../data/missing-values.ts';
import type { RunInput } from '../data/run-input.ts';
import { digestOf } from '../definition/canonical-json.ts';
import { columnsResolved } from '../features/check.ts';
import type { Column, ColumnType } from '../features/columns.ts';
import { type Compiled, compile } from '../features/compile.ts';
import { batchFromRecords } from '../features/records.ts';
import { hourFolder, parseInferenceId } from './inference-id.ts';
import { type LabelLine, labelLines } from './label-lines.ts';
import { type LabelProblem, LabelProblems } from './label-problems.ts';
import { keyNamer, typedText } from './row-keys.ts';

/** What the model in service understands by its label. */
export interface LabelMeaning extends Pick<RunInput, 'problem' | 'columnTypes' | 'missing'> {
  readonly label: Pick<RunInput['label'], 'name' | 'expression'>;
}

/** Names a meaning: labels of another one say nothing about this model. */
export const meaningOf = ({ problem, label }: Pick<LabelMeaning, 'problem' | 'label'>): string =>
  digestOf({ problem, expression: label.expression }).slice(0, 16);

/** How labels name the predictions they are about. */
export interface LabelNaming {
  /** By these columns of the row's key; null: by the inference id. */
  readonly key: readonly string[] | null;
  /** Whether a prediction is looked for of whose hour the line says nothing; else such a line is refused. */
  readonly isSought: boolean;
}

/** As `predict` names them: the id says the hour. */
export const BY_INFERENCE_ID: LabelNaming = { key: null, isSought: false };

/** A line whose prediction has a name: its inference id, or the key's hash. */
interface NamedLine extends LabelLine {
  readonly id: string;
}

/** A label as its line has it. */
export interface ReadLabel {
  readonly text: string;
  readonly line: number;
}

/** What a label file holds. */
export interface LabelsRead {
  /** Lines that were looked at as labels, good or bad. */
  readonly lines: number;
  /** Labels that are kept. */
  readonly labels: number;
  /** Lines whose label is empty: not known yet. */
  readonly empty: number;
  /** Of unreadable lines and of labels that cannot be used, the first of each kind and how many there are. */
  readonly problems: readonly LabelProblem[];
  readonly counts: Readonly<Record<string, number>>;
  /** By the hour of the prediction, label by inference id or by the key's hash: `1` or `0`, a class, or a number. */
  readonly hours: ReadonlyMap<string, ReadonlyMap<string, ReadLabel>>;
  /** The same of predictions whose hour is not said. */
  readonly unplaced: ReadonlyMap<string, ReadLabel>;
  /** More lines are bad than good: nothing of the file is to be believed. */
  readonly mostlyBad: boolean;
}

/** Clocks of those who tell the time of a prediction and of a label may differ by so much. */
export const CLOCK_SKEW_MS = 60_000;

/** Labels that are worked out of columns are worked out so many at a time. */
const BATCH = 4096;

const HOUR_MS = 3_600_000;

/** Stands for an id that one file gives two labels. */
const CONTRADICTED = null;

const UNPLACED = null;

/** By the number of the hour since 1970. */
type Hours = Map<number | typeof UNPLACED, Map<string, ReadLabel | typeof CONTRADICTED>>;

const isBlank = (value: unknown): boolean =>
  value === null || (typeof value === 'string' && /^\s*(?:nan|null|na)?\s*$/i.test(value));

/** A label as it is kept; undefined where it is none of this problem. */
function canonical(problem: LabelMeaning['problem'], value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  const text = String(value).trim();
  if (problem === 'multiclass') return text;
  if (problem === 'binary') {
    if (/^(?:1(?:\.0*)?|true)$/i.test(text)) return '1';
    return /^(?:0(?:\.0*)?|false)$/i.test(text) ? '0' : undefined;
  }
  const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? String(number) : undefined;
}

/** Text as the JSON a record would hold for a column of this type. */
const typed = (type: ColumnType | undefined, value: unknown): unknown => {
  if (isBlank(value)) return null;
  return typeof value === 'string' ? typedText(type, type === 'string' ? value.trim() : value) : value;
};

/** The label of a row as it is kept; null where the columns give none. */
function labelOf(values: Column | undefined, row: number, problem: LabelMeaning['problem']): string | undefined | null {
  if (values === undefined || values.nulls?.[row] === 1) return null;
  return canonical(problem, problem === 'multiclass' ? categoryText(values, row) : values.values[row]);
}

/**
 * Reads a label file. An id names the hour of its prediction; where it does not, the line's `inference_time` may. An id or
 * key that a file gives two labels has none from this file. Whatever is left out is counted and located.
 *
 * @param arrivedAt When the file came: a label that was there before its prediction is left out.
 */
export async function readLabels(
  source: AsyncIterable<Uint8Array>,
  meaning: LabelMeaning,
  arrivedAt: Date,
  naming: LabelNaming = BY_INFERENCE_ID,
): Promise<LabelsRead> {
  const { problem, columnTypes, label, missing } = meaning;
  const columns = columnsResolved(label.expression, columnTypes);
  const evaluate: Compiled = compile([label.expression], columnTypes);
  const [answer = ''] = label.expression.op === 'column' ? columns : [];
  const isNoAnswer = missingTest(missing, answer, columnTypes[answer]);
  const problems = new LabelProblems();
  const hours: Hours = new Map();
  let [read, empty] = [0, 0];

  const keep = ({ id, time, line }: NamedLine, text: string): void => {
    const said = naming.key === null ? parseInferenceId(id)?.atMs : undefined;
    const atMs = said ?? (typeof time === 'string' && time !== '' ? Date.parse(time) : Number.NaN);
    const isSought = naming.isSought && !(typeof time === 'string' && time !== '');
    if (Number.isNaN(atMs) && !isSought) {
      problems.add(
        'foreign_id',
        'the id does not begin with the second of its prediction, and no inference_time says it',
        line,
      );
      return;
    }
    if (atMs > arrivedAt.getTime() + CLOCK_SKEW_MS) {
      problems.add('before_prediction', 'the label was there before its prediction was made', line);
      return;
    }
    const number = Number.isNaN(atMs) ? UNPLACED : Math.floor(atMs / HOUR_MS);
    let hour = hours.get(number);
    if (hour === undefined) {
      hour = new Map();
      hours.set(number, hour);
    }
    const known = hour.get(id);
    if (known === undefined) hour.set(id, { text, line });
    else if (known?.text !== text) {
      problems.add('contradictory', 'the file gives the same prediction another label before', line);
      hour.set(id, CONTRADICTED);
    }
  };

  const settle = (line: NamedLine, text: string | undefined | null): void => {
    if (text === null) empty += 1;
    else if (text === undefined) problems.add('label_invalid', `the label is none of a ${problem} model`, line.line);
    else keep(line, text);
  };

  let waiting: NamedLine[] = [];
  const evaluateWaiting = (): void => {
    const records = waiting.map(({ fields, isText }) =>
      Object.fromEntries(columns.map((name) => [name, isText ? typed(columnTypes[name], fields[name]) : fields[name]])),
    );
    const { batch, errors } = batchFromRecords(records, columnTypes, columns);
    const bad = new Set(errors.map(({ record }) => record));
    const [values] = evaluate(withoutMissing(batch, missing));
    for (const [row, line] of waiting.entries()) {
      settle(line, bad.has(row) ? undefined : labelOf(values, row, problem));
    }
    waiting = [];
  };

  const names = { label: label.name, columns, key: naming.key };
  const look = (line: NamedLine): void => {
    read += 1;
    if (line.label !== undefined) {
      settle(line, isBlank(line.label) || isNoAnswer(line.label) ? null : canonical(problem, line.label));
      return;
    }
    const missing = columns.filter((name) => !Object.hasOwn(line.fields, name));
    if (missing.length > 0) {
      const what = `neither label, nor ${label.name}, nor what it is made of: ${missing.join(', ')}`;
      problems.add('column_missing', `the line has ${what}`, line.line);
      return;
    }
    waiting.push(line);
    if (waiting.length === BATCH) evaluateWaiting();
  };
  const nameOf = naming.key === null ? null : keyNamer(naming.key, columnTypes, missing);
  for await (const lines of labelLines(source, names, problems)) {
    const hashes = nameOf?.(lines.map(({ fields }) => fields));
    for (const [at, line] of lines.entries()) {
      const id = line.id ?? hashes?.[at];
      if (id !== undefined) look({ ...line, id });
      else {
        read += 1;
        problems.add('key_invalid', 'a value of the key is none of its column', line.line);
      }
    }
  }
  if (waiting.length > 0) evaluateWaiting();

  const kept = new Map<string, ReadonlyMap<string, ReadLabel>>();
  let unplaced: ReadonlyMap<string, ReadLabel> = new Map();
  let labels = 0;
  for (const [number, hour] of [...hours].sort(([a], [b]) => (a ?? 0) - (b ?? 0))) {
    const agreed = new Map<string, ReadLabel>();
    for (const [id, label] of hour) if (label !== CONTRADICTED) agreed.set(id, label);
    labels += agreed.size;
    if (number === UNPLACED) unplaced = agreed;
    else if (agreed.size > 0) kept.set(hourFolder(number * HOUR_MS), agreed);
  }
  const unread = Object.entries(problems.counts())
    .filter(([code]) => !USABLE.has(code))
    .reduce((sum, [, count]) => sum + count, 0);
  return {
    lines: read + UNREAD.reduce((sum, code) => sum + problems.count(code), 0),
    labels,
    empty,
    problems: problems.list(),
    counts: problems.counts(),
    hours: kept,
    unplaced,
    mostlyBad: unread > labels + empty,
  };
}

/** Lines that were not looked at as labels. */
const UNREAD = ['not_json', 'not_a_label', 'id_missing', 'key_missing'] as const;

/** Labels that could be read and only say nothing here: they make no file bad. */
const USABLE: ReadonlySet<string> = new Set(['contradictory']);
