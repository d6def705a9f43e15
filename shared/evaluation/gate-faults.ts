import { counted } from './figure-text.ts';
import { type GateRows, rowCount } from './gate-rows.ts';
import { metricNamed, type Problem } from './metrics.ts';
import type { Policy } from './policy.ts';
import type { Answers } from './sample.ts';
import type { ScoresRead } from './scores.ts';
import { sumOf } from './sums.ts';

/** Why nothing can be judged: a code for programs, a sentence for people. */
export interface Fault {
  readonly code: string;
  readonly message: string;
}

/** The columns of scores a model of this kind has for a row. */
export const scoreColumns = (problem: Problem, classes: readonly string[] | null): readonly string[] =>
  problem === 'multiclass' ? (classes ?? []).map((name) => `score.${name}`) : ['score'];

function labelsFault({ labels, classes }: GateRows, rows: number, problem: Problem): Fault | undefined {
  if (labels.length !== rows) {
    return {
      code: 'labels_missing',
      message: `the gate has ${counted(rows)} rows and ${counted(labels.length)} labels`,
    };
  }
  const missing = labels.findIndex((label) => !Number.isFinite(label));
  if (missing >= 0) return { code: 'labels_missing', message: `gate row ${counted(missing + 1)} has no label` };
  if (problem === 'regression') return undefined;
  if (problem === 'multiclass' && (classes === null || classes.length < 2)) {
    return { code: 'classes_missing', message: 'the gate rows do not name the classes of their labels' };
  }
  const count = problem === 'binary' ? 2 : (classes?.length ?? 0);
  const strange = labels.findIndex((label) => !(Number.isInteger(label) && label >= 0 && label < count));
  if (strange >= 0) {
    const row = counted(strange + 1);
    return problem === 'binary'
      ? { code: 'label_not_binary', message: `the label of gate row ${row} is neither 0 nor 1` }
      : { code: 'label_not_a_class', message: `the label of gate row ${row} is none of the ${count} classes` };
  }
  const first = labels[0];
  if (first === undefined || labels.some((label) => label !== first)) return undefined;
  const name = problem === 'binary' ? String(first) : classes?.[first];
  return {
    code: 'one_class',
    message: `every one of the ${counted(rows)} gate rows has the label ${name}, so no model can be told from another`,
  };
}

function columnsFault(rows: GateRows, count: number, policy: Policy): Fault | undefined {
  const columns: readonly (readonly [string, number])[] = [
    ...(rows.weights === null ? [] : [['the weights', rows.weights.length] as const]),
    ...(rows.cluster === null
      ? []
      : [[`the clusters by ${rows.cluster.by}`, rows.cluster.clusters.ids.length] as const]),
    ...[...rows.slices, ...rows.protected].map(({ column, codes }) => [column, codes.length] as const),
  ];
  const other = columns.find(([, length]) => length !== count);
  if (other !== undefined) {
    const message = `the gate has ${counted(count)} rows, ${other[0]} ${counted(other[1])}`;
    return { code: 'gate_rows_differ', message };
  }
  if (rows.weights !== null) {
    const wrong = rows.weights.findIndex((weight) => !(Number.isFinite(weight) && weight >= 0));
    if (wrong >= 0) {
      return { code: 'bad_weight', message: `gate row ${counted(wrong + 1)} has no weight of 0 or more` };
    }
    if (count > 0 && rows.weights.every((weight) => weight === 0)) {
      return { code: 'bad_weight', message: 'every gate row has the weight 0' };
    }
  }
  // A slice or a group that nobody looked at must not look like one without a fault.
  const lacking =
    policy.slices.find(({ column }) => !rows.slices.some((grouping) => grouping.column === column)) ??
    policy.fairness.find(({ column }) => !rows.protected.some((grouping) => grouping.column === column));
  if (lacking === undefined) return undefined;
  return {
    code: 'column_missing',
    message: `the gate rows have no column ${lacking.column}, by which they are to be judged`,
  };
}

/** Why no model can be judged on these rows under this policy; undefined where one can. */
export function rowsFault(rows: GateRows, problem: Problem, policy: Policy): Fault | undefined {
  if (metricNamed(problem, policy.metric) === undefined) {
    return { code: 'unknown_metric', message: `${policy.metric} is not a metric of a ${problem} model` };
  }
  const count = rowCount(rows);
  return labelsFault(rows, count, problem) ?? columnsFault(rows, count, policy);
}

/** How far the probabilities of a row may be from 1 together: a file has about seven digits of each. */
const SUM_TOLERANCE = 1e-3;

function valuesFault(answers: Answers, problem: Problem): Fault | undefined {
  const rows = answers[0]?.length ?? 0;
  for (const values of answers) {
    const strange = values.findIndex((value) => !Number.isFinite(value));
    if (strange >= 0)
      return { code: 'not_a_number', message: `the score of gate row ${counted(strange + 1)} is no number` };
    if (problem === 'regression') continue;
    const outside = values.findIndex((value) => value < 0 || value > 1);
    if (outside < 0) continue;
    const message = `the score of gate row ${counted(outside + 1)} is ${values[outside]}, which is not a probability`;
    return { code: 'out_of_range', message };
  }
  if (problem === 'multiclass') {
    for (let row = 0; row < rows; row += 1) {
      const sum = sumOf(answers.length, (label) => answers[label]?.[row] ?? 0);
      if (Math.abs(sum - 1) <= SUM_TOLERANCE) continue;
      const message = `the probabilities of gate row ${counted(row + 1)} add up to ${sum}, not to 1`;
      return { code: 'not_a_distribution', message };
    }
  }
  const tied = rows > 1 && answers.every((values) => values.every((value) => value === values[0]));
  if (!tied) return undefined;
  return {
    code: 'all_ties',
    message: `all ${counted(rows)} gate rows have the same score, ${answers[0]?.[0]}: the model tells nothing apart`,
  };
}

/** The columns of scores, as long as the rows and fit to be judged, or why not. */
export function answersOf(read: ScoresRead, rows: GateRows, problem: Problem): Answers | Fault {
  if (read.outcome === 'refused') return { code: read.fault.code, message: read.fault.message };
  const expected = scoreColumns(problem, rows.classes);
  const { columns } = read.scores;
  if (columns.length !== expected.length || columns.some(({ name }, at) => name !== expected[at])) {
    const found = columns.map(({ name }) => name).join(', ');
    return {
      code: 'wrong_columns',
      message: `the scores are ${found}; ${expected.join(', ')} ${expected.length === 1 ? 'is' : 'are'} judged`,
    };
  }
  const count = rowCount(rows);
  const other = columns.find(({ values }) => values.length !== count);
  if (other !== undefined) {
    const code = other.values.length < count ? 'missing_rows' : 'extra_rows';
    return { code, message: `there are ${counted(other.values.length)} scores for ${counted(count)} rows` };
  }
  const answers = columns.map(({ values }) => values);
  return valuesFault(answers, problem) ?? answers;
}
