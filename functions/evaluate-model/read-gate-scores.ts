import { NotFoundError } from '../../shared/errors.ts';
import { readScores, type ScoresExpected, type ScoresPart, type ScoresRead } from '../../shared/evaluation/scores.ts';
import type { Prepared } from '../../shared/ledger/facts.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';

type Split = Prepared['splits']['gate'];
type Scores = Extract<ScoresRead, { outcome: 'read' }>['scores'];

const fileName = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

/** Which output object holds the scores of which part of the gate rows. */
async function matchParts(store: ObjectStore, split: Split, prefix: string): Promise<Map<string, string> | ScoresRead> {
  const found = new Map<string, string>();
  const wanted = new Set(split.parts.map(({ dataKey }) => `${fileName(dataKey)}.out`));
  // In which folder below the output path `.out` objects lie is told differently by different pages: they are found
  // by their names, never by a composed key. Source: CreateTransformJob, S3OutputPath.
  for await (const { key } of store.list(prefix)) {
    const name = fileName(key);
    if (!name.endsWith('.out')) continue;
    const code = wanted.has(name) && !found.has(name) ? undefined : 'extra_rows';
    if (code !== undefined) {
      const message = found.has(name)
        ? `${name} is there twice`
        : `${name} has scores for rows that are none of the gate's`;
      return { outcome: 'refused', fault: { code, message, part: name } };
    }
    found.set(name, key);
  }
  return found;
}

/** Reads what a batch transform wrote for the gate rows, in the order of the rows. */
export async function readGateScores(
  store: ObjectStore,
  split: Split,
  prefix: string,
  expected: ScoresExpected,
): Promise<ScoresRead> {
  const matched = await matchParts(store, split, prefix);
  if (!(matched instanceof Map)) return matched;
  const parts: ScoresPart[] = [];
  for (const { dataKey, rows } of split.parts) {
    const name = `${fileName(dataKey)}.out`;
    const key = matched.get(name);
    // A part without a row has nothing to score; whether SageMaker writes an object for it does not matter.
    if (key === undefined && rows === 0) continue;
    if (key === undefined) {
      return { outcome: 'refused', fault: { code: 'missing_rows', message: `there is no ${name}`, part: name } };
    }
    parts.push({
      name,
      rows,
      form: 'transform',
      load: async () => {
        const object = await store.get(key);
        if (object === undefined) throw new NotFoundError(`${key} was listed and is not there`);
        return object.body;
      },
    });
  }
  return readScores(parts, expected);
}

/** The scores of several folds' rows as those of all, in the order of the folds; the first that cannot be read stands. */
export function pooled(folds: readonly ScoresRead[]): ScoresRead {
  const read: Scores[] = [];
  for (const [index, fold] of folds.entries()) {
    if (fold.outcome === 'refused') {
      const { fault } = fold;
      return { outcome: 'refused', fault: { ...fault, message: `fold ${index + 1}: ${fault.message}` } };
    }
    read.push(fold.scores);
  }
  const rows = read.reduce((sum, scores) => sum + scores.rows, 0);
  const columns = (read[0]?.columns ?? []).map(({ name }, at) => {
    const values = new Float64Array(rows);
    let offset = 0;
    for (const scores of read) {
      values.set(scores.columns[at]?.values ?? [], offset);
      offset += scores.rows;
    }
    return { name, values };
  });
  return { outcome: 'read', scores: { rows, columns } };
}

/** The name of a class's column of scores. */
const scoreColumn = (name: string): string => `score.${name}`;

/**
 * What is expected of a model's scores. A probability is checked to be one; a regression may answer any finite number.
 *
 * @param classes what the model itself was taught, in the order of its answer; null where it answers one number.
 */
export const expectedScores = (
  problem: 'binary' | 'multiclass' | 'regression',
  classes: readonly string[] | null,
): ScoresExpected => ({
  range: problem === 'regression' ? 'finite' : 'probability',
  ...(classes !== null && { columns: classes.map(scoreColumn) }),
});

/**
 * Scores with a column for each class that is judged. To a class that it was not taught, a model gives no probability
 * at all, and that is how it is judged on the rows of that class.
 */
export function forClasses(read: ScoresRead, classes: readonly string[] | null): ScoresRead {
  if (read.outcome === 'refused' || classes === null) return read;
  const { rows, columns } = read.scores;
  const known = new Map(columns.map(({ name, values }) => [name, values]));
  let nothing: Float64Array | undefined;
  const judged = classes.map(scoreColumn).map((name) => {
    const values = known.get(name);
    if (values !== undefined) return { name, values };
    nothing ??= new Float64Array(rows);
    return { name, values: nothing };
  });
  // A class that is judged nowhere would be lost, and the probabilities would no longer sum to one.
  const strange = columns.find(({ name }) => !judged.some((each) => each.name === name));
  if (strange !== undefined) {
    const message = `${strange.name} is of a class that is not judged`;
    return { outcome: 'refused', fault: { code: 'wrong_columns', message, part: strange.name } };
  }
  return { outcome: 'read', scores: { rows, columns: judged } };
}
