import { NotFoundError } from '../../shared/errors.ts';
import { readScores, type ScoreRange, type ScoresPart, type ScoresRead } from '../../shared/evaluation/scores.ts';
import type { Prepared } from '../../shared/ledger/facts.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';

type Split = Prepared['splits']['gate'];

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
  range: ScoreRange,
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
  return readScores(parts, { range });
}
